"""The picture of what fits: sizes of model down, bit-widths across, in each cell how it fits and how fast it would be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPalette, QPen
from PySide6.QtWidgets import (
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app.core.advice.facts import Origin
from app.core.advice.results import BuildAdvice, Fit
from app.core.advice.size_grid import WIDTHS, SizeRow
from app.ui.advice_words import origin_words, quality_word
from app.ui.machine.words import billions, fit_word, second_line, speed_text, tr
from app.ui.messages import number, size
from app.ui.widgets.cell_table import CellTable, Index
from app.ui.widgets.ink import mixed
from app.ui.widgets.row_paint import begin_row

ADVICE_ROLE: Final = Qt.ItemDataRole.UserRole + 1
NOWHERE: Final = QModelIndex()
GAP_PX: Final = 2
RADIUS_PX: Final = 6
PAD_PX: Final = 5
SHARES: Final = {Fit.EASILY: 0.42, Fit.YES: 0.16}  # of the accent in the ground


def cell_words(row: SizeRow, advice: BuildAdvice) -> str:
    """Everything about one cell, in sentences."""
    head = tr("{size} at {quant} ({bits} bits a weight):").format(
        size=billions(row.parameters),
        quant=advice.build.quant,
        bits=f"{advice.build.bits_per_weight:.1f}",
    )
    needs = tr("needs {needed} of {available} with {tokens} tokens of context.").format(
        needed=size(advice.memory.total_bytes),
        available=size(advice.available_bytes),
        tokens=number(advice.settings.context_length),
    )
    parts = [f"{head} {needs}"]
    if advice.fit is not Fit.NO and advice.speed is not None:
        parts.append(
            tr("Between {low} and {high} tokens a second.").format(
                low=speed_text(advice.speed.low), high=speed_text(advice.speed.high)
            )
        )
    if advice.quality is not None:
        parts.append(tr("Quality: {word}.").format(word=quality_word(advice.quality.word)))
    parts.append(tr("Computed for a typical model of this size."))
    parts.append(origin_words(Origin.ESTIMATED))
    return " ".join(parts)


class SizeItemModel(QAbstractTableModel):
    """The table as Qt sees it."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[SizeRow, ...] = ()

    @property
    def rows(self) -> tuple[SizeRow, ...]:
        """All rows."""
        return self._rows

    def set_rows(self, rows: Sequence[SizeRow]) -> None:
        """Show another answer."""
        if len(rows) != len(self._rows):
            self.beginResetModel()
            self._rows = tuple(rows)
            self.endResetModel()
            return
        self._rows = tuple(rows)
        if self._rows:
            last = self.index(len(self._rows) - 1, len(WIDTHS) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def rowCount(self, parent: Index = NOWHERE) -> int:
        """Sizes."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        """Widths."""
        return 0 if parent.isValid() else len(WIDTHS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The words of a cell, or its advice."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        advice = row.builds[index.column()]
        if role == ADVICE_ROLE:
            return advice
        if role == Qt.ItemDataRole.DisplayRole:
            return fit_word(advice.fit)
        if role == Qt.ItemDataRole.ToolTipRole:
            return cell_words(row, advice)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{fit_word(advice.fit)}, {second_line(advice)}. {cell_words(row, advice)}"
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """Bits across, sizes down."""
        across = orientation is Qt.Orientation.Horizontal
        if role == Qt.ItemDataRole.DisplayRole:
            if across:
                return tr("{bits} bits").format(bits=list(WIDTHS)[section])
            return billions(self._rows[section].parameters)
        if role == Qt.ItemDataRole.ToolTipRole:
            if across:
                return tr("As {quant}").format(quant=list(WIDTHS.values())[section])
            return tr("A typical dense model of this size")
        return None


class SizeDelegate(QStyledItemDelegate):
    """Paints a cell: the better it fits, the fuller its colour; the words say the same."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Two lines of text."""
        del index
        return QSize(72, 2 * option.fontMetrics.height() + 2 * PAD_PX + 2 * GAP_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Ground, fit, speed."""
        advice = index.data(ADVICE_ROLE)
        if not isinstance(advice, BuildAdvice):
            return
        begin_row(painter)
        place = option.rect.adjusted(GAP_PX, GAP_PX, -GAP_PX, -GAP_PX)
        self._paint_ground(painter, option, place, advice.fit)
        roles = QPalette.ColorRole
        strong = roles.PlaceholderText if advice.fit is Fit.NO else roles.WindowText
        weak = roles.WindowText if advice.fit in SHARES else roles.PlaceholderText
        inside = place.adjusted(PAD_PX, PAD_PX - 1, -PAD_PX, 1 - PAD_PX)
        half = inside.height() // 2
        upper = QRect(inside.left(), inside.top(), inside.width(), half)
        lower = QRect(inside.left(), inside.top() + half, inside.width(), half)
        bold = QFont(option.font)
        bold.setBold(advice.fit is not Fit.NO)
        for where, text, role, font in (
            (upper, fit_word(advice.fit), strong, bold),
            (lower, second_line(advice), weak, option.font),
        ):
            painter.setFont(font)
            painter.setPen(option.palette.color(QPalette.ColorGroup.Active, role))
            shown = painter.fontMetrics().elidedText(
                text, Qt.TextElideMode.ElideRight, where.width()
            )
            painter.drawText(where, Qt.AlignmentFlag.AlignCenter, shown)
        painter.restore()

    def _paint_ground(
        self, painter: QPainter, option: QStyleOptionViewItem, place: QRect, fit: Fit
    ) -> None:
        roles = QPalette.ColorRole
        palette = option.widget.window().palette()
        painter.setPen(Qt.PenStyle.NoPen)
        if fit is Fit.TIGHT:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(palette.color(roles.Accent), 1, Qt.PenStyle.DashLine))
        elif fit is Fit.NO:
            painter.setBrush(palette.color(roles.AlternateBase))
        else:
            accent, page = palette.color(roles.Accent), palette.color(roles.Base)
            painter.setBrush(mixed(accent, page, SHARES[fit]))
        painter.drawRoundedRect(place, RADIUS_PX, RADIUS_PX)
        current = bool(option.state & QStyle.StateFlag.State_HasFocus)
        if current and option.widget.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(palette.color(roles.WindowText), 2))
            painter.drawRoundedRect(place.adjusted(1, 1, -1, -1), RADIUS_PX - 1, RADIUS_PX - 1)


class SizeTable(CellTable):
    """The table itself."""

    def __init__(self, parent: QWidget) -> None:
        self._begun = False
        self.item_model = SizeItemModel()
        name = tr("What sizes of model fit at which bit-width")
        super().__init__(name, self.item_model, SizeDelegate(), parent)
        self.horizontalHeader().setMinimumSectionSize(40)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignCenter)

    def set_rows(self, rows: Sequence[SizeRow]) -> None:
        """Show another answer."""
        self.item_model.set_rows(rows)

    def begin_at(self, parameters: int, bits: int) -> None:
        """Make a cell the current one, the first time only: then the person moves about."""
        sizes = [row.parameters for row in self.item_model.rows]
        if not self._begun and parameters in sizes:
            self._begun = True
            place = self.item_model.index(sizes.index(parameters), list(WIDTHS).index(bits))
            self.setCurrentIndex(place)

    def fit(self) -> None:
        """As high as the rows, as wide at the side as the names."""
        row_px = self.sizeHintForRow(0) if self.item_model.rowCount() else 0
        self.verticalHeader().setDefaultSectionSize(row_px)
        names = [billions(row.parameters) for row in self.item_model.rows]
        widest = max((self.fontMetrics().horizontalAdvance(name) for name in names), default=0)
        self.verticalHeader().setFixedWidth(widest + 4 * PAD_PX)
        height = row_px * len(names) + self.horizontalHeader().sizeHint().height()
        self.setFixedHeight(height + 2 * self.frameWidth())
