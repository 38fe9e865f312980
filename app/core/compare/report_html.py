"""A comparison as one HTML file: no scripts, nothing fetched, every text escaped, light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any, Final

from app.core.compare.report_chart import Chart, Point, to_svg
from app.core.compare.results import AnswerResult, BuildResult, Comparison, Spread
from app.core.compare.verdict import Cost, pareto_front, sentence, verdicts
from app.core.compare.words import QUALITIES, note_text
from app.core.units import size_text

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --mark: #0072b2; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.6rem; margin: 0 0 .2rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p.quiet, td.quiet, .quiet { opacity: .7; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
th, td { padding: .3rem .8rem .3rem 0; text-align: right; border-bottom: 1px solid var(--line); white-space: pre; vertical-align: top; }
th:first-child, td:first-child { text-align: left; }
svg { width: 100%; max-width: 40rem; height: auto; display: block; }
ul { padding-left: 1.2rem; } .charts { display: flex; flex-wrap: wrap; gap: 1rem; } .charts > div { flex: 1 1 26rem; }
.answers { display: grid; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: 1rem; }
.answers > div { background: var(--soft); border-radius: .5rem; padding: .7rem .9rem; }
.answers pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; margin: .3rem 0; }
blockquote { margin: 0 0 .8rem; padding-left: .8rem; border-left: 3px solid var(--mark); white-space: pre-wrap; }
mark { background: none; color: inherit; border-bottom: 2px solid var(--mark); }
"""
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def to_html(comparison: Comparison) -> str:
    """The whole report."""
    title = f"{comparison.base.name}: {len(comparison.builds)} builds compared"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="quiet">{escape(_about(comparison))}</p>',
        _section("In words", _verdict_list(comparison)),
        _section("Picture", _charts(comparison)),
        _section("Figures", _figures(comparison)),
        *(_section(f"Quality on “{name}”", table) for name, table in _quality(comparison)),
        _section("Questions", _tasks(comparison)),
        _section("Speed", _speed(comparison)),
        *(_section("Answers", answers) for answers in _answers(comparison)),
        _section("Notes", _notes(comparison)),
        _section("How this was measured", _method(comparison)),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def charts_of(comparison: Comparison, text: str = "") -> tuple[Chart, ...]:
    """Same top token against file size, and against speed, as far as they were measured."""
    found = []
    for cost, x_title, factor in (
        (Cost.SIZE, "file size in GB", 1e-9),
        (Cost.TIME, "generated tokens per second", 1.0),
    ):
        front = set(pareto_front(comparison, cost))
        points = []
        for index, build in enumerate(comparison.builds):
            divergence = build.divergence(text)
            speed = build.tokens_per_s
            x = float(build.size_bytes) if cost is Cost.SIZE else speed.mean if speed else None
            if divergence is None or x is None:
                continue
            error = divergence.same_top_stderr
            point = Point(x, divergence.same_top_token, error, build.quant, index in front)
            points.append(point)
        if len(points) > 1:
            title = f"Same top token against {x_title}"
            small = cost is Cost.SIZE and max(point.x for point in points) < 1e9
            chart = Chart(
                title=title,
                x_title="file size in MB" if small else x_title,
                y_title="same top token as the reference, %",
                points=tuple(points),
                x_factor=1e-6 if small else factor,
                y_factor=100.0,
            )
            found.append(chart)
    return tuple(found)


def _section(title: str, body: str) -> str:
    return f"<h2>{escape(title)}</h2>{body}" if body else ""


def _about(comparison: Comparison) -> str:
    machine: dict[str, Any] = comparison.machine
    processor = machine.get("processor") or {}
    memory = machine.get("memory") or {}
    parts = [comparison.created.replace("T", " ").replace("+00:00", " UTC")]
    if processor.get("name"):
        parts.append(f"{processor['name']}, {processor.get('usable_cores', '?')} cores")
    if memory.get("total_bytes"):
        parts.append(f"{size_text(memory['total_bytes'])} of memory")
    parts += [f"{name} {version}" for name, version in comparison.versions.items()]
    return " · ".join(parts)


def _verdict_list(comparison: Comparison) -> str:
    items = []
    for verdict in verdicts(comparison):
        word = f" ({QUALITIES[verdict.word]})" if verdict.word and verdict.build else ""
        items.append(f"<li>{escape(sentence(comparison, verdict) + word)}</li>")
    return f"<ul>{''.join(items)}</ul>"


def _charts(comparison: Comparison) -> str:
    drawn = [f"<div>{to_svg(chart)}</div>" for chart in charts_of(comparison)]
    if not drawn:
        return ""
    legend = (
        '<p class="quiet">Round and joined: no other build is both cheaper and better. Bars are standard errors.'
        "</p>"
    )
    return f'<div class="charts">{"".join(drawn)}</div>{legend}'


def _figures(comparison: Comparison) -> str:
    head = (
        "Type",
        "Bits/weight",
        "File",
        "Peak memory",
        "Prompt tokens/s",
        "Tokens/s",
        "First token",
    )
    rows = []
    for build in comparison.builds:
        memory = build.peak_memory_bytes
        rows.append(
            (
                build.quant,
                f"{build.bits_per_weight:.2f}",
                size_text(build.size_bytes),
                size_text(memory) if memory else "–",
                _spread(build.prompt_tokens_per_s),
                _spread(build.tokens_per_s),
                "–" if build.ttft_s is None else f"{build.ttft_s:.2f} s",
            )
        )
    return _table(head, rows)


def _quality(comparison: Comparison) -> Iterator[tuple[str, str]]:
    head = (
        "Type",
        "Perplexity",
        "KL divergence",
        "Median",
        "99 %",
        "99.9 %",
        "Same top token",
        "Equal to",
    )
    found = verdicts(comparison)
    for text in comparison.settings.texts:
        rows = []
        for index, build in enumerate(comparison.builds):
            one = build.divergence(text.name)
            if one is None:
                continue
            equal = ", ".join(comparison.builds[other].quant for other in found[index].equal_to)
            rows.append(
                (
                    build.quant,
                    f"{one.perplexity:.4f} ± {one.perplexity_stderr:.4f}",
                    f"{one.kld_mean:.6f} ± {one.kld_stderr:.6f}",
                    f"{one.kld_median:.6f}",
                    f"{one.kld_p99:.4f}",
                    f"{one.kld_p999:.4f}",
                    f"{one.same_top_token:.2%} ± {one.same_top_stderr:.2%}",
                    equal or "–",
                )
            )
        if rows:
            yield text.name, _table(head, rows)


def _tasks(comparison: Comparison) -> str:
    subjects = [task.subject for task in comparison.base.tasks]
    if not subjects:
        return ""
    rows = []
    for subject in subjects:
        tasks = [build.task(subject) for build in comparison.builds]
        cells = [
            f"{one.right}/{one.total}\n{one.low:.0%} to {one.high:.0%}" if one else "–"
            for one in tasks
        ]
        rows.append((subject, *cells))
    note = '<p class="quiet">Below each: the range that the true share lies in with 95 % confidence.</p>'
    return _table(("Subject", *(build.quant for build in comparison.builds)), rows) + note


def _speed(comparison: Comparison) -> str:
    head = ("Type", "Depth", "Prompt tokens/s", "Tokens/s")
    rows = [
        (build.quant, str(point.depth), _spread(point.prompt), _spread(point.generation))
        for build in comparison.builds
        if build.speed
        for point in build.speed.points
    ]
    return _table(head, rows) if rows else ""


def _answers(comparison: Comparison) -> Iterator[str]:
    for index, prompt in enumerate(comparison.settings.prompts):
        cells = []
        for build in comparison.builds:
            for answer in build.answers:
                if answer.prompt == index:
                    cells.append(_answer(build, answer))  # noqa: PERF401 - two conditions
        if cells:
            question = f"<blockquote>{escape(prompt)}</blockquote>"
            yield f'{question}<div class="answers">{"".join(cells)}</div>'


def _answer(build: BuildResult, answer: AnswerResult) -> str:
    text = answer.text
    if answer.difference is None:
        shown = escape(text)
    else:
        at = answer.difference.character
        shown = f"{escape(text[:at])}<mark>{escape(text[at:])}</mark>"
    numbers = [
        "" if answer.ttft_s is None else f"first token {answer.ttft_s:.2f} s",
        "" if answer.tokens_per_s is None else f"{answer.tokens_per_s:.1f} tokens/s",
    ]
    line = " · ".join(filter(None, numbers))
    return (
        f"<div><strong>{escape(build.quant)}</strong><pre>{shown}</pre>"
        f'<span class="quiet">{escape(line)}</span></div>'
    )


def _notes(comparison: Comparison) -> str:
    items = [
        f"<li>{escape(f'{build.quant}: {note_text(note)}')}</li>"
        for build in comparison.builds
        for note in build.notes
    ]
    return f"<ul>{''.join(items)}</ul>" if items else ""


def _method(comparison: Comparison) -> str:
    settings = comparison.settings
    lines = [f"{build.quant}: {build.file_name}" for build in comparison.builds]
    for text in settings.texts:
        lines.append(  # noqa: PERF401 - one line each is easier to read
            f"Text “{text.name}”: {text.characters:,} characters, SHA-256 {text.sha256[:16]}…, "
            f"chunks of {settings.context_length} tokens, the second half of each scored"
        )
    speed = comparison.base.speed
    if speed is not None:
        flash = "on" if speed.flash_attention else "off"
        lines.append(f"{speed.threads} threads, batch {speed.batch}, flash attention {flash}")
    lines.append(
        "Perplexity and KL divergence follow llama-perplexity's protocol; ± is one standard error. "
        "Builds count as equal when their difference is within two standard errors or below 0.01 nats."
    )
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    header = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f'<div class="wide"><table><tr>{header}</tr>{body}</table></div>'


def _spread(spread: Spread | None) -> str:
    return f"{spread.mean:.1f} ± {spread.deviation:.1f}" if spread else "–"
