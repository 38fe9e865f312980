"""Importance matrices: computed from activations, written, read, and read from other programs' files."""

from __future__ import annotations

import ctypes
import struct

import numpy as np
import pytest

from app.core.cancel import Cancelled, CancelToken
from app.core.engine import ggml
from app.core.errors import AppError, ErrorCode
from app.core.models.gguf import read_file
from app.core.models.gguf_write import write_gguf
from app.core.quantize.imatrix import CalibrationText, calibrate, calibration_from
from app.core.quantize.imatrix_file import Imatrix, ImatrixEntry, read_imatrix, write_imatrix
from app.core.quantize.imatrix_job import ActivationSums, _dense_sums, _routed_sums
from app.core.quantize.wish import Stage
from tests.core.quantize.small_models import EXPERTS, USED, write_experts

TEXT = CalibrationText("lines.txt", "the quick brown fox jumps over a lazy dog. " * 60)


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    """The matrix of a model with experts, with what was told meanwhile."""
    folder = tmp_path_factory.mktemp("experts")
    source = write_experts(folder / "experts.gguf")
    told = []
    target = folder / "new" / "experts.imatrix.gguf"
    return calibrate(source, TEXT, target, CancelToken(), told.append, chunks=2), told


def test_every_matrix_of_the_layers_is_covered_and_experts_share_the_rows(calibrated):
    found, told = calibrated
    assert (found.chunks, found.tokens, found.text_name) == (2, 1024, "lines.txt")
    rows = {tensor.name: tensor for tensor in found.coverage}
    dense = {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate_inp"}
    kinds = dense | {f"ffn_{part}_exps" for part in ("gate", "up", "down")}
    assert set(rows) == {f"blk.0.{kind}.weight" for kind in kinds}
    assert rows["blk.0.attn_q.weight"].least_rows == 1024
    experts = rows["blk.0.ffn_down_exps.weight"]
    assert experts.experts == EXPERTS
    matrix = read_imatrix(found.path)
    for part in ("gate", "up", "down"):
        entry = matrix.entries[f"blk.0.ffn_{part}_exps.weight"]
        assert entry.counts.sum() == 1024 * USED
        assert ((entry.sums.sum(1) > 0) == (entry.counts > 0)).all()
    assert [progress.stage for progress in told] == [Stage.CALIBRATE] * len(told)
    assert (told[0].share, told[-1].share) == (0.0, 1.0)


def test_experts_together_saw_what_the_router_saw(calibrated):
    """Each token goes to USED experts with the same input, which is also the router's input."""
    matrix = read_imatrix(calibrated[0].path)
    router = matrix.entries["blk.0.ffn_gate_inp.weight"].sums[0]
    experts = matrix.entries["blk.0.ffn_up_exps.weight"].sums.sum(0)
    assert np.allclose(experts, USED * router, rtol=1e-4)


def test_the_file_is_as_llama_imatrix_writes_it(calibrated):
    header = read_file(calibrated[0].path)
    assert header.text("general.type") == "imatrix"
    assert header.metadata["imatrix.datasets"].values() == ["lines.txt"]
    assert header.integer("imatrix.chunk_count") == 2
    assert header.integer("imatrix.chunk_size") == 512
    shapes = {tensor.name: tensor.shape for tensor in header.tensors}
    assert shapes["blk.0.ffn_down_exps.weight.in_sum2"] == (256, EXPERTS)
    assert shapes["blk.0.ffn_down_exps.weight.counts"] == (1, EXPERTS)


def test_sums_of_squares_are_those_of_plain_arithmetic():
    draw = np.random.default_rng(1)
    values = draw.normal(size=(2, 3, 5, 4)).astype(np.float32)
    sums, counts = _dense_sums(values, 1, 1)
    assert np.allclose(sums[0], (values.astype(float) ** 2).sum((0, 1, 2)))
    assert counts == [30]
    sums, counts = _dense_sums(values, 3, 1)
    assert np.allclose(sums, (values.astype(float) ** 2).sum((0, 2)))
    assert counts == [10]
    routes = draw.integers(0, 6, size=(7, 2)).astype(np.int32)
    for slots in (1, 2):  # the input is shared by the experts, or each has its own
        rows = draw.normal(size=(7, slots, 4)).astype(np.float32)
        sums, counts = _routed_sums(rows, routes, 6)
        for expert in range(6):
            hits = [
                rows[t, s % slots] for t in range(7) for s in range(2) if routes[t, s] == expert
            ]
            wanted = sum((row.astype(float) ** 2 for row in hits), np.zeros(4))
            assert np.allclose(sums[expert], wanted)
            assert counts[expert] == len(hits)


def test_an_expert_that_does_not_exist_is_a_mistake():
    with pytest.raises(ValueError, match="expert 6 of 4"):
        _routed_sums(np.ones((1, 1, 2), np.float32), np.array([[6]], np.int32), 4)


def test_the_callback_never_raises_into_native_code():
    sums = ActivationSums()
    product = ggml.GgmlTensor(op=ggml.operations()["MUL_MAT"])  # of nothing with nothing
    assert sums._call(ctypes.pointer(product), True, None) is False
    assert isinstance(sums.failure, ValueError)


def test_importance_is_the_mean_and_plain_where_nothing_was_seen():
    entry = ImatrixEntry(np.array([[2, 4], [0, 0]], np.float32), np.array([2, 0], np.float32))
    assert entry.importance().tolist() == [1, 2, 1, 1]


def test_what_is_written_is_read(tmp_path):
    entry = ImatrixEntry(np.array([[1, 2, 3]], np.float32), np.array([7], np.float32))
    matrix = Imatrix({"blk.0.attn_q.weight": entry}, 3, 512, ("a.txt",))
    write_imatrix(tmp_path / "m.gguf", matrix)
    found = read_imatrix(tmp_path / "m.gguf")
    assert (found.chunks, found.chunk_tokens, found.datasets) == (3, 512, ("a.txt",))
    assert found.entries["blk.0.attn_q.weight"].sums.tolist() == [[1, 2, 3]]
    assert [path.name for path in tmp_path.iterdir()] == ["m.gguf"]


def legacy(entries, tail=b""):
    parts = [struct.pack("<i", len(entries))]
    for name, calls, values in entries:
        data = name.encode()
        parts += [struct.pack("<i", len(data)), data, struct.pack("<ii", calls, len(values))]
        parts.append(struct.pack(f"<{len(values)}f", *values))
    return b"".join(parts) + tail


def test_files_of_the_older_format_are_read(tmp_path):
    path = tmp_path / "old.dat"
    tail = struct.pack("<ii", 40, 8) + b"wiki.txt"
    path.write_bytes(legacy([("blk.0.attn_q.weight", 4, [8.0, 2.0]), ("output", 0, [3.0])], tail))
    found = read_imatrix(path)
    assert (found.chunks, found.datasets) == (40, ("wiki.txt",))
    assert found.entries["blk.0.attn_q.weight"].importance().tolist() == [2.0, 0.5]
    assert found.entries["output"].importance().tolist() == [3.0]
    path.write_bytes(legacy([("a", 1, [1.0])]))
    assert read_imatrix(path).chunks == 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense that is long enough to be something else",
        legacy([("a", 1, [1.0])])[:-2],
        legacy([("a", 1, [float("nan")])]),
        struct.pack("<i", -1),
        struct.pack("<ii", 1, 2**30),
    ],
)
def test_damaged_files_are_refused(tmp_path, data):
    (tmp_path / "bad.dat").write_bytes(data)
    with pytest.raises(AppError) as caught:
        read_imatrix(tmp_path / "bad.dat")
    assert caught.value.code is ErrorCode.IMATRIX_INVALID


def test_models_and_sums_without_counts_are_refused(tmp_path, guide):
    with pytest.raises(AppError) as caught:
        read_imatrix(guide)
    assert "it is a model" in str(caught.value.facts["reason"])
    entry = ImatrixEntry(np.ones((1, 32), np.float32), np.ones(1, np.float32))
    write_imatrix(tmp_path / "m.gguf", Imatrix({"a": entry}, 1, 512, ()))
    whole = (tmp_path / "m.gguf").read_bytes()
    (tmp_path / "cut.gguf").write_bytes(whole[:-64])
    with pytest.raises(AppError) as caught:
        read_imatrix(tmp_path / "cut.gguf")
    assert caught.value.code is ErrorCode.IMATRIX_INVALID
    write_gguf(tmp_path / "empty.gguf", {"general.type": "imatrix"}, [])
    with pytest.raises(AppError) as caught:
        read_imatrix(tmp_path / "empty.gguf")
    assert "nothing in it" in str(caught.value.facts["reason"])


def test_a_text_that_is_too_short_is_refused(guide, tmp_path):
    text = CalibrationText("short", "only a few words")
    with pytest.raises(AppError) as caught:
        calibrate(guide, text, tmp_path / "m.gguf", CancelToken())
    assert caught.value.code is ErrorCode.TEXT_TOO_SHORT
    assert caught.value.facts["needed_tokens"] == 512
    assert not list(tmp_path.iterdir())


def test_cancelling_leaves_nothing(guide, tmp_path):
    cancel = CancelToken()
    text = calibration_from("preset:mixed")
    with pytest.raises(Cancelled):
        calibrate(guide, text, tmp_path / "m.gguf", cancel, lambda _progress: cancel.cancel())
    assert not list(tmp_path.iterdir())


def test_texts_are_named_by_preset_or_path(tmp_path):
    assert calibration_from("preset:chat").name == "preset:chat"
    path = tmp_path / "mine.txt"
    path.write_bytes("\ufeffhällo \ud83d".encode("utf-8", "surrogatepass"))
    found = calibration_from(str(path))
    assert found.name == "mine.txt"
    assert found.text.startswith("hällo ")
    assert found.key != calibration_from("preset:chat").key
    with pytest.raises(AppError) as caught:
        calibration_from(str(tmp_path / "none.txt"))
    assert caught.value.code is ErrorCode.FILE_MISSING
