"""Checks the limits that ruff does not know: function, module and class sizes, forbidden names, docs of the map.

Function 50 lines, module 400, class 20 methods, `app/ui/main_window.py` 200 lines.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUNCTION_LINES = 50
MODULE_LINES = 400
CLASS_METHODS = 20
MODULE_LIMITS = {"app/ui/main_window.py": 200}
FORBIDDEN_STEMS = {"utils", "helpers", "common", "manager"}


def faults_of(path: Path) -> Iterator[str]:
    """One line for each limit that ``path`` breaks."""
    text = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT).as_posix()
    limit = MODULE_LIMITS.get(name, MODULE_LINES)
    length = len(text.splitlines())
    if length > limit:
        yield f"{name}: {length} lines, at most {limit}"
    if path.stem in FORBIDDEN_STEMS:
        yield f"{name}: a module needs a name that says what it holds"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"{name}:{node.lineno}: {node.name} has {lines} lines, at most {FUNCTION_LINES}"
        elif isinstance(node, ast.ClassDef):
            methods = sum(isinstance(item, ast.FunctionDef) for item in node.body)
            if methods > CLASS_METHODS:
                yield f"{name}:{node.lineno}: {node.name} has {methods} methods, at most {CLASS_METHODS}"


def main() -> int:
    """Print every fault below app/ and packaging/; 1 if there is any."""
    folders = [ROOT / "app", ROOT / "packaging"]
    paths = sorted(path for folder in folders for path in folder.rglob("*.py"))
    faults = [fault for path in paths for fault in faults_of(path)]
    for fault in faults:
        print(fault)
    print(f"limits: {len(paths)} modules, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
