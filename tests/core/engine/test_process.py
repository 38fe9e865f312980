"""The engine in its child process, with real models: streaming, reuse, overflow, cancel, crash, close."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from app.core.cancel import Cancelled, CancelToken
from app.core.engine.base import (
    EngineState,
    FinishReason,
    LoadOptions,
    PromptProgress,
    PromptReady,
    SamplerOptions,
    TextDelta,
)
from app.core.engine.child import child_environment
from app.core.engine.process import EngineProcess
from app.core.engine.template import CHATML
from app.core.errors import AppError, ErrorCode
from tests.core.engine.conftest import ask, assistant, run, user
from tests.models import write_random, write_scripted

SONG = ["la", " le", " li", " lo"]
LONG = "x " * 30_000  # a prompt that takes seconds


def child_of(engine) -> psutil.Process:
    return psutil.Process(engine._child.pid)


def wait_for(condition, timeout_s=20.0):
    """Wait until something becomes true that no event tells of."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        threading.Event().wait(0.005)


class TestStreaming:
    def test_a_reply_streams_with_its_numbers(self, scripted, engine):
        info = scripted(["Hel", "lo", " wor", "ld", "!"])
        assert info.context_length == 1024
        assert info.file_type == "F16"
        assert info.parameters > 1_000_000
        events, text, stats = run(engine, ask("Hi"))
        assert text == "Hello world!"
        assert isinstance(events[0], PromptReady)
        assert isinstance(events[1], PromptProgress)
        assert events[1].done_tokens == events[1].total_tokens == stats.prompt_tokens
        deltas = [event for event in events if isinstance(event, TextDelta)]
        assert deltas[0].text == "Hel", "the first token is not held back"
        assert deltas[-1].generated_tokens == stats.generated_tokens == 5
        assert stats.finish_reason is FinishReason.END
        assert stats.ttft_s > 0
        assert stats.tokens_per_s > 0
        assert stats.prompt_tokens_per_s > 0
        assert stats.context_used == stats.prompt_tokens + 5

    def test_characters_cut_into_tokens(self, scripted, engine):
        scripted(["a", *[bytes([b]) for b in "é😀".encode()], "z"])
        events, text, _ = run(engine, ask("Hi"))
        assert text == "aé😀z"
        assert not any("\ufffd" in e.text for e in events if isinstance(e, TextDelta))

    def test_undecodable_bytes_and_long_tokens(self, scripted, engine):
        scripted(["a", b"\xff", "-" * 600, "b"])
        assert run(engine, ask("Hi"))[1] == "a\ufffd" + "-" * 600 + "b"

    def test_stop_strings_across_tokens(self, scripted, engine):
        scripted(["Hello", " <", "/", "s", ">", " more"])
        _, text, stats = run(engine, ask("Hi", stop=("</s>",)))
        assert text == "Hello "
        assert stats.finish_reason is FinishReason.STOP_STRING

    def test_half_a_stop_string_is_text(self, scripted, engine):
        scripted(["Hello", " <", "/", "t"])
        assert run(engine, ask("Hi", stop=("</s>",)))[1] == "Hello </t"

    def test_length_limit(self, scripted, engine):
        scripted(SONG, loop=True)
        _, text, stats = run(engine, ask("Hi", max_tokens=6))
        assert text == "la le li lola le"
        assert stats.finish_reason is FinishReason.LENGTH
        assert stats.generated_tokens == 6

    def test_a_full_context_ends_the_reply_without_an_error(self, scripted, engine):
        info = scripted(SONG, {"context_length": 256}, loop=True)
        _, text, stats = run(engine, ask("Hi"))
        assert stats.finish_reason is FinishReason.CONTEXT_FULL
        assert stats.context_used == info.context_length == 256
        assert stats.prompt_tokens + stats.generated_tokens in {256, 257}
        assert text.startswith("la le li lo")

    def test_samplers(self, random_model, load, engine):
        """The same seed says the same, another one says something else, and greedy needs no seed."""
        load(random_model)

        def say(**options):
            return run(engine, ask("Hi", max_tokens=12, sampler=SamplerOptions(**options)))[1]

        assert say(seed=7) == say(seed=7)
        assert len({say(seed=seed, top_k=0, top_p=1.0, min_p=0.0) for seed in range(4)}) > 1
        assert say(temperature=0) == say(temperature=0)
        assert say(temperature=1.0, top_k=1, seed=3) == say(temperature=0)
        greedy = say(temperature=0)
        assert say(temperature=0, repeat_penalty=1.5, repeat_last_n=64) != greedy
        assert say(temperature=float("nan"), repeat_penalty=-1.0) == greedy, "nonsense does no harm"

    def test_damaged_weights_are_said_once(self, scripted, engine):
        scripted(["a"], nan=True)
        with pytest.raises(AppError) as caught:
            run(engine, ask("Hi"))
        assert caught.value.code is ErrorCode.LOAD_FAILED
        assert "damaged" in str(caught.value.facts["reason"])

    def test_a_model_without_template_gets_one_and_says_so(self, scripted, engine):
        info = scripted(["Hi"], template=None)
        assert [notice.code for notice in info.notices] == ["no-chat-template"]
        events, text, _ = run(engine, ask("Hi"))
        assert text == "Hi"
        assert events[0].notices == info.notices

    def test_a_broken_template_is_replaced_and_said(self, scripted, engine):
        info = scripted(["Hi"], template="{% nonsense %}")
        assert [notice.code for notice in info.notices] == ["template-failed"]
        assert run(engine, ask("Hi"))[1] == "Hi"

    def test_a_thought_that_the_template_opens_is_part_of_the_reply(self, scripted, engine):
        scripted(
            ["Hm", "</think>", "Yes"],
            template=CHATML.replace("assistant\n'", "assistant\n<think>\n'"),
        )
        assert run(engine, ask("Hi"))[1] == "<think>\nHm</think>Yes"


class TestPrompts:
    def test_turns_reuse_all_that_was_evaluated(self, scripted, engine):
        scripted(["Good", " day", "!"])
        turns = ["How are you?"]
        reused, before = [], 0
        for question in ("And now?", "And then?", "So?"):
            _, text, stats = run(engine, ask(*turns))
            reused.append((stats.reused_tokens, before))
            before = stats.context_used
            turns += [text, question]
        assert reused[0] == (0, 0)
        for now, available in reused[1:]:
            assert now == available, "every evaluated token is used again"

    def test_another_conversation_shares_only_its_beginning(self, scripted, engine):
        scripted(["Hi"])
        run(engine, ask("One thing " * 10))
        _, _, stats = run(engine, ask("Another thing " * 10))
        assert 0 < stats.reused_tokens < 12

    def test_the_oldest_turns_are_dropped_and_named(self, scripted, engine):
        scripted(["Hi"], {"context_length": 512})
        turns = []
        for turn in range(8):
            turns += [f"{turn} " + "word " * 30, "answer " * 5]
        events, text, stats = run(engine, ask(*turns, "Last?"))
        assert text == "Hi"
        dropped = events[0].dropped
        assert dropped == tuple(range(len(dropped)))
        assert 2 <= len(dropped) < 16
        assert stats.prompt_tokens <= 384

    def test_a_message_that_does_not_fit_says_so_and_harms_nothing(self, scripted, engine):
        scripted(["Hi"])
        with pytest.raises(AppError) as caught:
            run(engine, ask("y " * 5000))
        assert caught.value.code is ErrorCode.PROMPT_TOO_LONG
        assert engine.state is EngineState.READY
        assert run(engine, ask("Hi"))[1] == "Hi"

    def test_counting_tokens(self, scripted, engine):
        with pytest.raises(AppError) as caught:
            engine.count_tokens([user("Hi")])
        assert caught.value.code is ErrorCode.NO_MODEL
        scripted(["Hi"])
        _, _, stats = run(engine, ask("Hi there"))
        assert engine.count_tokens([user("Hi there")]) == stats.prompt_tokens

    def test_counting_while_a_reply_is_being_made(self, scripted, engine):
        scripted(SONG, {"context_length": 32_768}, loop=True)
        cancel = CancelToken()
        events = engine.generate(ask("Hi"), cancel)
        while not isinstance(next(events), TextDelta):
            pass
        assert engine.count_tokens([user("Hi")]) > 5
        assert engine.state is EngineState.BUSY
        cancel.cancel()
        assert list(events)[-1].stats.finish_reason is FinishReason.CANCELLED


class TestCancel:
    def test_in_the_middle_of_a_reply(self, scripted, engine):
        scripted(SONG, {"context_length": 32_768}, loop=True)
        cancel = CancelToken()
        text = ""
        for event in engine.generate(ask("Hi"), cancel):
            if isinstance(event, TextDelta):
                text += event.text
                if event.generated_tokens > 20:
                    cancel.cancel()
                    asked = time.perf_counter()
        assert time.perf_counter() - asked < 0.5
        assert event.stats.finish_reason is FinishReason.CANCELLED
        assert text.startswith("la le li lo")
        _, again, _ = run(engine, ask("Hi", max_tokens=3))
        assert again == "la le li"

    def test_in_the_middle_of_the_prompt(self, scripted, engine):
        scripted(SONG, {"context_length": 65_536}, loop=True)
        cancel = CancelToken()
        for event in engine.generate(ask(LONG), cancel):
            if isinstance(event, PromptProgress) and not cancel.cancelled:
                assert event.done_tokens < event.total_tokens
                cancel.cancel()
                asked = time.perf_counter()
        assert time.perf_counter() - asked < 0.5
        assert event.stats.finish_reason is FinishReason.CANCELLED
        assert event.stats.generated_tokens == 0
        second = CancelToken()
        events = engine.generate(ask(LONG), second)
        assert next(events).reused_tokens > 100, "what was evaluated is not lost"
        second.cancel()
        list(events)

    def test_before_it_began(self, scripted, engine):
        scripted(["Hi"])
        cancel = CancelToken()
        cancel.cancel()
        _, text, stats = run(engine, ask("Hi"), cancel)
        assert stats.finish_reason is FinishReason.CANCELLED
        assert text == ""
        assert run(engine, ask("Hi"))[1] == "Hi"

    def test_a_reply_that_nobody_listens_to_any_more_ends(self, scripted, engine):
        scripted(SONG, {"context_length": 65_536}, loop=True)
        events = engine.generate(ask("Hi"), CancelToken())
        while not isinstance(next(events), TextDelta):
            pass
        events.close()
        assert engine.state is EngineState.READY
        assert run(engine, ask("Hi", max_tokens=2))[1] == "la le"

    def test_a_second_request_waits_for_the_first(self, scripted, engine):
        scripted(SONG, {"context_length": 8192}, loop=True)
        first = engine.generate(ask("Hi"), CancelToken())
        next(first)
        cancel = CancelToken()
        threading.Timer(0.05, cancel.cancel).start()
        _, text, stats = run(engine, ask("Hi"), cancel)
        assert stats.finish_reason is FinishReason.CANCELLED
        assert text == ""
        first.close()

    def test_a_load(self, engine, random_model):
        cancel = CancelToken()

        def stop_at_once(_share):
            cancel.cancel()

        with pytest.raises(Cancelled):
            engine.load(random_model, LoadOptions(context_length=512), cancel, stop_at_once)
        assert engine.model is None
        assert engine.state is EngineState.STOPPED


class TestLoading:
    def test_progress_ends_at_one(self, engine, random_model):
        shares = []
        engine.load(random_model, LoadOptions(context_length=512), CancelToken(), shares.append)
        assert shares == sorted(shares)
        assert shares[-1] == 1.0
        assert engine.state is EngineState.READY

    def test_another_model_takes_the_place_of_the_first(self, tmp_path, load, engine):
        load(write_scripted(tmp_path / "a.gguf", ["one"]))
        assert run(engine, ask("Hi"))[1] == "one"
        first = child_of(engine)
        load(write_scripted(tmp_path / "b.gguf", ["two"]))
        assert run(engine, ask("Hi"))[1] == "two"
        assert not first.is_running(), "the memory of the first is free"

    def test_a_bad_file_leaves_the_model_before(self, tmp_path, load, scripted, engine):
        scripted(["Hi"])
        bad = tmp_path / "bad.gguf"
        bad.write_bytes(b"GGUF")
        with pytest.raises(AppError) as caught:
            load(bad)
        assert caught.value.code is ErrorCode.GGUF_TRUNCATED
        assert run(engine, ask("Hi"))[1] == "Hi"

    def test_what_llama_cpp_refuses_is_said_in_its_words(self, tmp_path, load, engine):
        path = write_random(tmp_path / "m.gguf", extra={"tokenizer.ggml.model": "sparrow"})
        with pytest.raises(AppError) as caught:
            load(path)
        assert caught.value.code is ErrorCode.LOAD_FAILED
        assert "sparrow" in str(caught.value.facts["reason"])

    def test_a_context_beyond_the_memory_is_refused_before_anything_is_taken(
        self, load, random_model
    ):
        with pytest.raises(AppError) as caught:
            load(random_model, context_length=2**30)
        assert caught.value.code is ErrorCode.OUT_OF_MEMORY
        facts = caught.value.facts
        assert int(facts["needed_bytes"]) > int(facts["available_bytes"]) > 0

    def test_a_library_that_is_not_there(self, tmp_path):
        broken = EngineProcess(tmp_path, [sys.executable, "-c", "import no_such_library"])
        model = write_scripted(tmp_path / "m.gguf", ["Hi"])
        with pytest.raises(AppError) as caught:
            broken.load(model, LoadOptions(), CancelToken())
        assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE
        assert "missing" in str(caught.value.facts["reason"])
        broken.close()

    def test_a_program_that_is_not_there(self, tmp_path):
        broken = EngineProcess(tmp_path, [str(tmp_path / "nothing")])
        with pytest.raises(AppError) as caught:
            broken.start()
        assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE
        broken.close()


class TestCrash:
    @pytest.mark.skipif(sys.platform == "win32", reason="signals")
    @pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV])
    def test_the_child_dies_in_the_middle_of_a_reply(self, scripted, engine, how):
        scripted(SONG, {"context_length": 65_536}, loop=True)
        child, seen = child_of(engine), []

        def listen():
            for event in engine.generate(ask("Hi"), CancelToken()):
                seen.append(event)
                if isinstance(event, TextDelta) and event.generated_tokens > 4:
                    child.send_signal(how)

        with pytest.raises(AppError) as caught:
            listen()
        assert caught.value.code is ErrorCode.ENGINE_CRASHED
        assert caught.value.facts["signal"] == int(how)
        assert caught.value.facts["name"] == how.name
        assert "".join(e.text for e in seen if isinstance(e, TextDelta)).startswith("la le li lo")
        assert seen[-1].stats.finish_reason is FinishReason.CRASHED
        assert seen[-1].stats.generated_tokens > 4
        assert engine.state is EngineState.FAILED
        assert engine.model is not None
        _, text, _ = run(engine, ask("Hi", max_tokens=2))
        assert text == "la le", "the next reply starts another child"

    @pytest.mark.skipif(sys.platform == "win32", reason="signals")
    def test_an_idle_child_that_dies_is_reaped_and_replaced(self, scripted, engine):
        scripted(["Hi"])
        child = child_of(engine)
        child.kill()
        wait_for(lambda: engine.state is EngineState.FAILED)
        assert not child.is_running(), "no zombie"
        with pytest.raises(AppError):
            engine.count_tokens([user("Hi")])
        assert run(engine, ask("Hi"))[1] == "Hi"
        assert engine.state is EngineState.READY

    @pytest.mark.skipif(sys.platform == "win32", reason="signals")
    def test_the_child_dies_while_loading(self, engine, random_model):
        def die(_share):
            child_of(engine).send_signal(signal.SIGABRT)

        with pytest.raises(AppError) as caught:
            engine.load(random_model, LoadOptions(context_length=512), CancelToken(), die)
        assert caught.value.code is ErrorCode.ENGINE_CRASHED
        assert caught.value.facts["name"] == "SIGABRT"

    @pytest.mark.skipif(sys.platform == "win32", reason="process groups")
    def test_the_child_ends_when_the_parent_is_gone(self, scripted, engine):
        """Closing the pipe is what the end of the parent looks like, even in the middle of a prompt."""
        scripted(SONG, {"context_length": 65_536}, loop=True)
        child = child_of(engine)
        events = engine.generate(ask(LONG), CancelToken())
        next(events)
        engine._child._process.stdin.close()
        wait_for(lambda: not child.is_running(), 5)
        with pytest.raises(AppError):
            list(events)


PARENT = """
import sys, time
from pathlib import Path
from app.core.cancel import CancelToken
from app.core.engine.base import LoadOptions
from app.core.engine.process import EngineProcess
from tests.core.engine.conftest import ask
engine = EngineProcess(Path(sys.argv[2]))
engine.load(Path(sys.argv[1]), LoadOptions(context_length=65_536, threads=1), CancelToken())
events = engine.generate(ask("Hi"), CancelToken())
next(events)
print(engine._child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_killed_parent_leaves_no_child(tmp_path):
    model = write_scripted(tmp_path / "m.gguf", SONG, loop=True)
    command = [sys.executable, "-c", PARENT, str(model), str(tmp_path / "home")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=child_environment()) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.is_running()
        parent.kill()
    wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, 5)


class TestClosing:
    def test_in_every_state(self, tmp_path, random_model):
        engine = EngineProcess(tmp_path)
        assert engine.state is EngineState.STOPPED
        engine.close()
        engine.close()
        with pytest.raises(AppError) as caught:
            engine.start()
        assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE

        engine = EngineProcess(tmp_path)
        engine.start()
        assert engine.state is EngineState.IDLE
        child = child_of(engine)
        engine.close()
        assert not child.is_running()

        engine = EngineProcess(tmp_path)
        engine.load(random_model, LoadOptions(context_length=512), CancelToken())
        child = child_of(engine)
        engine.close()
        assert not child.is_running()
        assert engine.model is None

    @pytest.mark.parametrize("ending", ["close", "unload"])
    def test_during_a_reply(self, scripted, engine, ending):
        scripted(SONG, {"context_length": 65_536}, loop=True)
        child, seen = child_of(engine), []
        events = engine.generate(ask("Hi"), CancelToken())
        while not isinstance(next(events), TextDelta):
            pass
        started = time.perf_counter()
        getattr(engine, ending)()
        assert time.perf_counter() - started < 2
        seen.extend(events)
        assert seen[-1].stats.finish_reason is FinishReason.CANCELLED
        assert not child.is_running()

    def test_during_a_load(self, engine, random_model):
        def close(_share):
            engine.close()

        with pytest.raises(Cancelled):
            engine.load(random_model, LoadOptions(context_length=512), CancelToken(), close)
        assert engine.state is EngineState.STOPPED

    def test_unload_gives_the_memory_back_and_the_next_reply_loads_again(self, scripted, engine):
        scripted(["Hi"])
        child = child_of(engine)
        engine.unload()
        assert not child.is_running()
        assert engine.state is EngineState.STOPPED
        assert engine.model is None
        assert run(engine, ask("Hi"))[1] == "Hi"

    def test_nothing_was_ever_loaded(self, engine):
        with pytest.raises(AppError) as caught:
            run(engine, ask("Hi"))
        assert caught.value.code is ErrorCode.NO_MODEL

    def test_no_files_and_handles_are_left(self, tmp_path, random_model):
        process = psutil.Process()
        gc.collect()
        before = process.num_fds() if hasattr(process, "num_fds") else 0
        for _ in range(3):
            engine = EngineProcess(tmp_path)
            engine.load(random_model, LoadOptions(context_length=512), CancelToken())
            engine.close()
        gc.collect()
        after = process.num_fds() if hasattr(process, "num_fds") else 0
        assert after <= before
        assert not list(tmp_path.iterdir())


def test_the_child_ignores_modules_in_the_working_folder(tmp_path, monkeypatch):
    """A file called jinja2.py beside a person's documents must not run inside the app."""
    (tmp_path / "jinja2.py").write_text("raise SystemExit('not me')")
    write_scripted(tmp_path / "m.gguf", ["Hi"])
    monkeypatch.chdir(tmp_path)
    engine = EngineProcess(tmp_path / "home")
    try:
        engine.load(Path("m.gguf"), LoadOptions(context_length=512), CancelToken())
        assert run(engine, ask(user("Hi"), assistant("x"), user("y")))[1] == "Hi"
    finally:
        engine.close()
