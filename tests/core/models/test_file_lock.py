"""The lock between processes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.core.errors import AppError, ErrorCode
from app.core.models.file_lock import lock_path, locked
from tests.conftest import ROOT

HOLDER = """
import sys
from pathlib import Path
from app.core.models.file_lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of ``tmp_path/model.gguf``."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "model.gguf")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert child.stdout.readline() == "held\n"
    yield child
    child.kill()
    child.communicate()


def test_another_process_keeps_it(holder, tmp_path):
    target = tmp_path / "model.gguf"
    with pytest.raises(AppError) as caught, locked(target):
        pytest.fail("two hold the lock")
    assert caught.value.code is ErrorCode.DOWNLOAD_BUSY
    holder.communicate()
    with locked(target):
        assert lock_path(target).exists()
    assert not lock_path(target).exists()


def test_the_death_of_the_other_process_frees_it(holder, tmp_path):
    holder.kill()
    holder.wait()
    assert lock_path(tmp_path / "model.gguf").exists()
    with locked(tmp_path / "model.gguf"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_it_holds_within_a_process_too(tmp_path):
    target = tmp_path / "new" / "model.gguf"
    with locked(target), pytest.raises(AppError), locked(target):
        pytest.fail("two hold the lock")
    with locked(target):
        pass
