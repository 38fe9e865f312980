"""The terminal commands as processes, with the real engine and the guide."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.conftest import ROOT

FIELDS = {
    "text": str,
    "model": str,
    "prompt_tokens": int,
    "reused_tokens": int,
    "generated_tokens": int,
    "ttft_s": float,
    "tokens_per_s": float,
    "finish_reason": str,
}


def nibble(*words, stdin="", env=None):
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "app", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        input=stdin,
        timeout=120,
        env={**os.environ, **(env or {})},
        check=False,
    )


def test_ask_prints_one_object_with_text_and_numbers(guide):
    done = nibble("ask", "--json", "What is Q4_K_M?")
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert {name: type(value) for name, value in answer.items()} == FIELDS
    assert "Q4_K_M" in answer["text"]
    assert answer["finish_reason"] == "end"
    assert 0 < answer["ttft_s"] < 60
    assert answer["generated_tokens"] > 5


def test_ask_streams_plain_text_and_is_repeatable(guide):
    first = nibble("ask", "What is the KV cache?")
    second = nibble("ask", "-", stdin="What is the KV cache?\n")
    assert first.returncode == second.returncode == 0
    assert first.stdout == second.stdout
    assert first.stdout.endswith("\n")
    assert len(first.stdout.split()) > 8


def test_a_seed_makes_sampling_repeatable(guide):
    words = ["ask", "--json", "--temperature", "1.5", "--seed", "7", "--max-tokens", "24", "hello"]
    one, two = (json.loads(nibble(*words).stdout) for _ in range(2))
    assert one["text"] == two["text"]
    assert one["generated_tokens"] <= 24


def test_max_tokens_ends_a_reply(guide):
    done = json.loads(nibble("ask", "--json", "--max-tokens", "3", "What is GGUF?").stdout)
    assert (done["generated_tokens"], done["finish_reason"]) == (3, "length")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["ask"], 2, "usage:"),
        (["ask", "hi", "--temperature", "hot"], 2, "--temperature"),
        (["ask", "hi", "--temperature", "-1"], 2, "not between"),
        (["frobnicate"], 2, "invalid choice"),
        (["ask", "   "], 1, "the question is empty"),
        (["ask", "--model", "no-such-file.gguf", "hi"], 1, "no file"),
        (["ask", "--model", "README.md", "hi"], 1, "no GGUF file"),
        (["ask", "--model", ".", "hi"], 1, "cannot be read"),
    ],
)
def test_wrong_use_is_one_clear_line(words, code, said):
    done = nibble(*words)
    assert done.returncode == code
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    if code == 1:
        assert done.stderr.count("\n") == 1


def test_a_cut_file_says_so(guide, tmp_path):
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(guide.read_bytes()[:1_000_000])
    done = nibble("ask", "--model", str(cut), "hi")
    assert done.returncode == 1
    assert "cut off" in done.stderr


def test_an_unwritable_data_folder_says_so(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    done = nibble("--data-dir", str(blocked / "below"), "ask", "hi")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1


def test_data_dir_moves_all_state(guide, tmp_path):
    home, other = tmp_path / "home", tmp_path / "other"
    done = nibble(
        "--data-dir", str(other), "chat", stdin="hello\n/quit\n", env={"NIBBLE_HOME": str(home)}
    )
    assert done.returncode == 0
    assert (other / "chats.db").exists()
    assert not home.exists()


def test_chat_keeps_the_conversation_and_knows_its_commands(guide, tmp_path):
    lines = "What is GGUF?\n/help\nthanks\n/new\nhello\n/model nothing.gguf\n"
    done = nibble("--data-dir", str(tmp_path), "chat", stdin=lines)
    assert done.returncode == 0
    assert "GGUF" in done.stdout
    assert "/model FILE" in done.stdout
    assert "no file" in done.stderr
    from app.core.chat.store import ChatStore

    store = ChatStore(tmp_path / "chats.db")
    found = {chat.title: store.messages(chat.id) for chat in store.conversations()}
    store.close()
    assert set(found) == {"What is GGUF?", "hello"}
    assert [m.content for m in found["What is GGUF?"]][::2] == ["What is GGUF?", "thanks"]
    assert all(m.content for m in found["What is GGUF?"])


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_stops_the_reply_and_says_so(guide):
    child = subprocess.Popen(
        [sys.executable, "-m", "app", "ask", "--temperature", "5", "hello"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert child.stdout.read(1)
    os.killpg(child.pid, signal.SIGINT)
    _, error = child.communicate(timeout=20)
    assert child.returncode in {0, 1}  # a short reply may have ended already
    if child.returncode:
        assert error == "nibble: stopped\n"


def test_self_test_checks_everything(guide):
    done = nibble("self-test", "--json")
    result = json.loads(done.stdout)
    assert done.returncode == 0
    assert result["ok"] is True
    assert [check["name"] for check in result["checks"]] == [
        "resources",
        "engine",
        "answer",
        "store",
    ]
    plain = nibble("self-test")
    assert plain.returncode == 0
    assert plain.stdout.count("ok ") == 4


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="displays are named on Linux only")
def test_without_a_display_the_chat_runs_in_the_terminal(guide):
    gone = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": ""}
    done = nibble(stdin="hello\n", env=gone)
    assert done.returncode == 0
    assert "no display" in done.stderr
