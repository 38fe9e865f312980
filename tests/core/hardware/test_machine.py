"""The machine as a value: JSON and back, and what cannot be a machine."""

from __future__ import annotations

import json

import pytest

from app.core.hardware.machine import Machine
from tests.machines import FOLDER, NAMES, machine


@pytest.mark.parametrize("name", NAMES)
def test_survives_json(name):
    known = machine(name)
    assert Machine.from_text(json.dumps(known.to_json())) == known


def test_every_fixture_says_where_it_comes_from():
    notes = [json.loads(path.read_text())["note"] for path in FOLDER.glob("*.json")]
    assert len(notes) >= 8
    assert all(note.startswith(("Constructed", "Recorded")) for note in notes)


@pytest.mark.parametrize("text", ["{}", "[]", '{"system": "Linux"}', "nonsense", "null"])
def test_refuses_what_is_no_machine(text):
    with pytest.raises(ValueError, match=r"machine|Expecting"):
        Machine.from_text(text)


def test_only_devices_that_the_engine_can_use_count():
    assert machine("windows-shared-16gb").usable_devices == ()
    assert [device.id for device in machine("nvidia-24gb").usable_devices] == ["CUDA0"]
