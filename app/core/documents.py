"""Texts that ship with the app: the licence and the guide's model card."""

from __future__ import annotations

from app.core.errors import AppError, ErrorCode
from app.core.paths import guide_path, resources_dir

CARD_NAMES = ("MODEL_CARD.md", "model_card.md", "README.md")


def guide_card() -> str:
    """The guide's model card (Markdown).

    Raises:
        AppError: RESOURCE_MISSING when it did not ship.
    """
    for name in CARD_NAMES:
        path = guide_path().with_name(name)
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise AppError(ErrorCode.RESOURCE_MISSING, name="guide/" + CARD_NAMES[0])


def licence() -> str:
    """The licence of the app (plain text).

    Raises:
        AppError: RESOURCE_MISSING when it did not ship.
    """
    for folder in (resources_dir().parent, resources_dir()):
        path = folder / "LICENSE"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise AppError(ErrorCode.RESOURCE_MISSING, name="LICENSE")
