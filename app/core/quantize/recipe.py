"""Recipes: which tensors of a model get which storage type, in a file that people can read, edit and share.

::

    # Nibble recipe
    name: Attention first
    architecture: llama
    base: Q4_K_M
    comment: made for 3.4 bits

    token_embd                 Q6_K
    blk.[0-3,20].ffn_down      Q5_K
    blk.*.attn_*               Q6_K

A line gives a pattern of tensor names and a storage type; the first line that fits a tensor decides, and tensors that no
line fits get what ``base`` gives them. A pattern stands for the whole name, with or without its ending ``.weight``; ``*`` is
any text, ``[0-3,20]`` any of these whole numbers. ``#`` begins a remark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.core.errors import AppError, ErrorCode
from app.core.models.details import file_type_of
from app.core.models.gguf import GgufHeader
from app.core.quantize.types import TENSOR_NUMBERS, build_type

TITLE: Final = "# Nibble recipe"
DEFAULT_BASE: Final = "Q4_K_M"
MAX_RECIPE_BYTES: Final = 1_000_000
_MAX_STARS: Final = 3
_MAX_NUMBER: Final = 9999
_HEADER = re.compile(r"^(name|architecture|base|comment):(.*)$")
_LAYER = re.compile(r"^blk\.(\d{1,4})\.(.+)$")
_PATTERN_PART = re.compile(r"\[[^\]]*\]|\*|[^\[\]*]+|.")
_RANGE = re.compile(r"^(\d{1,4})(?:-(\d{1,4}))?$")


@dataclass(frozen=True)
class RecipeLine:
    """Tensors whose names fit ``pattern`` get the storage type ``type_name``, such as ``Q5_K``."""

    pattern: str
    type_name: str


@dataclass(frozen=True)
class Recipe:
    """A mix of types.

    Attributes:
        lines: in their order; the first that fits a tensor decides.
        base: the build type for all other tensors.
        name, architecture, comment: for people; ``architecture`` is that of the model it was made for.
    """

    lines: tuple[RecipeLine, ...]
    base: str = DEFAULT_BASE
    name: str = ""
    architecture: str = ""
    comment: str = ""
    _patterns: tuple[re.Pattern[str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_patterns", tuple(_compiled(line.pattern) for line in self.lines))

    def types_for(self, names: Iterable[str]) -> dict[str, str]:
        """Tensor name -> storage type, for those names that a line fits."""
        found = ((name, self._line_for(name)) for name in names)
        return {name: self.lines[index].type_name for name, index in found if index is not None}

    def idle_lines(self, names: Iterable[str]) -> tuple[RecipeLine, ...]:
        """Lines that decide nothing for a model with these tensors."""
        used = {self._line_for(name) for name in names}
        return tuple(line for index, line in enumerate(self.lines) if index not in used)

    def _line_for(self, name: str) -> int | None:
        for index, pattern in enumerate(self._patterns):
            if pattern.fullmatch(name):
                return index
        return None


def parse_recipe(text: str, name: str = "recipe") -> Recipe:
    """Read a recipe.

    Args:
        text: the recipe.
        name: what messages call it, such as its path.

    Raises:
        AppError: RECIPE_INVALID with the number of the line and what is wrong with it.
    """
    headers: dict[str, str] = {}
    lines: list[RecipeLine] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        try:
            _take_line(raw, headers, lines)
        except ValueError as error:
            raise AppError(
                ErrorCode.RECIPE_INVALID, path=name, line=number, reason=str(error)
            ) from error
    return Recipe(tuple(lines), **headers)


def _take_line(raw: str, headers: dict[str, str], lines: list[RecipeLine]) -> None:
    text = raw.strip()
    header = _HEADER.match(text)
    if header:
        key, value = header[1], header[2].strip()
        if key in headers:
            message = f"'{key}' stands twice"
            raise ValueError(message)
        headers[key] = _base(value) if key == "base" else value
        return
    words = text.partition("#")[0].split()
    if not words:
        return
    if len(words) != 2:
        message = "a line has a pattern of tensor names and a type, such as 'blk.*.ffn_down Q5_K'"
        raise ValueError(message)
    _compiled(words[0])
    lines.append(RecipeLine(words[0], _tensor_type(words[1])))


def _base(value: str) -> str:
    try:
        return build_type(value).name
    except AppError:
        message = f"'{value}' is no type of build that can be made"
        raise ValueError(message) from None


def _tensor_type(word: str) -> str:
    if word.upper() not in TENSOR_NUMBERS:
        message = f"'{word}' is no storage type that can be made"
        raise ValueError(message)
    return word.upper()


def _compiled(pattern: str) -> re.Pattern[str]:
    """The pattern as a regular expression over whole tensor names; ValueError says what is wrong with it."""
    if pattern.count("*") > _MAX_STARS:
        message = f"more than {_MAX_STARS} stars in '{pattern}'"
        raise ValueError(message)
    parts = [_translated(part, pattern) for part in _PATTERN_PART.findall(pattern)]
    ending = "" if pattern.endswith((".weight", ".bias", "*")) else r"(?:\.weight)?"
    return re.compile("".join(parts) + ending)


def _translated(part: str, pattern: str) -> str:
    if part == "*":
        return ".*"
    if not part.startswith("[") and part != "]":
        return re.escape(part)
    numbers: set[int] = set()
    for piece in part[1:-1].split(",") if part.endswith("]") else [""]:
        found = _RANGE.match(piece.strip())
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if not first <= last <= _MAX_NUMBER:
            message = f"'{part}' in '{pattern}' is no list of whole numbers such as [0-3,20]"
            raise ValueError(message)
        numbers.update(range(first, last + 1))
    return r"(?<!\d)(?:" + "|".join(map(str, sorted(numbers))) + r")(?!\d)"


def read_recipe(path: Path) -> Recipe:
    """Read a recipe file.

    Raises:
        AppError: FILE_MISSING, FILE_UNREADABLE, RECIPE_INVALID.
    """
    try:
        if path.stat().st_size > MAX_RECIPE_BYTES:
            reason = "it is far too long for a recipe"
            raise AppError(ErrorCode.FILE_UNREADABLE, path=str(path), reason=reason)
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise AppError(ErrorCode.FILE_MISSING, path=str(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or "") if isinstance(error, OSError) else "it is no text"
        raise AppError(ErrorCode.FILE_UNREADABLE, path=str(path), reason=reason) from error
    return parse_recipe(text, str(path))


def recipe_text(recipe: Recipe) -> str:
    """The recipe as a file; `parse_recipe` gives the same recipe back."""
    headers = {
        "name": recipe.name,
        "architecture": recipe.architecture,
        "base": recipe.base,
        "comment": " ".join(recipe.comment.split()),
    }
    width = max((len(line.pattern) for line in recipe.lines), default=0)
    parts = [TITLE]
    parts += [f"{key}: {value}" for key, value in headers.items() if value]
    parts += ["", *(f"{line.pattern:<{width}}  {line.type_name}" for line in recipe.lines)]
    return "\n".join(parts).rstrip() + "\n"


def recipe_of(header: GgufHeader, name: str = "") -> Recipe:
    """The mix of an existing model: its matrices grouped by kind and type, layers in ranges.

    Args:
        header: of a split model, the one with the tensors of all parts.
        name: what to call the recipe; the model's own name if empty.
    """
    types = {
        tensor.name: tensor.type_name
        for tensor in header.tensors
        if len(tensor.shape) > 1 and tensor.type_name != "F32"
    }
    try:
        base = build_type(file_type_of(header)).name
    except AppError:
        base = DEFAULT_BASE
    return Recipe(
        lines=lines_for(types),
        base=base,
        name=name or header.text("general.name"),
        architecture=header.architecture,
    )


def lines_for(types: Mapping[str, str]) -> tuple[RecipeLine, ...]:
    """The fewest lines that give each named tensor its storage type, in the order in which their tensors come first."""
    groups: dict[tuple[str, str], list[int]] = {}
    layers: dict[str, set[int]] = {}
    for name, type_name in types.items():
        found = _LAYER.match(name.removesuffix(".weight"))
        if found:
            groups.setdefault((found[2], type_name), []).append(int(found[1]))
            layers.setdefault(found[2], set()).add(int(found[1]))
        else:
            groups[name.removesuffix(".weight"), type_name] = []
    lines = []
    for (kind, type_name), numbers in groups.items():
        pattern = kind
        if numbers:
            everywhere = len(numbers) == len(layers[kind]) > 1
            pattern = f"blk.{'*' if everywhere else _ranges(numbers)}.{kind}"
        lines.append(RecipeLine(pattern, type_name))
    return tuple(lines)


def _ranges(numbers: Sequence[int]) -> str:
    """``3`` or ``[0-3,7]``."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and parts[-1][-1] == number - 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    texts = ["-".join(map(str, part)) for part in parts]
    return texts[0] if texts == [str(numbers[0])] else f"[{','.join(texts)}]"
