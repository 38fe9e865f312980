"""From the services of the core to a window on screen, and back to a clean end."""

from __future__ import annotations

import importlib
import logging
import sys
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QLocale, QObject, QTimer
from PySide6.QtWidgets import QApplication

from app.core.cancel import CancelToken
from app.core.errors import AppError
from app.ui.computer import Computer
from app.ui.crash import CrashHook
from app.ui.loading import ModelLoader
from app.ui.main_window import MainWindow
from app.ui.parts import Parts
from app.ui.services import Services
from app.ui.state import SettingsLink, StateKeeper
from app.ui.stop_signals import StopSignals
from app.ui.tasks import Lane, TaskRunner
from app.ui.theme import WindowTheme

FINISH_S = 0.6  # a stopped reply has this long to be stored before the engine is closed
JOIN_S = 1.0
PAINT_MS = 250
# A worker that computes hands the interpreter on after this long; with Python's own 5 ms, many connections that
# download keep the window waiting longer (p99 at 40 MB/s: 3.9 ms, with this 2.3 to 3.3 ms; "download" in the benchmarks).
SWITCH_S = 0.001
UNDO_S = 60.0  # another window may still offer to bring back what was deleted this lately
TRANSCRIPT_MODULES = (
    "app.ui.widgets.transcript",
    "markdown_it",
    "pygments.lexers",
    "pygments.lexers.python",
)
log = logging.getLogger(__name__)


def run_window(services: Services, open_path: Path | None = None) -> int:
    """Show the window and stay until it is closed.

    Args:
        services: the core's services; closed when this returns.
        open_path: a model file to load instead of the one used last.

    Returns:
        The exit status of the application.
    """
    application = make_application()
    hook = CrashHook(application)
    hook.install()
    parts = make_parts(services, application)
    parts.tasks.crashed.connect(hook.show_crash)
    signals = StopSignals(application)
    signals.install()
    signals.stop.connect(application.closeAllWindows)
    window = MainWindow(parts)
    BeginAfterPaint(window, open_path)
    window.show()
    try:
        return application.exec()
    finally:
        close_down(parts)
        hook.uninstall()
        signals.uninstall()
        for item in (window, parts.owner, hook, signals):
            item.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def make_application() -> QApplication:
    """The application object: name, and a language with thousands separators where the system names none."""
    sys.setswitchinterval(SWITCH_S)
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName("Nibble")
    application.setApplicationDisplayName("Nibble")
    application.setDesktopFileName("nibble")
    if QLocale().language() is QLocale.Language.C:
        QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedStates))
    return application


def make_parts(services: Services, application: QApplication) -> Parts:
    """The window's own helpers around the services."""
    owner = QObject(application)
    tasks = TaskRunner(owner)
    settings = SettingsLink(services.settings, tasks, owner)
    state = StateKeeper(services.paths.window_file, tasks, owner)
    theme = WindowTheme(application, services.settings.current.look, owner)
    models = ModelLoader(services.engine, settings, state, tasks, owner)
    computer = Computer(services.paths, settings, tasks, owner)
    return Parts(services, owner, tasks, theme, settings, state, models, computer)


class BeginAfterPaint(QObject):
    """Calls `begin` once the frame is on screen; soon after in any case, where a window starts hidden."""

    def __init__(self, window: MainWindow, open_path: Path | None) -> None:
        super().__init__(window)
        self._window = window
        self._open_path = open_path
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._begin)
        self._timer.start(PAINT_MS)
        window.painted.connect(lambda: self._timer.start(0))

    def _begin(self) -> None:
        self._window.painted.disconnect()
        begin(self._window, self._open_path)


def begin(window: MainWindow, open_path: Path | None = None) -> None:
    """What starts when the window is on screen: the model, the store, the conversation shown last."""
    parts = window.parts
    services = parts.services
    try:
        store = (
            services.store
        )  # opened here, so that the window is there to say what is wrong with it
    except AppError as error:
        show_failure(window, error)
        return

    def prepare(cancel: CancelToken) -> None:
        del cancel
        store.recover()
        store.purge(older_than_s=UNDO_S)

    parts.models.start(open_path)
    window.show_page("chat")
    warm_up = parts.tasks.start(Lane.COUNT, import_transcript)
    warm_up.done.connect(lambda _nothing: window.chat_page.view.transcript)
    recovery = parts.tasks.start(Lane.STORE, prepare)
    recovery.failed.connect(window.chat_page.view.bars.show_error)
    window.chat_page.start()


def show_failure(window: MainWindow, error: AppError) -> None:
    """Say in place of the pages why the app cannot work, and what to do."""
    from app.ui.messages import explain_error  # noqa: PLC0415 - rarely needed
    from app.ui.widgets.empty import EmptyState  # noqa: PLC0415

    explanation = explain_error(error)
    state = EmptyState(window)
    state.show_state(explanation.title, explanation.sentence)
    window.setCentralWidget(state)
    window.menuBar().setEnabled(False)


def import_transcript(cancel: CancelToken) -> None:
    """Import what the transcript needs on a worker, before the first message needs it."""
    for name in TRANSCRIPT_MODULES:
        if cancel.cancelled:
            return
        importlib.import_module(name)


def close_down(parts: Parts) -> None:
    """End everything in bounded time: stop the reply, store it, close the engine, write the window's state."""
    parts.tasks.cancel_engine_work()
    services = parts.services
    parts.tasks.close(FINISH_S)
    services.engine.close()
    if not parts.tasks.close(JOIN_S):
        log.warning("a worker did not end in time")
    parts.state.close()
    services.close()
