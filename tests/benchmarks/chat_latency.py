"""Time to first token on turn 10 of a chat, against llama-server with its prompt cache, turn by turn in one run."""

from __future__ import annotations

import json
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.core.cancel import CancelToken
from app.core.engine.base import (
    ChatMessage,
    Finished,
    GenerateRequest,
    Role,
    SamplerOptions,
    TextDelta,
)
from tests.benchmarks.engine_speed import THREADS, open_engine
from tests.benchmarks.llama_tools import tools_folder
from tests.benchmarks.rows import Row, median_ratio

TURNS = 10
CHATS = 3
REPLY_TOKENS = 40
QUESTION = (
    "Question {turn} of chat {chat}: what should I know about rivers, mountains and the sea in spring? "
    * 3
)


@contextmanager
def llama_server(model: Path) -> Iterator[str]:
    """A llama-server on a free loopback port; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(tools_folder() / "llama-server"), "-m", str(model), "-c", "4096", "-np", "1"]
    command += ["-t", str(THREADS), "--host", "127.0.0.1", "--port", str(port), "--no-webui"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(10)


def server_turn(address: str, messages: list[dict[str, str]]) -> tuple[float, str]:
    """Seconds to the first streamed token, and the whole reply."""
    body = {"messages": messages, "stream": True, "temperature": 0, "max_tokens": REPLY_TOKENS}
    request = urllib.request.Request(
        f"{address}/v1/chat/completions",
        json.dumps({**body, "cache_prompt": True}).encode(),
        {"Content-Type": "application/json"},
    )
    started = time.perf_counter()
    first, text = 0.0, ""
    with urllib.request.urlopen(request, timeout=300) as response:
        for line in response:
            if not line.startswith(b"data: {"):
                continue
            choices = json.loads(line[6:]).get("choices") or [{}]
            piece = choices[0].get("delta", {}).get("content")
            if piece:
                first = first or time.perf_counter() - started
                text += piece
    return first, text


def run(model: Path) -> Iterator[Row]:
    """The row of turn 10."""
    pairs: list[tuple[float, float]] = []
    with (
        tempfile.TemporaryDirectory(prefix="nibble-bench-") as folder,
        llama_server(model) as address,
    ):
        engine = open_engine(Path(folder), model, 4096)
        try:
            pairs += [_last_turn(engine, address, chat) for chat in range(CHATS)]
        finally:
            engine.close()
    detail = ", ".join(f"{a * 1000:.0f}/{b * 1000:.0f} ms" for a, b in pairs)
    yield Row(
        "time to first token on turn 10 against llama-server",
        median_ratio(pairs),
        1.1,
        False,
        detail,
    )


def _last_turn(engine, address: str, chat: int) -> tuple[float, float]:
    ours: list[ChatMessage] = []
    theirs: list[dict[str, str]] = []
    mine = other = 0.0
    for turn in range(TURNS):
        text = QUESTION.format(turn=turn, chat=chat)
        theirs.append({"role": "user", "content": text})
        other, said = server_turn(address, theirs)
        theirs.append({"role": "assistant", "content": said})
        ours.append(ChatMessage(Role.USER, text))
        started = time.perf_counter()
        answer, mine = "", 0.0
        request = GenerateRequest(list(ours), SamplerOptions(temperature=0), REPLY_TOKENS)
        for event in engine.generate(request, CancelToken()):
            if isinstance(event, TextDelta):
                mine = mine or time.perf_counter() - started
                answer += event.text
            elif isinstance(event, Finished):
                break
        ours.append(ChatMessage(Role.ASSISTANT, answer))
    return mine, other
