"""Rules of the house that no linter knows."""

from __future__ import annotations

import re
import subprocess

import pytest

from app.cli.messages import LINES
from app.core.errors import ErrorCode
from tests.conftest import ROOT


def tracked(pattern: str = "") -> list[str]:
    """Files that belong to the project: known to git, or new and not ignored."""
    if not (ROOT / ".git").exists():
        pytest.skip("no git checkout")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    names = [name for name in done.stdout.splitlines() if (ROOT / name).is_file()]
    return [name for name in names if re.search(pattern, name)]


def test_locks_pin_everything_with_hashes_and_hold_no_addresses():
    locks = sorted((ROOT / "packaging" / "locks").glob("*.txt"))
    assert {lock.stem for lock in locks} == {"app", "build", "dev", "engine"}
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        assert "//" not in text
        assert "index" not in text
        requirements = re.findall(r"^\S.*$", text, flags=re.MULTILINE)
        assert requirements
        assert all("==" in line and line.endswith("\\") for line in requirements)
        assert text.count("--hash=sha256:") >= len(requirements)


def test_no_machine_path_or_registry_host_is_committed():
    hosts = ["py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "deb.debian" + ".org"]
    forbidden = [*hosts, "/ro" + "ot/", "/ho" + "me/", "/wo" + "rk/"]
    for name in tracked(r"\.(py|md|toml|txt|sh|svg|json|jsonl|ci/run)$|Makefile$"):
        text = (ROOT / name).read_text(encoding="utf-8")
        found = [word for word in forbidden if word in text]
        assert not found, f"{name}: {found}"


def test_the_map_of_the_code_is_the_tree():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `(app[\w/]*)` \|", text, flags=re.MULTILINE))
    packages = {name.rpartition("/")[0] for name in tracked(r"^app/.*__init__\.py$")}
    assert told == packages


def test_every_module_of_the_app_has_a_docstring():
    for name in tracked(r"^(app|packaging|tests)/.*\.py$"):
        first = (ROOT / name).read_text(encoding="utf-8").lstrip()
        assert first.startswith('"""') or not first, name


def test_every_error_code_has_a_line_in_the_terminal():
    assert set(LINES) == set(ErrorCode)


def test_the_guide_is_small_enough_to_ship(guide):
    assert guide.stat().st_size <= 32 * 1024 * 1024
