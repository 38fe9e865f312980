"""What was measured here of builds that ran: it replaces estimates, and corrects the next ones. One JSON file.

A build is known by its file's name and size, so that a download and the catalog's entry of it are the same. The catalog's
sizes are rounded; within two per cent a size counts as equal.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import RLock
from typing import Any, Final

from app.core.advice.calibration import Calibration
from app.core.advice.facts import BuildFacts, MemoryRun
from app.core.process_lock import lock
from app.core.settings import write_atomically

FILE_NAME: Final = "measured.json"
SCHEMA: Final = 1
SIZE_TOLERANCE: Final = 0.02
MOST_RECORDS: Final = 500
LOCK_TRIES: Final = 100
LOCK_WAIT_S: Final = 0.02
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

    @property
    def memory_run(self) -> MemoryRun | None:
        """What it took, if that was measured."""
        if not self.memory_bytes:
            return None
        return MemoryRun(
            self.context_length,
            self.kv_type,
            self.batch,
            self.gpu_layers,
            self.flash_attention,
            self.memory_bytes,
        )


class Records:
    """The measurements of this computer, newest last. Reading never fails: a damaged file is an empty one.

    Several may be open on one file, in one program or in several: each sees what the others add.
    """

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / FILE_NAME
        self._guard = RLock()
        self._seen: _Signature | None = None
        self._records: list[Record] = []
        self._calibrations: dict[str, Calibration] = {}
        self._look()

    def add(self, record: Record) -> None:
        """Keep a measurement; what it does not say is kept of an older one of the same file and settings.

        Raises:
            OSError: the file cannot be written; the record counts until the program ends.
        """
        with self._guard, _locked(self._file):
            self._look()
            older = [one for one in self._records if _is_same_run(one, record)]
            kept = [one for one in self._records if not _is_same_run(one, record)]
            merged = _merged(older[-1], record) if older else record
            self._records = [*kept, merged][-MOST_RECORDS:]
            self._save()

    def calibrate(self, calibration: Calibration) -> None:
        """Keep a calibration in place of the one before of the same device. Raises `OSError`."""
        with self._guard, _locked(self._file):
            self._look()
            self._calibrations = {**self._calibrations, calibration.device: calibration}
            self._save()

    def calibration(self, device: str = "") -> Calibration | None:
        """The calibration of a device; the processor's id is empty."""
        self._look()
        return self._calibrations.get(device)

    def measured(self, builds: Iterable[BuildFacts]) -> list[BuildFacts]:
        """The builds, with speed, quality and memory of those that ran here."""
        self._look()
        return [self._with_measurements(build) for build in builds]

    def same_run(self, record: Record) -> Record | None:
        """What is known of this file with these settings."""
        self._look()
        return next((one for one in self._records if _is_same_run(one, record)), None)

    def _with_measurements(self, build: BuildFacts) -> BuildFacts:
        mine = [record for record in self._records if record.is_of(build)]
        for record in mine:  # the newest counts
            build = replace(
                build,
                measured_tokens_per_s=record.tokens_per_s or build.measured_tokens_per_s,
                measured_kld=build.measured_kld if record.kld is None else record.kld,
            )
        runs = tuple(run for run in (record.memory_run for record in mine) if run is not None)
        return replace(build, memories=runs) if runs else build

    def _look(self) -> None:
        """Read the file again if somebody else wrote it."""
        with self._guard:
            now = _signature(self._file)
            if now is not None and now != self._seen:
                self._records, self._calibrations = _read(self._file)
                self._seen = now

    def _save(self) -> None:
        tree = {
            "schema": SCHEMA,
            "records": [asdict(record) for record in self._records],
            "calibrations": [one.to_json() for one in self._calibrations.values()],
        }
        write_atomically(self._file, json.dumps(tree, indent=1))
        self._seen = _signature(self._file)


_Signature = tuple[int, int, int]


def _signature(path: Path) -> _Signature | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size, facts.st_ino


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep other programs from writing at the same time; a lock that cannot be had in time is done without."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("ab") as file:
        for _ in range(LOCK_TRIES):
            try:
                lock(file.fileno())
                break
            except OSError:
                time.sleep(LOCK_WAIT_S)
        yield


def _merged(older: Record, newer: Record) -> Record:
    return replace(
        newer,
        memory_bytes=newer.memory_bytes or older.memory_bytes,
        tokens_per_s=newer.tokens_per_s or older.tokens_per_s,
        kld=older.kld if newer.kld is None else newer.kld,
    )


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
