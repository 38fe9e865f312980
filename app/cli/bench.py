"""`nibble bench`: how fast one build is on this computer."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

from app.cli import terminal
from app.cli.compare_text import speed_lines
from app.cli.progress import ProgressLine
from app.core.cancel import CancelToken
from app.core.compare.builds import read_build
from app.core.compare.measure_requests import JOB, SpeedRequest
from app.core.compare.plain import from_plain, to_plain
from app.core.compare.results import BuildResult, Note, SpeedResult, SpeedSettings
from app.core.compare.runner import Services, speed_notes
from app.core.compare.start import services_for
from app.core.engine.job import run_job
from app.core.engine.process import EngineProcess
from app.core.paths import Paths
from app.core.settings import Settings

Commands = Any  # argparse has no public name for what `add_subparsers` returns
_USUAL: Final = SpeedSettings()


def add_parser(commands: Commands) -> argparse.ArgumentParser:
    """Add `nibble bench` to the commands of the main parser."""
    text = "how fast a build reads and generates on this computer"
    parser: argparse.ArgumentParser = commands.add_parser("bench", help=text, description=text)
    parser.add_argument("file", type=Path, metavar="FILE", help="a GGUF file")
    parser.add_argument("-p", "--prompt-tokens", type=_count, default=_USUAL.prompt_tokens)
    parser.add_argument("-n", "--generated-tokens", type=_count, default=_USUAL.generated_tokens)
    parser.add_argument(
        "-d", "--depths", type=_depths, default=_USUAL.depths, help="such as 0,1024"
    )
    parser.add_argument("-r", "--repeats", type=_count, default=_USUAL.repeats)
    parser.add_argument("-t", "--threads", type=_whole, default=0, help="0: all cores")
    parser.add_argument("-b", "--batch", type=_whole, default=0, help="0: as in a chat")
    parser.add_argument("--flash-attention", choices=("auto", "on", "off"), default="auto")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(arguments: argparse.Namespace, paths: Paths, settings: Settings) -> int:
    """Run `nibble bench`.

    Raises:
        AppError: the file is no model, or does not fit.
        Cancelled: Ctrl-C.
    """
    del settings
    build = read_build(arguments.file)
    services = services_for(paths.data_dir, lambda: EngineProcess(paths.data_dir))
    with terminal.interruptible() as cancel:
        result, notes = _measure(arguments, build, services, cancel)
    if arguments.json:
        terminal.write_json(_tree(build, result, notes))
    else:
        for line in speed_lines(result, notes):
            terminal.write_line(line)
    return 0


def _measure(
    arguments: argparse.Namespace, build: BuildResult, services: Services, cancel: CancelToken
) -> tuple[SpeedResult, tuple[Note, ...]]:
    wanted = SpeedSettings(
        prompt_tokens=arguments.prompt_tokens,
        generated_tokens=arguments.generated_tokens,
        depths=arguments.depths,
        repeats=arguments.repeats,
        batch=arguments.batch,
        flash_attention=arguments.flash_attention,
    )
    safe = services.safe_kernels(cancel)
    request = SpeedRequest.of(build.path, wanted, arguments.threads, safe_kernels=safe)
    on_battery = services.on_battery()
    with ProgressLine("measuring") as line:

        def take(event: dict[str, Any]) -> None:
            if event.get("event") == "progress":
                line.share(event["done"] / event["total"])

        found = run_job(JOB, request.to_wire(), cancel, take)
    notes = speed_notes(found["busy_cores"], on_battery, safe_kernels=request.safe_kernels)
    return from_plain(SpeedResult, found["speed"]), notes


def _tree(build: BuildResult, result: SpeedResult, notes: tuple[Note, ...]) -> dict[str, Any]:
    first = result.points[0]
    return {
        "path": str(build.path),
        "size_bytes": build.size_bytes,
        "bits_per_weight": build.bits_per_weight,
        "prompt_tokens_per_s": first.prompt.mean,
        "tokens_per_s": first.generation.mean,
        **to_plain(result),
        "notes": [to_plain(note) for note in notes],
    }


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 2**20:
        raise argparse.ArgumentTypeError(f"{text} is no sensible number")
    return value


def _whole(text: str) -> int:
    return 0 if text == "0" else _count(text)


def _depths(text: str) -> tuple[int, ...]:
    return tuple(sorted({_whole(part.strip()) for part in text.split(",")}))
