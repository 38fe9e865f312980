"""Words for people about making builds: what types are for, what to know before, what is being done, what came of it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale

from app.core.engine.texts import MIXED
from app.core.quantize.fit_types import FitEstimate
from app.core.quantize.imatrix import Calibration
from app.core.quantize.types import NOT_MADE, BuildType, Importance, NotMade, Purpose
from app.ui.messages import number
from app.ui.models.make.order import MakeStep
from app.ui.models.words import duration_text


def tr(text: str) -> str:
    """``text`` in the person's language."""
    return QCoreApplication.translate("make", text)


def purpose_words(kind: BuildType) -> str:
    """What a type is for, as a sentence."""
    words = {
        Purpose.ORIGINAL: tr("All that the model is, in 16 bits: the source of other builds."),
        Purpose.LOSSLESS: tr("No difference from the original that anybody could measure."),
        Purpose.FAITHFUL: tr("A difference from the original that can hardly be measured."),
        Purpose.EVERYDAY: tr("The usual choice: small, and very near to the original."),
        Purpose.COMPACT: tr("Smaller, and a little worse."),
        Purpose.SMALL: tr("A loss that shows; large models bear it better than small ones."),
        Purpose.LAST_RESORT: tr("Only where nothing else fits: much of the model is lost."),
        Purpose.SIMPLE: tr("An older type, beaten in quality; quick on some processors."),
        Purpose.EXPERTS: tr("Experts in MXFP4, all else in 8 bits: for models with experts."),
        Purpose.TERNARY: tr("For models that were trained with weights of −1, 0 and 1 only."),
    }
    return words[kind.purpose]


def importance_words(kind: BuildType) -> str:
    """What an importance matrix does for a type, as a sentence."""
    words = {
        Importance.REQUIRED: tr(
            "It cannot be made without an importance matrix; one is made first."
        ),
        Importance.RECOMMENDED: tr(
            "An importance matrix makes it better at the same size; one is made first."
        ),
        Importance.UNUSED: tr("It does not use an importance matrix."),
    }
    return words[kind.importance]


def not_made_words() -> tuple[tuple[str, str], ...]:
    """Types that run here but are not made, each with the reason."""
    reasons = {
        NotMade.IMPORT_ONLY: tr(
            "runs here, but is made only by repacking checkpoints that were published in it."
        ),
        NotMade.TRAINED_ONLY: tr(
            "runs here, but only models that were trained for it make sense in it."
        ),
    }
    return tuple((name, reasons[why]) for name, why in NOT_MADE.items())


def preset_word(name: str) -> str:
    """The text that a preset holds."""
    return {
        MIXED: tr("A bit of everything"),
        "chat": tr("Conversation"),
        "code": tr("Program code"),
        "languages": tr("Several languages"),
        "reasoning": tr("Reasoning"),
    }.get(name, name)


def bits_text(bits: float) -> str:
    """Bits per weight with two decimals."""
    return QLocale().toString(bits, "f", 2)


def percent_text(share: float) -> str:
    """A share as a whole percentage."""
    return tr("{percent} %").format(percent=QLocale().toString(share * 100, "f", 0))


def divergence_text(mean: float, stderr: float = 0.0) -> str:
    """A mean KL divergence with its standard error, in as many digits as mean something."""
    decimals = 6 if mean < 0.01 else 4 if mean < 0.1 else 3
    text = QLocale().toString(mean, "f", decimals)
    if stderr <= 0:
        return text
    return tr("{value} ± {error}").format(
        value=text, error=QLocale().toString(stderr, "f", decimals)
    )


def role_word(role: str) -> str:
    """What the tensors of a role do; the role itself where that has no word."""
    return {
        "token_embd": tr("words in"),
        "output": tr("words out"),
        "attn_q": tr("attention: query"),
        "attn_k": tr("attention: key"),
        "attn_v": tr("attention: value"),
        "attn_qkv": tr("attention: all three"),
        "attn_output": tr("attention: output"),
        "ffn_gate": tr("feed-forward: gate"),
        "ffn_up": tr("feed-forward: up"),
        "ffn_down": tr("feed-forward: down"),
        "ffn_gate_exps": tr("experts: gate"),
        "ffn_up_exps": tr("experts: up"),
        "ffn_down_exps": tr("experts: down"),
        "ffn_gate_inp": tr("experts: choice"),
        "ffn_gate_shexp": tr("shared expert: gate"),
        "ffn_up_shexp": tr("shared expert: up"),
        "ffn_down_shexp": tr("shared expert: down"),
    }.get(role, role)


def step_word(step: MakeStep) -> str:
    """What is done in a step."""
    return {
        MakeStep.CALIBRATE: tr("See which weights matter"),
        MakeStep.MEASURE: tr("Measure what suffers from fewer bits"),
        MakeStep.SEARCH: tr("Find the best mix"),
        MakeStep.COMPARE: tr("Compare with the standard build"),
        MakeStep.QUANTIZE: tr("Write the build"),
        MakeStep.VERIFY: tr("Load it and let it speak"),
        MakeStep.PROVE: tr("Measure what it lost"),
    }[step]


def coverage_words(calibration: Calibration) -> str:
    """What calibration saw of the model."""
    tokens = tr("{tokens} tokens read").format(tokens=number(calibration.tokens))
    matrices = tr("{count} matrices seen").format(count=number(len(calibration.coverage)))
    parts = [tokens, matrices]
    experts = sum(one.experts for one in calibration.coverage if one.experts > 1)
    if experts:
        seen = sum(one.experts_seen for one in calibration.coverage if one.experts > 1)
        words = tr("{seen} of {experts} experts called")
        parts.append(words.format(seen=number(seen), experts=number(experts)))
    return " · ".join(parts)


def writing_words(seconds: float, *, calibrated: bool) -> str:
    """How long writing a build takes."""
    words = (
        tr("about {time} to write, after calibrating")
        if calibrated
        else tr("about {time} to write")
    )
    return words.format(time=duration_text(seconds))


def estimate_words(estimate: FitEstimate) -> str:
    """How long fitting to a size takes."""
    text = tr("Takes about {time} here.").format(time=duration_text(estimate.seconds))
    if estimate.groups_known:
        words = tr("{known} of {groups} parts were measured before.")
        known, groups = number(estimate.groups_known), number(estimate.groups)
        text += " " + words.format(known=known, groups=groups)
    return text
