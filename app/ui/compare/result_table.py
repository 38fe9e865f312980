"""From a comparison to its table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from app.core.compare.results import BuildResult, Comparison
from app.ui.compare import measures
from app.ui.compare.measures import ALL_TEXTS, Measure
from app.ui.compare.words import build_names, decimal, tr
from app.ui.widgets.figure_table import FigureCell, FigureColumn, FigureRow

WAITING, NOTHING = "…", "–"
LEAST_FOR_BEST = 2  # of one build alone nothing is the best


@dataclass(frozen=True)
class _Column:
    """A column: how it is made, whether it was wanted, and whether more is better (None: neither is)."""

    head: FigureColumn
    measure: Measure
    wanted: bool = True
    more: bool | None = None


def result_table(
    comparison: Comparison, text: str = ALL_TEXTS
) -> tuple[tuple[FigureColumn, ...], tuple[FigureRow, ...]]:
    """Columns for everything that was wanted, a row for each build."""
    columns = [column for column in _columns(comparison, text) if column.wanted]
    names = build_names(comparison)
    made = [
        _marked([_cell(comparison, build, column) for build in comparison.builds], column)
        for column in columns
    ]
    heads = (FigureColumn(tr("build")), *(column.head for column in columns))
    found = [
        FigureRow(str(build.path), (FigureCell(name, None, str(build.path)), *cells))
        for build, name, cells in zip(
            comparison.builds, names, zip(*made, strict=True), strict=True
        )
    ]
    return heads, tuple(found)


def _columns(comparison: Comparison, text: str) -> list[_Column]:
    settings = comparison.settings
    speed, quality = settings.speed is not None, bool(settings.texts)
    bits = FigureColumn(tr("bits"), tr("Bits of storage for each weight, on average."), True)
    found = [
        _Column(bits, _bits),
        _Column(FigureColumn(tr("file"), tr("Size of the file.")), measures.file_size),
        _Column(
            FigureColumn(tr("memory"), tr("The most memory it took.")),
            measures.memory,
            speed,
            more=False,
        ),
        _Column(
            FigureColumn(tr("writes"), tr("Tokens written a second."), True),
            measures.generation,
            speed,
            more=True,
        ),
        _Column(
            FigureColumn(tr("reads"), tr("Tokens of a prompt read a second."), True),
            measures.reading,
            speed,
            more=True,
        ),
        _Column(
            FigureColumn(tr("first word"), tr("Time to the first word of an answer.")),
            measures.first_word,
            bool(settings.prompts),
            more=False,
        ),
        *_quality_columns(quality, text),
    ]
    for subject in settings.subjects:
        head = FigureColumn(measures.subject_title(subject), "", True)
        measure = partial(measures.right_share, subject=subject)
        found.append(_Column(head, measure, more=True))
    return found


def _quality_columns(wanted: bool, text: str) -> list[_Column]:
    """Of the reference itself only the perplexity says something."""
    same = tr("How often the likeliest next word is the reference's.")
    distance = tr("Mean KL divergence from the reference; 0 is the reference itself.")
    worst = tr("KL divergence that one place in a hundred exceeds.")
    surprise = tr("Perplexity: how surprised it is by the text. Less is better.")
    return [
        _Column(
            FigureColumn(tr("same word"), same, True),
            partial(measures.same_top, text=text),
            wanted,
        ),
        _Column(FigureColumn(tr("distance"), distance), partial(measures.kld, text=text), wanted),
        _Column(FigureColumn(tr("worst 1 %"), worst), partial(measures.tail, text=text), wanted),
        _Column(
            FigureColumn(tr("perplexity"), surprise),
            partial(measures.perplexity, text=text),
            wanted,
        ),
    ]


def _bits(build: BuildResult) -> measures.Figure:
    return measures.Figure(
        build.bits_per_weight,
        decimal(build.bits_per_weight, 2),
        0.0,
        tr("Computed: all bytes of the file, shared among all weights."),
    )


def _cell(comparison: Comparison, build: BuildResult, column: _Column) -> FigureCell:
    figure = column.measure(build)
    if figure is None:
        return FigureCell(NOTHING if comparison.finished else WAITING)
    return FigureCell(figure.text, figure.value, figure.source)


def _marked(cells: list[FigureCell], column: _Column) -> list[FigureCell]:
    """The cells of a column, the best of them marked."""
    known = [cell.value for cell in cells if cell.value is not None]
    if column.more is None or len(known) < LEAST_FOR_BEST or len(set(known)) == 1:
        return cells
    best = max(known) if column.more else min(known)
    return [replace(cell, best=cell.value == best) for cell in cells]
