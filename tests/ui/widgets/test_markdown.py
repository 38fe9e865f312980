"""Markdown becomes leaves: right, safe, and without losing a word."""

from __future__ import annotations

import pytest

from app.ui.widgets.markdown import (
    LINE_BREAK,
    LeafKind,
    Marker,
    Run,
    Style,
    definitions_in,
    parse,
    parse_table,
    plain_leaves,
    plain_text,
)


def texts(source: str) -> list[str]:
    return [leaf.text for leaf in parse(source)]


def test_inline_styles_become_runs():
    (leaf,) = parse("a **b** *c* ~~d~~ `e` ***f***")
    assert leaf.runs == (
        Run("a "),
        Run("b", Style.BOLD),
        Run(" "),
        Run("c", Style.ITALIC),
        Run(" "),
        Run("d", Style.STRIKE),
        Run(" "),
        Run("e", Style.CODE),
        Run(" "),
        Run("f", Style.BOLD | Style.ITALIC),
    )


def test_headings_have_levels_and_rules_no_text():
    one, rule, three = parse("# One\n\n---\n\n### Three")
    assert (one.kind, one.level, one.text) == (LeafKind.HEADING, 1, "One")
    assert rule.kind is LeafKind.RULE
    assert three.level == 3


def test_lists_carry_depth_number_and_marker():
    leaves = parse("3. a\n   - b\n\n   c\n4. d\n\n- [ ] e\n- [x] f\n-")
    assert [(leaf.text, leaf.depth, leaf.marker) for leaf in leaves] == [
        ("a", 1, Marker(3)),
        ("b", 2, Marker()),
        ("c", 1, None),
        ("d", 1, Marker(4)),
        ("e", 1, Marker(checked=False)),
        ("f", 1, Marker(checked=True)),
        ("", 1, Marker()),
    ]


def test_a_list_can_go_on_with_a_number():
    assert [leaf.marker for leaf in parse("1. a\n1. b", ordinal=7)] == [Marker(7), Marker(8)]


def test_quotes_nest_and_know_the_lists_around_them():
    assert [(leaf.text, leaf.quotes) for leaf in parse("> a\n>\n> > b\n\n- c\n\n  > d\n\ne")] == [
        ("a", (0,)),
        ("b", (0, 0)),
        ("c", ()),
        ("d", (1,)),
        ("e", ()),
    ]


def test_code_in_a_quote_keeps_its_lines():
    (leaf,) = parse("> ```\n> a\n>   b\n> ```")
    assert (leaf.kind, leaf.quote, leaf.text) == (LeafKind.CODE, 1, f"a{LINE_BREAK}  b")


def test_line_breaks_of_the_source_stay():
    assert texts("roses\nare red") == [f"roses{LINE_BREAK}are red"]


@pytest.mark.parametrize(
    "target", ["http://a.org/b_c", "https://a.org", "mailto:a@b.org", "HTTPS://A.ORG/"]
)
def test_web_and_mail_links_are_links(target):
    (leaf,) = parse(f"[x]({target})")
    assert leaf.runs[0].text == "x"
    assert leaf.runs[0].href.lower() == target.lower()


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,<b>x",
        "qrc:/x",
        "ftp://a.org",
        "//a.org",
        "/etc/passwd",
        "#top",
        "vbscript:x",
        "http:a",
        "smb://host/share",
    ],
)
@pytest.mark.parametrize("form", ["[x]({})", "![x]({})", "<{}>", "[x][1]\n\n[1]: {}"])
def test_other_targets_are_never_links(target, form):
    assert all(not run.href for leaf in parse(form.format(target)) for run in leaf.runs)


def test_a_picture_is_a_link_with_its_description():
    (leaf,) = parse("![a cat](https://a.org/cat.png)")
    assert leaf.runs == (Run("a cat", Style.PLAIN, "https://a.org/cat.png"),)


def test_raw_html_is_text():
    assert texts("<b>x</b> <img src='http://a.org/i.png'>") == [
        "<b>x</b> <img src='http://a.org/i.png'>"
    ]
    assert texts("<script>\nalert(1)\n</script>") == [
        f"<script>{LINE_BREAK}alert(1){LINE_BREAK}</script>"
    ]


@pytest.mark.parametrize(
    ("source", "href"),
    [
        ("see https://a.org/b.", "https://a.org/b"),
        ("(https://a.org/b)", "https://a.org/b"),
        ("https://a.org/b_(c)", "https://a.org/b_(c)"),
        ("https://a.org/a?b=c&d=e!", "https://a.org/a?b=c&d=e"),
    ],
)
def test_bare_addresses_are_links_without_the_sentence_around(source, href):
    assert [run.href for leaf in parse(source) for run in leaf.runs if run.href] == [href]


def test_addresses_in_code_are_no_links():
    assert all(not run.href for leaf in parse("`https://a.org`") for run in leaf.runs)


def test_definitions_from_elsewhere_are_known():
    definitions = definitions_in("text\n[ref]: https://a.org 'T'\n")
    (leaf,) = parse("go [there][ref]", definitions=definitions)
    assert leaf.runs[-1] == Run("there", Style.PLAIN, "https://a.org")


def test_table_cells_have_styles_and_alignments():
    table = parse_table("| a | b | c |\n|:--|:-:|--:|\n| **x** | `y` | 1<br>2 |\n| only |")
    assert table is not None
    assert table.alignments == ("left", "center", "right")
    assert table.header == ((Run("a"),), (Run("b"),), (Run("c"),))
    assert table.rows[0] == (
        (Run("x", Style.BOLD),),
        (Run("y", Style.CODE),),
        (Run(f"1{LINE_BREAK}2"),),
    )
    assert table.rows[1] == ((Run("only"),), (), ())


def test_no_table_where_there_is_none():
    assert parse_table("just text") is None
    assert parse_table("| a |") is None
    assert parse_table("|a" * 400 + "|\n" + "|-" * 400 + "|\n" + "|b|\n" * 100) is None


def test_plain_text_reads_as_typed():
    assert plain_text(parse("a\n\n1. b\n   - c\n2. d\n\n- [x] e")) == "a\n\n1. b\n  • c\n2. d\n☑ e"


def test_what_a_person_typed_stays_as_it_is():
    assert [leaf.text for leaf in plain_leaves("# no *markup*\n  x\n\n\ny")] == [
        f"# no *markup*{LINE_BREAK}  x",
        "y",
    ]


HOSTILE = {
    "quotes": ">" * 3000 + "end",
    "quotes with spaces": "> " * 1200 + "end",
    "bullets": "- " * 1200 + "end",
    "brackets": "[" * 2400 + "end",
    "bracket pairs": "[" * 1000 + "a" + "]" * 1000 + "end",
    "images": "![" * 1200 + "end",
    "stars": "*" * 2400 + "end",
    "mixed emphasis": "*a_ " * 600 + "end",
    "backticks": "`a``" * 600 + "end",
    "indentation": "\n".join("  " * level + "- x" for level in range(100))
    + "\n"
    + " " * 200
    + "end",
    "entities": "&" * 2400 + "end",
    "angles": "<" * 2400 + "end",
    "backslashes": "\\" * 2399 + " end",
    "definitions": "[a]: /b\n" * 300 + "\nend",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_ends_and_keeps_its_last_word(name):
    leaves = parse(HOSTILE[name])
    assert leaves
    assert leaves[-1].text.endswith("end")
    assert all(leaf.depth <= 8 and leaf.quote <= 8 for leaf in leaves)


def test_what_cannot_be_shown_is_replaced():
    (leaf,) = parse("a\ud800b\x00c\u202ed\ufdd0e")
    assert leaf.text == "a\ufffdb\u2400c\ufffdd\ufffde"
    leaf.text.encode("utf-8")
