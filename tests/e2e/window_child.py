"""The real window with the real engine, driven from inside: started by tests and benchmarks as a process of its own.

Usage: ``python -m tests.e2e.window_child DATA_DIR MODEL TEXT``. Prints one JSON line for each event: ``{"loaded": name}``,
``{"engine": pid}``, ``{"shown": text}`` whenever the page was given text, ``{"ended": state, "failure": code}`` after the
reply. Lines on standard input: ``send TEXT`` and ``close``.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import psutil
from PySide6.QtCore import QObject, Signal

from app.context import build_context, prepare
from app.ui.main_window import MainWindow
from app.ui.start import begin, close_down, make_application, make_parts


class Commands(QObject):
    """Lines of standard input as signals."""

    came = Signal(str)

    def read(self) -> None:
        """Read until the end; runs on a thread of its own."""
        for line in sys.stdin:
            self.came.emit(line.strip())


def tell(**facts: object) -> None:
    """One line for the test."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run the window until it is closed or killed."""
    home, model, text = sys.argv[1:4]
    context = build_context(prepare(Path(home)))
    application = make_application()
    parts = make_parts(context, application)
    window = MainWindow(parts)
    page = window.chat_page

    def loaded(info: object) -> None:
        tell(loaded=getattr(info, "name", ""))
        for child in psutil.Process().children(recursive=True):
            tell(engine=child.pid)
        if text:
            page.view.send(text)

    parts.models.loaded.connect(loaded)
    page.turns.grew.connect(lambda _turn, _count, piece: tell(shown=piece))
    page.turns.ended.connect(
        lambda _turn, message: tell(
            ended=message.state.value,
            failure=message.failure.code if message.failure else "",
            content=message.content,
        )
    )
    commands = Commands()
    commands.came.connect(
        lambda line: (
            window.close() if line == "close" else page.view.send(line.removeprefix("send "))
        )
    )
    threading.Thread(target=commands.read, daemon=True).start()
    window.show()
    begin(window, Path(model))
    code = application.exec()
    close_down(parts)
    return code


if __name__ == "__main__":
    sys.exit(main())
