"""Builds that belong together, words for times, ticks that are spread."""

from __future__ import annotations

import pytest

from app.core.cancel import CancelToken
from app.core.models.library import Library
from app.core.models.places import Place, Source
from app.ui.compare.setup_view import spread_out
from app.ui.compare.shelf import grouped, model_name
from app.ui.compare.words import short_number, time_text
from tests.model_files import write_model


def test_builds_of_one_model_belong_together(tmp_path):
    names = {
        "Small-Q8_0.gguf": {"general.name": "Small Model"},
        "sub/small-q4.gguf": {"general.name": "small-model Q4_K_M"},
        "Other-Q8_0.gguf": {"general.name": "Other Model"},
    }
    for (name, extra), quant in zip(names.items(), ("Q8_0", "Q4_K_M", "Q8_0"), strict=True):
        write_model(tmp_path / name, quant, extra=extra)
    (tmp_path / "Broken-Q8_0.gguf").write_bytes(b"GGUF")
    library = Library([Place(Source.FOLDER, tmp_path)], tmp_path / "index.json")
    shelf = grouped(library.models(CancelToken()))
    assert [(model.name, len(model.builds)) for model in shelf] == [
        ("Small Model", 2),
        ("Other Model", 1),
    ]
    assert shelf[0].builds[0].quant == "Q8_0"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Qwen3 4B Q4_K_M", "Qwen3 4B"), ("Qwen3 4B", "Qwen3 4B"), ("", "file")],
)
def test_a_name_without_its_type(name, shown, tmp_path):
    assert model_name(name, tmp_path / "file-Q4_K_M.gguf") == shown


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "a moment"), (42, "42 s"), (130, "2 min"), (4800, "80 min"), (9000, "2 h 30 min")],
)
def test_times_are_said_as_people_say_them(seconds, text):
    assert time_text(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.03571, "0.0357"), (0.00002, "2.0e-05"), (0.5, "0.5")]
)
def test_small_numbers_keep_what_counts(value, text):
    assert short_number(value) == text


def test_ticks_are_spread_from_end_to_end():
    assert spread_out(list("abcdefg"), 4) == ["a", "c", "e", "g"]
    assert spread_out(list("ab"), 4) == ["a", "b"]
