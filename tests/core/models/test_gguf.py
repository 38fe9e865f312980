"""Reading GGUF headers: what is right is read, what is wrong is said, and large vocabularies cost nothing."""

from __future__ import annotations

import struct
import time

import pytest

from app.core.errors import AppError, ErrorCode
from app.core.models.gguf import FileSource, GgufArray, read_file, read_header
from app.core.models.gguf_write import F16, F32, TensorData, header_bytes, write_gguf

METADATA = {
    "general.architecture": "llama",
    "general.name": "Zwölf Bären",
    "answer": 42,
    "large": 2**40,
    "half": 0.5,
    "yes": True,
    "words": ["a", "", "ü" * 300],
    "numbers": [1, -2, 3],
    "floats": [0.25, 1.5],
}


def tensor(name="w", shape=(4, 2), type_number=F16, data=None):
    elements = shape[0] * shape[1]
    return TensorData(name, shape, type_number, lambda: [data or bytes(2 * elements)])


def failure(path):
    with pytest.raises(AppError) as caught:
        read_file(path)
    return caught.value


class MemorySource:
    """Bytes in memory that count what was asked of them, like a server with ranges would see it."""

    name = "memory"

    def __init__(self, data):
        self.data = data
        self.asked = []

    @property
    def size_bytes(self):
        return len(self.data)

    def read(self, offset, length):
        self.asked.append((offset, length))
        return self.data[offset : offset + length]


def test_reads_back_what_was_written(tmp_path):
    path = tmp_path / "m.gguf"
    norm = TensorData("n", (3,), F32, lambda: [struct.pack("<3f", 1, 2, 3)])
    write_gguf(path, METADATA, [tensor(), norm])
    header = read_file(path)
    assert header.version == 3
    assert {k: v for k, v in header.metadata.items() if not isinstance(v, GgufArray)} == {
        "general.architecture": "llama",
        "general.name": "Zwölf Bären",
        "answer": 42,
        "large": 2**40,
        "half": 0.5,
        "yes": True,
    }
    assert header.metadata["words"].values() == ["a", "", "ü" * 300]
    assert header.metadata["numbers"].values() == [1, -2, 3]
    assert header.metadata["floats"].values() == [0.25, 1.5]
    assert [(t.name, t.shape, t.type_name, t.offset) for t in header.tensors] == [
        ("w", (4, 2), "F16", 0),
        ("n", (3,), "F32", 32),
    ]
    assert header.parameters == 11
    assert header.tensor_bytes == 16 + 12
    assert header.bits_per_weight == pytest.approx(28 * 8 / 11)
    assert header.bytes_by_type == {"F16": 16, "F32": 12}
    assert header.data_offset % header.alignment == 0
    assert path.read_bytes()[header.data_offset + 32 :][:12] == struct.pack("<3f", 1, 2, 3)
    assert header.needed_bytes <= header.file_size_bytes == path.stat().st_size


def test_a_large_vocabulary_is_skipped_quickly_and_still_readable(tmp_path):
    path = tmp_path / "big.gguf"
    words = [f"token{index}" for index in range(150_000)]
    write_gguf(path, {"a": 1, "tokens": words, "merges": words, "z": 2}, [])
    read_file(path)
    times = []
    for _ in range(5):
        started = time.process_time()
        header = read_file(path)
        times.append(time.process_time() - started)
    assert min(times) < 0.06  # 20 ms where it was measured
    assert header.metadata["z"] == 2
    assert header.metadata["tokens"].body is None, "the body of a long array stays in the file"
    assert header.metadata["tokens"].values() == words


def test_reads_through_any_source_in_few_requests():
    words = [f"token{index}" for index in range(50_000)]
    data = header_bytes({"tokens": words, "last": "x" * 70_000}, [tensor()]) + bytes(5_000_000)
    source = MemorySource(data)
    header = read_header(source)
    assert header.text("last") == "x" * 70_000
    assert header.tensors[0].name == "w"
    assert len(source.asked) <= 6
    assert sum(length for _, length in source.asked) < 2_000_000, "the weights are not fetched"


def test_a_source_that_gives_less_than_its_size_is_truncated():
    data = header_bytes({"text": "x" * 1000}, [])

    class Short(MemorySource):
        size_bytes = len(data) + 100_000

    with pytest.raises(AppError) as caught:
        read_header(Short(data[:500]))
    assert caught.value.code is ErrorCode.GGUF_TRUNCATED


def test_every_cut_is_truncated_and_never_anything_else():
    data = header_bytes(METADATA, [tensor("one"), tensor("two")])
    for length in range(4, len(data)):
        with pytest.raises(AppError) as caught:
            read_header(MemorySource(data[:length]))
        assert caught.value.code is ErrorCode.GGUF_TRUNCATED, length


@pytest.mark.parametrize(
    "data", [b"", b"GG", b"PK\x03\x04" + bytes(100), b"<html>not found</html>"]
)
def test_other_files_are_not_gguf(tmp_path, data):
    path = tmp_path / "m.gguf"
    path.write_bytes(data)
    assert failure(path).code is ErrorCode.NOT_GGUF


def test_missing_files_and_folders(tmp_path):
    assert failure(tmp_path / "none.gguf").code is ErrorCode.FILE_MISSING
    assert failure(tmp_path).code is ErrorCode.FILE_UNREADABLE


def test_a_file_that_vanishes_while_it_is_read(tmp_path):
    path = tmp_path / "m.gguf"
    write_gguf(path, METADATA, [])
    source = FileSource(path)
    path.unlink()
    with pytest.raises(AppError) as caught:
        read_header(source)
    assert caught.value.code is ErrorCode.FILE_UNREADABLE


@pytest.mark.parametrize("version", [0, 1, 4, 99])
def test_other_versions(version):
    data = b"GGUF" + struct.pack("<IQQ", version, 0, 0)
    with pytest.raises(AppError) as caught:
        read_header(MemorySource(data))
    assert caught.value.code is ErrorCode.GGUF_VERSION
    assert caught.value.facts["version"] == version


def test_big_endian_files_are_named_as_such():
    data = b"GGUF" + struct.pack(">IQQ", 3, 0, 0)
    with pytest.raises(AppError) as caught:
        read_header(MemorySource(data))
    assert "big-endian" in str(caught.value.facts["reason"])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (struct.pack("<I4Q", 4, 8, 1, 1, 1), struct.pack("<I4Q", 5, 8, 1, 1, 1)),  # dimensions
        (struct.pack("<I4Q", 4, 8, 1, 1, 1), struct.pack("<I4Q", 0, 8, 1, 1, 1)),
        (struct.pack("<I4Q", 4, 8, 1, 1, 1), struct.pack("<I4Q", 4, 8, 0, 1, 1)),  # shape
        (struct.pack("<I4Q", 4, 8, 1, 1, 1), struct.pack("<I4Q", 4, 2**62, 2**62, 1, 1)),
        (struct.pack("<IQ", F16, 0) + b"END", struct.pack("<IQ", 4, 0) + b"END"),  # type
        (struct.pack("<IQ", F16, 0) + b"END", struct.pack("<IQ", 1000, 0) + b"END"),
        (struct.pack("<IQ", F16, 0) + b"END", struct.pack("<IQ", 12, 0) + b"END"),  # no whole block
        (struct.pack("<IQ", F16, 0) + b"END", struct.pack("<IQ", F16, 2**63 - 1) + b"END"),
        (struct.pack("<II", 4, 77), struct.pack("<II", 13, 77)),  # value type
        (struct.pack("<Q", 3) + b"key", struct.pack("<Q", 0) + b"key"),  # empty key
        (struct.pack("<Q", 3) + b"key", struct.pack("<Q", 2**40) + b"key"),  # absurd length
        (struct.pack("<IQQ", 3, 1, 1), struct.pack("<IQQ", 3, 1, 2**60)),  # absurd counts
        (struct.pack("<IQQ", 3, 1, 1), struct.pack("<IQQ", 3, 2**60, 1)),
    ],
)
def test_headers_that_make_no_sense_are_invalid(old, new):
    shape = TensorData("t", (8, 1, 1, 1), F16, list)
    data = header_bytes({"key": 77}, [shape]) + b"END" + bytes(100)
    assert data.count(old) == 1
    with pytest.raises(AppError) as caught:
        read_header(MemorySource(data.replace(old, new)))
    assert caught.value.code is ErrorCode.GGUF_INVALID


def test_names_that_stand_twice_are_invalid():
    twice = [tensor("same"), tensor("same")]
    with pytest.raises(AppError, match="twice"):
        read_header(MemorySource(header_bytes({}, twice)))


@pytest.mark.parametrize("alignment", [0, 3, 2**31])
def test_impossible_alignments_are_invalid(alignment):
    with pytest.raises(AppError) as caught:
        read_header(MemorySource(header_bytes({"general.alignment": alignment}, [])))
    assert caught.value.code is ErrorCode.GGUF_INVALID


def test_the_writer_refuses_wrong_data(tmp_path):
    with pytest.raises(ValueError, match="bytes instead of"):
        write_gguf(tmp_path / "m.gguf", {}, [tensor(data=b"short")])
