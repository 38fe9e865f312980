"""The process is killed again and again in the middle of a download; the file arrives right and nearly nothing twice."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys

import pytest

from app.core.models.file_lock import lock_path
from app.core.models.hub_types import HubFile
from app.core.models.part_file import done_bytes
from app.core.models.transfer_types import job_for
from tests.conftest import ROOT
from tests.hub_server import FakeFile, FakeRepo

REPO = "a/soak-GGUF"
NAME = "soak-Q4_K_M.gguf"
KILLS = 50
SIZE = 30_000_000
# For each line on its standard input it starts a download in a process of its own; all the imports are done once.
NURSERY = """
import os, sys
from pathlib import Path
from app.core.cancel import CancelToken
from app.core.models.hub import HubClient
from app.core.models.hub_http import HubOptions
from app.core.models.hub_types import HubFile
from app.core.models.transfer import Transfer
from app.core.models.transfer_types import TransferOptions, job_for

endpoint, folder, repo, name, size = sys.argv[1:]
job = job_for(Path(folder), repo, "main", HubFile(name, int(size)))
options = TransferOptions(parallel_from_bytes=1_000_000, piece_bytes=3_000_000, reserve_bytes=0, progress_s=0.01)

def say(word, value):
    os.write(1, f"{word} {value}\\n".encode())  # in one piece, as several processes write

def fetch():
    transfer = Transfer(HubClient(HubOptions(endpoint=endpoint)), job, options)
    result = transfer.run(CancelToken(), lambda progress: say("at", progress.done_bytes))
    say("sha256", result.sha256)

for _ in sys.stdin:
    child = os.fork()
    if not child:
        fetch()
        os._exit(0)
    say("pid", child)
    os.waitpid(child, 0)
    say("gone", 0)
"""


class Nursery:
    """Starts downloads as processes and tells what they say."""

    def __init__(self, *arguments):
        command = [sys.executable, "-c", NURSERY, *map(str, arguments)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, bufsize=1
        )

    def run(self, kill_at: int) -> str:
        """One download, killed when ``kill_at`` bytes are there; its SHA-256 if it came to its end."""
        self.process.stdin.write("go\n")
        pid, sha256 = 0, ""
        for line in self.process.stdout:
            word, _, value = line.strip().partition(" ")
            if word == "gone":
                break
            if word == "pid":
                pid = int(value)
            elif word == "sha256":
                sha256 = value
            elif int(value) >= kill_at and pid:
                os.kill(pid, signal.SIGKILL)
                kill_at = SIZE + 1
        return sha256

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        assert self.process.wait(20) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_fifty_kills_cost_at_most_a_tenth(hub, tmp_path):
    data = random.Random(7).randbytes(SIZE)
    hub.repos[REPO] = FakeRepo({NAME: FakeFile(data)})
    hub.bytes_per_s = 1_000_000  # each of four connections
    target = job_for(tmp_path, REPO, "main", HubFile(NAME, SIZE)).target
    moment = random.Random(11)
    nursery = Nursery(hub.endpoint, tmp_path, REPO, NAME, SIZE)
    for _ in range(KILLS):
        step = moment.randrange(0, int(SIZE / KILLS * 1.4))
        assert nursery.run(min(done_bytes(target) + step, SIZE - 1)) == ""
        assert not target.exists()
    kept = done_bytes(target)
    hub.bytes_per_s = 0
    found = nursery.run(SIZE + 1)
    nursery.close()
    assert kept > SIZE / 3
    assert found == hashlib.sha256(data).hexdigest()
    assert hashlib.sha256(target.read_bytes()).hexdigest() == found
    assert hub.sent_bytes <= SIZE * 1.1, f"{hub.sent_bytes / SIZE:.3f} times the file"
    assert {path.name for path in target.parent.iterdir()} == {NAME, ".nibble.json"}
    assert not lock_path(target).exists()
    note = json.loads((target.parent / ".nibble.json").read_text())
    assert note["files"][NAME]["sha256"] == found
