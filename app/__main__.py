"""The `nibble` command: reads the arguments and starts the window, a terminal command or an internal child."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from app.cli import terminal
from app.cli.arguments import parse
from app.cli.messages import line_for
from app.core.cancel import Cancelled
from app.core.children import CHILDREN
from app.core.errors import AppError


def main(argv: Sequence[str] | None = None) -> int:
    """Run Nibble.

    Returns:
        0 on success, 2 for wrong usage (argparse exits with it), 1 otherwise, with one line on standard error.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in CHILDREN:
        child = importlib.import_module(CHILDREN[words[0]])
        code: int = child.main(words[1:])
        return code
    arguments = parse(words)
    try:
        from app.commands import run  # noqa: PLC0415 - nothing heavy before the arguments are right

        return run(arguments)
    except AppError as error:
        terminal.warn(f"nibble: {line_for(error)}")
    except (Cancelled, KeyboardInterrupt):
        terminal.warn("nibble: stopped")
    except BrokenPipeError:  # the reader of the output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


if __name__ == "__main__":
    sys.exit(main())
