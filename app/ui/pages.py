"""The pages of the window: each is built, with what it imports, when it is first shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from app.ui.rail import PageSpec

if TYPE_CHECKING:
    from app.ui.main_window import MainWindow


def page_specs(window: MainWindow) -> tuple[PageSpec, ...]:
    """All pages, in the order of the rail."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("MainWindow", text)

    return (
        PageSpec("chat", tr("Chat"), "chat", lambda: window.chat_page),
        PageSpec("models", tr("Models"), "model", lambda: _models(window)),
        PageSpec("compare", tr("Compare"), "compare", lambda: _compare(window)),
        PageSpec("machine", tr("Computer"), "machine", lambda: _machine(window)),
        PageSpec("settings", tr("Settings"), "settings", lambda: _settings(window), at_end=True),
    )


def _models(window: MainWindow) -> QWidget:
    from app.ui.models.page import ModelsPage  # noqa: PLC0415 - built when first shown

    page = ModelsPage(window.parts, window)
    page.chat_requested.connect(window.open_model)
    page.make.compare_requested.connect(lambda paths: compare_builds(window, paths))
    return page


def _compare(window: MainWindow) -> QWidget:
    from app.ui.compare.page import ComparePage  # noqa: PLC0415 - built when first shown

    page = ComparePage(window.parts, window)
    page.make_requested.connect(lambda path: make_build_of(window, path))
    page.browse_requested.connect(lambda: window.show_page("models"))
    return page


def _machine(window: MainWindow) -> QWidget:
    from app.ui.machine.page import MachinePage  # noqa: PLC0415 - built when first shown

    page = MachinePage(window.parts, window)
    page.model_requested.connect(lambda model_id: show_catalog_model(window, model_id))
    return page


def _settings(window: MainWindow) -> QWidget:
    from app.ui.settings.page import SettingsPage  # noqa: PLC0415 - built when first shown

    return SettingsPage(window.parts, window)


def show_catalog_model(window: MainWindow, model_id: str) -> None:
    """Open a model of the catalog on the Models page."""
    from app.ui.models.page import ModelsPage  # noqa: PLC0415 - built when first shown

    window.show_page("models")
    page = window.pages["models"]
    if isinstance(page, ModelsPage):
        page.show_view("catalog")
        page.catalog_view.open(model_id)


def make_build_of(window: MainWindow, path: Path) -> None:
    """Make a build of a model file, on the Models page."""
    from app.ui.models.page import ModelsPage  # noqa: PLC0415 - built when first shown

    window.show_page("models")
    page = window.pages["models"]
    if isinstance(page, ModelsPage):
        page.show_view("make")
        page.make.open(path)


def compare_builds(window: MainWindow, paths: tuple[Path, ...]) -> None:
    """Set up a comparison of builds of one model, on the Compare page."""
    from app.ui.compare.page import ComparePage  # noqa: PLC0415 - built when first shown

    window.show_page("compare")
    page = window.pages["compare"]
    if isinstance(page, ComparePage):
        page.offer(paths)
