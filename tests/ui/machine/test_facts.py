"""The cards of recorded machines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.core.hardware.holders import Holder
from app.core.hardware.machine import Memory, Power, PowerSource
from app.ui.machine.facts import Calibrated, fact_cards, graphics_cards, memory_card, power_card
from app.ui.machine.words import rate, short_name
from tests.machines import NAMES, machine

GB = 10**9


@pytest.mark.parametrize("name", NAMES)
def test_every_machine_has_all_cards(name):
    cards = {card.key: card for card in fact_cards(machine(name))}
    assert {"memory", "processor", "speed", "power"} <= set(cards)
    assert any(key.startswith("graphics") for key in cards)
    for card in cards.values():
        assert card.value.text
        assert card.share is None or 0 <= card.share <= 1


def texts(card) -> str:
    return card.text


def test_a_graphics_card_tells_its_own_memory_and_a_shared_one_does_not_count_twice():
    (card,) = graphics_cards(machine("nvidia-24gb"))
    assert "24.6 GB free" in texts(card)
    assert "25.8 GB of its own" in texts(card)
    assert card.share is not None
    (shared,) = graphics_cards(machine("apple-m2-16gb"))
    assert "of main memory" in texts(shared)
    assert shared.share is None


def test_a_device_that_the_engine_cannot_use_says_so():
    (card,) = graphics_cards(machine("windows-shared-16gb"))
    assert "not used" in texts(card)


def test_why_there_is_no_graphics_card():
    (card,) = graphics_cards(machine("server-2-cores"))
    assert "no driver for it is installed" in texts(card)
    (unknown,) = graphics_cards(machine("container-4gb"))
    assert unknown.value.text == "Not known"
    assert "did not answer in time" in texts(unknown)


def test_memory_names_limit_swap_and_what_holds_it():
    memory = Memory(4 * GB, GB, 4 * GB, 2 * GB, GB // 2)
    card = memory_card(memory, (Holder("browser", 2 * GB), Holder("", GB // 10, own=True)))
    assert "limit of this container" in texts(card)
    assert "swap: 1.5 GB of 2.0 GB used" in texts(card)
    assert "held by browser 2.0 GB" in texts(card)
    assert "Nibble with its model: 100.0 MB" in texts(card)
    assert card.share == pytest.approx(0.75)


def test_power_is_mains_battery_or_not_known():
    base = machine("desktop-16gb")
    battery = replace(base, power=Power(PowerSource.BATTERY, 41.6))
    assert "battery at 42 %" in texts(power_card(battery))
    nothing = replace(base, power=Power(None), unknown={"power": "not-supported"})
    assert "this system does not tell" in texts(power_card(nothing))


def test_calibrating_changes_the_actions():
    base = machine("desktop-16gb")

    def actions(calibrated: Calibrated) -> list[str]:
        cards = {card.key: card for card in fact_cards(base, (), calibrated)}
        return [key for key, _text in cards["speed"].actions]

    assert actions(Calibrated()) == ["measure", "calibrate"]
    assert actions(Calibrated(progress=0.2)) == ["stop"]


def test_names_and_rates_are_short():
    assert short_name("Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz") == "Intel Core i5-8250U"
    assert short_name("AMD Ryzen 9 7950X 16-Core Processor") == "AMD Ryzen 9 7950X"
    assert short_name("CPU") == "CPU"
    assert rate(42e9) == "42.0 GB/s"
    assert rate(1008.1e9) == "1,008 GB/s"
    assert rate(350e6) == "350.0 MB/s"
