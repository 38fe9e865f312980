"""The token that asks work to stop, and wakes it."""

from __future__ import annotations

import threading

import pytest

from app.core.cancel import Cancelled, CancelToken


def test_hooks_are_called_once_when_it_is_cancelled():
    token, called = CancelToken(), []
    with token.calling(lambda: called.append("a")), token.calling(lambda: called.append("b")):
        assert called == []
        token.cancel()
        token.cancel()
    assert called == ["a", "b"]
    assert token.cancelled


def test_a_hook_of_a_block_that_has_ended_is_not_called():
    token, called = CancelToken(), []
    with token.calling(lambda: called.append("a")):
        pass
    token.cancel()
    assert called == []


def test_a_hook_of_a_cancelled_token_is_called_at_once():
    token, called = CancelToken(), []
    token.cancel()
    with token.calling(lambda: called.append("a")):
        assert called == ["a"]
    with pytest.raises(Cancelled):
        token.raise_if_cancelled()


def test_a_hook_wakes_work_that_waits_elsewhere():
    token, woken = CancelToken(), threading.Event()

    def work():
        with token.calling(woken.set):
            woken.wait(10)

    thread = threading.Thread(target=work)
    thread.start()
    token.cancel()
    thread.join(5)
    assert not thread.is_alive()
