"""A 2 GB file over the loopback interface: our download with its hash and its safe rename, against plain curl."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from app.core.cancel import CancelToken
from app.core.models.hub import HubClient
from app.core.models.hub_http import HubOptions
from app.core.models.hub_types import HubFile
from app.core.models.transfer import Transfer
from app.core.models.transfer_types import job_for
from tests.benchmarks.rows import Row, median_ratio
from tests.conftest import ROOT

SIZE_BYTES = 2_000_000_000
PAIRS = 5
REPO = "bench/bench-GGUF"
NAME = "bench-Q4_K_M.gguf"
SERVER = """
import sys
from pathlib import Path
from tests.hub_server import FakeFile, FakeRepo, HubServer
file = FakeFile(on_disk=Path(sys.argv[1]))
with HubServer(repos={sys.argv[2]: FakeRepo({sys.argv[3]: file})}) as server:
    file.sha256  # computed before the clock runs
    print(server.endpoint, flush=True)
    sys.stdin.read()
"""


def write_file(path: Path, size_bytes: int) -> None:
    """A file whose blocks all differ and do not compress."""
    block = bytearray(os.urandom(1_000_000))
    with path.open("wb") as file:
        for number in range(size_bytes // len(block)):
            block[:8] = number.to_bytes(8, "little")
            file.write(block)


def server(path: Path) -> AbstractContextManager[str]:
    """The fixture server in a process of its own; gives its address."""
    return child_server(SERVER, str(path), REPO, NAME)


@contextmanager
def child_server(program: str, *arguments: str) -> Iterator[str]:
    """Run a program that prints its address and ends with its input; yields that address."""
    command = [sys.executable, "-c", program, *arguments]
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert child.stdout is not None
    assert child.stdin is not None
    try:
        yield child.stdout.readline().strip()
    finally:
        child.stdin.close()
        child.wait(20)
        child.stdout.close()


def curl_s(endpoint: str, folder: Path) -> tuple[float, float]:
    """Seconds that curl takes to fetch the file, and seconds until it is also hashed and on the disk."""
    target = folder / "curl.gguf"
    began = time.perf_counter()
    address = f"{endpoint}/{REPO}/resolve/main/{NAME}"
    subprocess.run(["curl", "-sSfL", "-o", str(target), address], check=True)
    fetched = time.perf_counter() - began
    subprocess.run(["sha256sum", str(target)], check=True, stdout=subprocess.DEVNULL)
    with target.open("rb") as file:
        os.fsync(file.fileno())
    took = time.perf_counter() - began
    assert target.stat().st_size == SIZE_BYTES
    target.unlink()
    return fetched, took


def ours_s(endpoint: str, folder: Path) -> float:
    """Seconds that a transfer takes, from the first question to the verified file with its final name."""
    client = HubClient(HubOptions(endpoint=endpoint))
    job = job_for(folder, REPO, "main", HubFile(NAME, SIZE_BYTES))
    began = time.perf_counter()
    result = Transfer(client, job).run(CancelToken(), lambda _: None)
    took = time.perf_counter() - began
    assert result.verified
    shutil.rmtree(job.target.parent)
    return took


def run() -> Iterator[Row]:
    """Two rows: our speed as a share of curl's alone, and of curl, sha256sum and a sync, which do the same work."""
    with tempfile.TemporaryDirectory(prefix="nibble-bench-") as name:
        folder = Path(name)
        write_file(folder / "source.bin", SIZE_BYTES)
        os.sync()
        with server(folder / "source.bin") as endpoint:
            runs: list[tuple[float, float, float]] = []
            for pair in range(PAIRS + 1):
                found = (*curl_s(endpoint, folder), ours_s(endpoint, folder))
                if pair:  # the first one warms the caches
                    runs.append(found)
    yield Row(
        "2 GB over loopback, hashed and on the disk, against curl alone",
        median_ratio([(curl, ours) for curl, _, ours in runs]),
        0.9,
        True,
        "curl/ours: " + ", ".join(f"{curl:.2f}/{ours:.2f} s" for curl, _, ours in runs),
    )
    yield Row(
        "2 GB over loopback against curl, sha256sum and sync",
        median_ratio([(whole, ours) for _, whole, ours in runs]),
        0.9,
        True,
        "theirs/ours: " + ", ".join(f"{whole:.2f}/{ours:.2f} s" for _, whole, ours in runs),
    )
