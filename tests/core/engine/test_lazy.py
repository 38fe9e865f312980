"""The engine that is built when it is needed first."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.core.cancel import CancelToken
from app.core.engine.base import (
    ChatMessage,
    EngineState,
    Finished,
    GenerateRequest,
    LoadOptions,
    Role,
)
from app.core.engine.fake import FakeEngine
from app.core.engine.lazy import LazyEngine
from app.core.errors import AppError, ErrorCode
from tests.conftest import ROOT

MODEL = Path("model.gguf")
HELLO = [ChatMessage(Role.USER, "Hello")]


@pytest.fixture
def built():
    return []


@pytest.fixture
def lazy(built):
    def build():
        built.append(FakeEngine())
        return built[-1]

    return LazyEngine(build)


def test_nothing_is_built_by_looking_unloading_or_closing(lazy, built):
    assert lazy.state is EngineState.STOPPED
    assert lazy.model is None
    lazy.unload()
    lazy.close()
    lazy.close()
    assert built == []
    with pytest.raises(AppError) as caught:
        lazy.start()
    assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE
    assert built == []


def test_it_answers_as_the_engine_that_it_builds(lazy, built):
    progress = []
    info = lazy.load(MODEL, LoadOptions(), CancelToken(), progress.append)
    [engine] = built
    assert info is lazy.model is engine.model
    assert progress[-1] == 1.0
    assert lazy.state is EngineState.READY
    assert lazy.count_tokens(HELLO) == engine.count_tokens(HELLO)
    events = list(lazy.generate(GenerateRequest(HELLO), CancelToken()))
    assert isinstance(events[-1], Finished)
    lazy.unload()
    assert lazy.model is None
    lazy.close()
    assert engine.closed


def test_many_threads_build_one(lazy, built):
    threads = [threading.Thread(target=lazy.start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1


def test_the_window_is_imported_without_the_engine():
    script = (
        "import sys, app.context, app.ui.start;"
        "print(*(n for n in ('app.core.engine.process', 'psutil', 'llama_cpp') if n in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
