"""Network and folders on the settings page, and what they change for the Models page and its downloads."""

from __future__ import annotations

import pytest
from keyring.errors import KeyringError
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.core.settings import Settings
from tests.hub_server import HubServer
from tests.model_files import write_model
from tests.ui.models.conftest import REPO, drive, hub, small_repo

__all__ = ["drive", "hub"]


@pytest.fixture
def page(drive, window):
    window.show_page("settings")
    return window.pages["settings"]


@pytest.fixture
def saved(parts):
    def read() -> Settings:
        return parts.services.settings.current

    return read


def write(edit, text: str) -> None:
    edit.setFocus()
    edit.selectAll()
    QTest.keyClicks(edit, text)
    QTest.keyClick(edit, Qt.Key.Key_Return)


def test_a_mirror_is_asked_instead(drive, hub, page, saved, tmp_path):
    with HubServer() as mirror:
        mirror.repos["mirror/copy"] = small_repo(tmp_path / "mirror")
        write(page.network.address_field.edit, mirror.endpoint)
        drive.until(lambda: saved().network.endpoint == mirror.endpoint)
        drive.until(lambda: drive.page.services.client.endpoint == mirror.endpoint)
        drive.search("copy")
        drive.until(lambda: drive.titles(drive.hub_view) == ["copy"])
    assert hub.requests() == []


def test_what_is_no_address_is_said_beside_the_field(page, saved):
    field = page.network.address_field
    write(field.edit, "hub.example")
    assert "https://" in field.fault_label.text()
    assert not field.fault_label.isHidden()
    assert saved().network.endpoint == ""


def test_a_proxy_of_ones_own_is_used_for_everything(drive, hub, page, saved, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.example")
    page.network.proxy_choice.buttons["manual"].click()
    write(page.network.proxy_field.edit, hub.endpoint)
    drive.until(lambda: saved().network.proxy == hub.endpoint)
    drive.until(lambda: drive.page.services.client.options.proxy == hub.endpoint)
    drive.search("small")
    drive.until(lambda: drive.titles(drive.hub_view) == ["Small-1B-GGUF"])
    assert {seen.header("host") for seen in hub.requests()} == {"hub.example"}
    page.network.proxy_choice.buttons["system"].click()
    drive.until(lambda: saved().network.proxy == "")


def test_offline_no_connection_is_opened(drive, hub, page, saved):
    page.network.hub_choice.buttons["offline"].click()
    drive.until(lambda: saved().offline)
    drive.until(lambda: drive.page.services.client.offline)
    drive.search("small")
    assert "offline" in drive.hub_view.empty.text
    assert hub.requests() == []


def test_numbers_reach_the_queue_at_once(drive, hub, page, saved):
    network, queue = page.network, drive.page.services.queue
    network.limit_number.setValue(40)
    network.parallel_number.setValue(1)
    network.connections_number.setValue(3)
    network.xet_choice.buttons["off"].click()
    drive.until(lambda: queue.limit.bytes_per_s == 40_000)
    drive.until(lambda: not drive.page.services.client.options.xet)
    assert saved().network.connections == 3
    drive.open_repo()
    for label in ("Q8_0", "Q4_K_M"):
        drive.get(label)
    drive.until(lambda: len(drive.states()) == 2)
    drive.until(lambda: "running" in drive.states())
    assert sorted(drive.states()) == ["queued", "running"]
    drive.page.downloads.pause()
    drive.until(lambda: drive.states() == ["paused", "paused"])


def test_a_folder_is_listed_in_place_and_taken_off_again(drive, page, saved, tmp_path):
    other = tmp_path / "other disk"
    write_model(other / "Elsewhere-1B-Q4_K_M.gguf")
    page.folders.add(other)
    drive.until(lambda: "Elsewhere-1B-Q4_K_M" in drive.titles(drive.library_view))
    drive.until(lambda: len(page.folders.lines) == 2)
    assert "free" in page.folders.lines[1].room_label.text()
    page.folders.lines[1].remove_button.click()
    drive.until(lambda: saved().model_folders == ())
    drive.until(lambda: "Elsewhere-1B-Q4_K_M" not in drive.titles(drive.library_view))
    assert (other / "Elsewhere-1B-Q4_K_M.gguf").is_file()


def test_a_folder_inside_another_is_refused_in_place(drive, page, saved, parts):
    inside = parts.services.paths.models_dir / "deeper"
    inside.mkdir(parents=True)
    page.folders.add(inside)
    drive.until(page.folders.error_bar.isVisible)
    assert "deeper" in page.folders.error_bar.text
    assert saved().model_folders == ()


def test_new_downloads_go_where_they_were_told_to(drive, page, saved, tmp_path):
    other = tmp_path / "other disk"
    other.mkdir()
    page.folders.add(other)
    drive.until(lambda: len(page.folders.lines) == 2)
    page.folders.lines[1].choice.click()
    drive.until(lambda: saved().download_folder == str(other))
    drive.until(lambda: "new downloads" in page.folders.lines[1].room_label.text())
    drive.open_repo()
    drive.get("Q2_K")
    drive.until(lambda: drive.states() == ["done"])
    target = other / REPO / "Small-1B-Q2_K.gguf"
    assert target.is_file()
    drive.until(lambda: any(model.path == target for model in drive.page.library.models))
    found = next(model for model in drive.page.library.models if model.path == target)
    assert f"{found.found.repo}/{found.found.file}" == f"{REPO}/Small-1B-Q2_K.gguf"
    page.folders.lines[1].remove_button.click()
    drive.until(lambda: saved().download_folder == "")


def test_the_token_can_be_forgotten_and_is_not_used_any_more(drive, page, monkeypatch):
    kept = {}
    monkeypatch.setattr("keyring.get_password", lambda *entry: kept.get(entry))
    monkeypatch.setattr(
        "keyring.set_password", lambda service, entry, word: kept.update({(service, entry): word})
    )
    monkeypatch.setattr("keyring.delete_password", lambda *entry: kept.pop(entry))
    monkeypatch.delenv("HF_TOKEN")
    drive.until(lambda: drive.page.services is not None)
    drive.page.services.tokens.save("hf_mine")
    page.network.forget_button.click()
    drive.until(lambda: not page.network.forgotten_label.isHidden())
    assert kept == {}
    assert drive.page.services.tokens.token() is None


def test_a_keyring_that_does_not_answer_is_told(drive, page, monkeypatch):
    def refuse(*_entry):
        raise KeyringError("it is locked")

    monkeypatch.setattr("keyring.delete_password", refuse)
    page.network.forget_button.click()
    drive.until(page.error_bar.isVisible)
    assert "keyring" in page.error_bar.text
    assert page.network.forgotten_label.isHidden()
