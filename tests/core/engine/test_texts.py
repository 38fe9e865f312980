"""The texts for calibrating and measuring."""

from __future__ import annotations

import pytest

from app.core.engine.texts import MIXED, PRESETS, SUBJECTS, calibration_text, evaluation_text
from app.core.errors import AppError, ErrorCode


def passages(text):
    return {passage.strip() for passage in text.split("\n\n") if len(passage) > 60}


@pytest.mark.parametrize("name", PRESETS)
def test_the_halves_of_a_text_share_nothing(name):
    one, other = calibration_text(name), evaluation_text(name)
    assert min(len(one), len(other)) > 3000
    assert not passages(one) & passages(other)


def test_the_mixed_text_holds_all_the_others_half_by_half():
    for subject in SUBJECTS:
        assert passages(calibration_text(subject)) <= passages(calibration_text(MIXED))
        assert passages(evaluation_text(subject)) <= passages(evaluation_text(MIXED))


def test_no_divider_is_left_in_a_text():
    assert "\n---\n" not in calibration_text(MIXED) + evaluation_text(MIXED)


def test_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(AppError) as caught:
        calibration_text("poems")
    assert caught.value.code is ErrorCode.USAGE
    assert "mixed" in str(caught.value.facts["reason"])
