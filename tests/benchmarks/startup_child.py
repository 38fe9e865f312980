"""The real window, timed from outside: prints ``shown`` or ``token`` when it comes to that, and ends.

Usage: ``python -m tests.benchmarks.startup_child shown|token``.
"""

from __future__ import annotations

import sys

from PySide6.QtCore import QTimer

from app.context import build_context, prepare
from app.ui.main_window import MainWindow
from app.ui.start import begin, close_down, make_application, make_parts


def main(argv: list[str]) -> int:
    """Show the window; for ``token`` ask the guide as soon as it is loaded."""
    context = build_context(prepare(None))
    application = make_application()
    parts = make_parts(context, application)
    window = MainWindow(parts)

    def tell(word: str) -> None:
        sys.stdout.write(word + "\n")
        sys.stdout.flush()
        window.close()

    if argv == ["shown"]:
        QTimer.singleShot(0, lambda: tell("shown"))
    else:
        page = window.chat_page
        page.view.send("What is Q4_K_M?")
        page.turns.grew.connect(lambda *_facts: tell("token"))
    QTimer.singleShot(0, lambda: begin(window))
    window.show()
    application.exec()
    close_down(parts)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
