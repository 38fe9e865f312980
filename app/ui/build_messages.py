"""Words for errors of making builds: types, recipes, importance matrices."""

from __future__ import annotations

from app.core.errors import ErrorCode
from app.ui.words import Action, tr


def build_wordings() -> dict[ErrorCode, tuple[str, str, Action | None]]:
    """Title, sentence with places for facts, and the action that helps."""
    return {
        ErrorCode.TYPE_REFUSED: (
            tr("This type is not made here"),
            tr("No build of type {type} can be made: it only runs, or it means nothing here."),
            None,
        ),
        ErrorCode.RECIPE_INVALID: (
            tr("The recipe cannot be read"),
            tr("Line {line} of “{path}” makes no sense. {reason}"),
            None,
        ),
        ErrorCode.IMATRIX_INVALID: (
            tr("This is no importance matrix for the model"),
            tr("“{path}” cannot be used. {reason}"),
            None,
        ),
        ErrorCode.IMATRIX_NEEDED: (
            tr("An importance matrix is needed"),
            tr("{type} cannot be made without one. Choose a text to calibrate on."),
            None,
        ),
        ErrorCode.ADAPTER_REFUSED: (
            tr("This adapter does not suit the model"),
            tr("“{path}” cannot be used. {reason}"),
            None,
        ),
        ErrorCode.FIT_TOO_SMALL: (
            tr("This size is too small for the model"),
            tr("{budget_bytes} were asked for; the smallest build needs about {needed_bytes}."),
            None,
        ),
        ErrorCode.TEXT_TOO_SHORT: (
            tr("The text is too short"),
            tr("It has {tokens} tokens, {needed_tokens} are needed. Choose a longer text."),
            None,
        ),
        ErrorCode.BUILD_FAILED: (
            tr("No build was made"),
            tr("Nothing was made from “{path}”. {reason}"),
            Action.TRY_AGAIN,
        ),
        ErrorCode.BUILD_UNSOUND: (
            tr("The build does not work"),
            tr("It was made, but it failed the test and was thrown away. {reason}"),
            Action.TRY_AGAIN,
        ),
    }
