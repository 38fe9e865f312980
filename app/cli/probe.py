"""`nibble probe`: what this computer is."""

from __future__ import annotations

import argparse
from typing import Any

from app.cli import terminal
from app.cli.advise_text import calibration_line, machine_lines
from app.cli.progress import ProgressLine
from app.core.advice.records import Records
from app.core.cancel import CancelToken
from app.core.engine.calibrating import calibrate
from app.core.errors import AppError, ErrorCode
from app.core.hardware.machine import Machine
from app.core.hardware.probing import probe_machine
from app.core.paths import Paths
from app.core.settings import Settings

Commands = Any  # argparse has no public name for what `add_subparsers` returns


def add_parser(commands: Commands) -> argparse.ArgumentParser:
    """Add `nibble probe` to the commands of the main parser."""
    text = "what this computer is: memory, processor, graphics, disks"
    parser: argparse.ArgumentParser = commands.add_parser("probe", help=text, description=text)
    parser.add_argument(
        "--measure", action="store_true", help="measure memory bandwidth and disk (two seconds)"
    )
    parser.add_argument(
        "--calibrate",
        action="store_true",
        help="run small models to learn this computer's real speed (about ten seconds, when it is quiet)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(arguments: argparse.Namespace, paths: Paths, settings: Settings) -> int:
    """Run `nibble probe`. Bandwidth that nobody has measured yet is measured now.

    Raises:
        AppError: TOO_BUSY and others of `calibrate`; WRITE_FAILED.
        Cancelled: Ctrl-C.
    """
    folders = [paths.models_dir]
    del settings
    with terminal.interruptible() as cancel:
        machine = probe_machine(
            cancel, data_dir=paths.data_dir, folders=folders, measure=arguments.measure
        )
        if machine.memory_bandwidth is None:
            machine = probe_machine(cancel, data_dir=paths.data_dir, folders=folders, measure=True)
        if arguments.calibrate:
            _calibrate(machine, paths, cancel)
    known = Records(paths.data_dir)
    devices = ["", *(device.id for device in machine.usable_devices)]
    found = [one for one in map(known.calibration, devices) if one is not None]
    if arguments.json:
        values = [one.to_json() for one in found]
        terminal.write_json({**machine.to_json(), "calibrations": values})
        return 0
    for line in [*machine_lines(machine), *map(calibration_line, found)]:
        terminal.write_line(line)
    return 0


def _calibrate(machine: Machine, paths: Paths, cancel: CancelToken) -> None:
    """The processor, and the device that layers go to."""
    records = Records(paths.data_dir)
    with ProgressLine("calibrating") as progress:
        for device in ["", *(device.id for device in machine.usable_devices[:1])]:
            found = calibrate(paths.data_dir, cancel, progress.share, device=device)
            try:
                records.calibrate(found)
            except OSError as error:
                reason = error.strerror or str(error)
                path = str(paths.data_dir)
                raise AppError(ErrorCode.WRITE_FAILED, path=path, reason=reason) from error
