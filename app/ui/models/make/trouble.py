"""Errors of making builds where the usual words do not fit: what is missing, and what helps here."""

from __future__ import annotations

from app.core.errors import AppError, ErrorCode
from app.ui.messages import explain_error, size
from app.ui.models.make.words import tr


def trouble_words(error: object) -> tuple[str, str]:
    """Title and sentence for an error before or during the making of a build."""
    told = explain_error(error)
    if not isinstance(error, AppError):
        return told.title, told.sentence
    facts = error.facts
    needed = size(facts.get("needed_bytes", 0))
    left = size(facts.get("available_bytes", 0))
    if error.code is ErrorCode.DISK_FULL:
        words = tr(
            "{needed} are needed in {folder}, {left} are left. Nothing of the build stays on the disk. Choose another"
            " folder, or a smaller build."
        )
        text = words.format(folder=facts.get("path", ""), needed=needed, left=left)
        return told.title, text
    if error.code is ErrorCode.OUT_OF_MEMORY and "available_bytes" in facts:
        words = tr(
            "Calibrating and measuring need the whole source in memory: {needed}, and {left} are free. Standard types"
            " can be made without calibration in little memory; closing other programs may help too."
        )
        return told.title, words.format(needed=needed, left=left)
    return told.title, told.sentence
