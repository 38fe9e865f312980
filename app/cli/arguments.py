"""The arguments of the `nibble` command."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from pathlib import Path

from app import __version__

# Commands whose modules are imported only when they are wanted, so that the others start quickly.
LATER = {
    "models": ("app.cli.models", "find, get, list, inspect, import, verify and remove models"),
    "probe": ("app.cli.probe", "what this computer is"),
    "advise": ("app.cli.advise", "which model and which bit-width suit this or another computer"),
    "compare": (
        "app.cli.compare",
        "builds of one model side by side: quality, speed, memory, answers",
    ),
    "bench": ("app.cli.bench", "how fast a build reads and generates on this computer"),
    "quantize": ("app.cli.quantize", "make a build of a model with fewer bits"),
    "imatrix": ("app.cli.imatrix", "compute an importance matrix of a model from a text"),
}
COMMANDS = ("ask", "chat", "self-test", *LATER)


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The parsed arguments; a double-click on a file passes its bare path, which means ``--open``."""
    words = list(words)
    bare = words[-1:] and words[-1].lower().endswith(".gguf") and words[-2:-1] != ["--open"]
    if bare and words[-2:-1] != ["--data-dir"] and not set(words) & set(COMMANDS):
        words.insert(len(words) - 1, "--open")
    return build_parser(words).parse_args(words)


def build_parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser for every command; no command means the window.

    Commands of `LATER` that are not among ``words`` have a name and a help text only.
    """
    parser = argparse.ArgumentParser(
        prog="nibble",
        description="Run quantized language models offline. Without a command, the window opens.",
    )
    parser.add_argument("--version", action="version", version=f"Nibble {__version__}")
    parser.add_argument(
        "--data-dir", type=Path, metavar="DIR", help="keep all data below DIR (or set NIBBLE_HOME)"
    )
    parser.add_argument("--verbose", action="store_true", help="print the log to standard error")
    parser.add_argument(
        "--open", type=Path, metavar="FILE", help="open the window with this GGUF file"
    )
    parser.set_defaults(model=None, system="", max_tokens=0, temperature=None)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _add_ask(commands)
    chat = commands.add_parser("chat", help="talk in the terminal")
    _add_model_options(chat)
    test = commands.add_parser(
        "self-test", help="check resources, engine, one answer and the store"
    )
    test.add_argument("--json", action="store_true", help="print one JSON object")
    for name, (module, text) in LATER.items():
        if name in words:
            importlib.import_module(module).add_parser(commands)
        else:
            commands.add_parser(name, help=text)
    return parser


def _add_ask(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    ask = commands.add_parser("ask", help="ask one question; the answer goes to standard output")
    ask.add_argument(
        "question", metavar="TEXT", help="the question; - reads it from standard input"
    )
    _add_model_options(ask)
    ask.add_argument(
        "--lora",
        action="append",
        metavar="FILE[:SCALE]",
        help="lay a LoRA adapter (GGUF) over the model; may be given more than once",
    )
    ask.add_argument("--seed", type=_whole, metavar="S", help="makes sampling repeatable")
    ask.add_argument(
        "--json", action="store_true", help="print one JSON object with text and numbers"
    )


def _add_model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", type=Path, metavar="FILE", help="a GGUF file (default: the guide)"
    )
    parser.add_argument("--system", default="", metavar="TEXT", help="system prompt")
    parser.add_argument(
        "--max-tokens", type=_whole, default=0, metavar="N", help="end after N tokens (0: no limit)"
    )
    parser.add_argument(
        "--temperature", type=_temperature, metavar="T", help="0 always takes the likeliest token"
    )


def _whole(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**32 - 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {2**32 - 2}")
    return value


def _temperature(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 5:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 5")
    return value
