"""`nibble probe`: what this computer is."""

from __future__ import annotations

import argparse
from typing import Any

from app.cli import terminal
from app.cli.advise_text import machine_lines
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
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(arguments: argparse.Namespace, paths: Paths, settings: Settings) -> int:
    """Run `nibble probe`. Bandwidth that nobody has measured yet is measured now.

    Raises:
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
    if arguments.json:
        terminal.write_json(machine.to_json())
    else:
        for line in machine_lines(machine):
            terminal.write_line(line)
    return 0
