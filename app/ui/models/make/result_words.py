"""What came of a build, in words and figures: before and after, and which of mix and standard build was kept."""

from __future__ import annotations

from app.core.advice.results import BuildAdvice
from app.core.quantize.fit_types import Contender, FitResult, Winner
from app.core.quantize.proof import Proof
from app.ui.advice_words import fit_word, quality_cell, speed_cell
from app.ui.messages import explain_error, size
from app.ui.models.make.making import Outcome
from app.ui.models.make.words import (
    bits_text,
    coverage_words,
    divergence_text,
    percent_text,
    tr,
)
from app.ui.models.words import duration_text
from app.ui.widgets.figures import Figure

ARROW = "→"


def verdict_of(outcome: Outcome) -> str:
    """What came of it, in a sentence or two."""
    before, after = outcome.order.source.header.file_size_bytes, outcome.header.file_size_bytes
    words = tr("{share} of the size of {source}.").format(
        share=percent_text(after / before if before else 0), source=outcome.order.source.name
    )
    if outcome.fit is not None:
        return f"{fit_sentence(outcome.fit)} {words}"
    if outcome.proof is not None:
        return words
    why = explain_error(outcome.unproved).title if outcome.unproved else tr("skipped")
    return words + " " + tr("What it lost was not measured ({reason}).").format(reason=why)


def fit_sentence(fit: FitResult) -> str:
    """Which build was kept, and why."""
    numbers = {
        "mix": _distance(fit.mix),
        "stock": _distance(fit.stock),
        "name": fit.stock.label,
    }
    if fit.winner is Winner.STOCK:
        words = tr(
            "The standard build {name} is kept: on text that neither was made with, the mix is no nearer to the"
            " original (KL divergence {mix} against {stock})."
        )
        return words.format(**numbers)
    words = tr(
        "The mix is kept: on text that it was not made with, it is {gain} nearer to the original than {name}, the"
        " largest standard build that is no larger (KL divergence {mix} against {stock})."
    )
    return words.format(gain=percent_text(fit.gain), **numbers)


def figures_of(outcome: Outcome) -> list[Figure]:
    """Before and after."""
    header, made = outcome.order.source.header, outcome.header
    saved = header.file_size_bytes - made.file_size_bytes
    figures = [
        Figure(
            tr("Size"),
            _pair(size(header.file_size_bytes), size(made.file_size_bytes)),
            tr("{size} less").format(size=size(saved)) if saved > 0 else "",
            tr("The files as they are."),
        ),
        Figure(
            tr("Bits a weight"),
            _pair(bits_text(header.bits_per_weight), bits_text(made.bits_per_weight)),
            tr("all tensors"),
            tr("Computed from the files."),
        ),
    ]
    if outcome.fit is not None:
        figures.append(_fit_figure(outcome.fit))
    if outcome.proof is not None:
        figures.append(_proof_figure(outcome.proof))
    if outcome.advice is not None:
        measured = outcome.fit is not None or outcome.proof is not None
        figures += _advice_figures(outcome.advice, quality=not measured)
    note = coverage_words(outcome.calibration) if outcome.calibration else ""
    took = duration_text(outcome.seconds)
    figures.append(Figure(tr("Took"), took, note, tr("Measured here, from start to end.")))
    return figures


def _fit_figure(fit: FitResult) -> Figure:
    mixed = fit.winner is Winner.MIX
    other, name = (fit.stock, fit.stock.label) if mixed else (fit.mix, tr("the mix"))
    note = tr("{name}: {value}").format(name=name, value=_distance(other))
    return _distance_figure(fit.kept, note)


def _proof_figure(proof: Proof) -> Figure:
    build, stock = proof.build, proof.stock
    if stock is None or stock is build:
        share = percent_text(build.divergence.same_top_token)
        return _distance_figure(
            build, tr("same next token {share} of the time").format(share=share)
        )
    note = tr("{name}: {value}").format(name=stock.label, value=_distance(stock))
    return _distance_figure(build, note)


def _distance_figure(build: Contender, note: str) -> Figure:
    source = tr("KL divergence from the original on held-out text, with its standard error.")
    source += " " + tr("Measured here, on this computer.")
    return Figure(tr("Distance from the original"), _distance(build), note, source)


def _distance(build: Contender) -> str:
    return divergence_text(build.divergence.kld_mean, build.divergence.kld_stderr)


def _advice_figures(advice: BuildAdvice, *, quality: bool) -> list[Figure]:
    speed, found = speed_cell(advice), []
    if quality:
        cell = quality_cell(advice)
        note = tr("estimated; Compare measures it")
        found.append(Figure(tr("Quality"), cell.text, note, cell.source))
    memory = tr("{size} of memory").format(size=size(advice.memory.total_bytes))
    note = tr("fits: {word}").format(word=fit_word(advice))
    found.append(Figure(tr("To run it"), memory, note, speed.source))
    return found


def _pair(before: str, after: str) -> str:
    return f"{before} {ARROW} {after}"
