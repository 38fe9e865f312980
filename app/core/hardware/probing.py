"""Asks this computer what it is: a `Machine` from the parts that the neighbours find out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.core.cancel import CancelToken
from app.core.hardware.machine import Machine


def probe_machine(
    cancel: CancelToken,
    *,
    data_dir: Path | None = None,
    folders: Sequence[Path] = (),
    measure: bool = False,
) -> Machine:
    """What this computer is, in about a second; takes no lock and starts one child process for the graphics devices.

    Args:
        cancel: ends the probe early.
        data_dir: where the measured bandwidth is remembered; without it nothing is read or written.
        folders: models folders whose disks are of interest.
        measure: measure the memory bandwidth (about a second) even if it is remembered.

    Raises:
        Cancelled: the token was cancelled.
    """
    raise NotImplementedError
