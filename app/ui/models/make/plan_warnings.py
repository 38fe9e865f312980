"""What should be known before a build is made, in words."""

from __future__ import annotations

from PySide6.QtCore import QLocale

from app.core.engine.base import Notice
from app.core.errors import Fact
from app.core.quantize.wish import PlanWarning
from app.ui.messages import number
from app.ui.models.make.words import tr


def warning_words(notice: Notice) -> str:
    """What should be known before a build is made; empty for a code that this version does not know."""
    words = {**_about_source(), **_about_importance(), **_about_mix()}
    if notice.code not in words:
        return ""
    facts = {name: _fact_text(value) for name, value in notice.facts.items()}
    try:
        return words[PlanWarning(notice.code)].format(**facts)
    except KeyError:
        return ""


def _about_source() -> dict[PlanWarning, str]:
    return {
        PlanWarning.REQUANTIZED: tr(
            "The source is a {source_type} build already: what it lost stays lost, and a second loss"
            " comes on top. The 16-bit original makes better builds of the same size."
        ),
        PlanWarning.NATIVE_WIDTH: tr(
            "This model was published in {bits} bits. Use it as it is: other builds of it lose"
            " something and gain nothing."
        ),
        PlanWarning.TRAINED_WIDTH: tr(
            "This model was trained to be stored in {bits} bits. Use the build that its makers"
            " published; one made here would be worse."
        ),
        PlanWarning.NOT_SMALLER: tr("The build would not be smaller than its source."),
    }


def _about_importance() -> dict[PlanWarning, str]:
    return {
        PlanWarning.IMATRIX_NEEDED: tr(
            "{type} cannot be made without an importance matrix: choose a text to calibrate on."
        ),
        PlanWarning.IMATRIX_ADVISED: tr(
            "With an importance matrix {type} would be nearer to the original at the same size."
        ),
        PlanWarning.IMATRIX_PARTIAL: tr(
            "The importance matrix knows nothing of {tensors} matrices; they are treated evenly."
        ),
        PlanWarning.EXPERTS_UNSEEN: tr(
            "Calibration never called {experts_unseen} of {experts} experts: a longer or more mixed"
            " text would."
        ),
    }


def _about_mix() -> dict[PlanWarning, str]:
    return {
        PlanWarning.OTHER_SHAPES: tr(
            "{tensors} matrices are too narrow for this type and get a wider one."
        ),
        PlanWarning.RECIPE_IDLE: tr(
            "Lines of the recipe that fit no tensor of this model: {patterns}."
        ),
        PlanWarning.RECIPE_FOREIGN: tr(
            "The recipe was made for another kind of model ({architecture})."
        ),
        PlanWarning.NO_EXPERTS: tr(
            "The model has no experts: this type would make an 8-bit build of it."
        ),
        PlanWarning.NOT_TERNARY: tr(
            "The model was not trained for this type: what comes out is not worth using."
        ),
    }


def _fact_text(value: Fact) -> str:
    if isinstance(value, int):
        return number(value)
    return QLocale().toString(value, "g", 3) if isinstance(value, float) else value
