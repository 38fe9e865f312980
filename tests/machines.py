"""Machines of `tests/data/machines`: one recorded, the others constructed from data sheets (each file says which)."""

from __future__ import annotations

import json
from pathlib import Path

from app.core.hardware.machine import Machine

FOLDER = Path(__file__).parent / "data" / "machines"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def machine(name: str) -> Machine:
    """The machine with this name."""
    values = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return Machine.from_json(values["machine"])
