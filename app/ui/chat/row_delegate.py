"""Paints a row of the conversation list and makes the field that renames it."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import (
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app.ui.chat.item_model import BUSY_ROLE, HEADING_ROLE, MAX_TITLE
from app.ui.widgets.row_paint import begin_row, draw_text, ground_of, paint_ground

Index = QModelIndex | QPersistentModelIndex
PAD = 8
DOT = 6


class ConversationDelegate(QStyledItemDelegate):
    """Rows of one height, so that the view never measures thousands of them."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """A line of text and its padding."""
        del index
        return QSize(80, option.fontMetrics.height() + 2 * PAD + 2)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """A heading in quiet text, or a title on the ground of its state."""
        begin_row(painter)
        if index.data(HEADING_ROLE):
            self._paint_heading(painter, option, index)
        else:
            self._paint_title(painter, option, index)
        painter.restore()

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """A field for the title."""
        del option, index
        field = QLineEdit(parent)
        field.setProperty("kind", "rename")
        field.setMaxLength(MAX_TITLE)
        field.setAccessibleName(self.tr("Title of the chat"))
        return field

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """Put the title into the field, selected."""
        if isinstance(editor, QLineEdit):
            editor.setText(index.data(Qt.ItemDataRole.EditRole) or "")
            editor.selectAll()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        """Take the title from the field."""
        if isinstance(editor, QLineEdit):
            model.setData(index, editor.text(), Qt.ItemDataRole.EditRole)

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """The field covers the row."""
        del index
        editor.setGeometry(option.rect.adjusted(PAD, 2, -PAD, -2))

    def _paint_heading(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        rect = option.rect.adjusted(2 * PAD, PAD, -2 * PAD, -2)
        font = option.font
        font.setBold(True)
        painter.setFont(font)
        self._text(painter, option, rect, str(index.data()), Qt.AlignmentFlag.AlignBottom)

    def _paint_title(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        ground = ground_of(option)
        paint_ground(painter, option, ground)
        words = ground.adjusted(PAD, 0, -PAD, 0)
        if index.data(BUSY_ROLE):
            self._paint_dot(painter, option, words)
            words = words.adjusted(0, 0, -2 * DOT, 0)
        self._text(painter, option, words, str(index.data()), Qt.AlignmentFlag.AlignVCenter)

    def _paint_dot(self, painter: QPainter, option: QStyleOptionViewItem, words: QRect) -> None:
        dot = QRect(words.right() - DOT, words.center().y() - DOT // 2 + 1, DOT, DOT)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(option.palette.color(QPalette.ColorRole.Accent))
        painter.drawEllipse(QStyle.visualRect(option.direction, words, dot))

    def _text(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        rect: QRect,
        text: str,
        align: Qt.AlignmentFlag,
    ) -> None:
        quiet = align is Qt.AlignmentFlag.AlignBottom
        role = QPalette.ColorRole.PlaceholderText if quiet else QPalette.ColorRole.WindowText
        painter.setPen(option.palette.color(role))
        draw_text(painter, option, rect, text, Qt.AlignmentFlag.AlignLeft | align)
