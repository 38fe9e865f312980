"""What `nibble compare` and `nibble bench` print for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from app.cli.progress import ProgressLine
from app.core.compare.results import BuildResult, Comparison, Note, SpeedResult, Spread
from app.core.compare.runner import Progress
from app.core.compare.verdict import sentence, verdicts
from app.core.compare.words import STEPS, note_text
from app.core.units import size_text

HEADINGS: Final = (
    "TYPE",
    "BITS",
    "FILE",
    "MEMORY",
    "PROMPT/S",
    "TOKENS/S",
    "PERPLEXITY",
    "KL DIVERGENCE",
    "99.9 %",
    "SAME TOP",
)


def table(comparison: Comparison) -> Iterator[str]:
    """The comparison for people: figures, tasks, verdicts, notes, answers."""
    yield from aligned([HEADINGS, *(_row(build) for build in comparison.builds)])
    if comparison.base.tasks:
        yield ""
        yield from aligned(list(_task_rows(comparison)))
    yield ""
    for verdict in verdicts(comparison):
        yield sentence(comparison, verdict)
    yield from _notes(comparison)
    yield from _answers(comparison)


def past_lines(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """One line for each comparison that was kept, newest first."""
    for one in comparisons:
        state = "" if one.finished else "  (stopped: go on with --resume)"
        builds = ", ".join(build.quant for build in one.builds)
        yield f"{one.id}  {one.base.name}: {builds}{state}"


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows as columns; the first one is left-aligned, the others right-aligned."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        first = row[0].ljust(widths[0])
        rest = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        yield "  ".join((first, *rest)).rstrip()


def _row(build: BuildResult) -> tuple[str, ...]:
    found = build.divergence()
    memory = build.peak_memory_bytes
    figures: tuple[str, ...] = ("", "", "", "")
    if found is not None:
        figures = (
            f"{found.perplexity:.4g} ± {found.perplexity_stderr:.2g}",
            f"{found.kld_mean:.5f} ± {found.kld_stderr:.5f}",
            f"{found.kld_p999:.3f}",
            f"{found.same_top_token:.1%}",
        )
    return (
        build.quant,
        f"{build.bits_per_weight:.2f}",
        size_text(build.size_bytes),
        size_text(memory) if memory else "",
        spread_text(build.prompt_tokens_per_s),
        spread_text(build.tokens_per_s),
        *figures,
    )


def spread_text(spread: Spread | None) -> str:
    """A speed with its spread."""
    return f"{spread.mean:.1f} ± {spread.deviation:.1f}" if spread else ""


def _task_rows(comparison: Comparison) -> Iterator[tuple[str, ...]]:
    yield ("QUESTIONS", *(build.quant for build in comparison.builds))
    for task in comparison.base.tasks:
        results = [build.task(task.subject) for build in comparison.builds]
        yield (
            f"{task.subject} ({task.total})",
            *(f"{one.share:.0%} ({one.low:.0%}-{one.high:.0%})" if one else "" for one in results),
        )


def _notes(comparison: Comparison) -> Iterator[str]:
    for build in comparison.builds:
        for note in build.notes:
            yield f"Note: {build.quant}: {note_text(note)}"


def _answers(comparison: Comparison) -> Iterator[str]:
    for index, prompt in enumerate(comparison.settings.prompts):
        yield ""
        yield f"> {prompt}"
        for build in comparison.builds:
            answer = next((one for one in build.answers if one.prompt == index), None)
            if answer is None:
                continue
            where = answer.difference
            same = "" if build is comparison.base else " (the same words)"
            mark = same if where is None else f" (differs from word {where.word + 1} on)"
            yield f"{build.quant}{mark}: {answer.text.strip()}"


def speed_lines(result: SpeedResult, notes: Sequence[Note]) -> Iterator[str]:
    """The result of `nibble bench` for people."""
    rows = [("DEPTH", "PROMPT/S", "TOKENS/S")]
    rows += [
        (str(point.depth), spread_text(point.prompt), spread_text(point.generation))
        for point in result.points
    ]
    yield from aligned(rows)
    flash = "on" if result.flash_attention else "off"
    yield (
        f"{result.threads} threads, batch {result.batch}, flash attention {flash}, "
        f"context {result.context_length}, peak memory {size_text(result.peak_memory_bytes)}"
    )
    for note in notes:
        yield f"Note: {note_text(note)}"


class ShareLine(ProgressLine):
    """How far a comparison is."""

    def show(self, progress: Progress, builds: Sequence[BuildResult]) -> None:
        """Draw it, if it is time to."""
        part = progress.part
        what = f"{builds[part.build].quant} {STEPS[part.step]}" if part else "done"
        self.share(progress.share, f"  {what}  {_left(progress.left_s)}")


def _left(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s left"
    return f"{seconds / 60:.0f} min left"
