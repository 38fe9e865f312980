"""Free memory and usable cores, with the limits of containers."""

from __future__ import annotations

import psutil

from app.core.hardware.cpu import cgroup_cpu_quota, processor_name, usable_cores
from app.core.hardware.memory import (
    available_memory_bytes,
    cgroup_rest_bytes,
    total_memory_bytes,
)


def test_this_machine():
    assert 0 < available_memory_bytes() <= total_memory_bytes() <= psutil.virtual_memory().total
    assert 1 <= usable_cores() <= psutil.cpu_count()
    assert processor_name()


def group(folder, limit, used, stat="", names=("memory.max", "memory.current")):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(str(limit))
    (folder / names[1]).write_text(str(used))
    (folder / "memory.stat").write_text(stat)


def test_version_2_groups_count_with_all_above(tmp_path):
    member = tmp_path / "cgroup"
    member.write_text("0::/a/b\n")
    group(tmp_path / "root" / "a", 1000, 400, "anon 1\ninactive_file 100\n")
    group(tmp_path / "root" / "a" / "b", "max", 300)
    assert cgroup_rest_bytes(tmp_path / "root", member) == 700
    group(tmp_path / "root" / "a" / "b", 350, 300)
    assert cgroup_rest_bytes(tmp_path / "root", member) == 50


def test_version_1_groups(tmp_path):
    member = tmp_path / "cgroup"
    member.write_text("5:cpu,cpuacct:/x\n4:memory:/x\n")
    names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
    group(tmp_path / "memory" / "x", 5000, 1000, "total_inactive_file 500\n", names)
    group(tmp_path / "memory", 2**63 - 4096, 1000, "", names)
    assert cgroup_rest_bytes(tmp_path, member) == 4500


def test_no_limit_and_no_groups(tmp_path):
    assert cgroup_rest_bytes(tmp_path, tmp_path / "none") is None


def test_processor_quotas(tmp_path):
    assert cgroup_cpu_quota(tmp_path) is None
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert cgroup_cpu_quota(tmp_path) is None
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert cgroup_cpu_quota(tmp_path) == 1.5
    old = tmp_path / "old"
    (old / "cpu").mkdir(parents=True)
    (old / "cpu" / "cpu.cfs_quota_us").write_text("400000")
    (old / "cpu" / "cpu.cfs_period_us").write_text("100000")
    assert cgroup_cpu_quota(old) == 4
