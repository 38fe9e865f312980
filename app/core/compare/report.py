"""A comparison as a table (CSV) and as JSON, for other programs."""

from __future__ import annotations

import csv
import io
import json
from typing import Any, Final

from app.core.compare.plain import to_plain
from app.core.compare.results import BuildResult, Comparison, Spread
from app.core.compare.verdict import sentence, verdicts

COLUMNS: Final = (
    "path",
    "size_bytes",
    "bits_per_weight",
    "peak_memory_bytes",
    "prompt_tokens_per_s",
    "tokens_per_s",
    "ttft_s",
    "perplexity",
    "perplexity_stderr",
    "kld_mean",
    "kld_stderr",
    "kld_p99",
    "kld_p999",
    "same_top_token",
)


def entry(build: BuildResult, text: str = "") -> dict[str, Any]:
    """The main numbers of a build; what was not measured is None. ``text``: on which one, empty for the first."""
    divergence = build.divergence(text)
    return {
        "path": str(build.path),
        "size_bytes": build.size_bytes,
        "bits_per_weight": build.bits_per_weight,
        "peak_memory_bytes": build.peak_memory_bytes,
        "prompt_tokens_per_s": _mean(build.prompt_tokens_per_s),
        "tokens_per_s": _mean(build.tokens_per_s),
        "ttft_s": build.ttft_s,
        "perplexity": divergence.perplexity if divergence else None,
        "perplexity_stderr": divergence.perplexity_stderr if divergence else None,
        "kld_mean": divergence.kld_mean if divergence else None,
        "kld_stderr": divergence.kld_stderr if divergence else None,
        "kld_p99": divergence.kld_p99 if divergence else None,
        "kld_p999": divergence.kld_p999 if divergence else None,
        "same_top_token": divergence.same_top_token if divergence else None,
        "output": build.answers[0].text if build.answers else None,
    }


def to_csv(comparison: Comparison) -> str:
    """One row per build and text, then columns for each subject of tasks (share right)."""
    subjects = [task.subject for task in comparison.base.tasks]
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    header = ("type", "text", *COLUMNS, *(f"right_{subject}" for subject in subjects))
    writer.writerow(header)
    texts = [text.name for text in comparison.settings.texts] or [""]
    for text in texts:
        for build in comparison.builds:
            values = entry(build, text)
            tasks = [build.task(subject) for subject in subjects]
            shares = [task.share if task else None for task in tasks]
            row = [build.quant, text, *(values[name] for name in COLUMNS), *shares]
            writer.writerow([_cell(value) for value in row])
    return target.getvalue()


def to_json(comparison: Comparison) -> str:
    """Everything that was measured, with the verdicts in words."""
    found = verdicts(comparison)
    tree = {
        **to_plain(comparison),
        "verdicts": [{**to_plain(one), "sentence": sentence(comparison, one)} for one in found],
    }
    return json.dumps(tree, ensure_ascii=False, indent=1)


def _mean(spread: Spread | None) -> float | None:
    return spread.mean if spread else None


def _cell(value: Any) -> Any:  # noqa: ANN401 - a cell of a table
    """Texts that a spreadsheet would take for a formula are kept from being one."""
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t"}:
        return "'" + value
    return "" if value is None else value
