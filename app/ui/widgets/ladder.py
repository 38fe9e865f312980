"""The bit ladder: the builds of one model from few bits to many, with what each costs and gives."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.ui.widgets.rung import PAD_PX, STAR, LadderShape, Rung, RungButton

__all__ = ["Ladder"]


class RowNames(QWidget):
    """The names of the rows, beside the rungs."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._shape: LadderShape | None = None

    def show_names(self, names: tuple[str, ...], shape: LadderShape) -> None:
        """Show the names of rows that stand as ``shape`` says."""
        self._names, self._shape = names, shape
        widest = max((self.fontMetrics().horizontalAdvance(name) for name in names), default=0)
        self.setFixedSize(widest + 2 * PAD_PX, shape.height)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Each name at the height of its row."""
        del event
        if self._shape is None:
            return
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
        start = self.style().visualAlignment(self.layoutDirection(), flags)
        rows = zip(self._names, self._shape.tops, self._shape.heights, strict=False)
        for name, top, height in rows:
            if height:
                painter.drawText(QRect(0, top, self.width() - PAD_PX, height), start, name)
        painter.end()


class Ladder(QWidget):
    """Rungs side by side; one of them is chosen. Arrow keys move, Enter acts.

    Args:
        rows: the names of the rows of figures, the one above the bars first.
        parent: owner.

    Signals:
        chosen: key of the rung that is now chosen.
        activated: key of the rung on which Enter was pressed or which was clicked twice.
    """

    chosen = Signal(str)
    activated = Signal(str)

    def __init__(self, rows: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = tuple(rows)
        self._rungs: tuple[Rung, ...] = ()
        self._why = ""
        self._open = False
        self._key = ""
        self.buttons: list[RungButton] = []
        self._names = RowNames(self)
        self._line = QWidget(self)
        self._area = QScrollArea(self)
        self.why_label = QLabel(self)
        self.step_label = QLabel(self)
        self.more_button = QPushButton(self)
        self.more_button.setProperty("kind", "quiet")
        self.more_button.clicked.connect(self._toggle_more)
        self.setAccessibleName(self.tr("Builds from few bits to many"))
        self._lay_out()

    def _lay_out(self) -> None:
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.viewport().setAutoFillBackground(False)
        self._row = QHBoxLayout(self._line)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(2)
        self._area.setWidget(self._line)
        self._area.setWidgetResizable(False)
        self._line.setAutoFillBackground(False)
        for label, kind in ((self.why_label, "body"), (self.step_label, "quiet")):
            label.setProperty("type", kind)
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        line = QHBoxLayout()
        line.setSpacing(0)
        line.addWidget(self._names, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self._area, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.why_label)
        column.addLayout(line)
        column.addWidget(self.step_label)
        column.addWidget(self.more_button, 0, Qt.AlignmentFlag.AlignLeft)

    @property
    def key(self) -> str:
        """Key of the chosen rung, empty without rungs."""
        return self._key

    @property
    def rung(self) -> Rung | None:
        """The chosen rung."""
        return next((rung for rung in self._rungs if rung.key == self._key), None)

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """All rungs, few bits first; folded ones too."""
        return self._rungs

    @property
    def shown(self) -> tuple[Rung, ...]:
        """The rungs in sight."""
        return tuple(button.rung for button in self.buttons)

    def set_rungs(self, rungs: Sequence[Rung], why: str = "", key: str = "") -> None:
        """Show a ladder.

        Args:
            rungs: in any order.
            why: one sentence that says why the starred one is recommended.
            key: the rung to choose; else the one that was, the starred one, or the first.
        """
        self._rungs = tuple(sorted(rungs, key=lambda rung: rung.bits))
        self._why = why
        keys = [rung.key for rung in self._rungs]
        starred = [rung.key for rung in self._rungs if rung.starred]
        wanted = [name for name in (key, self._key) if name in keys]
        self._key = next(iter([*wanted, *starred, *keys]), "")
        self._build()

    def choose(self, key: str) -> None:
        """Choose a rung, unfolding the others if it is one of them."""
        rung = next((rung for rung in self._rungs if rung.key == key), None)
        if rung is None:
            return
        self._key = key
        if key not in [button.rung.key for button in self.buttons]:
            self._open = True
            self._build()
        self._mark()
        self.chosen.emit(key)

    def changeEvent(self, event: QEvent) -> None:
        """Measure again when the text size changes."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange} and self._rungs:
            QTimer.singleShot(0, self, self._build)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the chosen rung in sight."""
        super().resizeEvent(event)
        self._fit()
        QTimer.singleShot(0, self, self._reveal)

    def _build(self) -> None:
        had_focus = any(button.hasFocus() for button in self.buttons)
        for button in self.buttons:
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        folded = [rung for rung in self._rungs if rung.folded and rung.key != self._key]
        hidden = set() if self._open else {rung.key for rung in folded}
        rungs = tuple(rung for rung in self._rungs if rung.key not in hidden)
        shape = LadderShape.of(rungs, self.font())
        self.buttons = [self._button(rung, shape) for rung in rungs]
        self._names.show_names(self._rows, shape)
        self._line.setFixedSize(max(1, len(rungs) * (shape.width + 2) - 2), shape.height)
        starred = any(rung.starred for rung in self._rungs)
        self.why_label.setText(f"{STAR} {self._why}" if self._why and starred else self._why)
        self.why_label.setVisible(bool(self._why))
        self.more_button.setVisible(bool(folded))
        words = self.tr("Fewer") if self._open else self.tr("{count} more, beaten by these")
        self.more_button.setText(words.format(count=len(folded)))
        self._mark()
        self._fit()
        if had_focus:
            self._focus()

    def _button(self, rung: Rung, shape: LadderShape) -> RungButton:
        button = RungButton(rung, shape, self._spoken(rung), self._line)
        button.clicked.connect(lambda _on=False: self.choose(rung.key))
        button.stepped.connect(self._step)
        button.entered.connect(lambda: self.activated.emit(rung.key))
        self._row.addWidget(button)
        button.show()
        return button

    def _spoken(self, rung: Rung) -> str:
        parts = [rung.label]
        if rung.starred:
            parts.append(self.tr("recommended"))
        if rung.note:
            parts.append(rung.note)
        for name, cell in zip(self._rows, rung.cells, strict=False):
            if cell.text:
                parts.append(f"{name}: {cell.text}")
        return ", ".join(parts)

    def _mark(self) -> None:
        for button in self.buttons:
            current = button.rung.key == self._key
            button.show_current(current=current)
            if current:
                self.step_label.setText(button.rung.step)
                QTimer.singleShot(0, self, self._reveal)
        self.step_label.setVisible(bool(self.step_label.text()) and bool(self.buttons))

    def _reveal(self) -> None:
        """Bring the chosen rung into sight, with a part of its neighbour; called when the rungs have their places."""
        for button in self.buttons:
            if button.rung.key == self._key:
                self._area.ensureWidgetVisible(button, button.width() // 2, 0)

    def _step(self, places: int) -> None:
        keys = [button.rung.key for button in self.buttons]
        if self._key in keys:
            place = min(max(keys.index(self._key) + places, 0), len(keys) - 1)
            self.choose(keys[place])
            self._focus()

    def _focus(self) -> None:
        for button in self.buttons:
            if button.rung.key == self._key:
                button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _fit(self) -> None:
        """The height of the rungs, and of the scroll bar where they are wider than the window."""
        wide = self._line.width() > self._area.viewport().width()
        bar = self._area.horizontalScrollBar().sizeHint().height() if wide else 0
        self._area.setFixedHeight(self._line.height() + bar)

    def _toggle_more(self) -> None:
        self._open = not self._open
        self._build()
