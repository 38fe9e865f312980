"""Graphics devices from reports of the child, the kernel's tree and Windows' registry, with their known lies."""

from __future__ import annotations

import json
import sys

import pytest

from app.core.cancel import Cancelled, CancelToken
from app.core.hardware.gpu import (
    ChildReport,
    amd_devices,
    ask_child,
    devices_of,
    sane,
    windows_devices,
)
from app.core.hardware.machine import BandwidthSource, DeviceKind, Memory

GIB = 2**30
MEMORY = Memory(16 * GIB, 10 * GIB)


def report(*devices, nvml=()):
    text = json.dumps({"ggml": devices, "features": ["AVX2"], "nvml": nvml, "missing": {}})
    return ChildReport.from_text(text)


def ggml(kind="gpu", total=24 * GIB, free=23 * GIB, **more):
    return {
        "id": "CUDA0",
        "name": "RTX",
        "kind": kind,
        "total_bytes": total,
        "free_bytes": free,
        **more,
    }


def test_processor_and_accelerators_are_no_graphics():
    assert devices_of(report(ggml("cpu"), ggml("accelerator")), (), MEMORY) == ()


def test_nvidias_own_figures_check_ggmls():
    nvml = {
        "name": "NVIDIA GeForce RTX 4090",
        "pci_id": "0000:01:00.0",
        "total_bytes": 24 * GIB,
        "free_bytes": 20 * GIB,
        "bandwidth_bytes_per_s": 1.008e12,
    }
    (found,) = devices_of(report(ggml(pci_id="0000:01:00.0"), nvml=[nvml]), (), MEMORY)
    assert found.free_bytes == 20 * GIB
    assert found.bandwidth is not None
    assert found.bandwidth.source is BandwidthSource.NOMINAL


def test_a_card_that_the_engine_cannot_use_is_listed_but_not_usable():
    nvml = {"name": "RTX", "pci_id": "0000:01:00.0", "total_bytes": GIB, "free_bytes": GIB}
    (found,) = devices_of(report(nvml=[nvml]), (), MEMORY)
    assert (found.usable, found.source) == (False, "nvml")


def test_shared_memory_is_bounded_by_main_memory():
    heaps = ggml("integrated", total=31 * GIB, free=40 * GIB)
    (found,) = devices_of(report(heaps), (), MEMORY)
    assert found.shared
    assert (found.total_bytes, found.free_bytes) == (16 * GIB, 10 * GIB)


@pytest.mark.parametrize("size", [2**64 - 1, 0, -5, None, "many", 3 * 2**40])
def test_nonsense_of_drivers_is_no_size(size):
    assert sane(size) is None
    (found,) = devices_of(report(ggml(total=size, free=size)), (), MEMORY)
    assert (found.total_bytes, found.free_bytes) == (None, None)


def card(root, name, **files):
    folder = root / name / "device"
    folder.mkdir(parents=True)
    for file, text in files.items():
        (folder / file).write_text(f"{text}\n")


def test_amd_card_and_processor_graphics(tmp_path):
    card(
        tmp_path,
        "card0",
        vendor="0x1002",
        mem_info_vram_total=24 * GIB,
        mem_info_vram_used=GIB,
        mem_info_gtt_total=15 * GIB,
        uevent="DRIVER=amdgpu\nPCI_SLOT_NAME=0000:03:00.0",
    )
    card(
        tmp_path,
        "card1",
        vendor="0x1002",
        mem_info_vram_total=512 * 2**20,
        mem_info_vram_used=100 * 2**20,
        mem_info_gtt_total=15 * GIB,
        mem_info_gtt_used=2 * GIB,
    )
    card(tmp_path, "card2", vendor="0x8086", mem_info_vram_total=GIB)
    (tmp_path / "card0-DP-1").mkdir()
    big, small = amd_devices(tmp_path)
    assert (big.kind, big.total_bytes, big.free_bytes) == (DeviceKind.GPU, 24 * GIB, 23 * GIB)
    assert big.pci_id == "0000:03:00.0"
    assert (small.kind, small.shared) == (DeviceKind.INTEGRATED, True)
    assert small.total_bytes == 15 * GIB + 512 * 2**20
    assert small.free_bytes == small.total_bytes - 2 * GIB - 100 * 2**20


def test_the_kernel_and_ggml_mean_one_card(tmp_path):
    slot = "PCI_SLOT_NAME=0000:03:00.0"
    card(
        tmp_path,
        "card0",
        vendor="0x1002",
        mem_info_vram_total=24 * GIB,
        mem_info_vram_used=8 * GIB,
        uevent=slot,
    )
    (found,) = devices_of(report(ggml(pci_id="0000:03:00.0")), amd_devices(tmp_path), MEMORY)
    assert (found.id, found.free_bytes) == ("CUDA0", 16 * GIB)


def test_windows_registry_past_four_gigabytes():
    size = "HardwareInformation.qwMemorySize"
    found = windows_devices(
        {
            "0000": {"DriverDesc": "NVIDIA GeForce RTX 4080", size: 16 * GIB},
            "0001": {"DriverDesc": "Intel(R) UHD Graphics", size: (GIB).to_bytes(8, "little")},
            "0002": {"DriverDesc": "Microsoft Basic Render Driver", size: GIB},
            "0003": {"DriverDesc": "AMD Radeon RX 7600"},
            "Configuration": {"DriverDesc": "no device"},
            "0004": {},
        }
    )
    assert [(one.name.split()[0], one.total_bytes, one.shared) for one in found] == [
        ("NVIDIA", 16 * GIB, False),
        ("Intel(R)", GIB, True),
        ("AMD", None, False),
    ]


def python(code):
    return [sys.executable, "-c", code]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import os; os.abort()", "driver-crash"),
        ("print('no json')", "unreadable"),
        ("pass", "unreadable"),
        ("print('[]')", "unreadable"),
        ("import sys; sys.stdin.read(); import time; time.sleep(60)", "timeout"),
    ],
)
def test_a_child_that_fails_is_an_answer(code, reason):
    found = ask_child(python(code), {}, CancelToken(), timeout_s=0.5 if reason == "timeout" else 15)
    assert found.missing is not None
    assert found.missing["devices"] == reason
    assert devices_of(found, (), MEMORY) == ()


def test_a_program_that_is_not_there():
    found = ask_child(["/nowhere/at/all"], {}, CancelToken())
    assert found.missing is not None
    assert found.missing["devices"] == "child-does-not-start"


def test_cancelling_ends_the_child():
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        ask_child(python("import time; time.sleep(60)"), {}, token)
