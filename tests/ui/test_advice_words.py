"""The sentence that says why a build is recommended."""

from __future__ import annotations

from app.core.advice.catalog_facts import builds_of_model, shape_of_model
from app.core.advice.recommend import advise_model
from app.core.advice.results import Wishes
from app.core.models.catalog import load_catalog
from app.ui.advice_words import why_text
from tests.machines import machine

MODEL = "qwen3-4b-instruct-2507"


def why(tokens_per_s: float) -> str:
    model = load_catalog().model(MODEL)
    wishes = Wishes(tokens_per_s=tokens_per_s)
    advice = advise_model(
        machine("desktop-16gb"), shape_of_model(model), builds_of_model(model), wishes
    )
    assert advice.recommended is not None
    return why_text(advice.recommended)


def test_where_nothing_is_quick_enough_the_star_says_so(qapp):
    told = why(20)
    assert "the best of the quickest here" in told
    assert "slower than you want" in told


def test_where_something_is_quick_enough_it_does_not(qapp):
    assert "quickest" not in why(1)
    assert "best quality" in why(1)
