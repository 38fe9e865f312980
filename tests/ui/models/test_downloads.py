"""Downloads from the page: a real file over the loopback interface, into the library."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QDesktopServices

from app.core.models.download_types import DownloadState
from tests.ui.models.conftest import REPO


@pytest.fixture(autouse=True)
def no_browser(monkeypatch):
    """Pages are not really opened."""
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _url: True)


def test_a_download_arrives_in_the_library_and_can_be_chatted_with(drive, qtbot):
    drive.open_repo()
    drive.get("Q4_K_M")
    drive.until(lambda: drive.states() == ["done"])
    drive.until(lambda: any(model.found.repo == REPO for model in drive.page.library.models))
    line = next(iter(drive.page.panel.lines.values()))
    assert "checked" in line.line_label.text()
    with qtbot.waitSignal(drive.page.chat_requested) as caught:
        line.chat_button.click()
    assert caught.args[0].name == "Small-1B-Q4_K_M.gguf"
    assert caught.args[0].is_file()
    assert drive.hub_view.detail.get_button.text() == "Chat with this model"


def test_pause_keeps_what_is_there_and_resume_goes_on(drive, hub):
    hub.bytes_per_s = 50_000
    drive.open_repo()
    drive.get("Q8_0")
    drive.until(lambda: drive.states() == ["running"])
    line = next(iter(drive.page.panel.lines.values()))
    line.pause_button.click()
    drive.until(lambda: drive.states() == ["paused"])
    assert line.pause_button.accessibleName() == "Go on"
    hub.bytes_per_s = 0
    line.pause_button.click()
    drive.until(lambda: drive.states() == ["done"])


def test_cancel_takes_it_off_the_list_and_hides_the_panel(drive, hub):
    hub.bytes_per_s = 20_000
    drive.open_repo()
    drive.get("Q8_0")
    drive.until(lambda: drive.states() == ["running"])
    next(iter(drive.page.panel.lines.values())).cancel_button.click()
    drive.until(lambda: not drive.page.panel.isVisibleTo(drive.page))
    folder = drive.page.services.paths.models_dir
    drive.until(lambda: not list(folder.rglob("*.gguf*")))


def test_the_order_can_be_changed(drive, hub):
    hub.bytes_per_s = 20_000
    drive.open_repo()
    for label in ("Q2_K", "Q4_K_M", "Q8_0"):
        drive.get(label)
    drive.until(lambda: len(drive.states()) == 3)
    lines = list(drive.page.panel.lines.values())
    assert not lines[0].up_button.isEnabled()
    lines[2].up_button.click()
    order = ["Q2_K", "Q8_0", "Q4_K_M"]
    drive.until(lambda: [one.download.label for one in drive.page.downloads.statuses] == order)
    drive.until(
        lambda: [line.status.download.label for line in drive.page.panel.lines.values()] == order
    )
    drive.page.panel.pause_button.click()
    drive.until(lambda: set(drive.states()) == {DownloadState.PAUSED.value})


def test_wrong_bytes_are_said_in_the_line_with_their_way_out(drive, hub, parts):
    drive.open_repo()
    drive.until(lambda: parts.tasks.idle)
    hub.fault("wrong-bytes", times=1, after_bytes=100)
    drive.get("Q2_K")
    drive.until(lambda: drive.states() == ["failed"])
    line = next(iter(drive.page.panel.lines.values()))
    assert "damaged" in line.error_label.text()
    assert line.height_for(600) < 120
    assert line.height() >= line.height_for(line.width())
    assert line.pause_button.accessibleName() == "Try again"
    line.pause_button.click()
    drive.until(lambda: drive.states() == ["done"])


def test_a_locked_download_takes_a_token_in_its_line_and_goes_on(
    drive, hub, parts, monkeypatch, qtbot
):
    kept = {}
    monkeypatch.setattr(
        "keyring.set_password", lambda service, entry, word: kept.update({(service, entry): word})
    )
    monkeypatch.setattr("keyring.get_password", lambda *entry: kept.get(entry))
    monkeypatch.delenv("HF_TOKEN")
    drive.open_repo()
    drive.until(lambda: parts.tasks.idle)
    hub.token = "hf_right"
    hub.repos[REPO].gated = "auto"
    drive.get("Q2_K")
    drive.until(lambda: drive.states() == ["failed"])
    line = next(iter(drive.page.panel.lines.values()))
    assert line.token_row is not None
    assert not line.token_row.isHidden()
    with qtbot.waitSignal(drive.page.panel.page_wanted) as asked:
        line.token_row.page_button.click()
    assert asked.args == [REPO]
    line.token_row.field.setText("hf_right")
    line.token_row.button.click()
    drive.until(lambda: drive.states() == ["done"])
    assert line.token_row.isHidden()
    assert list(kept.values()) == ["hf_right"]


def test_the_finished_ones_can_be_cleared(drive):
    drive.open_repo()
    drive.get("Q2_K")
    drive.until(lambda: drive.states() == ["done"])
    drive.page.panel.clear_button.click()
    drive.until(lambda: not drive.page.panel.isVisibleTo(drive.page))
