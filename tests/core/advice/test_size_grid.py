"""The table of sizes and widths, on machines of the fixtures."""

from __future__ import annotations

import pytest

from app.core.advice.known import KnownComputer
from app.core.advice.results import Fit, Wishes
from app.core.advice.size_grid import SIZES, USUAL_BITS, WIDTHS, reach_of, size_grid
from app.core.hardware.what_if import what_if
from tests.machines import NAMES, machine

ORDER = list(Fit)


def grid(name: str, **wishes: object):
    return size_grid(KnownComputer(machine(name)), Wishes(**wishes))


@pytest.mark.parametrize("name", NAMES)
def test_more_bits_and_more_weights_never_take_less_memory(name):
    rows = grid(name, context_tokens=4096)  # an explicit context is not bargained with
    assert [row.parameters for row in rows] == list(SIZES)
    for row in rows:
        assert [build.build.quant for build in row.builds] == list(WIDTHS.values())
        needed = [build.memory.total_bytes for build in row.builds]
        assert needed == sorted(needed)
    for bits in WIDTHS:
        needed = [row.at(bits).memory.total_bytes for row in rows]
        assert needed == sorted(needed)


def test_the_published_cases():
    rows = {row.parameters // 10**9: row for row in grid("server-2-cores")}
    assert rows[70].at(16).build.size_bytes == pytest.approx(140e9, rel=0.02)
    assert rows[70].at(8).build.size_bytes == pytest.approx(74e9, rel=0.02)
    assert rows[70].at(4).fit is Fit.NO
    assert rows[1].at(4).fit is Fit.EASILY


def test_reach_names_the_largest_that_fits_and_what_the_next_lacks():
    rows = grid("desktop-16gb")
    reach = reach_of(rows, Wishes())
    assert reach.fits.parameters == 8_000_000_000
    assert reach.quick.parameters == 4_000_000_000
    assert reach.quick.at(USUAL_BITS).speed.middle >= Wishes().tokens_per_s
    assert reach.next_size.parameters == 32_000_000_000
    lacking = reach.next_size.at(USUAL_BITS)
    assert reach.short_bytes == lacking.memory.total_bytes - lacking.available_bytes


def test_where_everything_fits_nothing_is_missing():
    huge = KnownComputer(what_if(machine("nvidia-24gb"), 512, 0))
    reach = reach_of(size_grid(huge, Wishes(whole_memory=True)), Wishes(whole_memory=True))
    assert reach.fits.parameters == SIZES[-1]
    assert reach.next_size is None
    assert reach.short_bytes == 0


def test_other_memory_means_another_computer():
    base = machine("nvidia-24gb")
    other = what_if(base, 8, None)
    assert other.memory.total_bytes == 8 * 2**30
    assert other.devices == ()
    assert other.processor == base.processor
    card = what_if(base, 8, 12).usable_devices
    assert [device.total_bytes for device in card] == [12 * 2**30]
    assert what_if(base, None, None) == base
