"""Changing metadata in place: the weights stay where they are and what they are."""

from __future__ import annotations

import pytest

from app.core.models.gguf import read_file
from app.core.models.gguf_edit import FILLER, entries_bytes, read_raw, replace_metadata
from tests.model_files import write_model


@pytest.fixture
def model(tmp_path):
    return write_model(tmp_path / "m.gguf", fill=7, extra={"x.long": "y" * 500, "x.list": ["a"]})


def weights(path):
    header = read_file(path)
    return path.read_bytes()[header.data_offset :]


def test_a_raw_header_is_the_whole_header(model):
    raw = read_raw(model)
    header = read_file(model)
    assert list(raw.entries) == list(header.metadata)
    assert (raw.tensors, raw.data_offset) == (len(header.tensors), header.data_offset)
    whole = 24 + sum(map(len, raw.entries.values())) + len(raw.tensor_infos)
    assert 0 <= header.data_offset - whole < 32


@pytest.mark.parametrize("length", [0, 1, 200, 465, 480, 483, 490, 499])
def test_entries_of_any_length_take_the_place_of_others(model, length):
    before, offset = weights(model), read_file(model).data_offset
    replace_metadata(model, lambda key: key == "x.long", {"n.new": "z" * length, "n.count": 3})
    header = read_file(model)
    assert (header.text("n.new"), header.integer("n.count")) == ("z" * length, 3)
    assert "x.long" not in header.metadata
    assert header.metadata["x.list"].values() == ["a"]
    assert header.data_offset == offset
    assert weights(model) == before
    assert header.tensors[0].name == "token_embd.weight"


def test_what_has_the_same_name_is_replaced_and_the_rest_filled(model):
    replace_metadata(model, lambda key: key == FILLER, {"x.long": "short"})
    header = read_file(model)
    assert header.text("x.long") == "short"
    assert header.text(FILLER).strip() == ""
    assert len(header.text(FILLER)) > 400


def test_what_does_not_fit_is_refused_and_nothing_changed(model):
    before = model.read_bytes()
    with pytest.raises(ValueError, match="bytes lie between"):
        replace_metadata(model, lambda _key: False, {"n.new": "z" * 200})
    assert model.read_bytes() == before


def test_the_length_of_entries_is_known_before():
    assert len(entries_bytes({"a": "bc", "d": 1})) == (8 + 1 + 4 + 8 + 2) + (8 + 1 + 4 + 4)
