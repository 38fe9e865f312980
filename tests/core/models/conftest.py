"""A model hub on the loopback interface, and clients for it."""

from __future__ import annotations

import subprocess

import pytest

from app.core.models.hub import HubClient
from app.core.models.hub_http import HubOptions, RetryPolicy
from tests.hub_server import HubServer

QUICK = RetryPolicy(tries=4, first_wait_s=0.01, longest_wait_s=0.02, longest_asked_s=2)


@pytest.fixture
def hub():
    """An empty hub."""
    with HubServer() as server:
        yield server


@pytest.fixture
def client(hub):
    """A client for the hub, with short waits."""
    return HubClient(HubOptions(endpoint=hub.endpoint, retry=QUICK))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Key and certificate for 127.0.0.1 that nobody trusts."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-keyout", path, "-out", path.with_suffix(".crt"), "-days", "2"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(command, check=True, capture_output=True)
    path.write_text(path.read_text() + path.with_suffix(".crt").read_text())
    return path
