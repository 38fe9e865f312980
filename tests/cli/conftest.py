"""The commands, run in this process."""

from __future__ import annotations

import argparse

import pytest

from app.core.paths import Paths
from app.core.settings import Settings


@pytest.fixture
def nibble(tmp_path, capsys, monkeypatch):
    """Runs a command; returns what it printed. The kernels are known to work."""
    monkeypatch.setattr("app.core.engine.kernels.run_probe", lambda _cancel: None)
    paths = Paths(tmp_path / "data")
    paths.create()

    def run(module, *words):
        parser = argparse.ArgumentParser(prog="nibble")
        module.add_parser(parser.add_subparsers(dest="command"))
        name = module.__name__.rpartition(".")[2]
        arguments = parser.parse_args([name, *map(str, words)])
        assert module.run(arguments, paths, Settings()) == 0
        return capsys.readouterr()

    run.paths = paths
    return run
