"""Exports: asks where to, makes the file on a worker, and says where it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QSize, QStandardPaths, Signal
from PySide6.QtGui import QImage, QImageWriter
from PySide6.QtWidgets import QFileDialog, QWidget

from app.core.cancel import CancelToken
from app.core.compare.report import to_csv, to_json
from app.core.compare.report_chart import to_svg
from app.core.compare.report_html import charts_of, to_html
from app.core.compare.results import Comparison
from app.core.errors import AppError, ErrorCode
from app.core.settings import write_atomically
from app.ui.compare.head import Format
from app.ui.compare.shelf import model_name
from app.ui.compare.words import tr
from app.ui.tasks import Lane, TaskRunner
from app.ui.widgets.scatter import Scatter
from app.ui.widgets.scatter_plot import chart_image

PICTURE = QSize(960, 540)
SCALE = 2.0


class Exporter(QObject):
    """Writes a comparison to a file of the person's choice.

    Signals:
        written: path of the file.
        failed: an exception.
    """

    written = Signal(object)
    failed = Signal(object)

    def __init__(self, tasks: TaskRunner, chart: Scatter, parent: QWidget) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._chart = chart
        self._window = parent
        self._dialog: QFileDialog | None = None

    def ask(self, comparison: Comparison, kind: Format) -> None:
        """Ask where to write, then write."""
        if self._dialog is not None:
            self._dialog.raise_()
            return
        dialog = QFileDialog(self._window, tr("Export the comparison"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setFileMode(QFileDialog.FileMode.AnyFile)
        dialog.setDefaultSuffix(kind.value)
        dialog.setNameFilters([f"{kind.value.upper()} (*.{kind.value})", tr("All files (*)")])
        places = QStandardPaths.StandardLocation.DocumentsLocation
        dialog.setDirectory(QStandardPaths.writableLocation(places))
        dialog.selectFile(file_name(comparison, kind))
        dialog.fileSelected.connect(lambda name: self.write(comparison, kind, Path(name)))
        dialog.finished.connect(self._forget_dialog)
        self._dialog = dialog
        dialog.open()

    def write(self, comparison: Comparison, kind: Format, path: Path) -> None:
        """Write a comparison; the picture is the chart as it is on show."""
        picture = (
            chart_image(self._chart.data, PICTURE, SCALE, self._chart)
            if kind is Format.PNG
            else QImage()
        )

        def work(_cancel: CancelToken) -> Path:
            try:
                if kind is Format.PNG:
                    path.write_bytes(png_bytes(picture))
                else:
                    write_atomically(path, TEXTS[kind](comparison))
            except OSError as error:
                reason = error.strerror or str(error)
                raise AppError(ErrorCode.WRITE_FAILED, path=str(path), reason=reason) from error
            return path

        task = self._tasks.start(Lane.FILES, work)
        task.done.connect(self.written)
        task.failed.connect(self.failed)

    def _forget_dialog(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None


def svg_text(comparison: Comparison) -> str:
    """The chart of the report as a picture of its own; of no numbers an empty one."""
    charts = [chart for chart in charts_of(comparison) if chart.points]
    if not charts:
        return '<svg xmlns="http://www.w3.org/2000/svg"/>'
    return to_svg(charts[0], standalone=True)


TEXTS: dict[Format, Callable[[Comparison], str]] = {
    Format.HTML: to_html,
    Format.SVG: svg_text,
    Format.CSV: to_csv,
    Format.JSON: to_json,
}


def file_name(comparison: Comparison, kind: Format) -> str:
    """A good name: the model, and the day it was measured."""
    name = model_name(comparison.base.name, comparison.base.path)
    plain = "".join(sign if sign.isalnum() or sign in "-._" else "-" for sign in name).strip("-")
    return f"{plain or 'comparison'}-{comparison.created[:10]}.{kind.value}"


def png_bytes(image: QImage) -> bytes:
    """A picture as PNG."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    buffer.close()
    return bytes(data.data())
