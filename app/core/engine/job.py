"""One piece of heavy work in a child process of its own: quantizing, calibrating, measuring.

The parent calls `run_job`, the child's module calls `serve`. The child ends with its work, when it is cancelled, and when
the parent goes away; all of its memory goes back to the system with it.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from typing import BinaryIO, Final

from app.core.cancel import Cancelled, CancelToken
from app.core.children import LONG_JOBS, child_command
from app.core.engine import wire
from app.core.engine.child import ChildGone, EngineChild
from app.core.engine.crash import MemoryFacts, explain, kernel_kills
from app.core.errors import AppError, ErrorCode

POLL_S: Final = 0.05
Emit = Callable[[wire.Line], None]
Work = Callable[[wire.Line, Emit], wire.Line]


def run_job(
    word: str | Sequence[str],
    request: wire.Line,
    cancel: CancelToken,
    on_event: Emit | None = None,
    *,
    needed_bytes: int = 0,
) -> wire.Line:
    """Run a job to its end and return its result.

    Args:
        word: which job (a key of `CHILDREN`), or a whole command line.
        request: plain values for the job.
        cancel: ends the child at once.
        on_event: gets each event that the job emits, in order, in this thread.
        needed_bytes: what the job is known to need, to tell a lack of memory from another crash.

    Raises:
        AppError: the one that the job raised; OUT_OF_MEMORY or ENGINE_CRASHED if its process ended by itself;
            ENGINE_UNAVAILABLE if it did not start.
        Cancelled: the token was cancelled.
    """
    cancel.raise_if_cancelled()
    kills = kernel_kills()
    try:
        command = child_command(word) if isinstance(word, str) else word
        child = EngineChild(command, shares_cores=word in LONG_JOBS)
    except OSError as error:
        raise AppError(ErrorCode.ENGINE_UNAVAILABLE, reason=str(error)) from error
    try:
        with cancel.calling(child.stop):
            return _follow(child, request, on_event)
    except ChildGone:
        cancel.raise_if_cancelled()
        memory = MemoryFacts(needed_bytes, kernel_kills=kernel_kills() - kills)
        raise explain(child.exit_code, child.log_tail, memory) from None
    finally:
        child.kill()


def _follow(child: EngineChild, request: wire.Line, on_event: Emit | None) -> wire.Line:
    call = child.call("job", {"request": request})
    while True:
        line = call.next(POLL_S)
        if line is None:
            continue
        if line["event"] == "done":
            result: wire.Line = line["result"]
            return result
        if line["event"] == "error":
            raise wire.error_from_wire(line)
        if on_event is not None:
            on_event(line)


def serve(work: Work) -> int:
    """The child's side: read the request, do the work in this thread, write events and the result.

    Returns:
        0; the parent reads how it went from the last event.
    """
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")
    with contextlib.suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the parent's to handle
    faulthandler.enable()
    events = take_stdout()
    requests: queue.SimpleQueue[wire.Line] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, requests), daemon=True).start()
    command = requests.get()
    number = command["id"]

    def emit(line: wire.Line) -> None:
        try:
            events.write(wire.encode({"id": number, **line}))
        except OSError:  # the parent is gone
            os._exit(0)

    emit(_outcome(work, command["request"], emit))
    return 0


def _listen(commands: BinaryIO, requests: queue.SimpleQueue[wire.Line]) -> None:
    for data in commands:
        line = wire.decode(data)
        if line.get("op") == "job":
            requests.put(line)
    os._exit(0)


def _outcome(work: Work, request: wire.Line, emit: Emit) -> wire.Line:
    """Do the work; whatever goes wrong becomes an event."""
    try:
        return {"event": "done", "result": work(request, emit)}
    except AppError as error:
        return wire.error_to_wire(error)
    except Cancelled:
        reason = "it was stopped"
    except Exception as error:  # noqa: BLE001 - the border of the child
        traceback.print_exc()
        reason = f"the engine made a mistake ({type(error).__name__})"
    return wire.error_to_wire(
        AppError(ErrorCode.ENGINE_CRASHED, signal=0, name="", reason=reason, log="")
    )


def take_stdout() -> BinaryIO:
    """The real standard output; afterwards stray prints of native code go to standard error."""
    events = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return events
