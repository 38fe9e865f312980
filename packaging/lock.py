"""Pins every dependency with its hashes: pyproject.toml -> packaging/locks/{app,dev,build,engine}.txt.

The locks hold no index addresses and serve every platform (markers included). llama-cpp-python is compiled on each
computer, so it stands in a lock of its own, `engine.txt`, with the source archive's hash.

Run by hand after changing a dependency: ``python packaging/lock.py`` with `uv` on the path.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "packaging" / "locks"
ENGINE = "llama-cpp-python"


def compile_lock(arguments: list[str]) -> str:
    """The pinned requirements for ``arguments`` (sources and groups of pyproject.toml), one block per package."""
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    command += ["--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url"]
    done = subprocess.run([*command, *arguments], cwd=ROOT, check=True, capture_output=True)
    return done.stdout.decode()


def blocks(text: str) -> dict[str, str]:
    """Package name -> its requirement with all hash lines."""
    found: dict[str, str] = {}
    for part in re.findall(r"^[A-Za-z0-9_.-]+==.*\\\n(?:    .*\n)+", text, flags=re.MULTILINE):
        name = part.partition("==")[0]
        found[name] = found.get(name, "") + part  # one per Python version where markers differ
    return found


def main() -> int:
    """Write the four lock files; app and dev agree on shared packages."""
    LOCKS.mkdir(exist_ok=True)
    app = blocks(compile_lock(["pyproject.toml"]))
    everything = blocks(compile_lock(["pyproject.toml", "--group", "dev"]))
    build = blocks(compile_lock(["--group", "build"]))
    locks = {
        "app": [everything[name] for name in app if name != ENGINE],
        "dev": [text for name, text in everything.items() if name not in app],
        "build": list(build.values()),
        "engine": [everything[ENGINE]],
    }
    for name, parts in locks.items():
        (LOCKS / f"{name}.txt").write_text("".join(parts), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
