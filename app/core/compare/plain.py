"""Frozen dataclasses to plain JSON values and back, strictly: what does not fit its type is an error, nothing is guessed."""

from __future__ import annotations

import dataclasses
import types
import typing
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

Kind = TypeVar("Kind")


def to_plain(value: Any) -> Any:  # noqa: ANN401 - any dataclass, JSON out
    """Plain values for JSON: dataclasses become objects, tuples lists, enumerations and paths their texts."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    return value


def from_plain(kind: type[Kind], value: Any) -> Kind:  # noqa: ANN401 - JSON in
    """The dataclass that `to_plain` wrote; fields that are missing take their defaults, unknown ones are left out.

    Raises:
        ValueError: the values do not fit.
    """
    try:
        return typing.cast("Kind", _convert(kind, value))
    except (TypeError, KeyError, AttributeError) as error:
        message = f"no {kind.__name__}: {error}"
        raise ValueError(message) from error


def _convert(hint: Any, value: Any) -> Any:  # noqa: ANN401 - JSON in, field type out
    origin = typing.get_origin(hint)
    if hint is Any:
        return value
    if origin in (types.UnionType, typing.Union):
        return _union(hint, value)
    if origin is tuple:
        return _tuple(typing.get_args(hint), value)
    if origin is dict:
        item = typing.get_args(hint)[1]
        return {key: _convert(item, inner) for key, inner in value.items()}
    if dataclasses.is_dataclass(hint):
        return _dataclass(typing.cast("type[Any]", hint), value)
    return _simple(hint, value)


def _dataclass(kind: type[Any], value: Any) -> Any:  # noqa: ANN401 - any dataclass
    hints = typing.get_type_hints(kind)
    names = [item.name for item in dataclasses.fields(kind)]
    return kind(**{name: _convert(hints[name], value[name]) for name in names if name in value})


def _tuple(kinds: tuple[Any, ...], value: Any) -> tuple[Any, ...]:  # noqa: ANN401 - JSON in
    if not isinstance(value, list | tuple):
        raise TypeError(f"{value!r} is no list")
    if len(kinds) == 2 and kinds[1] is ...:
        return tuple(_convert(kinds[0], item) for item in value)
    return tuple(_convert(kind, item) for kind, item in zip(kinds, value, strict=True))


def _union(hint: Any, value: Any) -> Any:  # noqa: ANN401 - JSON in, field type out
    """The first alternative that the value fits as it is; None counts."""
    if value is None and type(None) in typing.get_args(hint):
        return None
    for kind in typing.get_args(hint):
        if kind is not type(None):
            try:
                return _convert(kind, value)
            except (TypeError, ValueError, KeyError, AttributeError):
                continue
    raise TypeError(f"{value!r} fits none of {hint}")


def _simple(hint: Any, value: Any) -> Any:  # noqa: ANN401 - JSON in, field type out
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    if hint is Path and type(value) is str:
        return Path(value)
    if hint is float and type(value) in (int, float):
        return float(value)
    if type(value) is not hint:
        raise TypeError(f"{value!r} is no {getattr(hint, '__name__', hint)}")
    return value
