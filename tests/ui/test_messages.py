"""Every error has words for people."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QLocale

from app.core.engine.base import FinishReason, Notice, ReplyStats
from app.core.errors import AppError, ErrorCode
from app.ui.messages import (
    TABLE,
    Action,
    action_label,
    explain,
    explain_error,
    finish_note,
    finish_reason,
    notice_text,
)

FACTS = {
    "path": "models/story{0}.gguf",
    "reason": "no space left",
    "version": 1,
    "size_bytes": 1_000_000_000,
    "needed_bytes": 5_200_000_000,
    "available_bytes": 3_900_000_000,
    "part": 2,
    "parts": 3,
    "first": "models/story-1.gguf",
    "missing": "",
    "architecture": "clip",
    "kind": "projector",
    "signal": 11,
    "name": "SIGSEGV",
    "log": "x",
    "prompt_tokens": 9000,
    "context_length": 8192,
}


@pytest.fixture(autouse=True)
def english():
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedStates))
    yield
    QLocale.setDefault(before)


def test_the_table_knows_every_code():
    assert set(TABLE) == set(ErrorCode)


@pytest.mark.parametrize("code", list(ErrorCode))
@pytest.mark.parametrize("facts", [FACTS, {}], ids=["facts", "none"])
def test_every_code_has_a_title_a_sentence_and_no_placeholder_left(code, facts):
    told = explain(code.value, facts)
    assert told.title
    assert not told.title.endswith(".")
    assert told.sentence.endswith((".", "?"))
    assert "models/" not in told.sentence
    without_name = told.sentence.replace("story{0}.gguf", "")
    assert "{" not in without_name
    assert bool(told.action_label) == (told.action is not None)


def test_sizes_and_numbers_are_formatted():
    memory = explain(ErrorCode.OUT_OF_MEMORY, FACTS).sentence
    assert "5.2 GB" in memory
    assert "3.9 GB" in memory
    assert "9,000" in explain(ErrorCode.PROMPT_TOO_LONG, FACTS).sentence


def test_memory_names_the_context_that_fits_or_asks_for_a_smaller_build():
    fits = explain(ErrorCode.OUT_OF_MEMORY, {**FACTS, "context_fits": 3584})
    assert fits.action_label == "Use 3,584 tokens instead"
    assert fits.context_tokens == 3584
    none = explain(ErrorCode.OUT_OF_MEMORY, {**FACTS, "context_fits": 0})
    assert none.action is Action.SMALLER_BUILD
    assert "smaller build" in none.sentence


def test_a_part_of_a_split_model_offers_the_first_only_if_it_is_there():
    assert explain(ErrorCode.GGUF_SPLIT_PART, FACTS).action is Action.OPEN_FIRST_PART
    missing = explain(ErrorCode.GGUF_SPLIT_PART, {**FACTS, "missing": "story-3.gguf"})
    assert missing.action is Action.OPEN_FILE
    assert "story-3.gguf" in missing.sentence


def test_unknown_codes_and_mistakes_have_words_too():
    assert explain("from-the-future", {}).title
    assert explain_error(RuntimeError("secret")).sentence
    assert "secret" not in explain_error(RuntimeError("secret")).sentence
    assert explain_error(AppError(ErrorCode.NO_MODEL)) == explain("no-model", {})


@pytest.mark.parametrize("action", list(Action))
def test_every_action_has_a_label(action):
    assert action_label(action)


@pytest.mark.parametrize("code", ["no-chat-template", "template-failed", "safe-kernels"])
def test_every_notice_has_a_sentence(code):
    assert notice_text(Notice(code)).endswith(".")


def test_unknown_notices_are_silent():
    assert notice_text(Notice("from-the-future")) == ""


@pytest.mark.parametrize("reason", list(FinishReason))
def test_every_finish_reason_has_words_and_limits_are_explained(reason):
    stats = ReplyStats(10, 0, 512, 0.1, 20.0, 100.0, reason)
    assert finish_reason(reason)
    limited = reason in {FinishReason.LENGTH, FinishReason.CONTEXT_FULL}
    assert bool(finish_note(stats)) == limited
