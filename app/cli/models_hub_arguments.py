"""The arguments of `nibble models search` and `nibble models get`, apart from what needs the hub."""

from __future__ import annotations

import argparse
from typing import Any

from app.core.models.hub_types import SortKey


def add_actions(actions: Any) -> None:  # noqa: ANN401 - argparse has no public name for it
    """Add `search` and `get` to the actions of `nibble models`."""
    text = "look for models on the hub"
    find = actions.add_parser("search", help=text, description=text)
    find.add_argument("text", metavar="TEXT", nargs="+", help="words of the repository's name")
    find.add_argument("--author", default="", metavar="NAME", help="of this user or organisation")
    find.add_argument("--task", default="", metavar="TASK", help="such as text-generation")
    find.add_argument("--licence", default="", metavar="ID", help="such as apache-2.0")
    find.add_argument(
        "--sort", default="trending", choices=[key.name.lower() for key in SortKey], help="order"
    )
    find.add_argument("--limit", type=_count, default=20, metavar="N", help="at most N results")
    find.add_argument("--json", action="store_true", help="print JSON")
    text = "fetch a model from the hub; called again, it goes on where it stopped"
    fetch = actions.add_parser("get", help=text, description=text)
    fetch.add_argument(
        "model_name",
        metavar="X",
        help="a catalog id, repo, repo:QUANT, repo/file.gguf or an address of the hub",
    )
    fetch.add_argument("--projector", action="store_true", help="with the part that sees pictures")
    fetch.add_argument(
        "--limit-rate", type=_rate, default=0.0, metavar="MB", help="at most MB megabytes a second"
    )
    fetch.add_argument("--json", action="store_true", help="print JSON")


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"{text} is not between 1 and 1000")
    return value


def _rate(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is no sensible speed")
    return value
