"""The download queue against a hub on the loopback interface."""

from __future__ import annotations

import json
import random
import threading
import time
from dataclasses import replace

import pytest

from app.core.cancel import CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.models import download_fetcher
from app.core.models.download import DownloadQueue
from app.core.models.download_store import FILE_NAME, DownloadStore
from app.core.models.download_types import DownloadState, QueueOptions
from app.core.models.part_file import done_bytes
from app.core.models.transfer_types import TransferOptions
from tests.hub_server import FakeFile, FakeRepo

REPO = "unsloth/Qwen3-GGUF"
SIZE = 3_000_000
PARTS = ("big-Q8_0-00001-of-00002.gguf", "big-Q8_0-00002-of-00002.gguf")
OPTIONS = QueueOptions(retry_waits_s=(), transfer=TransferOptions(reserve_bytes=0), tick_s=0.02)


def data(name: str) -> bytes:
    return random.Random(name).randbytes(SIZE)


@pytest.fixture
def listing(hub, client):
    names = ["a-Q2_K.gguf", "b-Q3_K_M.gguf", "c-Q4_K_M.gguf", *PARTS, "mmproj-F16.gguf"]
    hub.repos[REPO] = FakeRepo({name: FakeFile(data(name)) for name in names})
    return client.listing(REPO, CancelToken())


@pytest.fixture
def models(tmp_path):
    return tmp_path / "models"


@pytest.fixture
def make(client, models):
    def build(store=None, **fields):
        return DownloadQueue(client, models, store, replace(OPTIONS, **fields))

    return build


def build(listing, label):
    return next(build for build in listing.builds if build.label == label)


def states(queue) -> dict[str, DownloadState]:
    return {status.download.label: status.state for status in queue.statuses}


def files(models) -> set[str]:
    return {path.name for path in models.rglob("*") if path.is_file()}


class Running:
    """The queue on a thread of its own, as a window has it."""

    def __init__(self, queue):
        self.queue, self.cancel = queue, CancelToken()
        self.changed, self.seen = threading.Condition(), []
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        self.queue.run(self.cancel, self._note, until_idle=False)

    def _note(self, statuses):
        with self.changed:
            self.seen.append((time.monotonic(), statuses))
            self.changed.notify_all()

    def until(self, condition):
        with self.changed:
            assert self.changed.wait_for(lambda: condition(self.queue), timeout=20), states(
                self.queue
            )

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.cancel.cancel()
        self.thread.join(20)
        assert not self.thread.is_alive()


class TestFilesOfOneBuild:
    def test_they_arrive_side_by_side_and_add_up(self, make, listing, hub, models):
        hub.bytes_per_s = 6_000_000
        queue = make()
        queue.add(listing, build(listing, "Q8_0"))
        seen, together = [], set()

        def watch(statuses):
            (status,) = statuses
            seen.append(status.done_bytes)
            parts = [done_bytes(models / REPO / name) for name in PARTS]
            together.add(all(0 < count < SIZE for count in parts))

        queue.run(CancelToken(), watch)
        assert True in together, "both parts were under way at one time"
        assert seen == sorted(seen)
        assert seen[-1] == 2 * SIZE
        assert {(models / REPO / name).read_bytes() for name in PARTS} == set(map(data, PARTS))

    def test_one_that_fails_stops_the_others_and_keeps_what_they_have(
        self, make, listing, hub, models
    ):
        hub.bytes_per_s = 2_000_000
        hub.fault("wrong-bytes", path=PARTS[0], times=1, after_bytes=100)
        queue = make()
        key = queue.add(listing, build(listing, "Q8_0")).key
        queue.run(CancelToken())
        (status,) = queue.statuses
        assert status.download.error.code is ErrorCode.HASH_MISMATCH
        hub.bytes_per_s = 0
        queue.resume(key)
        queue.run(CancelToken())
        assert states(queue) == {"Q8_0": DownloadState.DONE}

    def test_one_at_a_time_where_that_is_wanted(self, make, listing, hub, models):
        queue = make(parallel_files=1)
        queue.add(listing, build(listing, "Q8_0"))
        queue.run(CancelToken())
        assert states(queue) == {"Q8_0": DownloadState.DONE}


class TestFolder:
    def test_what_is_added_goes_where_it_was_told_to_even_after_a_restart(
        self, make, listing, models, tmp_path
    ):
        other = tmp_path / "other disk"
        other.mkdir()
        store = DownloadStore(tmp_path)
        queue = make(store)
        queue.set_folder(other)
        queue.add(listing, build(listing, "Q2_K"))
        queue.set_folder(None)
        queue.add(listing, build(listing, "Q3_K_M"))
        store.close()
        again = DownloadStore(tmp_path)
        later = make(again)
        later.run(CancelToken())
        again.close()
        assert files(other) >= {"a-Q2_K.gguf"}
        assert files(models) >= {"b-Q3_K_M.gguf"}

    def test_a_folder_whose_disk_is_gone_does_not_come_into_being(self, make, listing, tmp_path):
        queue = make()
        queue.set_folder(tmp_path / "unplugged")
        queue.add(listing, build(listing, "Q2_K"))
        queue.run(CancelToken())
        (status,) = queue.statuses
        assert status.download.error.code is ErrorCode.STORE_FAILED
        assert not (tmp_path / "unplugged").exists()


def is_state(label, state):
    return lambda queue: states(queue).get(label) is state


class TestRun:
    def test_all_of_a_build_and_its_projector_arrive(self, make, listing, models):
        queue = make()
        queue.add(listing, build(listing, "Q8_0"), listing.projectors[0])
        seen = []
        queue.run(CancelToken(), seen.append)
        (status,) = queue.statuses
        assert status.state is DownloadState.DONE
        assert status.done_bytes == status.size_bytes == 3 * SIZE
        folder = models / REPO
        for name in (*PARTS, "mmproj-F16.gguf"):
            assert (folder / name).read_bytes() == data(name)
        assert files(models) == {*PARTS, "mmproj-F16.gguf", ".nibble.json"}
        assert seen[-1] == queue.statuses

    def test_order_is_kept_and_can_be_changed(self, make, listing, hub):
        queue = make(parallel=1)
        for label in ("Q2_K", "Q3_K_M", "Q4_K_M"):
            queue.add(listing, build(listing, label))
        queue.move(queue.statuses[2].download.key, -5)
        queue.move(queue.statuses[1].download.key, 1)
        assert list(states(queue)) == ["Q4_K_M", "Q3_K_M", "Q2_K"]
        queue.run(CancelToken())
        served = [seen.path.rpartition("/")[2] for seen in hub.requests("files")]
        assert served == ["c-Q4_K_M.gguf", "b-Q3_K_M.gguf", "a-Q2_K.gguf"]

    def test_as_many_run_at_once_as_are_allowed(self, make, listing, hub):
        hub.bytes_per_s = 6_000_000
        queue = make(parallel=3)
        for item in listing.builds:
            queue.add(listing, item)
        at_once = []
        queue.run(
            CancelToken(),
            lambda seen: at_once.append(sum(s.state is DownloadState.RUNNING for s in seen)),
        )
        assert max(at_once) == 3
        assert set(states(queue).values()) == {DownloadState.DONE}

    def test_progress_comes_at_most_ten_times_a_second_for_all_together(self, make, listing, hub):
        hub.bytes_per_s = 3_000_000
        queue = make(parallel=4, tick_s=0.1)
        for item in listing.builds:
            queue.add(listing, item)
        times = []
        began = time.monotonic()
        queue.run(CancelToken(), lambda _: times.append(time.monotonic()))
        assert len(times) <= 10 * (time.monotonic() - began) + 3
        assert len(times) > 4

    def test_one_that_fails_does_not_hold_up_the_others(self, make, listing, hub, models):
        hub.fault("wrong-bytes", path="b-Q3", times=-1)
        queue = make()
        queue.add(listing, build(listing, "Q3_K_M"))
        queue.add(listing, build(listing, "Q4_K_M"))
        queue.run(CancelToken())
        assert states(queue) == {"Q3_K_M": DownloadState.FAILED, "Q4_K_M": DownloadState.DONE}
        error = queue.statuses[0].download.error
        assert error is not None
        assert error.code is ErrorCode.HASH_MISMATCH
        assert files(models) == {"c-Q4_K_M.gguf", ".nibble.json"}
        hub.script.faults.clear()
        queue.resume(queue.statuses[0].download.key)
        queue.run(CancelToken())
        assert set(states(queue).values()) == {DownloadState.DONE}

    def test_what_may_pass_is_tried_again_by_itself(self, make, listing, hub):
        hub.fault("status", status=503, times=6)
        queue = make(retry_waits_s=(0.05,))
        queue.add(listing, build(listing, "Q2_K"))
        seen = []
        queue.run(CancelToken(), lambda statuses: seen.append(statuses[0]))
        assert states(queue) == {"Q2_K": DownloadState.DONE}
        waiting = [status for status in seen if status.state is DownloadState.WAITING]
        assert waiting
        assert waiting[0].download.error_code == ErrorCode.DOWNLOAD_CUT

    def test_in_the_terminal_it_fails_instead_and_says_why(self, make, listing, hub):
        hub.fault("status", status=503, times=-1)
        queue = make()
        queue.add(listing, build(listing, "Q2_K"))
        queue.run(CancelToken())
        assert states(queue) == {"Q2_K": DownloadState.FAILED}

    def test_a_split_build_without_all_parts_is_refused(self, make, hub, client, listing):
        del hub.repos[REPO].files[PARTS[1]]
        cut = client.listing(REPO, CancelToken())
        with pytest.raises(AppError) as caught:
            make().add(cut, build(cut, "Q8_0"))
        assert caught.value.code is ErrorCode.BUILD_MISSING

    def test_room_is_checked_for_all_parts_at_once(self, make, listing, hub, monkeypatch):
        monkeypatch.setattr(download_fetcher, "free_bytes", lambda _: SIZE + 1000)
        queue = make()
        queue.add(listing, build(listing, "Q8_0"))
        queue.run(CancelToken())
        error = queue.statuses[0].download.error
        assert error is not None
        assert error.code is ErrorCode.DISK_FULL
        assert error.facts["needed_bytes"] == 2 * SIZE
        assert hub.sent_bytes == 0

    def test_it_runs_once_at_a_time(self, make, listing):
        queue = make()
        with Running(queue) as running:
            queue.add(listing, build(listing, "Q2_K"))
            running.until(is_state("Q2_K", DownloadState.DONE))
            with pytest.raises(AppError) as caught:
                queue.run(CancelToken())
        assert caught.value.code is ErrorCode.USAGE


class TestControl:
    def test_pause_and_resume(self, make, listing, hub, models):
        hub.bytes_per_s = 2_000_000
        queue = make()
        key = queue.add(listing, build(listing, "Q4_K_M")).key
        with Running(queue) as running:
            running.until(lambda queue: queue.statuses[0].done_bytes > 300_000)
            queue.pause(key)
            running.until(lambda queue: not queue.statuses[0].detail)
            running.until(lambda _: done_bytes(models / REPO / "c-Q4_K_M.gguf") > 0)
            assert states(queue) == {"Q4_K_M": DownloadState.PAUSED}
            hub.bytes_per_s = 0
            queue.resume(key)
            running.until(is_state("Q4_K_M", DownloadState.DONE))
        assert (models / REPO / "c-Q4_K_M.gguf").read_bytes() == data("c-Q4_K_M.gguf")
        assert hub.sent_bytes < SIZE * 1.3

    def test_pause_and_resume_all(self, make, listing):
        queue = make()
        queue.add(listing, build(listing, "Q2_K"))
        queue.add(listing, build(listing, "Q3_K_M"))
        queue.pause()
        assert set(states(queue).values()) == {DownloadState.PAUSED}
        queue.run(CancelToken())
        assert set(states(queue).values()) == {DownloadState.PAUSED}
        queue.resume()
        queue.run(CancelToken())
        assert set(states(queue).values()) == {DownloadState.DONE}

    def test_cancel_leaves_nothing_of_an_unfinished_build(self, make, listing, hub, models):
        hub.bytes_per_s = 3_000_000
        queue = make()
        key = queue.add(listing, build(listing, "Q8_0")).key
        with Running(queue) as running:
            running.until(lambda queue: queue.statuses[0].done_bytes > SIZE + 300_000)
            queue.cancel(key)
            running.until(lambda queue: not queue.statuses)
        assert files(models) <= {".nibble.json"}

    def test_cancel_keeps_a_part_that_was_there_before(self, make, listing, models):
        folder = models / REPO
        folder.mkdir(parents=True)
        (folder / PARTS[0]).write_bytes(data(PARTS[0]))
        queue = make()
        key = queue.add(listing, build(listing, "Q8_0")).key
        cancel = CancelToken()

        def watch(statuses):
            if statuses and PARTS[0] in statuses[0].download.done:
                cancel.cancel()

        queue.run(cancel, watch)
        queue.cancel(key)
        assert PARTS[0] in files(models)

    def test_cancel_of_a_finished_one_keeps_its_files(self, make, listing, models):
        queue = make()
        key = queue.add(listing, build(listing, "Q2_K")).key
        queue.run(CancelToken())
        queue.cancel(key)
        assert queue.statuses == ()
        assert "a-Q2_K.gguf" in files(models)

    def test_adding_twice_is_one_download(self, make, listing):
        queue = make()
        first = queue.add(listing, build(listing, "Q2_K"))
        assert queue.add(listing, build(listing, "Q2_K")) == first
        assert len(queue.statuses) == 1

    def test_done_ones_can_be_cleared(self, make, listing, models):
        queue = make()
        queue.add(listing, build(listing, "Q2_K"))
        queue.run(CancelToken())
        queue.clear_done()
        assert queue.statuses == ()
        assert "a-Q2_K.gguf" in files(models)

    def test_stopping_the_queue_keeps_everything_for_the_next_run(self, make, listing, hub):
        hub.bytes_per_s = 2_000_000
        queue = make()
        queue.add(listing, build(listing, "Q2_K"))
        cancel = CancelToken()
        began = []

        def watch(statuses):
            if statuses[0].done_bytes > 200_000 and not began:
                began.append(time.monotonic())
                cancel.cancel()

        queue.run(cancel, watch)
        assert time.monotonic() - began[0] < 2
        assert states(queue) == {"Q2_K": DownloadState.QUEUED}
        hub.bytes_per_s = 0
        queue.run(CancelToken())
        assert states(queue) == {"Q2_K": DownloadState.DONE}


class TestStore:
    def test_the_queue_survives_a_restart_with_its_order_and_progress(
        self, make, listing, hub, tmp_path
    ):
        hub.bytes_per_s = 2_000_000
        store = DownloadStore(tmp_path)
        queue = make(store, parallel=1)
        for label in ("Q3_K_M", "Q2_K", "Q4_K_M"):
            queue.add(listing, build(listing, label))
        queue.pause(queue.statuses[2].download.key)
        cancel = CancelToken()
        queue.run(cancel, lambda seen: seen[0].done_bytes > 300_000 and cancel.cancel())
        store.close()
        hub.bytes_per_s = 0
        again = DownloadStore(tmp_path)
        later = make(again)
        assert list(states(later).items()) == [
            ("Q3_K_M", DownloadState.QUEUED),
            ("Q2_K", DownloadState.QUEUED),
            ("Q4_K_M", DownloadState.PAUSED),
        ]
        assert later.statuses[0].done_bytes > 300_000
        later.run(CancelToken())
        assert list(states(later).values()) == [
            DownloadState.DONE,
            DownloadState.DONE,
            DownloadState.PAUSED,
        ]
        again.close()
        last = DownloadStore(tmp_path)
        assert list(states(make(last))) == ["Q4_K_M"]  # what is done is not kept
        last.close()

    def test_a_second_process_works_without_the_first_ones_queue(self, make, listing, tmp_path):
        first, second = DownloadStore(tmp_path), DownloadStore(tmp_path)
        make(first).add(listing, build(listing, "Q2_K"))
        other = make(second)
        assert other.statuses == ()
        other.add(listing, build(listing, "Q3_K_M"))
        other.run(CancelToken())
        assert states(other) == {"Q3_K_M": DownloadState.DONE}
        first.close()
        second.close()
        third = DownloadStore(tmp_path)
        assert [download.label for download in third.load()] == ["Q2_K"]
        third.close()

    def test_an_error_is_remembered(self, make, listing, hub, tmp_path):
        hub.repos[REPO].gated = "auto"
        store = DownloadStore(tmp_path)
        queue = make(store)
        queue.add(listing, build(listing, "Q2_K"))
        queue.run(CancelToken())
        store.close()
        again = DownloadStore(tmp_path)
        (download,) = again.load()
        again.close()
        assert download.state is DownloadState.FAILED
        assert download.error is not None
        assert download.error.code is ErrorCode.HUB_GATED
        assert download.error.facts["repo"] == REPO

    @pytest.mark.expects_log
    @pytest.mark.parametrize("harm", ["garbage", "path", "repo", "shape", "size"])
    def test_a_queue_file_that_lies_leads_nowhere(self, make, listing, tmp_path, harm):
        store = DownloadStore(tmp_path)
        make(store).add(listing, build(listing, "Q2_K"))
        store.close()
        path = tmp_path / FILE_NAME
        tree = json.loads(path.read_text())
        entry = tree["downloads"][0]
        if harm == "path":
            entry["files"][0]["path"] = "../../../evil.gguf"
        elif harm == "repo":
            entry["repo"] = "../evil"
        elif harm == "shape":
            tree["downloads"] = [1, None, {"files": 7}]
        elif harm == "size":
            entry["files"][0]["size_bytes"] = "many"
        path.write_text("{" if harm == "garbage" else json.dumps(tree))
        again = DownloadStore(tmp_path)
        assert again.load() == []
        again.close()
