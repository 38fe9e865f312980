"""Chat templates from strangers: rendered in a sandbox, or replaced by a default."""

from __future__ import annotations

import pytest

from app.core.engine import template as module
from app.core.engine.base import ChatMessage, Role
from app.core.engine.template import (
    CHATML,
    GEMMA,
    LLAMA3,
    PLAIN_STOP,
    ChatTemplate,
    ControlTokens,
    TemplateError,
    default_template,
)
from tests.core.engine.conftest import assistant, user

SYSTEM = ChatMessage(Role.SYSTEM, "Be brief.")


def make(source, *known):
    return ChatTemplate(source, ControlTokens("<s>", "</s>", lambda text: text in known))


def test_the_models_own_template_is_used():
    template = make(
        "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
        "{% if add_generation_prompt %}[assistant]{% endif %}"
    )
    assert template.render([SYSTEM, user("Hi")]) == "<s>[system]Be brief.[user]Hi[assistant]"
    assert template.notices == ()
    assert template.stop == ()


def test_what_templates_expect_is_there():
    template = make(
        "{% for m in messages %}{% if loop.index > 1 %}{% break %}{% endif %}{{ m | tojson }}{% endfor %}"
        "{{ strftime_now('%Y') | length }}{% if tools %}tools{% endif %}{% generation %}x{% endgeneration %}"
    )
    text = template.render([user("é"), assistant("b")])
    assert text == '{"role": "user", "content": "é"}4x'


def test_a_template_that_wants_a_list_of_tools_gets_an_empty_one():
    template = make("{% for t in tools %}{{ t }}{% endfor %}{{ messages[-1].content }}")
    assert template.render([user("Hi")]) == "Hi"
    assert template.notices == ()


def test_a_template_that_refuses_system_messages_gets_them_with_the_question():
    template = make(
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "<{{ m.role }}>{{ m.content }}{% endfor %}"
    )
    assert template.render([SYSTEM, user("Hi")]) == "<user>Be brief.\n\nHi"
    assert template.notices == ()


def test_a_template_that_leaves_system_messages_out_gets_them_with_the_question():
    template = make("{% for m in messages if m.role != 'system' %}{{ m.content }}|{% endfor %}")
    assert template.render([SYSTEM, user("Hi")]) == "Be brief.\n\nHi|"


def test_a_template_that_wants_turns_to_alternate_gets_neighbours_joined():
    template = make(
        "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('must alternate') }}{% endif %}<{{ m.role }}>{{ m.content }}{% endfor %}"
    )
    text = template.render([user("a"), user("b"), assistant("c"), user("d")])
    assert text == "<user>a\n\nb<assistant>c<user>d"
    assert template.notices == ()


def test_without_template_the_vocabulary_decides():
    assert default_template({"<|im_start|>", "<|im_end|>"}.__contains__) == (CHATML, ())
    assert default_template({"<|start_header_id|>", "<|eot_id|>"}.__contains__) == (LLAMA3, ())
    assert default_template({"<start_of_turn>", "<end_of_turn>"}.__contains__) == (GEMMA, ())
    template = make("", "nothing")
    assert template.render([SYSTEM, user("Hi")]) == "Be brief.\n\nUser: Hi\nAssistant:"
    assert template.stop == PLAIN_STOP
    assert [notice.code for notice in template.notices] == ["no-chat-template"]


@pytest.mark.parametrize(
    "source",
    [
        "{% for %}",
        "{{ messages[0].missing.attribute }}",
        "{{ raise_exception('never') }}",
        "{{ 1 // 0 }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.append('x') }}",
        "{% for i in range(10**9) %}x{% endfor %}",
        "{{ self.__init__.__globals__ }}",
        "{" * 2_000_000,
        "{{ 'x' | nofilter }}",
    ],
    ids=range(10),
)
def test_broken_and_hostile_templates_are_replaced(source):
    template = make(source, "<|im_start|>", "<|im_end|>")
    assert "Hi<|im_end|>" in template.render([user("Hi")])
    assert [notice.code for notice in template.notices] == ["template-failed"]
    assert template.notices[0].facts["reason"]


def test_a_template_that_fails_later_is_replaced_then():
    template = make(
        "{% for m in messages %}{% if m.content == 'boom' %}{{ 1 // 0 }}{% endif %}{{ m.content }}{% endfor %}",
        "<|im_start|>",
        "<|im_end|>",
    )
    assert template.render([user("Hi")]) == "Hi"
    assert "boom<|im_end|>" in template.render([user("boom")])
    assert [notice.code for notice in template.notices] == ["template-failed"]


def test_endless_output_is_cut_off(monkeypatch):
    monkeypatch.setattr(module, "MAX_PROMPT_CHARS", 10_000)
    compiled = module.compile_template("{% for i in range(99999) %}xxxxxxxxxx{% endfor %}")
    with pytest.raises(TemplateError, match="does not end"):
        module.bounded_render(compiled, {})


def test_endless_work_is_cut_off(monkeypatch):
    monkeypatch.setattr(module, "MAX_RENDER_S", 0.05)
    loops = "{% for a in range(9999) %}{% for b in range(9999) %}{{ '' }}{% endfor %}{% endfor %}"
    with pytest.raises(TemplateError, match="does not end"):
        module.bounded_render(module.compile_template(loops), {})
