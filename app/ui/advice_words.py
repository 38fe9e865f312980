"""Words for the advice: fit, speed, quality, and the sentences about the recommended build and its neighbours."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale

from app.core.advice.facts import Origin
from app.core.advice.results import (
    BuildAdvice,
    Fit,
    QualityWord,
    Reason,
    ReasonCode,
    StepDown,
    StepUp,
)
from app.ui.messages import number, size
from app.ui.widgets.rung import Cell, Tone

MEASURED_MARK = "●"


def tr(text: str) -> str:
    """``text`` in the person's language."""
    return QCoreApplication.translate("advice", text)


def ladder_rows() -> tuple[str, ...]:
    """The rows of every ladder; the first stands above the bars."""
    return (tr("bits"), tr("download"), tr("memory"), tr("fits"), tr("speed"), tr("quality"))


def parameters_text(count: int | None) -> str:
    """A number of weights: "4.0B", "360M"; empty if unknown."""
    if not count:
        return ""
    if count >= 999_500_000:
        digits = 0 if count >= 99_500_000_000 else 1
        return tr("{count}B").format(count=QLocale().toString(count / 1e9, "f", digits))
    return tr("{count}M").format(count=QLocale().toString(count / 1e6, "f", 0))


def bits_text(bits: float) -> str:
    """Bits per weight with one decimal; empty if unknown."""
    return QLocale().toString(bits, "f", 1) if bits > 0 else ""


def origin_words(origin: Origin) -> str:
    """Where a number comes from."""
    return {
        Origin.MEASURED: tr("Measured here, on this computer."),
        Origin.ENGINE: tr("Computed by llama.cpp itself."),
        Origin.COMPUTED: tr("Computed from the file."),
        Origin.ESTIMATED: tr("Estimated from published data."),
    }[origin]


def quality_word(word: QualityWord) -> str:
    """How near a build is to its original."""
    return {
        QualityWord.LIKE_ORIGINAL: tr("like the original"),
        QualityWord.VERY_GOOD: tr("very good"),
        QualityWord.VISIBLE: tr("visible loss"),
        QualityWord.WEAK: tr("weak"),
        QualityWord.BROKEN: tr("broken"),
    }[word]


def fit_word(advice: BuildAdvice) -> str:
    """How a build suits the memory."""
    if advice.fit is Fit.NO:
        return tr("no: {size} short").format(size=size(max(0, -advice.spare_bytes)))
    return {Fit.EASILY: tr("easily"), Fit.YES: tr("yes"), Fit.TIGHT: tr("tight")}[advice.fit]


def memory_cell(advice: BuildAdvice) -> Cell:
    """The memory that a build takes while it runs."""
    text = size(advice.memory.total_bytes)
    about = advice.memory.origin is Origin.ESTIMATED
    words = tr("Weights, {tokens} tokens of context, and working memory.").format(
        tokens=number(advice.settings.context_length)
    )
    shown = tr("~ {size}").format(size=text) if about else text
    return Cell(shown, f"{words} {origin_words(advice.memory.origin)}")


def fit_cell(advice: BuildAdvice) -> Cell:
    """Whether a build fits."""
    available = tr("{size} could be used now.").format(size=size(advice.available_bytes))
    spare = ""
    if advice.fit is not Fit.NO:
        spare = tr("{size} would stay free.").format(size=size(max(0, advice.spare_bytes)))
        spare += " " + tr("Up to {tokens} tokens of context fit.").format(
            tokens=number(advice.longest_context)
        )
    tone = {Fit.NO: Tone.BAD, Fit.EASILY: Tone.GOOD, Fit.YES: Tone.GOOD}.get(advice.fit, Tone.PLAIN)
    return Cell(fit_word(advice), " ".join(part for part in (available, spare) if part), tone)


def speed_cell(advice: BuildAdvice) -> Cell:
    """How many tokens a second a build writes."""
    speed = advice.speed
    if speed is None or advice.fit is Fit.NO:
        return Cell("–", tr("It would not run here."), Tone.QUIET)
    text = QLocale().toString(speed.middle, "f", 0 if speed.middle >= 10 else 1)
    if speed.origin is Origin.MEASURED:
        return Cell(
            tr("{speed}/s {mark}").format(speed=text, mark=MEASURED_MARK),
            tr("Tokens a second.") + " " + origin_words(speed.origin),
        )
    band = tr("Between {low} and {high} tokens a second.").format(
        low=QLocale().toString(speed.low, "f", 1), high=QLocale().toString(speed.high, "f", 1)
    )
    return Cell(tr("~ {speed}/s").format(speed=text), f"{band} {origin_words(speed.origin)}")


def quality_cell(advice: BuildAdvice) -> Cell:
    """How near a build is to its original."""
    quality = advice.quality
    if quality is None:
        return Cell("–", tr("Nothing is known about this type."), Tone.QUIET)
    band = tr("KL divergence from the 16-bit original: {low} to {high}.").format(
        low=QLocale().toString(quality.kld_low, "g", 2),
        high=QLocale().toString(quality.kld_high, "g", 2),
    )
    return Cell(quality_word(quality.word), f"{band} {origin_words(quality.origin)}")


def step_text(advice: BuildAdvice) -> str:
    """What one step down frees and one step up needs."""
    parts = []
    if advice.step_down is not None:
        parts.append(_down(advice.step_down))
    if advice.step_up is not None:
        parts.append(_up(advice.step_up))
    return " ".join(parts)


def _down(step: StepDown) -> str:
    words = tr("One step down, {quant}, frees {size}")
    text = words.format(quant=step.quant, size=size(step.freed_bytes))
    if step.freed_tokens > 0:
        text += " " + tr("= {tokens} more tokens of context").format(
            tokens=number(step.freed_tokens)
        )
    return text + tr("; quality: {word}.").format(word=quality_word(step.word))


def _up(step: StepUp) -> str:
    words = tr("One step up, {quant} ({word}),").format(
        quant=step.quant, word=quality_word(step.word)
    )
    if step.needed_bytes > 0:
        return words + " " + tr("needs {size} more.").format(size=size(step.needed_bytes))
    if step.needed_tokens_per_s > 0:
        return words + " " + tr("fits but is slower than you want.")
    return words + " " + tr("fits too.")


def why_text(advice: BuildAdvice) -> str:
    """One sentence that says why a build is recommended."""
    told = [words for words in (_reason(reason) for reason in advice.reasons) if words]
    name = advice.build.quant
    if not told:
        return tr("{name} suits this computer best.").format(name=name)
    return tr("{name}: {reasons}.").format(name=name, reasons=", ".join(told[:3]))


def _reason(reason: Reason) -> str:
    facts = reason.facts
    words = {
        ReasonCode.BEST_QUALITY: tr("the best quality that fits and is quick enough here"),
        ReasonCode.LEAST_SLOW: tr("the best of the quickest here"),
        ReasonCode.FAST_ENOUGH: tr("quick enough to read along"),
        ReasonCode.PARTLY_ON_GPU: tr("runs partly on the graphics card"),
        ReasonCode.SMALLER_CACHE: tr("fits with a smaller memory of the context"),
        ReasonCode.MAYBE_SLOW: tr("perhaps a little slow"),
        ReasonCode.TOO_SLOW: tr("slower than you want"),
        ReasonCode.TIGHT_MEMORY: tr("little memory stays free"),
        ReasonCode.NATIVE_WIDTH: tr("made for this width"),
        ReasonCode.NO_GAIN_ABOVE: tr("more bits would show nothing"),
        ReasonCode.LARGER_MODEL: tr("a larger model at fewer bits beats a smaller one"),
        ReasonCode.ON_GPU: tr("runs on the graphics card"),
    }
    if reason.code is ReasonCode.FITS and "spare_bytes" in facts:
        spare = max(0, int(facts["spare_bytes"]))
        return tr("leaves {size} of memory free").format(size=size(spare))
    if reason.code is ReasonCode.SHORTER_CONTEXT and "context_tokens" in facts:
        return tr("with {tokens} tokens of context").format(tokens=number(facts["context_tokens"]))
    return words.get(reason.code, "")
