"""Going back in a conversation, with models that forget: the reply must be the one that a fresh start gives."""

from __future__ import annotations

import pytest

from app.core.engine.base import KvType
from app.core.engine.checkpoint import TAIL_TOKENS
from app.core.engine.context import LlamaContext, StopFlag
from app.core.engine.llama import LogTail, lib
from app.core.engine.plan import LoadPlan
from tests.benchmarks.shapes import Kind, write_kind

SMALL = {"embedding": 256, "heads": 4, "key_heads": 2, "feed_forward": 256, "vocabulary": 512}
KINDS = {
    "window": Kind("window", "gemma3", 6, window=64, **SMALL),
    "hybrid": Kind("hybrid", "qwen35", 4, interval=4, **SMALL),
}
PROMPT = [(7 * index * index + 3) % 500 for index in range(400)]
REPLY = [(11 * index + 5) % 500 for index in range(300)]


@pytest.fixture(scope="module", params=["window", "hybrid"])
def context(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    path = write_kind(folder, KINDS[request.param], "F16")
    log = LogTail()
    log.install()
    plan = LoadPlan(str(path), 1024, 1, 64, 0, False, KvType.F16, True, True)
    made = LlamaContext(plan, StopFlag(), log, lambda _share: None)
    yield made
    made.close()


def ignore(_done):
    pass


def scores(context):
    logits = lib.llama_get_logits_ith(context.handle, -1)
    return logits[: context.vocabulary.size]


def fresh(context, tokens):
    """The scores after a prompt that is read from its first token on."""
    context.rewind([499])
    assert context.tokens == []
    context.evaluate(tokens, ignore)
    return scores(context)


def speak(context, tokens):
    for token in tokens:
        context.evaluate_one(token, abortable=False)


def test_answering_again_begins_at_the_end_of_the_prompt(context):
    wanted = fresh(context, PROMPT)
    speak(context, REPLY)
    kept = context.rewind(PROMPT)
    assert kept == len(PROMPT) - TAIL_TOKENS
    context.evaluate(PROMPT[kept:], ignore)
    assert scores(context) == pytest.approx(wanted, abs=2e-2)
    assert context.tokens == PROMPT


def test_a_reply_that_changes_is_read_again_from_the_prompt_on(context):
    """As when a model's thoughts are left out of the next prompt."""
    following = [*PROMPT[:-3], *REPLY[100:], *PROMPT[:20]]
    wanted = fresh(context, following)
    fresh(context, PROMPT)
    speak(context, REPLY)
    kept = context.rewind(following)
    assert kept == len(PROMPT) - TAIL_TOKENS
    context.evaluate(following[kept:], ignore)
    assert scores(context) == pytest.approx(wanted, abs=2e-2)


def test_further_back_begins_again(context):
    fresh(context, PROMPT)
    speak(context, REPLY)
    other = [*PROMPT[:200], *REPLY]
    kept = context.rewind(other)
    assert kept == 0
    context.evaluate(other, ignore)
    assert scores(context) == pytest.approx(fresh(context, other), abs=2e-2)


def test_what_continues_keeps_everything(context):
    fresh(context, PROMPT)
    speak(context, REPLY)
    longer = [*PROMPT, *REPLY, 1, 2, 3]
    assert context.rewind(longer) == len(PROMPT) + len(REPLY)
