"""`nibble models search` and `get` as processes, against a hub on the loopback interface."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.hub_server import FakeFile, FakeRepo, HubServer

REPO = "unsloth/Qwen3-GGUF"
SIZE = 8_000_000
DATA = random.Random(3).randbytes(SIZE)
NAMES = ("Qwen3-Q2_K.gguf", "Qwen3-Q4_K_M.gguf", "mmproj-F16.gguf")


@pytest.fixture
def hub():
    files = {name: FakeFile(DATA[: SIZE - number]) for number, name in enumerate(NAMES)}
    with HubServer(repos={REPO: FakeRepo(files, downloads=77)}) as server:
        yield server


@pytest.fixture
def start(hub, tmp_path):
    def run(*words, **extra):
        environment = {**os.environ, "NIBBLE_HOME": str(tmp_path), "HF_ENDPOINT": hub.endpoint}
        environment |= {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", **extra}
        return subprocess.Popen(
            [sys.executable, "-m", "app", "models", *words],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


@pytest.fixture
def nibble(start):
    def run(*words, **extra):
        child = start(*words, **extra)
        out, err = child.communicate(timeout=60)
        return child.returncode, out, err

    return run


def test_search(nibble):
    code, out, err = nibble("search", "qwen3", "--json")
    assert (code, err) == (0, "")
    (found,) = json.loads(out)
    assert found["repo"] == REPO
    assert found["downloads"] == 77
    assert found["licence"] == "apache-2.0"
    code, out, _ = nibble("search", "qwen3")
    assert code == 0
    assert REPO in out


def test_get_fetches_the_usual_build_and_names_its_path(nibble, tmp_path, hub):
    code, out, err = nibble("get", REPO, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    path = tmp_path / "models" / REPO / NAMES[1]
    assert found["path"] == str(path)
    assert found["quant"] == "Q4_K_M"
    assert found["revision"] == hub.repos[REPO].commit
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert found["files"] == [
        {"path": str(path), "size_bytes": SIZE - 1, "sha256": sha256, "verified": True}
    ]
    before = hub.sent_bytes
    assert nibble("get", f"{REPO}:q4_k_m")[:2] == (0, f"{path}\n")
    assert hub.sent_bytes == before


@pytest.mark.parametrize("what", [f"{REPO}:Q2_K", f"{REPO}/{NAMES[0]}", "{endpoint}/" + REPO])
def test_get_understands_every_way_to_name_a_model(nibble, hub, what):
    code, out, _ = nibble("get", what.format(endpoint=hub.endpoint))
    assert code == 0
    assert out.strip().endswith(".gguf")


def test_get_with_a_projector(nibble, tmp_path):
    assert nibble("get", f"{REPO}:Q2_K", "--projector")[0] == 0
    assert (tmp_path / "models" / REPO / NAMES[2]).stat().st_size == SIZE - 2


def test_ctrl_c_keeps_what_is_there_and_the_next_call_goes_on(start, nibble, hub, tmp_path):
    hub.bytes_per_s = 2_000_000
    child = start("get", f"{REPO}:Q2_K")
    while hub.sent_bytes < SIZE / 3:
        assert child.poll() is None
        hub.stopping.wait(0.02)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=20)
    assert child.returncode not in {0, None}
    assert "goes on from there" in err
    folder = tmp_path / "models" / REPO
    assert not (folder / NAMES[0]).exists()
    hub.bytes_per_s = 0
    assert nibble("get", f"{REPO}:Q2_K")[0] == 0
    assert (folder / NAMES[0]).read_bytes() == DATA
    assert hub.sent_bytes < SIZE * 1.2
    assert {path.name for path in folder.iterdir()} == {NAMES[0], ".nibble.json"}


@pytest.mark.parametrize(
    ("words", "extra", "said"),
    [
        (["get", f"{REPO}:Q9_9"], {}, "it has: Q4_K_M, Q2_K"),
        (["get", "no/such"], {}, "not on the hub"),
        (["get", "what"], {}, "names no model"),
        (["get", REPO], {"HF_HUB_OFFLINE": "1"}, "offline mode is on"),
    ],
)
def test_failures_are_one_line_and_exit_code_1(nibble, words, extra, said):
    code, out, err = nibble(*words, **extra)
    assert (code, out) == (1, "")
    assert said in err
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_a_gated_model_names_its_page(nibble, hub):
    hub.repos[REPO].gated = "manual"
    code, _, err = nibble("get", REPO)
    assert code == 1
    assert f"{hub.endpoint}/{REPO}" in err


def test_a_token_in_the_environment_opens_it(nibble, hub):
    hub.repos[REPO].gated, hub.token = "manual", "hf_env"
    assert nibble("get", f"{REPO}:Q2_K", HF_TOKEN="hf_env")[0] == 0
