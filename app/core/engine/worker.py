"""The engine child: reads commands, runs llama.cpp, writes events. Started by the app as ``engine-child``.

Three threads: the main thread reads standard input, so that a cancel or the end of the parent is seen at once; one thread
runs llama.cpp; one counts tokens, which may happen while a reply is being made. The child loads one model in its life:
another model gets another child, which gives all memory back to the system.
"""

from __future__ import annotations

import faulthandler
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import BinaryIO, Final, NoReturn

from app.core.cancel import Cancelled
from app.core.engine import wire
from app.core.engine.base import ReplyEvent
from app.core.engine.context import LlamaContext, StopFlag
from app.core.engine.job import take_stdout
from app.core.engine.llama import LogTail, lib
from app.core.engine.plan import LoadPlan
from app.core.engine.prompt import PromptBuilder
from app.core.engine.reply import ReplyMaker
from app.core.engine.template import ChatTemplate, ControlTokens
from app.core.errors import AppError, ErrorCode

PROGRESS_S: Final = 0.05


def main(argv: Sequence[str] = ()) -> int:
    """Run until the parent says ``close`` or goes away. Does not return in practice."""
    del argv
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the parent's to handle
    faulthandler.enable()
    Worker(take_stdout()).run(sys.stdin.buffer)


class Worker:
    """The child's state. ``events`` is where lines for the parent are written."""

    def __init__(self, events: BinaryIO) -> None:
        self._events = events
        self._write_lock = threading.Lock()
        self._work: queue.SimpleQueue[wire.Line] = queue.SimpleQueue()
        self._counts: queue.SimpleQueue[wire.Line] = queue.SimpleQueue()
        self._log = LogTail()
        self._cancel = _CancelDesk()
        self._model: _LoadedModel | None = None

    def run(self, commands: BinaryIO) -> NoReturn:
        """Read commands until the pipe ends; then end the process, whatever its threads do."""
        for target in (self._work_loop, self._count_loop):
            threading.Thread(target=target, daemon=True).start()
        for data in commands:
            command = wire.decode(data)
            match command.get("op"):
                case "load" | "adapters" | "generate":
                    self._work.put(command)
                case "count":
                    self._counts.put(command)
                case "cancel":
                    self._cancel.cancel(command["target"])
                case "close":
                    break
        os._exit(0)

    def _work_loop(self) -> None:
        self._log.install()
        lib.llama_backend_init()
        self._send(0, {"event": "hello", **_devices()})
        operations = {"load": self._load, "adapters": self._adapt, "generate": self._generate}
        while True:
            command = self._work.get()
            operation = operations[command["op"]]
            self._cancel.begin(command["id"])
            self._answer(command, operation)

    def _count_loop(self) -> None:
        while True:
            self._answer(self._counts.get(), self._count)

    def _answer(self, command: wire.Line, operation: Callable[[wire.Line], None]) -> None:
        """Run an operation; whatever goes wrong becomes an event, so that the parent never waits in vain."""
        try:
            operation(command)
        except AppError as error:
            self._send(command["id"], wire.error_to_wire(error))
        except Cancelled:
            self._send(command["id"], {"event": "error", "code": "cancelled", "facts": {}})
        except Exception as error:  # noqa: BLE001 - the border of the child
            traceback.print_exc()
            name = type(error).__name__
            reason = f"the engine made a mistake ({name})"
            crash = AppError(ErrorCode.ENGINE_CRASHED, signal=0, name=name, reason=reason, log="")
            self._send(command["id"], wire.error_to_wire(crash))

    def _send(self, request: int, line: wire.Line) -> None:
        data = wire.encode({"id": request, **line})
        with self._write_lock:
            try:
                self._events.write(data)
            except OSError:  # the parent is gone
                os._exit(0)

    def _load(self, command: wire.Line) -> None:
        sent = 0.0

        def report(share: float) -> None:
            nonlocal sent
            now = time.monotonic()
            if now - sent >= PROGRESS_S or share >= 1.0:
                sent = now
                self._send(command["id"], {"event": "load-progress", "share": share})

        started = time.perf_counter()
        self._model = _LoadedModel(command, self._cancel, self._log, report)
        facts = self._model.facts()
        facts["load_s"] = time.perf_counter() - started
        self._send(command["id"], {"event": "loaded", **facts})

    def _adapt(self, command: wire.Line) -> None:
        self._loaded().context.adapters.use(wire.adapters_from_wire(command["adapters"]))
        self._send(command["id"], {"event": "adapted"})

    def _generate(self, command: wire.Line) -> None:
        def send(event: ReplyEvent) -> None:
            self._send(command["id"], wire.event_to_wire(event))

        self._loaded().replies.make(wire.request_from_wire(command), send)

    def _count(self, command: wire.Line) -> None:
        messages = wire.messages_from_wire(command["messages"])
        count = len(self._loaded().counter.build(messages).tokens)
        self._send(command["id"], {"event": "count", "tokens": count})

    def _loaded(self) -> _LoadedModel:
        if self._model is None:
            raise AppError(ErrorCode.NO_MODEL)
        return self._model


def _devices() -> wire.Line:
    """Whether layers can go to a device, and the devices with their memory as far as ggml tells."""
    if not lib.llama_supports_gpu_offload():
        return {"gpu": False, "devices": []}
    from app.core.engine.devices import ggml_devices  # noqa: PLC0415 - only where there may be one

    try:
        return {"gpu": True, "devices": ggml_devices()}
    except (OSError, AttributeError):
        return {"gpu": True, "devices": []}


class _LoadedModel:
    """A model and what works on it; ``counter`` is a second prompt builder, for the counting thread."""

    def __init__(
        self,
        command: wire.Line,
        cancel: _CancelDesk,
        log: LogTail,
        report: Callable[[float], None],
    ) -> None:
        plan = LoadPlan.from_wire(command["plan"])
        self.context = LlamaContext(plan, cancel.stop, log, report)
        vocabulary = self.context.vocabulary
        self.builder = PromptBuilder(vocabulary, self._template())
        self.counter = PromptBuilder(vocabulary, self._template())
        self.replies = ReplyMaker(self.context, self.builder)

    def _template(self) -> ChatTemplate:
        words = self.context.vocabulary
        tokens = ControlTokens(words.text(words.bos), words.text(words.eos), words.has_control)
        return ChatTemplate(self.context.template_source(), tokens)

    def facts(self) -> wire.Line:
        """What the parent wants to know of the model."""
        notices = [asdict(notice) for notice in self.builder.template.notices]
        facts: wire.Line = dict(self.context.description())
        return {**facts, "context_length": self.context.context_length, "notices": notices}


class _CancelDesk:
    """Brings cancels to the operation they mean, also when they come before it begins or after it ended."""

    def __init__(self) -> None:
        self.stop = StopFlag()
        self._lock = threading.Lock()
        self._current = -1
        self._early: set[int] = set()

    def begin(self, operation: int) -> None:
        """An operation starts: lower the flag unless it was cancelled while it waited."""
        with self._lock:
            self._current = operation
            self.stop.is_set = operation in self._early
            self._early = {early for early in self._early if early > operation}

    def cancel(self, operation: int) -> None:
        """Stop an operation that runs or waits; one that is over stays over."""
        with self._lock:
            if operation == self._current:
                self.stop.is_set = True
            elif operation > self._current:
                self._early.add(operation)


if __name__ == "__main__":
    sys.exit(main())
