"""The window's state file."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.window_state import RECENT_FILES, WindowState, read_window_state, write_window_state


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "deep" / "window.json"
    state = (
        WindowState()
        .with_geometry("AAEC")
        .with_sidebar(300)
        .with_conversation("c1")
        .with_recent(Path("a.gguf"))
        .with_draft("c1", "héllo\n")
    )
    assert write_window_state(path, state)
    assert read_window_state(path) == state


def test_a_missing_file_is_the_default(tmp_path):
    assert read_window_state(tmp_path / "none.json") == WindowState()


@pytest.mark.expects_log
@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"geometry": 3, "sidebar_px": "x", "recent_files": {}, "drafts": []}', "\x00"],
)
def test_a_damaged_file_is_the_default(tmp_path, text):
    path = tmp_path / "window.json"
    path.write_text(text, encoding="utf-8")
    assert read_window_state(path) == WindowState()


def test_good_values_beside_bad_ones_are_kept(tmp_path):
    path = tmp_path / "window.json"
    path.write_text(
        '{"conversation": "c", "recent_files": ["a", 3, "b"], "drafts": {"c": "x", "d": 1}}',
        encoding="utf-8",
    )
    assert read_window_state(path) == WindowState(
        conversation="c", recent_files=("a", "b"), drafts={"c": "x"}
    )


def test_recent_files_are_few_and_each_stands_once():
    state = WindowState()
    for number in range(20):
        state = state.with_recent(Path(f"{number}.gguf"))
    state = state.with_recent(Path("15.gguf"))
    assert state.recent_files[:2] == ("15.gguf", "19.gguf")
    assert len(state.recent_files) == RECENT_FILES
    assert len(set(state.recent_files)) == RECENT_FILES


def test_an_empty_draft_is_forgotten():
    state = WindowState().with_draft("c", "text").with_draft("d", "more").with_draft("c", "  ")
    assert state.drafts == {"d": "more"}


@pytest.mark.expects_log
def test_a_folder_that_refuses_is_no_disaster(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    assert not write_window_state(blocked / "window.json", WindowState())
