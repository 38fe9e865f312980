"""What was measured here of builds that ran: it replaces estimates, and corrects the next ones. One JSON file.

A build is known by its file's name and size, so that a download and the catalog's entry of it are the same. The catalog's
sizes are rounded; within two per cent a size counts as equal.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from app.core.advice.facts import BuildFacts
from app.core.advice.memory import scaled
from app.core.advice.results import MemoryEstimate, RunSettings
from app.core.advice.speed import Calibration
from app.core.settings import write_atomically

FILE_NAME: Final = "measured.json"
SCHEMA: Final = 1
SIZE_TOLERANCE: Final = 0.02
MOST_RECORDS: Final = 500
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Record:
    """A build that ran, with the settings that its memory depends on; what was not measured is None.

    ``memory_bytes`` is what the engine's process and the devices took together.
    """

    file_name: str
    size_bytes: int
    context_length: int
    kv_type: str
    batch: int
    gpu_layers: int
    flash_attention: bool
    memory_bytes: int | None = None
    tokens_per_s: float | None = None
    kld: float | None = None

    def is_of(self, build: BuildFacts) -> bool:
        """Whether this is the same file."""
        name = build.key.replace("\\", "/").rpartition("/")[2]
        near = abs(self.size_bytes - build.size_bytes) <= SIZE_TOLERANCE * build.size_bytes
        return near and name.lower() == self.file_name.lower()

    def ran_with(self, settings: RunSettings) -> bool:
        """Whether memory was measured with these settings."""
        mine = (self.context_length, self.kv_type, self.batch, self.gpu_layers)
        theirs = (settings.context_length, settings.kv_type, settings.batch, settings.gpu_layers)
        return mine == theirs and self.flash_attention == settings.flash_attention


class Records:
    """The measurements of this computer, newest last. Reading never fails: a damaged file is an empty one."""

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / FILE_NAME
        self._records, self._calibrations = _read(self._file)

    def add(self, record: Record) -> None:
        """Keep a measurement in place of an older one of the same file and settings.

        Raises:
            OSError: the file cannot be written; the record counts until the program ends.
        """
        kept = [one for one in self._records if not _is_same_run(one, record)]
        self._records = [*kept, record][-MOST_RECORDS:]
        self._save()

    def calibrate(self, calibration: Calibration) -> None:
        """Keep a calibration in place of the one before of the same device. Raises `OSError`."""
        self._calibrations[calibration.device] = calibration
        self._save()

    def calibration(self, device: str = "") -> Calibration | None:
        """The calibration of a device; the processor's id is empty."""
        return self._calibrations.get(device)

    def measured(self, builds: Iterable[BuildFacts]) -> list[BuildFacts]:
        """The builds, with speed and quality of those that ran here."""
        return [self._with_measurements(build) for build in builds]

    def corrected(
        self, estimate: MemoryEstimate, build: BuildFacts, settings: RunSettings
    ) -> MemoryEstimate:
        """The estimate, or what was measured of this file with these settings."""
        for record in reversed(self._records):
            if record.memory_bytes and record.is_of(build) and record.ran_with(settings):
                return scaled(estimate, record.memory_bytes)
        return estimate

    def _with_measurements(self, build: BuildFacts) -> BuildFacts:
        for record in self._records:  # the newest counts
            if record.is_of(build):
                build = replace(
                    build,
                    measured_tokens_per_s=record.tokens_per_s or build.measured_tokens_per_s,
                    measured_kld=build.measured_kld if record.kld is None else record.kld,
                )
        return build

    def _save(self) -> None:
        tree = {
            "schema": SCHEMA,
            "records": [asdict(record) for record in self._records],
            "calibrations": [one.to_json() for one in self._calibrations.values()],
        }
        write_atomically(self._file, json.dumps(tree, indent=1))


def _is_same_run(one: Record, other: Record) -> bool:
    bare = replace(other, memory_bytes=None, tokens_per_s=None, kld=None)
    return replace(one, memory_bytes=None, tokens_per_s=None, kld=None) == bare


def _read(path: Path) -> tuple[list[Record], dict[str, Calibration]]:
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        records = [_record(values) for values in tree["records"]]
        calibrations = [Calibration.from_json(values) for values in tree["calibrations"]]
    except FileNotFoundError:
        return [], {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("measurements could not be read, estimates are used: %s", error)
        return [], {}
    return records, {one.device: one for one in calibrations}


def _record(values: dict[str, Any]) -> Record:
    record = Record(**values)
    numbers = (record.size_bytes, record.context_length, record.batch, record.gpu_layers)
    measured = (record.memory_bytes, record.tokens_per_s, record.kld)
    if not all(isinstance(value, int) for value in numbers) or not all(
        value is None or isinstance(value, int | float) for value in measured
    ):
        message = "a number is no number"
        raise ValueError(message)
    return record
