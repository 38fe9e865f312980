"""Engines for tests: real children with tiny models."""

from __future__ import annotations

import pytest

from app.core.cancel import CancelToken
from app.core.engine.base import (
    ChatMessage,
    Finished,
    GenerateRequest,
    LoadOptions,
    Role,
    SamplerOptions,
    TextDelta,
)
from app.core.engine.process import EngineProcess
from tests.models import write_random, write_scripted

GREEDY = SamplerOptions(temperature=0)


def user(text):
    return ChatMessage(Role.USER, text)


def assistant(text):
    return ChatMessage(Role.ASSISTANT, text)


def ask(*messages, **options):
    """A greedy request; plain texts are turns of the user and the assistant in turn."""
    roles = [user, assistant]
    turns = [roles[i % 2](m) if isinstance(m, str) else m for i, m in enumerate(messages)]
    options.setdefault("sampler", GREEDY)
    return GenerateRequest(turns, **options)


def run(engine, request, cancel=None):
    """All events of a reply, its text and its numbers."""
    events = list(engine.generate(request, cancel or CancelToken()))
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert isinstance(events[-1], Finished)
    return events, text, events[-1].stats


@pytest.fixture
def engine(tmp_path):
    made = EngineProcess(tmp_path / "home")
    yield made
    made.close()


@pytest.fixture
def load(engine):
    """Loads a model into the engine with a small context."""

    def load_model(path, **options):
        options.setdefault("context_length", 1024)
        options.setdefault("threads", 1)
        return engine.load(path, LoadOptions(**options), CancelToken())

    return load_model


@pytest.fixture
def scripted(tmp_path, load):
    """Loads a model that answers with the given pieces."""

    def load_scripted(pieces, options=None, **how):
        path = write_scripted(tmp_path / "scripted.gguf", pieces, **how)
        return load(path, **(options or {}))

    return load_scripted


@pytest.fixture(scope="session")
def random_model(tmp_path_factory):
    return write_random(tmp_path_factory.mktemp("models") / "random.gguf")
