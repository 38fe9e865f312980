"""`nibble compare`: builds of one model side by side on this computer."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path
from typing import Any, Final

from app.cli import terminal
from app.cli.compare_text import ShareLine, past_lines, table
from app.core.advice.records import Records
from app.core.cancel import Cancelled, CancelToken
from app.core.compare.advice_records import feed
from app.core.compare.builds import read_builds
from app.core.compare.report import entry
from app.core.compare.report_html import to_html
from app.core.compare.results import CompareSettings, Comparison, SpeedSettings
from app.core.compare.runner import Progress, RunEvent, Services
from app.core.compare.runner import run as run_comparison
from app.core.compare.start import (
    machine_facts,
    own_text,
    preset_texts,
    services_for,
    versions,
)
from app.core.compare.store import NewComparison
from app.core.compare.tasks import OWN, SUBJECTS, Question, read_own
from app.core.engine.process import EngineProcess
from app.core.engine.texts import MIXED, PRESETS
from app.core.errors import AppError, ErrorCode
from app.core.hardware.probing import probe_machine
from app.core.paths import Paths
from app.core.settings import Settings

Commands = Any  # argparse has no public name for what `add_subparsers` returns

PROMPT: Final = "What does it mean that a language model is quantized to 4 bits?"
DEPTHS: Final = (0,)
REPEATS: Final = 3
GENERATED_TOKENS: Final = 64


def add_parser(commands: Commands) -> argparse.ArgumentParser:
    """Add `nibble compare` to the commands of the main parser."""
    text = "builds of one model side by side: quality, speed, memory, answers"
    parser: argparse.ArgumentParser = commands.add_parser("compare", help=text, description=text)
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="2 to 8 GGUF files of one model"
    )
    texts = parser.add_mutually_exclusive_group()
    texts.add_argument("--text", type=Path, metavar="FILE", help="measure quality on this text")
    texts.add_argument("--preset", choices=PRESETS, help="measure quality on a text of Nibble's")
    parser.add_argument(
        "--tokens", type=_tokens, default=8192, metavar="N", help="of the text at most (0: all)"
    )
    parser.add_argument("--prompt", metavar="P", help="all builds answer this")
    parser.add_argument("--max-tokens", type=_tokens, default=200, metavar="N", help="of an answer")
    parser.add_argument("--tasks", action="store_true", help="ask graded questions too")
    parser.add_argument(
        "--questions", type=Path, metavar="FILE", help="your own questions with answers"
    )
    parser.add_argument("--no-speed", action="store_true", help="do not measure speed and memory")
    parser.add_argument("--threads", type=_tokens, default=0, metavar="N", help="0: all cores")
    parser.add_argument("--resume", metavar="ID", help="go on with a comparison that was stopped")
    parser.add_argument("--list", action="store_true", help="what was compared before")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print one JSON array")
    output.add_argument("--html", type=Path, metavar="FILE", help="write a report for the browser")
    return parser


def run(arguments: argparse.Namespace, paths: Paths, settings: Settings) -> int:
    """Run `nibble compare`.

    Raises:
        AppError: a file is no model, the store fails, or the arguments do not fit together.
        Cancelled: Ctrl-C; what was measured is kept.
    """
    del settings
    services = services_for(paths.data_dir, lambda: EngineProcess(paths.data_dir))
    if arguments.list:
        for line in past_lines(services.store.load_all()):
            terminal.write_line(terminal.harmless(line))
        return 0
    with terminal.interruptible() as cancel:
        name = arguments.resume or _begin(arguments, paths, services, cancel)
        try:
            comparison = _measure(services, name, cancel)
        except Cancelled:
            terminal.warn(f"nibble: what was measured is kept: nibble compare --resume {name}")
            raise
    with contextlib.suppress(OSError):
        feed(Records(paths.data_dir), comparison)
    _show(arguments, comparison)
    return 0


def _begin(
    arguments: argparse.Namespace, paths: Paths, services: Services, cancel: CancelToken
) -> str:
    builds = read_builds(arguments.files)
    texts = [own_text(arguments.text)] if arguments.text else []
    if not texts:
        texts = preset_texts([arguments.preset or MIXED])
    questions = read_own(arguments.questions) if arguments.questions else ()
    new = NewComparison(
        settings=CompareSettings(
            texts=tuple(choice for choice, _ in texts),
            tokens=arguments.tokens,
            prompts=(arguments.prompt or PROMPT,),
            max_tokens=arguments.max_tokens or CompareSettings().max_tokens,
            speed=None if arguments.no_speed else _speed_settings(),
            subjects=_subjects(arguments, questions),
            threads=arguments.threads,
        ),
        builds=builds,
        texts=tuple(text for _, text in texts),
        questions=questions,
        machine=machine_facts(probe_machine(cancel, data_dir=paths.data_dir)),
        versions=versions(),
    )
    return services.store.create(new).id


def _subjects(arguments: argparse.Namespace, questions: tuple[Question, ...]) -> tuple[str, ...]:
    named = SUBJECTS if arguments.tasks else ()
    return (*named, *((OWN,) if questions else ()))


def _speed_settings() -> SpeedSettings:
    return SpeedSettings(generated_tokens=GENERATED_TOKENS, depths=DEPTHS, repeats=REPEATS)


def _measure(services: Services, name: str, cancel: CancelToken) -> Comparison:
    with ShareLine("comparing") as line:

        def take(event: RunEvent) -> None:
            if isinstance(event, Progress):
                line.show(event, builds)

        builds = services.store.load(name).builds
        return run_comparison(services, name, cancel, take)


def _show(arguments: argparse.Namespace, comparison: Comparison) -> None:
    if arguments.json:
        terminal.write_json([entry(build) for build in comparison.builds])
        return
    if arguments.html:
        try:
            arguments.html.write_text(to_html(comparison), encoding="utf-8")
        except OSError as error:
            reason = error.strerror or str(error)
            path = str(arguments.html)
            raise AppError(ErrorCode.WRITE_FAILED, path=path, reason=reason) from error
        terminal.warn(f"nibble: the report is in {arguments.html}")
    for row in table(comparison):
        terminal.write_line(terminal.harmless(row))


def _tokens(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 2**24:
        raise argparse.ArgumentTypeError(f"{text} is no sensible number")
    return value
