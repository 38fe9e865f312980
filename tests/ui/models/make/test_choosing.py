"""What the page says before anything is made: names, sizes, warnings, recipes, the ladder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.core.engine.base import Notice
from app.core.quantize.recipe import parse_recipe, recipe_text
from app.core.quantize.types import BUILD_TYPES
from app.core.quantize.wish import PlanWarning
from app.ui.models.make.calibration_bar import NONE, CalibrationBar
from app.ui.models.make.desk import KINDS
from app.ui.models.make.order import CalibrationChoice, CalibrationKind, free_name, target_name
from app.ui.models.make.outlook import fits_bytes, size_range, sort_warnings, starting_recipe
from app.ui.models.make.plan_warnings import warning_words
from app.ui.models.make.recipe_files import read_any, write_text
from app.ui.models.make.recipe_pick import RecipePick
from app.ui.models.make.size_pick import SizePick, room_for
from app.ui.models.make.target_bar import TargetBar
from app.ui.models.make.type_ladder import planned_facts, type_offer
from app.ui.models.make.words import importance_words, purpose_words
from tests.conftest import GUIDE
from tests.ui.models.make.conftest import plan

FACTS = {
    "source_type": "Q4_K_M",
    "bits": 4.25,
    "type": "IQ2_XS",
    "tensors": 12,
    "experts": 512,
    "experts_unseen": 3,
    "lines": 1,
    "patterns": "blk.9.*",
    "architecture": "qwen3",
}


@pytest.mark.parametrize(
    ("name", "label", "target"),
    [
        ("Qwen3-4B-F16.gguf", "Q4_K_M", "Qwen3-4B-Q4_K_M.gguf"),
        ("Qwen3-4B-BF16-00001-of-00002.gguf", "IQ2_XS", "Qwen3-4B-IQ2_XS.gguf"),
        ("model.gguf", "My mix / 2", "model-My-mix-2.gguf"),
        ("model.gguf", "../..", "model-build.gguf"),
    ],
)
def test_a_build_is_named_after_its_source_and_type(name, label, target):
    assert target_name(Path("folder") / name, label) == target


@pytest.mark.parametrize("code", list(PlanWarning))
def test_every_warning_has_words_with_its_facts(code):
    words = warning_words(Notice(code, dict(FACTS)))
    assert words
    assert "{" not in words


def test_a_warning_of_a_newer_core_is_left_out():
    assert warning_words(Notice("something-new", {})) == ""


def test_grave_warnings_stand_apart_and_calibrating_mends_others():
    made = plan("IQ2_XS", 100, "requantized", "imatrix-needed", "other-shapes", **FACTS)
    grave, small = sort_warnings(made, calibrated=True, only_source=False)
    assert len(grave) == 1
    assert "Q4_K_M" in grave[0]
    assert len(small) == 1
    assert len(sort_warnings(made, calibrated=False, only_source=False)[1]) == 2
    assert sort_warnings(made, calibrated=True, only_source=True)[1] == []


def test_every_type_says_what_it_is_for():
    for kind in BUILD_TYPES:
        assert purpose_words(kind)
        assert importance_words(kind)


def test_the_ladder_has_exact_sizes_and_folds_what_makes_no_sense(plans):
    plans["TQ1_0"] = plan("TQ1_0", 3_000_000, "not-ternary", type="TQ1_0")
    plans["IQ2_XS"] = plan("IQ2_XS", 3_900_000)
    rungs = {rung.key: rung for rung in type_offer(plans, KINDS, None).rungs}
    assert rungs["Q4_K_M"].cells[1].text == "6.6 MB"
    assert rungs["TQ1_0"].folded
    assert rungs["TQ1_0"].note
    assert rungs["IQ2_XS"].note == "calibrated"
    assert not rungs["IQ2_XS"].folded


def test_a_planned_build_is_judged_as_if_its_file_were_there(plans, header):
    facts = planned_facts(plans["Q4_K_M"], header)
    assert facts.size_bytes == plans["Q4_K_M"].size_bytes
    assert facts.types["Q4_K"] == 512 * 4096 // 256 * 144
    assert facts.imatrix


def test_at_a_mark_the_standard_build_surely_fits(plans, source, host):
    pick = SizePick(host)
    sizes = size_range(plans, source, fits=0)
    pick.show_range(sizes, list(plans.values()), 0)
    for made in plans.values():
        pick.slider.show_value(room_for(made))
        assert pick.stock_below(pick.budget_bytes) is made
    assert pick.stock_below(1000) is None


def test_the_memory_is_marked_and_can_be_filled(qtbot, plans, source, host):
    pick = SizePick(host)
    sizes = size_range(plans, source, fits=7_000_000)
    pick.show_range(sizes, list(plans.values()), room_for(plans["Q8_0"]))
    assert "more than fits" in pick.meaning_label.text()
    with qtbot.waitSignal(pick.changed) as changed:
        pick.fit_button.click()
    assert changed.args == [7_000_000]
    assert "fits the memory" in pick.meaning_label.text()
    assert "Q4_K_M" in pick.meaning_label.text()


def test_nothing_is_said_of_memory_that_is_not_known():
    assert fits_bytes(None) == 0


def test_a_faulty_recipe_says_in_which_line(host):
    pick = RecipePick(host)
    told = []
    pick.changed.connect(told.append)
    pick.show_text("base: Q4_K_M\nblk.*.ffn_down Q9_K\n")
    assert told == [None]
    assert "Line 2" in pick.fault_label.text()
    assert pick.editor.extraSelections()[0].cursor.blockNumber() == 1
    pick.show_text("base: Q4_K_M\nblk.*.ffn_down Q5_K\n")
    assert pick.fault_label.isHidden()
    assert told[-1].lines[0].type_name == "Q5_K"


def test_the_recipe_to_begin_with_fits_the_model(source):
    recipe = starting_recipe(source)
    names = [tensor.name for tensor in source.header.tensors]
    assert recipe.lines
    assert recipe.idle_lines(names) == ()
    assert parse_recipe(recipe_text(recipe)) == recipe


def test_recipes_are_opened_saved_and_read_back_from_models(tmp_path):
    file = tmp_path / "mine.recipe"
    write_text(file, "# hello\nbase: Q3_K_M\n")
    assert read_any(file) == "# hello\nbase: Q3_K_M\n"
    assert "token_embd" in read_any(GUIDE)


def test_a_type_that_needs_calibration_cannot_go_without(host):
    bar = CalibrationBar(host)
    bar.choose(CalibrationChoice(CalibrationKind.NONE))
    bar.show_use(used=True, needed=False)
    assert bar.choice.kind is CalibrationKind.NONE
    bar.show_use(used=True, needed=True)
    assert bar.choice.kind is CalibrationKind.PRESET
    assert not bar.button.actions_by_key[NONE].isEnabled()
    bar.button.actions_by_key["code"].trigger()
    assert bar.choice.words == "preset:code"


def test_a_name_that_no_file_can_have_is_refused(tmp_path, host):
    bar = TargetBar(host)
    bar.use_folder(tmp_path)
    bar.suggest("model-Q4_K_M.gguf")
    assert bar.path == tmp_path / "model-Q4_K_M.gguf"
    for name in ("a/b.gguf", ".gguf", ".hidden", "a:b"):
        bar.name_field.setText(name)
        assert bar.path is None
    bar.name_field.setText("plain")
    assert bar.path == tmp_path / "plain.gguf"
    assert bar.show_room(3_000_000_000, 1_000_000_000, ())
    assert "2.0 GB too little" in bar.about_label.text()
    assert "already" in bar.show_room(3, 1_000_000_000, {"plain.gguf"})
    assert bar.show_room(3, 1_000_000_000, {"other.gguf"}) == ""


def test_a_suggested_name_is_free():
    assert free_name("a-Q4_K_M.gguf", ()) == "a-Q4_K_M.gguf"
    assert free_name("a-Q4_K_M.gguf", {"A-q4_k_m.gguf"}) == "a-Q4_K_M-2.gguf"
    taken = {"a-Q4_K_M.gguf", "a-Q4_K_M-2.gguf"}
    assert free_name("a-Q4_K_M.gguf", taken) == "a-Q4_K_M-3.gguf"


def test_a_wider_source_warns_of_nothing(plans):
    calm = replace(plans["Q4_K_M"], warnings=())
    assert sort_warnings(calm, calibrated=True, only_source=False) == ([], [])
