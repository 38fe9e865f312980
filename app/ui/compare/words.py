"""Words for people about comparisons: steps, texts, subjects, notes, times and numbers."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale, Qt

from app.core.compare.results import Comparison, Note, NoteCode, Spread, Step
from app.core.compare.runner import Progress
from app.core.errors import AppError, ErrorCode
from app.ui.messages import explain_error, number

MINUTE_S = 60
HOUR_S = 3600


def tr(text: str) -> str:
    """``text`` in the person's language."""
    return QCoreApplication.translate("compare", text)


def text_name(name: str) -> str:
    """What a text is called; a text of the person's own has its own name."""
    known = {
        "mixed": tr("a bit of everything"),
        "chat": tr("conversation"),
        "code": tr("code"),
        "languages": tr("languages"),
        "reasoning": tr("reasoning"),
    }
    return known.get(name, name)


def subject_name(name: str) -> str:
    """What a subject of graded questions is called."""
    known = {
        "arithmetic": tr("arithmetic"),
        "facts": tr("facts"),
        "code": tr("code"),
        "instructions": tr("instructions"),
        "translation": tr("translation"),
        "guide": tr("quantization"),
        "own": tr("your questions"),
    }
    return known.get(name, name)


def step_name(step: Step) -> str:
    """What is measured, in a word."""
    return {
        Step.ANSWERS: tr("answers"),
        Step.SPEED: tr("speed"),
        Step.QUALITY: tr("quality"),
        Step.TASKS: tr("questions"),
    }[step]


def decimal(value: float, digits: int = 2) -> str:
    """A number with so many decimals, as the language writes it."""
    return QLocale().toString(value, "f", digits)


def short_number(value: float, digits: int = 3) -> str:
    """A number with so many digits that count, for axes and small figures."""
    if value == 0:
        return "0"
    text = f"{value:.{digits}g}" if abs(value) >= 1e-4 else f"{value:.1e}"
    return text if "e" in text else QLocale().toString(float(text), "g", 6)


def percent(share: float, digits: int = 0) -> str:
    """A share of 0..1 in per cent."""
    return tr("{value} %").format(value=decimal(share * 100, digits))


def speed_text(spread: Spread | None) -> str:
    """Tokens a second; empty where it was not measured."""
    if spread is None:
        return ""
    return tr("{value}/s").format(value=decimal(spread.mean, 0 if spread.mean >= 100 else 1))


def time_text(seconds: float) -> str:
    """A time as people say it: "40 s", "6 min", "1 h 20 min"."""
    if seconds < 1:
        return tr("a moment")
    if seconds < MINUTE_S * 1.5:
        return tr("{count} s").format(count=number(max(1, round(seconds))))
    if seconds < HOUR_S * 1.5:
        return tr("{count} min").format(count=number(max(1, round(seconds / MINUTE_S))))
    hours, minutes = divmod(round(seconds / MINUTE_S), MINUTE_S)
    return tr("{hours} h {minutes} min").format(hours=number(hours), minutes=number(minutes))


def date_text(created: str) -> str:
    """When a comparison was started, in this computer's time."""
    moment = QDateTime.fromString(created, Qt.DateFormat.ISODate).toLocalTime()
    return QLocale().toString(moment, QLocale.FormatType.ShortFormat) if moment.isValid() else ""


def build_names(comparison: Comparison) -> tuple[str, ...]:
    """What the builds are called: their types, with the file's name where two have the same."""
    types = [build.quant or build.path.stem for build in comparison.builds]
    return tuple(
        kind if types.count(kind) == 1 else f"{kind} ({build.path.stem})"
        for kind, build in zip(types, comparison.builds, strict=True)
    )


def progress_text(progress: Progress, comparison: Comparison) -> str:
    """What is under way and how long it will take."""
    part = progress.part
    if part is None:
        return ""
    what = step_name(part.step)
    if part.step is Step.QUALITY:
        what = tr("quality on {text}").format(
            text=text_name(comparison.settings.texts[int(part.name)].name)
        )
    elif part.step is Step.TASKS:
        what = tr("questions: {subject}").format(subject=subject_name(part.name))
    words = tr("{build}: {what} · {time} left")
    name = build_names(comparison)[part.build]
    return words.format(build=name, what=what, time=time_text(progress.left_s))


def note_text(note: Note) -> str:
    """A remark as a sentence."""
    facts = note.facts
    texts = {
        NoteCode.BUSY: tr("Other programs kept {cores} cores busy: the speed may be too low."),
        NoteCode.ON_BATTERY: tr("Measured on battery: the computer may have been slower."),
        NoteCode.SAFE_KERNELS: tr("Measured with safe kernels: the fast ones do not work here."),
        NoteCode.SHORT_TEXT: tr(
            "Only {positions} words of text were scored: take the quality as a hint."
        ),
        NoteCode.OTHER_VOCABULARY: tr(
            "It has another vocabulary than the reference: its quality cannot be compared."
        ),
        NoteCode.REFERENCE_QUANTIZED: tr(
            "The reference has {bits} bits itself: losses against the original are larger."
        ),
        NoteCode.NO_TEMPLATE: tr("It brings no chat template; a plain one was used."),
    }
    if note.code is NoteCode.FAILED:
        return _failed(note)
    shown = {
        name: decimal(value, 1) if isinstance(value, float) else str(value)
        for name, value in facts.items()
    }
    try:
        return texts[note.code].format(**shown)
    except KeyError:
        return ""


def _failed(note: Note) -> str:
    facts = dict(note.facts)
    step = step_name(note.step) if note.step else tr("a part")
    try:
        code = ErrorCode(str(facts.pop("code", "")))
    except ValueError:
        return tr("{step}: could not be measured.").format(step=step)
    told = explain_error(AppError(code, **facts))
    words = tr("{step}: could not be measured. {title}. {sentence}")
    return words.format(step=step, title=told.title.rstrip("."), sentence=told.sentence)
