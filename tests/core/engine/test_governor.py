"""Threads give way to other programs and come back."""

from __future__ import annotations

from app.core.engine.governor import ThreadGovernor
from app.core.hardware.load import CpuSample, sample_cpu


class Machine:
    """A pretended processor: ``others`` cores are taken by other programs."""

    def __init__(self):
        self.clock = self.busy = self.own = 0.0
        self.others = 0.0

    def run(self, governor, seconds):
        for _ in range(int(seconds * 20)):
            self.clock += 0.05
            self.own += 0.05 * governor.threads
            self.busy += 0.05 * (governor.threads + self.others)
            governor.advise(self.clock)

    def sample(self):
        return CpuSample(self.clock, self.busy, self.own)


def test_a_quiet_machine_keeps_all_threads():
    machine = Machine()
    governor = ThreadGovernor(4, machine.sample)
    machine.others = 0.3  # the app itself
    machine.run(governor, 3)
    assert governor.threads == 4


def test_busy_programs_get_their_cores_and_give_them_back():
    machine = Machine()
    governor = ThreadGovernor(4, machine.sample)
    machine.others = 1.1
    machine.run(governor, 1.1)
    assert governor.threads == 3
    machine.others = 9.0
    machine.run(governor, 1.1)
    assert governor.threads == 1
    machine.others = 0.0
    machine.run(governor, 1.1)
    assert governor.threads == 4


def test_a_pause_is_not_counted():
    machine = Machine()
    governor = ThreadGovernor(2, machine.sample)
    machine.run(governor, 1)
    machine.clock += 100
    machine.busy += 200
    governor.begin()
    machine.run(governor, 0.3)
    assert governor.threads == 2


def test_one_thread_needs_no_looking():
    def never():
        raise AssertionError("not asked")

    governor = ThreadGovernor(1, never)
    assert not governor.advise(5.0)


def test_the_real_processor():
    before = sample_cpu()
    total = sum(i * i for i in range(300_000))
    after = sample_cpu()
    assert total > 0
    assert after.clock_s > before.clock_s
    assert after.own_s > before.own_s
    assert after.others_since(before) >= 0
    assert before.others_since(before) == 0
