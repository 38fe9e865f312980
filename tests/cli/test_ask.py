"""`nibble ask --lora`: how an adapter and its scale are named, and that it reaches the engine."""

from __future__ import annotations

import pytest

from app.cli.arguments import parse
from app.cli.ask import adapter_from, run
from app.core.engine.fake import FakeEngine
from app.core.errors import AppError, ErrorCode
from app.core.settings import Generation


@pytest.mark.parametrize(
    ("words", "name", "scale"),
    [
        ("style.gguf", "style.gguf", 1.0),
        ("style.gguf:0.5", "style.gguf", 0.5),
        ("style.gguf:-2", "style.gguf", -2.0),
        ("part:two.gguf", "part:two.gguf", 1.0),
        ("part:two.gguf:0", "part:two.gguf", 0.0),
    ],
)
def test_a_file_and_its_scale(words, name, scale, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = adapter_from(words)
    assert (found.path, found.scale) == (tmp_path / name, scale)


def test_a_file_whose_name_looks_like_a_scale(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "style:2").touch()
    assert adapter_from("style:2").path == tmp_path / "style:2"


@pytest.mark.parametrize("scale", ["1000", "nan", "-inf"])
def test_a_scale_without_sense_is_refused(scale):
    with pytest.raises(AppError) as caught:
        adapter_from(f"style.gguf:{scale}")
    assert caught.value.code is ErrorCode.USAGE


class TestAsk:
    def test_adapters_reach_the_engine_with_the_model(self, tmp_path, capsys):
        taken = []

        class Listening(FakeEngine):
            def load(self, path, options, cancel, on_progress=None):
                taken.extend(options.adapters)
                return super().load(path, options, cancel, on_progress)

        files = [str(tmp_path / "a.gguf"), str(tmp_path / "b.gguf") + ":0.25"]
        words = ["ask", "Hi", "--lora", files[0], "--lora", files[1]]
        assert run(parse(words), Listening(), Generation()) == 0
        assert [(one.path.name, one.scale) for one in taken] == [("a.gguf", 1.0), ("b.gguf", 0.25)]
        assert "Hello, world." in capsys.readouterr().out
