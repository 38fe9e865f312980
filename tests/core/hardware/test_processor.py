"""Names, kinds of cores and caches from trees like the kernel's."""

from __future__ import annotations

import pytest

from app.core.hardware.processor import cache_bytes, name_in, performance_cores, probe_processor
from app.core.hardware.text_files import cpu_list, read_number


def core(devices, cpu, siblings="", capacity=None):
    folder = devices / "system" / "cpu" / f"cpu{cpu}"
    (folder / "topology").mkdir(parents=True)
    (folder / "topology" / "thread_siblings_list").write_text(siblings or str(cpu))
    if capacity is not None:
        (folder / "cpu_capacity").write_text(str(capacity))


def test_intels_two_kinds(tmp_path):
    for cpu in range(4):
        core(tmp_path, cpu, f"{cpu // 2 * 2}-{cpu // 2 * 2 + 1}")
    for cpu in range(4, 8):
        core(tmp_path, cpu)
    (tmp_path / "cpu_core").mkdir()
    (tmp_path / "cpu_core" / "cpus").write_text("0-3\n")
    assert performance_cores(tmp_path) == 2


def test_arms_capacities(tmp_path):
    for cpu, capacity in enumerate((400, 400, 400, 400, 980, 980, 980, 1024)):
        core(tmp_path, cpu, capacity=capacity)
    assert performance_cores(tmp_path) == 4


def test_all_cores_alike(tmp_path):
    for cpu in range(4):
        core(tmp_path, cpu, capacity=1024)
    assert performance_cores(tmp_path) is None
    assert performance_cores(tmp_path / "nothing") is None


def test_the_last_cache_level(tmp_path):
    for index, (level, size) in enumerate(((1, "32K"), (1, "32K"), (2, "1024K"), (3, "32M"))):
        folder = tmp_path / "system" / "cpu" / "cpu0" / "cache" / f"index{index}"
        folder.mkdir(parents=True)
        (folder / "level").write_text(f"{level}\n")
        (folder / "size").write_text(f"{size}\n")
    assert cache_bytes(tmp_path) == 32 * 2**20
    assert cache_bytes(tmp_path / "nothing") is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("processor\t: 0\nmodel name\t: AMD Ryzen 7\nmodel\t: 33", "AMD Ryzen 7"),
        (
            "processor : 0\nBogoMIPS : 108\nHardware : BCM2835\nModel : Raspberry Pi 5",
            "Raspberry Pi 5",
        ),
        ("", ""),
    ],
)
def test_names(text, name):
    assert name_in(text) == name


@pytest.mark.parametrize(
    ("text", "cpus"),
    [
        ("0-3,8", {0, 1, 2, 3, 8}),
        ("", set()),
        ("5", {5}),
        ("a-b", set()),
        ("2-", {2}),
        ("1,x,3", {1, 3}),
    ],
)
def test_lists_of_the_kernel(text, cpus):
    assert cpu_list(text) == cpus


def test_numbers_that_are_none(tmp_path):
    (tmp_path / "text").write_text("max")
    assert read_number(tmp_path / "text") is None
    assert read_number(tmp_path / "missing") is None


def test_this_processor():
    found = probe_processor(("AVX2",))
    assert found.architecture
    assert found.usable_cores >= 1
    assert found.features == ("AVX2",)
