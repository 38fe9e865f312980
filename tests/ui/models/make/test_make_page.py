"""The page "Make a build" with the real core on the guide model."""

from __future__ import annotations

import pytest

from app.core.errors import AppError, ErrorCode
from app.core.models.gguf import read_file
from app.ui.models.make.desk import MakeDesk
from app.ui.models.make.order import (
    BuildSource,
    CalibrationChoice,
    CalibrationKind,
    MakeStep,
    Order,
    Way,
)
from app.ui.models.make.trouble import trouble_words
from tests.conftest import GUIDE

TIMEOUT_MS = 60_000


@pytest.fixture
def desk(qtbot, parts, qapp):
    """The work without the page."""
    made = MakeDesk(parts.computer, parts.services.paths.data_dir, parts.tasks, qapp)
    yield made
    made.cancel()
    qtbot.waitUntil(lambda: parts.tasks.idle, timeout=TIMEOUT_MS)
    made.deleteLater()


@pytest.fixture
def page(qtbot, drive):
    """The page with the guide as its source."""
    drive.page.show_view("make")
    made = drive.page.make.page
    made.open(GUIDE, "Nibble Guide")
    qtbot.waitUntil(lambda: made.desk.complete and made.desk.advice is not None, timeout=TIMEOUT_MS)
    qtbot.waitUntil(lambda: drive.page._parts.tasks.idle, timeout=TIMEOUT_MS)
    return made


def order(desk_or_source, target, type_name="Q4_K_M", text=None) -> Order:
    kind = CalibrationKind.TEXT if text else CalibrationKind.NONE
    source = BuildSource(GUIDE, "Nibble Guide", read_file(GUIDE))
    return Order(source, Way.TYPE, CalibrationChoice(kind, path=text), target, type_name)


def test_a_type_is_chosen_made_to_the_byte_and_offered_for_chat(qtbot, drive, page):
    ladder = page.choose.type_pick.ladder
    assert {rung.key for rung in ladder.rungs} >= {"IQ1_S", "TQ1_0", "Q2_K", "Q4_K_M", "Q8_0"}
    assert "NVFP4" in page.choose.type_pick.why_label.text()
    ladder.choose("Q8_0")
    assert page.choose.calibration_bar.isHidden()  # this type does not use it
    size_bytes = page.desk.plans["Q8_0"].size_bytes
    assert "Q8_0" in page.choose.make_button.text()
    target = page.choose.target_bar.path
    with qtbot.waitSignal(page.made, timeout=TIMEOUT_MS) as made:
        page.choose.make_button.click()
        assert page.run.isVisibleTo(page)
        assert page.choose.isHidden()
    assert made.args == [target]
    assert target.stat().st_size == size_bytes
    assert page.result.isVisibleTo(page)
    assert "10.7" in page.result.figures.text
    assert set(page.result.picture.legend) == {"Q8_0", "F32"}
    page.desk.broken.emit(AppError(ErrorCode.BUILD_UNSOUND, path="x", reason="it is broken"))
    assert page.choose.error_bar.isVisibleTo(page)  # where the person can mend it
    assert page.choose.make_button.isVisibleTo(page)
    drive.until(lambda: page.choose.target_bar.path.name == "nibble-guide-Q8_0-2.gguf")
    with qtbot.waitSignal(drive.page.chat_requested) as chat:
        page.result.chat_button.click()
    assert chat.args == [target]
    drive.until(lambda: any(model.path == target for model in drive.page.library.models))


def test_a_full_disk_is_explained_and_nothing_is_left(qtbot, desk, monkeypatch, tmp_path):
    monkeypatch.setattr("app.core.quantize.build.free_bytes", lambda _folder: 1000)
    target = tmp_path / "models" / "made.gguf"
    with qtbot.waitSignal(desk.broken, timeout=TIMEOUT_MS) as broken:
        desk.make(order(desk, target, "Q8_0"))
    title, text = trouble_words(broken.args[0])
    assert "full" in title
    assert str(target.parent) in text
    assert "1.0 kB are left" in text
    assert not target.exists()


def test_every_way_into_the_page_opens_a_source_and_what_is_no_model_is_refused(drive, tmp_path):
    drive.page.show_view("make")
    page = drive.page.make.page
    assert page.choose.make_button.isHidden()
    next(one for one in page.choose.start.buttons if "Guide" in one.text()).click()
    assert page.choose.start.isHidden()
    drive.until(lambda: "10M" in page.choose.source_bar.line_label.text())
    file = tmp_path / "notes.gguf"
    file.write_text("no model at all, but long enough to be one by its size")
    page.open(file)
    drive.until(lambda: page.bar.isVisibleTo(page))
    assert "GGUF" in page.bar.text
    assert page.choose.make_button.isHidden()
    drive.page.show_view("library")
    guide = next(model for model in drive.page.library.models if model.path == GUIDE)
    drive.library_view.open(guide.id)
    drive.library_view.detail.make_button.click()
    assert page.isVisibleTo(drive.page)
    assert page.bar.isHidden()
    drive.until(lambda: page.desk.source is not None)
    assert page.choose.source_bar.path == page.desk.source.path == GUIDE


def test_a_calibrated_build_says_what_was_seen_and_keeps_the_matrix(qtbot, desk, parts, tmp_path):
    text = tmp_path / "mine.txt"
    text.write_text("Fewer bits take less room and less time. " * 90, encoding="utf-8")
    target = tmp_path / "made.gguf"
    told = []
    desk.progressed.connect(told.append)
    with qtbot.waitSignal(desk.made, timeout=TIMEOUT_MS) as made:
        desk.make(order(desk, target, "Q3_K_M", text))
    outcome = made.args[0]
    assert outcome.calibration.coverage
    assert outcome.proof.build.divergence.kld_mean > 0.01
    assert outcome.header.text("quantize.imatrix.dataset") == "mine.txt"
    steps = list(dict.fromkeys(progress.step for progress in told))
    assert steps == [
        MakeStep.CALIBRATE,
        MakeStep.QUANTIZE,
        MakeStep.VERIFY,
        MakeStep.PROVE,
    ]
    assert outcome.calibration.path.is_relative_to(parts.services.paths.data_dir)


def test_measuring_can_be_skipped_and_the_build_stays(qtbot, desk, tmp_path):
    def skip(progress):
        if progress.step is MakeStep.PROVE:
            desk.cancel()

    desk.progressed.connect(skip)
    target = tmp_path / "made.gguf"
    with qtbot.waitSignal(desk.made, timeout=TIMEOUT_MS) as made:
        desk.make(order(desk, target, "Q8_0"))
    assert made.args[0].proof is made.args[0].unproved is None
    assert target.is_file()
    assert not desk.running


def test_cancel_leaves_nothing_behind(qtbot, desk, tmp_path):
    target = tmp_path / "made.gguf"
    with qtbot.waitSignal(desk.cancelled, timeout=TIMEOUT_MS):
        desk.progressed.connect(lambda _progress: desk.cancel())
        desk.make(order(desk, target, "IQ2_XXS", None))
        desk.cancel()
    assert list(tmp_path.iterdir()) == [tmp_path / "data"]
    assert not desk.running
