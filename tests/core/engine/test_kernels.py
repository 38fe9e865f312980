"""The self-probe of quantized kernels, and how its verdict is remembered and used."""

from __future__ import annotations

import json
import threading

import pytest

from app.core.cancel import Cancelled, CancelToken
from app.core.engine import kernels as module
from app.core.engine import probe
from app.core.engine.base import LoadOptions
from app.core.engine.kernels import KernelMemory, Kernels
from app.core.engine.process import EngineProcess
from app.core.errors import AppError, ErrorCode
from tests.core.engine.conftest import ask, run


@pytest.fixture(scope="module")
def quantized(random_model, tmp_path_factory):
    """A Q8_0 build of the random model."""
    from app.core.engine.llama import lib

    target = tmp_path_factory.mktemp("builds") / "q8.gguf"
    probe.quantize(random_model, target, lib.LLAMA_FTYPE_MOSTLY_Q8_0)
    return target


def test_this_build_computes_quantized_models(capsys):
    """The real probe on the real library: what set-up runs."""
    code = probe.main(["--json"])
    result = json.loads(capsys.readouterr().out)
    assert result["verdict"] in {"full", "safe"}
    assert code == (0 if result["verdict"] == "full" else 3)
    assert result[result["verdict"]]["cosine"]["Q8_0"] > 0.99


@pytest.mark.parametrize(
    ("good", "verdict", "code"),
    [({"full", "safe"}, "full", 0), ({"safe"}, "safe", 3), (set(), "broken", 1)],
)
def test_verdicts(monkeypatch, capsys, good, verdict, code):
    def stage(name, _model):
        return {"good": True} if name in good else {"good": False, "exit_code": -11}

    monkeypatch.setattr(probe, "_run_stage", stage)
    assert probe.main([]) == code
    assert capsys.readouterr().out == verdict + "\n"


def test_a_stage_that_dies_or_cannot_run_is_not_good(tmp_path):
    result = probe._run_stage("full", tmp_path / "no-model.gguf")
    assert not result["good"]
    assert result["exit_code"] != 0


def test_scores_are_compared():
    assert probe.mean_cosine([[1.0, 0.0]], [[2.0, 0.0]]) == pytest.approx(1)
    assert probe.mean_cosine([[1.0, 0.0]], [[0.0, 1.0]]) == pytest.approx(0)
    assert probe.mean_cosine([[1.0, 0.0]], [[float("nan"), 1.0]]) == -1
    assert probe.mean_cosine([[1.0, 0.0]], [[0.0, 0.0]]) == -1


def test_the_verdict_is_found_once_and_remembered(tmp_path, monkeypatch):
    asked = []

    def find(_cancel):
        asked.append(1)
        return Kernels.FULL

    monkeypatch.setattr(module, "run_probe", find)
    memory = KernelMemory(tmp_path / "home")
    assert memory.verdict(CancelToken()) is Kernels.FULL
    assert memory.verdict(CancelToken()) is Kernels.FULL
    assert KernelMemory(tmp_path / "home").verdict(CancelToken()) is Kernels.FULL
    assert len(asked) == 1
    monkeypatch.setattr(module, "probe_key", lambda: "another processor")
    KernelMemory(tmp_path / "home").verdict(CancelToken())
    assert len(asked) == 2


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"key": "x", "verdict": "good"}', "\x00\xff"])
def test_damaged_memory_is_asked_anew(tmp_path, monkeypatch, content):
    monkeypatch.setattr(module, "run_probe", lambda _cancel: Kernels.FULL)
    (tmp_path / "kernels.json").write_text(content, encoding="latin-1")
    assert KernelMemory(tmp_path).verdict(CancelToken()) is Kernels.FULL


@pytest.mark.expects_log
def test_a_probe_without_verdict_is_not_remembered(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "child_command", lambda _word: ["false"])
    assert KernelMemory(tmp_path).verdict(CancelToken()) is Kernels.FULL
    assert not (tmp_path / "kernels.json").exists()


def test_the_probe_can_be_cancelled():
    cancel = CancelToken()
    threading.Timer(0.1, cancel.cancel).start()
    with pytest.raises(Cancelled):
        module.run_probe(cancel)


def test_a_quantized_model_is_probed_before_its_first_load(tmp_path, quantized):
    engine = EngineProcess(tmp_path)
    try:
        info = engine.load(quantized, LoadOptions(context_length=512), CancelToken())
        saved = json.loads((tmp_path / "kernels.json").read_text())
        assert saved["verdict"] in {"full", "safe"}
        assert ("safe-kernels" in [n.code for n in info.notices]) == (saved["verdict"] == "safe")
        assert run(engine, ask("Hi", max_tokens=5))[2].generated_tokens > 0
    finally:
        engine.close()


def remember(tmp_path, verdict):
    text = json.dumps({"key": module.probe_key(), "verdict": verdict})
    (tmp_path / "kernels.json").write_text(text)
    return EngineProcess(tmp_path)


def test_safe_kernels_are_used_and_said(tmp_path, quantized, random_model):
    engine = remember(tmp_path, "safe")
    try:
        info = engine.load(quantized, LoadOptions(context_length=512), CancelToken())
        assert [notice.code for notice in info.notices] == ["safe-kernels"]
        assert run(engine, ask("Hi", max_tokens=5))[2].generated_tokens > 0
        info = engine.load(random_model, LoadOptions(context_length=512), CancelToken())
        assert info.notices == (), "F16 models need no quantized kernels"
    finally:
        engine.close()


def test_broken_kernels_are_refused(tmp_path, quantized):
    engine = remember(tmp_path, "broken")
    try:
        with pytest.raises(AppError) as caught:
            engine.load(quantized, LoadOptions(context_length=512), CancelToken())
        assert caught.value.code is ErrorCode.LOAD_FAILED
    finally:
        engine.close()
