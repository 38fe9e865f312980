"""Is an answer right? Each grader looks at the text alone: no model judges, and no code that a model wrote is ever run."""

from __future__ import annotations

import ast
import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Any, Final

_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```[ \t]*([\w+-]*)[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)
_NUMBER = re.compile(r"[-+−]?\d{1,3}(?:[ ,\u202f]\d{3})+(?:\.\d+)?|[-+−]?\d+(?:\.\d+)?")
_CLOSENESS: Final = 1e-6
MAX_ANSWER_CHARS: Final = 20_000


class Grader(StrEnum):
    """How an answer is graded, and what the wanted ``answers`` mean for it."""

    EXACT = (
        "exact"  # a line of the answer is one of them, but for case, punctuation and white space
    )
    NUMBER = "number"  # the last number of the answer is one of them
    REGEX = "regex"  # one of them is found in the answer (case does not count)
    CONTAINS_ALL = "contains-all"  # each is contained; "a|b" is met by either
    JSON = "json"  # the answer holds a JSON object with all members of the first one
    CODE = (
        "code"  # the answer holds Python of the shape that the first one (a JSON object) describes
    )


def is_right(grader: Grader, answer: str, wanted: Sequence[str]) -> bool:
    """Whether an answer is right. What a model thinks aloud before it (``<think>``) does not count."""
    return _GRADERS[grader](_THOUGHT.sub("", answer[:MAX_ANSWER_CHARS]).strip(), wanted)


def normal(text: str) -> str:
    """A text without what does not count: case, marks of form, punctuation at words' ends, doubled white space."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = (word.strip("\"'`*_.,;:!?()[]{}<>“”„‘’«»…。，！？") for word in folded.split())
    return " ".join(word for word in words if word)


def _exact(answer: str, wanted: Sequence[str]) -> bool:
    lines = {normal(answer), *(normal(line) for line in answer.splitlines())}
    return any(normal(one) in lines for one in wanted)


def _number(answer: str, wanted: Sequence[str]) -> bool:
    found = numbers_in(answer)
    if not found:
        return False
    return any(math.isclose(found[-1], float(one), rel_tol=_CLOSENESS) for one in wanted)


def numbers_in(text: str) -> list[float]:
    """All numbers of a text; groups of three digits may be divided by commas or blanks."""
    plain = (re.sub(r"[ ,\u202f]", "", match).replace("−", "-") for match in _NUMBER.findall(text))
    return [float(number) for number in plain]


def _regex(answer: str, wanted: Sequence[str]) -> bool:
    return any(re.search(one, answer, re.IGNORECASE | re.MULTILINE) for one in wanted)


def _contains_all(answer: str, wanted: Sequence[str]) -> bool:
    text = f" {normal(answer)} "
    return all(any(normal(one) in text for one in group.split("|")) for group in wanted)


def _json(answer: str, wanted: Sequence[str]) -> bool:
    members = json.loads(wanted[0])
    return any(_holds(found, members) for found in _json_objects(answer))


def _holds(found: Any, members: dict[str, Any]) -> bool:  # noqa: ANN401 - JSON in
    if not isinstance(found, dict):
        return False
    return all(key in found and _alike(found[key], value) for key, value in members.items())


def _alike(found: Any, wanted: Any) -> bool:  # noqa: ANN401 - JSON in
    if isinstance(found, str) and isinstance(wanted, str):
        return normal(found) == normal(wanted)
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    return bool(found == wanted)


def _json_objects(answer: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    for start in (match.start() for match in re.finditer(r"\{", answer)):
        try:
            yield decoder.raw_decode(answer, start)[0]
        except (ValueError, RecursionError):
            continue


def _code(answer: str, wanted: Sequence[str]) -> bool:
    """Whether any code in the answer has the wanted shape.

    The shape: ``function`` (name), ``arguments`` (how many), ``needs`` (names of nodes of Python's syntax tree, "A|B" for
    either), ``names`` (functions, methods or variables that must be used, same form), ``forbidden`` (nodes or names).
    """
    shape = json.loads(wanted[0])
    return any(_has_shape(tree, shape) for tree in _syntax_trees(answer))


def _syntax_trees(answer: str) -> Iterator[ast.Module]:
    blocks = [block for _, block in _FENCE.findall(answer)]
    for source in (*blocks, answer):
        try:
            yield ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue


def _has_shape(tree: ast.Module, shape: dict[str, Any]) -> bool:
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef) or node.name != shape["function"]:
            continue
        arguments = node.args
        count = len(arguments.posonlyargs) + len(arguments.args) + len(arguments.kwonlyargs)
        words = set(_words(node))
        met = all(
            not words.isdisjoint(group.split("|"))
            for group in (*shape.get("needs", ()), *shape.get("names", ()))
        )
        if count == shape["arguments"] and met and words.isdisjoint(shape.get("forbidden", ())):
            return True
    return False


def _words(function: ast.FunctionDef) -> Iterator[str]:
    """Kinds of nodes and names below a function."""
    for node in ast.walk(function):
        yield type(node).__name__
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield repr(node.value)


_GRADERS: Final[dict[Grader, Callable[[str, Sequence[str]], bool]]] = {
    Grader.EXACT: _exact,
    Grader.NUMBER: _number,
    Grader.REGEX: _regex,
    Grader.CONTAINS_ALL: _contains_all,
    Grader.JSON: _json,
    Grader.CODE: _code,
}
