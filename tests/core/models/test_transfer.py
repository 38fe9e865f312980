"""Transfers against every fault: the right bytes or a clear message, and no stray file."""

from __future__ import annotations

import errno
import hashlib
import json
import random
import threading
import time
from dataclasses import replace

import pytest

from app.core.cancel import Cancelled, CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.models import hub_body, part_file, transfer, transfer_run
from app.core.models.download_record import read_records
from app.core.models.file_lock import lock_path, locked
from app.core.models.hub import HubClient
from app.core.models.hub_http import HubOptions
from app.core.models.part_file import PartFile, done_bytes
from app.core.models.ranges import WorkPlan
from app.core.models.transfer import Transfer
from app.core.models.transfer_speed import SpeedLimit
from app.core.models.transfer_types import TransferOptions, TransferState, job_for
from tests.core.models.conftest import QUICK
from tests.hub_server import FakeFile, FakeRepo, HubServer

REPO = "unsloth/Qwen3-GGUF"
NAME = "Q4/Qwen3-Q4_K_M.gguf"
SIZE = 12_000_017
DATA = random.Random(1).randbytes(SIZE)
OPTIONS = TransferOptions(parallel_from_bytes=1_000_000, piece_bytes=2_500_000, reserve_bytes=0)
ONE = replace(OPTIONS, connections=1)


@pytest.fixture
def job(hub, client, tmp_path):
    hub.repos[REPO] = FakeRepo({NAME: FakeFile(DATA)})
    listing = client.listing(REPO, CancelToken())
    return job_for(tmp_path / "models", REPO, listing.revision, listing.builds[0].files[0])


def names(job) -> set[str]:
    return {path.name for path in job.target.parent.parent.rglob("*") if path.is_file()}


def right(job, result) -> bool:
    return job.target.read_bytes() == DATA and result.sha256 == hashlib.sha256(DATA).hexdigest()


def fetch(client, job, options=OPTIONS, cancel=None, on_progress=None, limit=None):
    return Transfer(client, job, options, limit).run(cancel or CancelToken(), on_progress)


def failure(action) -> AppError:
    with pytest.raises(AppError) as caught:
        action()
    return caught.value


class TestPlain:
    @pytest.mark.parametrize("options", [OPTIONS, ONE], ids=["parallel", "single"])
    def test_the_file_arrives_whole_with_its_record_and_nothing_else(
        self, hub, client, job, options
    ):
        result = fetch(client, job, options)
        assert right(job, result)
        assert result.verified
        assert names(job) == {job.target.name, ".nibble.json"}
        (record,) = read_records(job.target.parent.parent)
        assert record.sha256 == result.sha256
        assert (record.repo, record.path, record.revision) == (REPO, NAME, job.revision)
        assert hub.sent_bytes <= SIZE * 1.1

    def test_connections_are_parallel_ranges_of_the_other_host(self, hub, client, job):
        hub.bytes_per_s = 8_000_000
        fetch(client, job)
        starts = {seen.header("range").partition("-")[0] for seen in hub.requests("files")}
        assert len(starts) >= 5
        assert not any(seen.header("authorization") for seen in hub.requests("files"))

    @pytest.mark.parametrize(
        ("fast_bytes_per_s", "workers"), [(1e12, {0, 1, 2, 3}), (0.0, {0, 1})], ids=["slow", "fast"]
    )
    def test_on_a_fast_line_two_connections_are_enough(
        self, hub, client, job, monkeypatch, fast_bytes_per_s, workers
    ):
        hub.bytes_per_s = 4_000_000
        taking, take = set(), WorkPlan.take

        def note(plan, worker):
            taken = take(plan, worker)
            taking.update({worker} if taken else ())
            return taken

        monkeypatch.setattr(WorkPlan, "take", note)
        result = fetch(client, job, replace(OPTIONS, fast_bytes_per_s=fast_bytes_per_s))
        assert right(job, result)
        assert taking == workers

    def test_a_small_file_without_a_hash_is_not_called_verified(self, hub, client, job):
        hub.repos[REPO].files = {"x.gguf": FakeFile(b"small", lfs=False)}
        listing = client.listing(REPO, CancelToken())
        small = job_for(job.target.parents[3], REPO, listing.revision, listing.builds[0].files[0])
        result = fetch(client, small)
        assert small.target.read_bytes() == b"small"
        assert not result.verified
        assert result.sha256 == hashlib.sha256(b"small").hexdigest()

    def test_an_empty_file(self, hub, client, job):
        hub.repos[REPO].files[NAME] = FakeFile(b"")
        result = fetch(client, replace(job, file=replace(job.file, size_bytes=0), revision="main"))
        assert result.path.read_bytes() == b""

    def test_a_file_that_is_there_is_not_fetched_again(self, hub, client, job):
        fetch(client, job)
        before = hub.sent_bytes
        assert fetch(client, job).fetched_bytes == 0
        (job.target.parent.parent / ".nibble.json").unlink()
        assert fetch(client, job).fetched_bytes == 0  # found by its hash
        assert hub.sent_bytes == before

    def test_a_file_of_that_name_and_length_with_other_content_is_replaced(self, hub, client, job):
        job.target.parent.mkdir(parents=True)
        job.target.write_bytes(bytes(SIZE))
        assert right(job, fetch(client, job))

    def test_progress_is_told_in_order_and_ends_with_everything(self, hub, client, job):
        hub.bytes_per_s = 6_000_000
        told = []
        fetch(client, job, on_progress=told.append)
        done = [progress.done_bytes for progress in told]
        assert done == sorted(done)
        assert told[0].state is TransferState.CHECKING
        assert done[-1] == SIZE
        middle = [p for p in told if p.state is TransferState.FETCHING and p.eta_s is not None]
        assert middle
        assert all(p.bytes_per_s > 0 for p in middle)

    def test_a_commit_that_vanished_is_no_reason_to_start_over(self, hub, client, job):
        hub.fault("status", skip=3, times=-1)
        failure(lambda: fetch(client, job, ONE))
        kept = done_bytes(job.target)
        assert kept > 0
        hub.script.faults.clear()
        hub.repos[REPO].files["new.txt"] = FakeFile(b"another commit")
        hub.forget_commits = True
        result = fetch(client, job, ONE)
        assert right(job, result)
        assert result.fetched_bytes == SIZE - kept
        assert result.revision == hub.repos[REPO].commit != job.revision
        assert not result.changed


class TestFaults:
    @pytest.mark.parametrize("options", [OPTIONS, ONE], ids=["parallel", "single"])
    @pytest.mark.parametrize(
        "fault",
        [
            {"kind": "cut", "after_bytes": 700_001, "times": 6},
            {"kind": "cut", "after_bytes": 0, "times": 3},
            {"kind": "cut-headers", "times": 3},
            {"kind": "ignore-range", "times": -1},
            {"kind": "ignore-range", "times": 1, "skip": 1},
            {"kind": "no-length", "times": -1},
            {"kind": "short-range", "times": 3},
            {"kind": "status", "status": 503, "times": 3},
            {"kind": "status", "status": 500, "times": 2},
            {"kind": "status", "status": 429, "times": 2, "retry_after_s": 0},
            {"kind": "status", "status": 429, "times": 2},
            {"kind": "expire", "times": 2},
            {"kind": "expire", "times": 1, "skip": 3},
        ],
        ids=lambda fault: "-".join(str(value) for value in fault.values()),
    )
    def test_what_passes_is_overcome(self, hub, client, job, fault, options):
        hub.fault(**fault)
        result = fetch(client, job, options)
        assert right(job, result)
        assert names(job) == {job.target.name, ".nibble.json"}

    def test_a_cut_goes_on_at_the_byte(self, hub, client, job):
        hub.fault("cut", after_bytes=700_001)
        fetch(client, job, replace(ONE, parallel_from_bytes=SIZE))
        ranges = [seen.header("range") for seen in hub.requests("files")]
        assert ranges == [f"bytes=0-{SIZE - 1}", f"bytes=700001-{SIZE - 1}"]
        assert hub.sent_bytes == SIZE

    def test_a_wrong_byte_leaves_nothing_usable_and_says_so(self, hub, client, job):
        hub.fault("wrong-bytes", after_bytes=6_000_000, times=-1)
        error = failure(lambda: fetch(client, job))
        assert error.code is ErrorCode.HASH_MISMATCH
        assert error.facts["expected"] == hashlib.sha256(DATA).hexdigest()
        assert error.facts["actual"] != error.facts["expected"]
        assert names(job) == set()
        hub.script.faults.clear()
        assert right(job, fetch(client, job))

    @pytest.mark.parametrize("options", [OPTIONS, ONE], ids=["parallel", "single"])
    def test_a_file_that_changes_is_fetched_anew_and_never_mixed(self, hub, client, job, options):
        hub.fault("change", skip=2)
        result = fetch(client, job, options)
        assert job.target.read_bytes() == bytes(reversed(DATA))
        assert result.changed
        assert result.verified

    def test_a_file_that_keeps_changing_is_given_up(self, hub, client, job):
        for _ in range(8):
            hub.fault("change", skip=1)
        error = failure(lambda: fetch(client, job, ONE))
        assert error.code is ErrorCode.FILE_CHANGED
        assert job.target.name not in names(job)

    def test_a_pinned_hash_refuses_other_content(self, hub, client, job):
        pinned = replace(job, pinned_sha256=hashlib.sha256(b"other").hexdigest())
        assert failure(lambda: fetch(client, pinned)).code is ErrorCode.FILE_CHANGED
        assert hub.sent_bytes == 0

    @pytest.mark.parametrize(
        ("fault", "code"),
        [
            ({"kind": "status", "status": 503}, ErrorCode.DOWNLOAD_CUT),
            ({"kind": "cut", "after_bytes": 0}, ErrorCode.DOWNLOAD_CUT),
            ({"kind": "cut-headers"}, ErrorCode.DOWNLOAD_CUT),
            ({"kind": "status", "status": 429}, ErrorCode.HUB_RATE_LIMITED),
            ({"kind": "expire"}, ErrorCode.HUB_UNAUTHORIZED),
            ({"kind": "status", "status": 404}, ErrorCode.HUB_NOT_FOUND),
        ],
        ids=str,
    )
    def test_what_stays_is_named_and_the_next_call_goes_on(self, hub, client, job, fault, code):
        hub.fault(**fault, times=-1, skip=2)
        assert failure(lambda: fetch(client, job, ONE)).code is code
        assert names(job) == {f"{job.target.name}.part", f"{job.target.name}.part.json"}
        assert done_bytes(job.target) == 5_000_000
        hub.script.faults.clear()
        assert right(job, fetch(client, job))
        assert hub.sent_bytes == SIZE

    def test_a_server_that_asks_for_hours_is_not_waited_for(self, hub, client, job):
        hub.fault("status", status=429, retry_after_s=5000, times=-1)
        error = failure(lambda: fetch(client, job))
        assert error.code is ErrorCode.HUB_RATE_LIMITED
        assert error.facts["wait_s"] == 5000

    def test_waiting_is_shown(self, hub, client, job):
        hub.fault("status", status=429, retry_after_s=1, times=1)
        told = []
        fetch(client, job, ONE, on_progress=told.append)
        waiting = [progress for progress in told if progress.state is TransferState.WAITING]
        assert waiting
        assert 0 < waiting[0].wait_s <= 1

    def test_a_refusal_of_the_hub_is_not_tried_again(self, hub, client, job):
        hub.repos[REPO].gated = "auto"
        before = len(hub.requests())
        assert failure(lambda: fetch(client, job)).code is ErrorCode.HUB_GATED
        assert len(hub.requests()) == before + 1
        assert names(job) == set()

    def test_an_untrusted_certificate_is_named(self, certificate, job):
        with HubServer(certificate=certificate, repos={REPO: FakeRepo()}) as server:
            secure = HubClient(HubOptions(endpoint=server.endpoint, retry=QUICK))
            assert failure(lambda: fetch(secure, job)).code is ErrorCode.CERTIFICATE
        assert names(job) == set()

    def test_over_tls(self, certificate, job, monkeypatch):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
        with HubServer(
            certificate=certificate, repos={REPO: FakeRepo({NAME: FakeFile(DATA)})}
        ) as s:
            secure = HubClient(HubOptions(endpoint=s.endpoint, retry=QUICK))
            s.fault("cut", after_bytes=900_000, times=2)
            assert right(job, fetch(secure, job))

    def test_only_some_connections_work(self, hub, client, job):
        hub.bytes_per_s = 6_000_000
        hub.fault("status", status=503, times=12, skip=2)
        assert right(job, fetch(client, job))


class TestFastLines:
    """The same on lines that are so fast that bodies are read straight from the socket."""

    @pytest.fixture(autouse=True)
    def fast(self, monkeypatch):
        monkeypatch.setattr(hub_body, "PROBE_BYTES", 1000)
        monkeypatch.setattr(hub_body, "FAST_BYTES_PER_S", 0.0)
        used = []
        real = hub_body._received

        def counted(connection, missing):
            used.append(missing)
            return real(connection, missing)

        monkeypatch.setattr(hub_body, "_received", counted)
        yield
        assert used

    @pytest.mark.parametrize(
        "fault",
        [
            None,
            {"kind": "cut", "after_bytes": 700_001, "times": 6},
            {"kind": "short-range", "times": 3},
            {"kind": "ignore-range", "times": -1},
            {"kind": "expire", "skip": 2},
        ],
        ids=str,
    )
    def test_right_bytes(self, hub, client, job, fault):
        if fault:
            hub.fault(**fault)
        assert right(job, fetch(client, job))

    def test_over_tls(self, certificate, job, monkeypatch):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
        with HubServer(
            certificate=certificate, repos={REPO: FakeRepo({NAME: FakeFile(DATA)})}
        ) as s:
            s.fault("cut", after_bytes=900_000, times=2)
            secure = HubClient(HubOptions(endpoint=s.endpoint, retry=QUICK))
            assert right(job, fetch(secure, job))

    def test_a_silent_server_is_left_after_its_time(self, hub, job):
        options = HubOptions(endpoint=hub.endpoint, retry=QUICK, read_timeout_s=0.3)
        hub.fault("stall", after_bytes=700_000, times=2)
        assert right(job, fetch(HubClient(options), job))

    def test_cancel_is_quick_while_nothing_moves(self, hub, client, job):
        hub.fault("stall", after_bytes=700_000, times=-1)
        cancel, began = CancelToken(), []

        def watch(progress):
            if progress.done_bytes >= 700_000:
                began.append(time.monotonic())
                cancel.cancel()

        with pytest.raises(Cancelled):
            fetch(client, job, cancel=cancel, on_progress=watch)
        assert time.monotonic() - began[0] < 2


class TestStopping:
    def stop_at(self, cancel, count):
        def watch(progress):
            if progress.done_bytes >= count:
                cancel.cancel()

        return watch

    @pytest.mark.parametrize("options", [OPTIONS, ONE], ids=["parallel", "single"])
    def test_cancel_keeps_what_is_there_and_the_next_call_goes_on(self, hub, client, job, options):
        hub.bytes_per_s = 4_000_000
        cancel = CancelToken()
        with pytest.raises(Cancelled):
            fetch(client, job, options, cancel, self.stop_at(cancel, 2_000_000))
        kept = done_bytes(job.target)
        assert kept >= 2_000_000
        assert not lock_path(job.target).exists()
        hub.bytes_per_s = 0
        before = hub.sent_bytes
        result = fetch(client, job, options)
        assert right(job, result)
        assert result.fetched_bytes <= (SIZE - kept) * 1.1
        assert before < SIZE

    @pytest.mark.parametrize("fault", ["stall", "wait"])
    def test_cancel_is_quick_while_nothing_moves(self, hub, client, job, fault):
        if fault == "stall":
            hub.fault("stall", after_bytes=100_000, times=-1)
        else:
            hub.fault("status", status=429, retry_after_s=2, times=-1)
        cancel = CancelToken()
        began = []

        def watch(progress):
            if progress.done_bytes or progress.state is TransferState.WAITING:
                began.append(time.monotonic())
                cancel.cancel()

        with pytest.raises(Cancelled):
            fetch(client, job, cancel=cancel, on_progress=watch)
        assert time.monotonic() - began[0] < 2

    def test_a_silent_server_is_left_after_its_time(self, hub, job):
        options = HubOptions(endpoint=hub.endpoint, retry=QUICK, read_timeout_s=0.3)
        hub.fault("stall", after_bytes=100_000, times=2)
        assert right(job, fetch(HubClient(options), job))

    def test_two_at_once_fetch_once(self, hub, client, job):
        with locked(job.target):
            assert failure(lambda: fetch(client, job)).code is ErrorCode.DOWNLOAD_BUSY
        assert right(job, fetch(client, job))

    def test_the_speed_limit_holds_for_all_transfers_together(self, hub, client, job, tmp_path):
        limit = SpeedLimit(12_000_000)
        other = replace(job, target=tmp_path / "other" / job.target.relative_to(tmp_path))
        began = time.monotonic()
        second = threading.Thread(target=fetch, args=(client, other), kwargs={"limit": limit})
        second.start()
        fetch(client, job, limit=limit)
        second.join()
        assert time.monotonic() - began > 2 * SIZE / 12_000_000 * 0.8


class TestDisk:
    def test_no_space_is_said_before_anything_is_fetched(self, hub, client, job, monkeypatch):
        monkeypatch.setattr(transfer, "free_bytes", lambda _: 1_000_000)
        error = failure(lambda: fetch(client, job))
        assert error.code is ErrorCode.DISK_FULL
        assert error.facts["needed_bytes"] == SIZE
        assert error.facts["available_bytes"] == 1_000_000
        assert hub.sent_bytes == 0

    def test_space_that_runs_out_stops_it_and_keeps_what_is_there(
        self, hub, client, job, monkeypatch
    ):
        hub.bytes_per_s = 3_000_000
        monkeypatch.setattr(transfer_run, "free_bytes", lambda _: 10)
        options = replace(OPTIONS, reserve_bytes=1000, checkpoint_s=0.05)
        assert failure(lambda: fetch(client, job, options)).code is ErrorCode.DISK_FULL
        assert f"{job.target.name}.part" in names(job)
        monkeypatch.undo()
        hub.bytes_per_s = 0
        assert right(job, fetch(client, job))

    def test_a_disk_that_refuses_in_the_middle(self, hub, client, job, monkeypatch):
        real = transfer_run._write_all
        written = []

        def full(file, data):
            written.append(len(data))
            if sum(written) > 4_000_000:
                raise OSError(errno.ENOSPC, "No space left on device")
            real(file, data)

        monkeypatch.setattr(transfer_run, "_write_all", full)
        assert failure(lambda: fetch(client, job)).code is ErrorCode.DISK_FULL
        kept = done_bytes(job.target)
        assert 0 < kept <= 4_000_000
        monkeypatch.undo()
        assert right(job, fetch(client, job))

    def test_a_folder_that_cannot_be_made(self, client, job):
        job.target.parents[1].parent.mkdir(parents=True)
        job.target.parents[1].write_text("a file where a folder should be")
        assert failure(lambda: fetch(client, job)).code is ErrorCode.STORE_FAILED


class TestJournal:
    def begun(self, hub, client, job) -> PartFile:
        hub.bytes_per_s = 4_000_000
        cancel = CancelToken()
        with pytest.raises(Cancelled):
            fetch(client, job, OPTIONS, cancel, TestStopping().stop_at(cancel, 2_000_000))
        hub.bytes_per_s = 0
        return PartFile(job.target)

    def test_after_a_power_cut_only_forced_claims_are_believed(self, hub, client, job, monkeypatch):
        part = self.begun(hub, client, job)
        assert done_bytes(job.target) >= 2_000_000
        monkeypatch.setattr(part_file, "boot_mark", lambda: "another boot")
        assert done_bytes(job.target) == 0
        part.path.write_bytes(bytes(part.path.stat().st_size))  # what was not forced is gone
        assert right(job, fetch(client, job))

    @pytest.mark.parametrize("harm", ["empty", "garbage", "half", "other", "negative", "cut-part"])
    def test_a_journal_that_lies_costs_bytes_but_never_the_file(self, hub, client, job, harm):
        part = self.begun(hub, client, job)
        text = part.journal.read_bytes()
        head = json.loads(text.split(b"\n")[0])
        if harm == "empty":
            part.journal.write_bytes(b"")
        elif harm == "garbage":
            part.journal.write_bytes(b"\x00" * 100)
        elif harm == "half":
            part.journal.write_bytes(text[: len(text) - 7])
        elif harm == "other":
            head["of"]["etag"] = "something else"
            part.journal.write_text(json.dumps(head) + "\n")
        elif harm == "negative":
            head["done"] = [[-5, 10]]
            part.journal.write_text(json.dumps(head) + "\n")
        else:
            part.path.write_bytes(part.path.read_bytes()[:1000])
        assert right(job, fetch(client, job))
        assert names(job) == {job.target.name, ".nibble.json"}
