"""The parent's end of an engine child: starts it, sends commands, sorts its answers, and knows when it is gone.

One reader thread turns the child's pipe into queues, because a pipe cannot be waited for with a time limit on every
platform. It ends with the child and reaps it, so an idle child that dies leaves no zombie.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from app.core.engine import wire

KILL_TIMEOUT_S: Final = 2.0
LOG_TAIL_BYTES: Final = 16_384
# OpenMP threads that wait for each other spin this often before they sleep, where a job goes on for long beside other
# programs. The library's own 300,000 times are ruinous as soon as another program wants a core and all threads stay at
# work. Replies keep them, as llama.cpp's tools do: prompts were read 3 to 6 % faster in three of four interleaved runs and
# 6 % slower in one, and `ThreadGovernor` gives way. Beside busy programs prompts of 512 tokens and replies came out alike with
# 20,000 and 300,000; the first short prompt took 0.3 to 1.7 s with either.
SHARING_SPINS: Final = "20000"
_ROOT: Final = Path(__file__).resolve().parents[3]


class ChildGone(Exception):  # noqa: N818 - an outcome that callers translate
    """The child has ended; nothing more will come."""


def child_environment(*, shares_cores: bool = False) -> dict[str, str]:
    """Environment of internal children: they find the app, and crash without a debugger.

    Args:
        shares_cores: for long work that other programs should not suffer from, nor it from them.
    """
    inherited = os.environ.get("PYTHONPATH", "")
    paths = [str(_ROOT), *([inherited] if inherited else [])]
    return {
        **({"GOMP_SPINCOUNT": SHARING_SPINS} if shares_cores else {}),
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "GGML_NO_BACKTRACE": "1",
    }


class Call:
    """One command under way. ``finished`` is set when its last answer was handed out."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.finished = False
        self.answers: queue.SimpleQueue[wire.Line | None] = queue.SimpleQueue()

    def next(self, timeout_s: float) -> wire.Line | None:
        """The next answer, or None when none came in time.

        Raises:
            ChildGone: the child ended and everything it had sent was handed out.
        """
        try:
            line = self.answers.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if line is None:
            self.answers.put(None)  # whoever asks again hears it again
            raise ChildGone
        self.finished = line.get("event") in wire.LAST_EVENTS
        return line


class EngineChild:
    """A running engine child.

    Args:
        command: what to start.
        shares_cores: see `child_environment`.

    Attributes:
        ended: set once the child is gone and reaped.
        killed: whether this side ended it.
    """

    def __init__(self, command: Sequence[str], *, shares_cores: bool = False) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the reader when the child is gone
        self._log_tail = ""
        self.killed = False
        self.ended = threading.Event()
        self._hello = Call(0)
        self._introduction: wire.Line | None = None
        self._calls: dict[int, Call] = {0: self._hello}
        self._next_number = 1
        self._lock = threading.Lock()
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env=child_environment(shares_cores=shares_cores),
                bufsize=0,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError:
            self._log.close()
            raise
        self._reader = threading.Thread(target=self._read, name="engine-reader", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Process number."""
        return self._process.pid

    @property
    def exit_code(self) -> int:
        """Exit code as `subprocess` has it; 0 while the child lives."""
        return self._process.returncode or 0

    @property
    def log_tail(self) -> str:
        """The end of the child's standard error; complete once `ended` is set."""
        return self._log_tail

    def introduction(self, timeout_s: float) -> wire.Line | None:
        """What the child says of itself once its libraries are loaded (``gpu``); None if it does not in time.

        Raises:
            ChildGone: it could not start.
        """
        if self._introduction is None:
            self._introduction = self._hello.next(timeout_s)
        return self._introduction

    def call(self, operation: str, fields: wire.Line) -> Call:
        """Send a command.

        Raises:
            ChildGone: the child has ended.
        """
        with self._lock:
            number = self._next_number
            self._next_number += 1
            call = self._calls[number] = Call(number)
        self._send({"id": number, "op": operation, **fields})
        return call

    def cancel(self, call: Call) -> None:
        """Ask the child to stop working on a call; its last answer still comes."""
        with contextlib.suppress(ChildGone):
            self._send({"id": -1, "op": "cancel", "target": call.number})

    def forget(self, call: Call) -> None:
        """Answers of this call are of no interest any more."""
        with self._lock:
            self._calls.pop(call.number, None)

    def kill(self) -> None:
        """End the child at once and wait until it is gone (two seconds at most). Twice is fine."""
        if not self.ended.is_set():
            self.stop()
        self.killed = True
        self._reader.join(KILL_TIMEOUT_S)

    def stop(self) -> None:
        """End the child without waiting for it. Safe from any thread; `kill` must still follow."""
        self.killed = True
        with contextlib.suppress(OSError):
            self._process.kill()

    def _send(self, line: wire.Line) -> None:
        pipe = self._process.stdin
        data = memoryview(wire.encode(line))
        try:
            with self._lock:
                while data and pipe is not None:
                    data = data[pipe.write(data) or 0 :]
        except (OSError, ValueError) as error:
            self.ended.wait(KILL_TIMEOUT_S)  # so that exit code and log are known
            raise ChildGone from error

    def _read(self) -> None:
        pipe = self._process.stdout
        if pipe is not None:
            with contextlib.suppress(OSError, ValueError):
                self._sort_answers(pipe.fileno())
        self._process.wait()
        self._read_log()
        with self._lock:
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
            self.ended.set()
            for call in self._calls.values():
                call.answers.put(None)

    def _sort_answers(self, descriptor: int) -> None:
        rest = b""
        while data := os.read(descriptor, 65_536):
            *lines, rest = (rest + data).split(b"\n")
            for text in lines:
                line = wire.decode(text)
                with self._lock:
                    call = self._calls.get(line.get("id", -1))
                    if call is not None and line.get("event") in wire.LAST_EVENTS:
                        del self._calls[call.number]
                if call is not None:
                    call.answers.put(line)

    def _read_log(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            end = self._log.seek(0, os.SEEK_END)
            self._log.seek(max(0, end - LOG_TAIL_BYTES))
            self._log_tail = self._log.read().decode("utf-8", "replace")
        self._log.close()
