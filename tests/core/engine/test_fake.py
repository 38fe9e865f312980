"""The scripted engine behaves like the real one where tests rely on it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from app.core.cancel import Cancelled, CancelToken
from app.core.engine.base import (
    Engine,
    EngineState,
    Finished,
    FinishReason,
    LoadOptions,
    PromptReady,
    TextDelta,
)
from app.core.engine.fake import FakeEngine, FakeReply
from app.core.errors import AppError, ErrorCode
from tests.core.engine.conftest import ask, run


def loaded(*replies, **options):
    engine = FakeEngine(list(replies) or [FakeReply()], **options)
    engine.load(Path("model.gguf"), LoadOptions(), CancelToken())
    return engine


def test_it_speaks_the_protocol():
    engine: Engine = loaded(FakeReply(("a", "b", "c"), dropped=(0,)))
    events, text, stats = run(engine, ask("Hi"))
    assert isinstance(events[0], PromptReady)
    assert events[0].dropped == (0,)
    assert text == "abc"
    assert stats.generated_tokens == 3
    assert stats.finish_reason is FinishReason.END
    assert engine.state is EngineState.READY


def test_replies_come_in_order_and_the_last_repeats():
    engine = loaded(FakeReply(("one",)), FakeReply(("two",)))
    assert [run(engine, ask("x"))[1] for _ in range(3)] == ["one", "two", "two"]
    assert len(engine.requests) == 3


def test_cancel_ends_a_reply_and_keeps_what_was_said():
    engine = loaded(FakeReply(tuple("abcdef"), delay_s=60))
    cancel = CancelToken()
    events = engine.generate(ask("x"), cancel)
    next(events)
    threading.Timer(0.05, cancel.cancel).start()
    last = list(events)[-1]
    assert isinstance(last, Finished)
    assert last.stats.finish_reason is FinishReason.CANCELLED


def test_a_crash_keeps_the_text_and_raises_after_finished():
    engine = loaded(FakeReply(tuple("abcdef"), crash_after=2), FakeReply(("fine",)))
    seen = []
    with pytest.raises(AppError) as caught:
        seen.extend(engine.generate(ask("x"), CancelToken()))
    assert caught.value.code is ErrorCode.ENGINE_CRASHED
    assert engine.state is EngineState.FAILED
    assert run(engine, ask("x"))[1] == "fine"


def test_crash_events_before_the_error():
    engine = loaded(FakeReply(tuple("abc"), crash_after=2))
    seen = []
    with pytest.raises(AppError):
        seen.extend(engine.generate(ask("x"), CancelToken()))
    assert [e.text for e in seen if isinstance(e, TextDelta)] == ["a", "b"]
    assert seen[-1].stats.finish_reason is FinishReason.CRASHED


def test_errors_and_states():
    engine = FakeEngine([FakeReply(error=AppError(ErrorCode.PROMPT_TOO_LONG))])
    with pytest.raises(AppError) as caught:
        next(engine.generate(ask("x"), CancelToken()))
    assert caught.value.code is ErrorCode.NO_MODEL
    engine.start()
    assert engine.state is EngineState.IDLE
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        engine.load(Path("m.gguf"), LoadOptions(), cancel)
    engine.load(Path("m.gguf"), LoadOptions(), CancelToken())
    with pytest.raises(AppError) as caught:
        next(engine.generate(ask("x"), CancelToken()))
    assert caught.value.code is ErrorCode.PROMPT_TOO_LONG
    engine.close()
    engine.close()
    with pytest.raises(AppError):
        engine.start()


def test_a_failed_load():
    engine = FakeEngine(load_error=AppError(ErrorCode.OUT_OF_MEMORY))
    shares = []
    with pytest.raises(AppError):
        engine.load(Path("m.gguf"), LoadOptions(), CancelToken(), shares.append)
    assert shares == [0, 0.25, 0.5, 0.75, 1]
    assert engine.model is None
