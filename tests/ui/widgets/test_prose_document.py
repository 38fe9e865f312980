"""A document that changes in place equals one made at once, and loads nothing."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QFontMetricsF, QTextCursor, QTextDocument

from app.ui.widgets.calm import calm_prose
from app.ui.widgets.markdown import parse
from app.ui.widgets.prose import Prose
from app.ui.widgets.prose_document import ProseDocument
from app.ui.widgets.table_block import TableBlock

SOURCE = """# Heading

Some **bold** 𝔘nicode 🙂 text, `code` and [a link](https://a.org).

1. one
   - nested
2. two

> quoted

- [x] done

שלום **עולם**
"""


def looks(document: QTextDocument) -> list[object]:
    """Every block's text, place and formats."""
    found: list[object] = []
    block = document.begin()
    while block.isValid():
        formats = [
            (
                item.start,
                item.length,
                item.format.font().weight(),
                item.format.anchorHref(),
                item.format.foreground().color().name(),
            )
            for item in block.textFormats()
        ]
        made = block.textList()
        marker = made.itemText(block) if made else ""
        found.append(
            (
                block.text(),
                block.blockFormat().topMargin(),
                block.blockFormat().indent(),
                marker,
                formats,
            )
        )
        block = block.next()
    return found


def test_a_document_that_grew_equals_one_made_at_once(formats):
    grown, fresh = ProseDocument(formats), ProseDocument(formats)
    for end in range(0, len(SOURCE) + 1, 3):
        grown.set_leaves(parse(calm_prose(SOURCE[:end])))
    grown.set_leaves(parse(SOURCE))
    fresh.set_leaves(parse(SOURCE))
    assert looks(grown) == looks(fresh)


def test_a_document_that_shrank_equals_one_made_at_once(formats):
    grown, fresh = ProseDocument(formats), ProseDocument(formats)
    grown.set_leaves(parse(SOURCE))
    for source in (SOURCE[:90], SOURCE[:20], "- x", "", "new **text**"):
        grown.set_leaves(parse(source))
    fresh.set_leaves(parse("new **text**"))
    assert looks(grown) == looks(fresh)


def test_a_selection_survives_text_that_is_added(formats, qtbot):
    prose = Prose(formats)
    qtbot.addWidget(prose)
    prose.set_leaves(parse("first words"))
    cursor = prose.textCursor()
    cursor.setPosition(0)
    cursor.setPosition(5, QTextCursor.MoveMode.KeepAnchor)
    prose.setTextCursor(cursor)
    prose.set_leaves(parse("first words go on\n\n- and **on**"))
    assert prose.selected_text() == "first"


def test_only_what_changed_is_laid_out_again(formats):
    document = ProseDocument(formats)
    document.set_leaves(parse("one\n\ntwo\n\nthree"))
    assert document.size().height() > 0  # laid out once
    changes: list[tuple[int, int, int]] = []
    document.contentsChange.connect(lambda *change: changes.append(change))
    document.set_leaves(parse("one\n\ntwo\n\nthree and more"))
    assert changes
    assert min(place for place, _, _ in changes) >= len("one\ntwo\nthree")
    document.set_leaves(parse("one\n\ntwo\n\nthree and more"))
    assert len(changes) == 1


@pytest.mark.parametrize(
    "target",
    [
        "{file}",
        "http://127.0.0.1:9/x.png",
        "qrc:/qt-project.org/styles/commonstyle/images/up-16.png",
        "data:image/png;base64,iVBORw0KGgo=",
        "relative.png",
    ],
)
@pytest.mark.parametrize("maker", ["document", "prose", "table"])
def test_nothing_is_ever_loaded(formats, qtbot, tmp_path, target, maker):
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    url = QUrl(target.format(file=(tmp_path / "secret.txt").as_uri()))
    if maker == "document":
        document: QTextDocument = ProseDocument(formats)
    else:
        widget = Prose(formats) if maker == "prose" else TableBlock(formats)
        qtbot.addWidget(widget)
        document = widget.document()
        assert not widget.loadResource(int(QTextDocument.ResourceType.ImageResource.value), url)
        widget.setSource(url)
        assert "secret" not in document.toPlainText()
    for kind in QTextDocument.ResourceType:
        assert not document.resource(int(kind.value), url)


def test_ordinary_documents_would_load_files(tmp_path):
    """The guard above is needed: Qt's own document reads local files."""
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    url = QUrl((tmp_path / "secret.txt").as_uri())
    assert b"secret" in bytes(
        QTextDocument()
        .resource(int(QTextDocument.ResourceType.StyleSheetResource.value), url)
        .data()
    )


def test_selected_text_has_the_markers_of_lists(formats, qtbot):
    prose = Prose(formats)
    qtbot.addWidget(prose)
    prose.set_leaves(parse(SOURCE))
    prose.selectAll()
    lines = prose.selected_text().split("\n")
    assert "1. one" in lines
    assert "  • nested" in lines
    assert "☑ done" in lines
    assert prose.createMimeDataFromSelection().text() == prose.selected_text()
    assert not prose.createMimeDataFromSelection().hasHtml()


def test_right_to_left_text_runs_so(formats):
    document = ProseDocument(formats)
    document.set_leaves(parse("שלום\n\nhello"))
    document.setTextWidth(400)
    assert document.size().width() == 400
    first, second = document.firstBlock(), document.lastBlock()
    assert first.layout().lineAt(0).naturalTextRect().left() > 200
    assert second.layout().lineAt(0).naturalTextRect().left() == 0


@pytest.mark.parametrize("number", [7, 42, 128, 12_345])
def test_the_numbers_of_a_list_have_room(formats, number):
    document = ProseDocument(formats)
    document.set_leaves(parse(f"{number}. item"))
    digits = QFontMetricsF(formats.ink.body).horizontalAdvance(f"{number}.")
    assert document.indentWidth() >= digits + 4
