"""Chat templates: the model's own Jinja template in a sandbox, or a default that fits the vocabulary.

Templates come with model files from strangers. They run in the engine child only, in Jinja's immutable sandbox, with a
bound on size and time; what the bound cannot catch ends with the child, which the parent may kill.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.core.engine.base import ChatMessage, Notice, Role

MAX_TEMPLATE_CHARS: Final = 1_000_000
MAX_PROMPT_CHARS: Final = 64_000_000
MAX_RENDER_S: Final = 10.0
_GENERATION_TAG = re.compile(r"\{%-?\s*(?:end)?generation\s*-?%\}")

CHATML: Final = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA3: Final = (
    "{{ bos_token }}{% for m in messages %}{{ '<|start_header_id|>' + m['role'] + '<|end_header_id|>\n\n'"
    " + m['content'] + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
GEMMA: Final = (
    "{{ bos_token }}{% for m in messages %}{{ '<start_of_turn>' + ('model' if m['role'] == 'assistant'"
    " else 'user') + '\n' + m['content'] + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
PLAIN: Final = (
    "{% for m in messages %}{% if m['role'] == 'system' %}{{ m['content'] + '\n\n' }}"
    "{% else %}{{ ('User: ' if m['role'] == 'user' else 'Assistant: ') + m['content'] + '\n' }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
PLAIN_STOP: Final = ("\nUser:",)


class TemplateError(Exception):
    """A template cannot be used; the text says why."""


@dataclass(frozen=True)
class ControlTokens:
    """What a template needs to know of the vocabulary."""

    bos: str
    eos: str
    has: Callable[[str], bool]


class ChatTemplate:
    """Renders conversations for one model.

    Attributes:
        notices: ``no-chat-template`` or ``template-failed`` where the model's own template is not used.
        stop: strings that end a reply because of the template in use (plain text needs one).
    """

    def __init__(self, source: str, tokens: ControlTokens) -> None:
        self._tokens = tokens
        self.notices: tuple[Notice, ...] = ()
        self.stop: tuple[str, ...] = ()
        self._merge_system = False
        self._tools: list[str] | None = None
        if not source.strip():
            self._use_default(Notice("no-chat-template"))
            return
        try:
            self._template = compile_template(source)
            self._merge_system = not self._shows_system()
        except TemplateError as error:
            self._use_default(Notice("template-failed", {"reason": str(error)}))

    def _shows_system(self) -> bool:
        """Whether a system message comes out of the template; some refuse it, others leave it out.

        Finds out on the way what the template wants to see as its tools: nothing, or an empty list.
        """
        question = ChatMessage(Role.USER, "question")
        try:
            self._render([question])
        except TemplateError:
            self._tools = []
            self._render([question])
        try:
            text = self._render([ChatMessage(Role.SYSTEM, "zqsystemzq"), question])
        except TemplateError:
            return False
        return "zqsystemzq" in text.lower()

    def render(self, messages: Sequence[ChatMessage]) -> str:
        """The prompt as text, with the opening of the reply.

        A template that refuses this sequence of roles gets it with neighbours of one role joined; if it refuses
        that too, the default template takes over (see `notices`).
        """
        turns = merge_system(messages) if self._merge_system else list(messages)
        for attempt in (turns, join_neighbours(merge_system(turns))):
            try:
                return self._render(attempt)
            except TemplateError as error:
                failure = str(error)
        self._use_default(Notice("template-failed", {"reason": failure}))
        return self._render(messages)

    def _render(self, messages: Sequence[ChatMessage]) -> str:
        values = {
            "messages": [{"role": str(m.role.value), "content": m.content} for m in messages],
            "add_generation_prompt": True,
            "bos_token": self._tokens.bos,
            "eos_token": self._tokens.eos,
            "tools": self._tools,
            "documents": None,
        }
        return bounded_render(self._template, values)

    def _use_default(self, notice: Notice) -> None:
        source, self.stop = default_template(self._tokens.has)
        self._template = compile_template(source)
        self._merge_system = False
        self.notices = (notice,)


def default_template(has_token: Callable[[str], bool]) -> tuple[str, tuple[str, ...]]:
    """A template and its stop strings for a model that brings none, by the control tokens of its vocabulary."""
    if has_token("<|im_start|>") and has_token("<|im_end|>"):
        return CHATML, ()
    if has_token("<|start_header_id|>") and has_token("<|eot_id|>"):
        return LLAMA3, ()
    if has_token("<start_of_turn>") and has_token("<end_of_turn>"):
        return GEMMA, ()
    return PLAIN, PLAIN_STOP


def compile_template(source: str) -> jinja2.Template:
    """Compile in the sandbox, with what Hugging Face's templates expect to find.

    Raises:
        TemplateError: too long, or not valid Jinja.
    """
    if len(source) > MAX_TEMPLATE_CHARS:
        raise TemplateError("the template is too long")
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
        extensions=["jinja2.ext.loopcontrols"],
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise
    environment.globals["strftime_now"] = _now
    try:
        return environment.from_string(_GENERATION_TAG.sub("", source))
    except (jinja2.TemplateError, RecursionError, SyntaxError, ValueError) as error:
        raise TemplateError(_short(error)) from error


def bounded_render(template: jinja2.Template, values: dict[str, Any]) -> str:
    """Render piece by piece and stop at the bounds.

    Raises:
        TemplateError: the template failed, or its result is too long or takes too long.
    """
    deadline = time.monotonic() + MAX_RENDER_S
    pieces, length = [], 0
    try:
        for piece in template.generate(values):
            pieces.append(piece)
            length += len(piece)
            if length > MAX_PROMPT_CHARS or time.monotonic() > deadline:
                raise TemplateError("the template does not end")
    except TemplateError:
        raise
    except Exception as error:  # a template may fail with anything
        raise TemplateError(_short(error)) from error
    return "".join(pieces)


def merge_system(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """The conversation with all system texts put before the first message of the user."""
    system = [m.content for m in messages if m.role is Role.SYSTEM]
    rest = [m for m in messages if m.role is not Role.SYSTEM]
    if not system:
        return rest
    for index, message in enumerate(rest):
        if message.role is Role.USER:
            text = "\n\n".join([*system, message.content])
            return [*rest[:index], ChatMessage(Role.USER, text), *rest[index + 1 :]]
    return [ChatMessage(Role.USER, "\n\n".join(system)), *rest]


def join_neighbours(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """The conversation with neighbours of one role joined, beginning with the user."""
    joined: list[ChatMessage] = []
    for message in messages:
        if joined and joined[-1].role is message.role:
            text = f"{joined[-1].content}\n\n{message.content}"
            joined[-1] = ChatMessage(message.role, text)
        elif joined or message.role is not Role.ASSISTANT:
            joined.append(message)
    return joined


def _raise(message: object) -> None:
    raise TemplateError(str(message)[:200])


def _now(layout: str) -> str:
    return datetime.now().astimezone().strftime(layout)


def _to_json(value: object, indent: int | None = None, **_ignored: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".replace("\n", " ")[:200]
