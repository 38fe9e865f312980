"""Recipes on disk: opened, read back from a model, and saved; on a worker."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from app.core.errors import AppError, ErrorCode
from app.core.models.gguf import MAGIC
from app.core.models.gguf_check import check_file
from app.core.quantize.recipe import MAX_RECIPE_BYTES, read_recipe, recipe_of, recipe_text
from app.core.settings import write_atomically

_MAGIC_BYTES: Final = len(MAGIC)


def read_any(path: Path) -> str:
    """The text of a recipe, or the mix of a model as a recipe.

    Raises:
        AppError: the file cannot be read; RECIPE_INVALID.
    """
    if _is_model(path):
        return recipe_text(recipe_of(check_file(path), path.stem))
    recipe = read_recipe(path)  # says line by line what is wrong
    text = path.read_text(encoding="utf-8-sig")[:MAX_RECIPE_BYTES]
    return text if text.strip() else recipe_text(recipe)


def write_text(path: Path, text: str) -> None:
    """Save a recipe.

    Raises:
        AppError: WRITE_FAILED.
    """
    try:
        write_atomically(path, text)
    except OSError as error:
        reason = error.strerror or "input/output error"
        raise AppError(ErrorCode.WRITE_FAILED, path=str(path), reason=reason) from error


def _is_model(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(_MAGIC_BYTES) == MAGIC
    except OSError:
        return False
