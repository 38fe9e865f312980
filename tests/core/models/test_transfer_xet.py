"""Xet storage: when it is used, and that bytes are right whatever it does. The storage itself is played by a stand-in."""

from __future__ import annotations

import hashlib
import random
import sys
import threading
import time
import types
from dataclasses import replace
from importlib.machinery import ModuleSpec

import pytest

from app.core.cancel import Cancelled, CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.models.hub import HubClient
from app.core.models.hub_http import HubOptions
from app.core.models.hub_types import FileMetadata
from app.core.models.part_file import done_bytes
from app.core.models.transfer import Transfer
from app.core.models.transfer_ranges import uses_xet
from app.core.models.transfer_types import TransferOptions, job_for
from tests.core.models.conftest import QUICK
from tests.hub_server import FakeFile, FakeRepo

REPO = "unsloth/Qwen3-GGUF"
NAME = "Qwen3-Q4_K_M.gguf"
SIZE = 3_000_000
DATA = random.Random(2).randbytes(SIZE)
OPTIONS = TransferOptions(reserve_bytes=0)


class Storage(types.ModuleType):
    """Speaks the part of hf_xet that is used."""

    def __init__(self):
        super().__init__("hf_xet")
        self.__spec__ = ModuleSpec("hf_xet", None)
        self.opened, self.groups = [], []
        self.data, self.fail_at, self.stall_at = DATA, SIZE + 1, SIZE + 1
        self.XetConfig, self.XetSession, self.XetFileInfo = self._config, self._session, self._info

    def _config(self):
        return types.SimpleNamespace(with_config=lambda name, value: {name: value})

    def _session(self, config):
        assert config == {"telemetry.enabled": False}
        return types.SimpleNamespace(new_download_stream_group=self._group)

    def _group(self, **details):
        self.groups.append(details)
        ended = threading.Event()
        return types.SimpleNamespace(
            download_stream=lambda *range_: self._stream(ended, *range_), abort=ended.set
        )

    def _info(self, xet_hash, size):
        return xet_hash, size

    def _stream(self, ended, info, start, end):
        assert info == ("b" * 64, SIZE)
        self.opened.append((start, end))
        return Stream(self, ended, start, end)


class Stream:
    def __init__(self, storage, ended, start, end):
        self.storage, self.ended, self.start, self.end = storage, ended, start, end

    def __iter__(self):
        for at in range(self.start, self.end, 100_000):
            if at >= self.storage.fail_at:
                raise RuntimeError("the storage is gone")
            if at >= self.storage.stall_at:
                self.ended.wait(20)
            if self.ended.is_set():
                return
            yield self.storage.data[at : min(at + 100_000, self.end)]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """The real module keeps logs and indexes below its own folder."""
    monkeypatch.setenv("HF_XET_CACHE", str(tmp_path / "xet"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))


@pytest.fixture
def storage(monkeypatch):
    module = Storage()
    monkeypatch.setitem(sys.modules, "hf_xet", module)
    return module


@pytest.fixture
def job(hub, client, tmp_path):
    hub.xet = True
    hub.repos[REPO] = FakeRepo({NAME: FakeFile(DATA, xet_hash="b" * 64)})
    listing = client.listing(REPO, CancelToken())
    return job_for(tmp_path, REPO, listing.revision, listing.builds[0].files[0])


def fetch(client, job, cancel=None, told=None, **options):
    return Transfer(client, job, replace(OPTIONS, **options)).run(cancel or CancelToken(), told)


def right(job, result):
    return job.target.read_bytes() == DATA and result.sha256 == hashlib.sha256(DATA).hexdigest()


def test_the_bytes_come_from_there_and_are_verified(hub, client, job, storage):
    result = fetch(client, job)
    assert right(job, result)
    assert result.verified
    assert storage.opened == [(0, SIZE)]
    assert hub.sent_bytes == 0


def test_the_token_of_the_hub_stays_with_the_hub(hub, job, storage):
    options = HubOptions(endpoint=hub.endpoint, retry=QUICK)
    fetch(HubClient(options, lambda: "hf_secret"), job)
    (group,) = storage.groups
    assert group["token"] == "xet-secret"
    assert group["token_refresh_url"].startswith(hub.endpoint)
    assert "authorization" in group["token_refresh_headers"]
    assert "authorization" not in {name.lower() for name in group["custom_headers"]}


def test_wrong_bytes_are_noticed(client, job, storage):
    storage.data = bytes(SIZE)
    with pytest.raises(AppError) as caught:
        fetch(client, job)
    assert caught.value.code is ErrorCode.HASH_MISMATCH
    assert not job.target.exists()


def test_when_it_breaks_off_http_goes_on_at_the_byte(hub, client, job, storage):
    storage.fail_at = 1_000_000
    assert right(job, fetch(client, job))
    assert hub.sent_bytes == SIZE - 1_000_000


def test_when_it_falls_silent_http_goes_on_at_the_byte(hub, client, job, storage):
    storage.stall_at = 2_000_000
    assert right(job, fetch(client, job, stall_s=0.2))
    assert hub.sent_bytes == SIZE - 2_000_000


def test_cancel_and_go_on_at_the_byte(hub, client, job, storage):
    storage.stall_at = 1_500_000
    cancel = CancelToken()

    def watch(progress):
        if progress.done_bytes >= 1_500_000:
            cancel.cancel()

    with pytest.raises(Cancelled):
        fetch(client, job, cancel, watch)
    assert done_bytes(job.target) == 1_500_000
    storage.stall_at = SIZE + 1
    assert right(job, fetch(client, job))
    assert storage.opened == [(0, SIZE), (1_500_000, SIZE)]
    assert hub.sent_bytes == 0


def test_when_the_hub_hands_out_no_key_the_file_comes_over_http(hub, client, job, storage):
    hub.xet = False
    assert right(job, fetch(client, job))
    assert not storage.opened
    asked = [seen for seen in hub.requests("api") if seen.path.endswith("xet-read-token")]
    assert len(asked) == 1


def test_the_real_module_is_ended_at_once(client, job):
    cancel = CancelToken()
    timer = threading.Timer(0.5, cancel.cancel)
    timer.start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        fetch(client, job, cancel)
    timer.join()
    assert time.monotonic() - began < 3


def test_the_real_module_without_a_storage_falls_back_too(hub, client, job):
    """hf_xet itself, with an address where nobody is, while the storage has not answered for a moment."""
    assert right(job, fetch(client, job, stall_s=0.5))
    assert hub.sent_bytes == SIZE


class TestChoice:
    def metadata(self, hub) -> FileMetadata:
        return FileMetadata("c", "e", 10, "http://x", "a" * 64, f"{hub.endpoint}/token")

    def test_is_used_when_it_is_offered_and_wanted(self, hub, client):
        assert uses_xet(client, self.metadata(hub), limited=False)

    @pytest.mark.parametrize("reason", ["not offered", "off", "proxy", "limit", "elsewhere"])
    def test_is_not_used(self, hub, reason):
        metadata = self.metadata(hub)
        if reason == "not offered":
            metadata = replace(metadata, xet_hash="")
        if reason == "elsewhere":
            metadata = replace(metadata, xet_route="https://other.example/token")
        options = HubOptions(
            endpoint=hub.endpoint,
            xet=reason != "off",
            proxy="http://127.0.0.1:9" if reason == "proxy" else "",
        )
        assert not uses_xet(HubClient(options), metadata, limited=reason == "limit")

    def test_switched_off_it_is_not_even_asked_for(self, hub, job, storage):
        options = HubOptions(endpoint=hub.endpoint, retry=QUICK, xet=False)
        assert right(job, fetch(HubClient(options), job))
        assert not storage.opened
        assert not any(seen.path.endswith("xet-read-token") for seen in hub.requests("api"))
