"""The server: an API host that redirects to a file host on another port, as the hub does with its CDN."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from tests.hub_server.bodies import send_file
from tests.hub_server.faults import Fault, FaultScript
from tests.hub_server.repos import FakeFile, FakeRepo


@dataclass(frozen=True)
class Seen:
    """A request as it came in. ``where`` is ``api`` or ``files``."""

    where: str
    method: str
    path: str
    query: dict[str, list[str]]
    headers: Message

    def header(self, name: str) -> str:
        """A header's value, or an empty string."""
        return str(self.headers.get(name, ""))


@dataclass
class HubServer:
    """Starts with ``with``; `endpoint` is what goes into HF_ENDPOINT.

    Attributes:
        repos: repository id -> content.
        token: if set, gated repositories are open to this token.
        bytes_per_s: speed of each connection of the file host; 0 for as fast as it goes.
        page_size: entries on one page of a tree.
        same_host: serve the files without a redirect.
        forget_commits: commits but the newest are gone, as after squashing the history.
        xet: hand out keys to Xet storage.
        certificate: PEM file with key and certificate for TLS on both ports.
        sent_bytes: body bytes of files sent so far (what a download has cost).
    """

    repos: dict[str, FakeRepo] = field(default_factory=dict)
    token: str = ""
    bytes_per_s: float = 0
    page_size: int = 1000
    same_host: bool = False
    forget_commits: bool = False
    xet: bool = False
    certificate: Path | None = None
    script: FaultScript = field(default_factory=FaultScript)
    seen: list[Seen] = field(default_factory=list)
    sent_bytes: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        """Listen on two free ports of the loopback interface."""
        self._servers = [_Server(self, "api"), _Server(self, "files")]
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            for server in self._servers:
                server.socket = context.wrap_socket(server.socket, server_side=True)
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(0.02,), name=f"hub-{server.where}")
            for server in self._servers
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, cutting what is still being sent."""
        self.stopping.set()
        for server in self._servers:
            server.shutdown()
            server.cut_all()
            server.server_close()
        for thread in self._threads:
            thread.join()

    @property
    def endpoint(self) -> str:
        """Address of the API host."""
        return self.address(0)

    @property
    def files_address(self) -> str:
        """Address of the file host."""
        return self.address(1)

    def address(self, index: int) -> str:
        """Address of one of the two hosts."""
        scheme = "https" if self.certificate else "http"
        return f"{scheme}://127.0.0.1:{self._servers[index].server_address[1]}"

    def fault(self, kind: str, **details: object) -> Fault:
        """Add a fault to the script; see `Fault`."""
        fault = Fault(kind, **details)  # type: ignore[arg-type]
        self.script.faults.append(fault)
        return fault

    def requests(self, where: str = "", method: str = "") -> list[Seen]:
        """Requests so far, of one host and method if given."""
        with self.lock:
            return [
                seen
                for seen in self.seen
                if where in {"", seen.where} and method in {"", seen.method}
            ]

    def count_sent(self, count: int) -> None:
        """Note body bytes of files."""
        with self.lock:
            self.sent_bytes += count


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def __init__(self, hub: HubServer, where: str) -> None:
        self.hub, self.where = hub, where
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request, client_address):
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self._open.discard(request)
        super().shutdown_request(request)

    def cut_all(self) -> None:
        for connection in list(self._open):
            cut(connection)

    def handle_error(self, request, client_address):
        """Clients that go away are normal here."""


def cut(connection: socket.socket) -> None:
    """End a connection at once."""
    try:
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        return


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    wbufsize = 0

    @property
    def hub(self) -> HubServer:
        return self.server.hub

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_HEAD(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        self.route, self.query = unquote(parts.path), parse_qs(parts.query)
        where = self.server.where
        seen = Seen(where, self.command, self.route, self.query, self.headers)
        with self.hub.lock:
            self.hub.seen.append(seen)
        fault = self.hub.script.take(where, self.route)
        if fault and fault.kind == "cut-headers":
            self.close_connection = True
            cut(self.connection)
        elif fault and fault.kind in {"status", "expire"}:
            self._refuse(fault)
        elif where == "files":
            self._file_host(fault)
        else:
            self._api(fault)

    def _refuse(self, fault: Fault) -> None:
        headers = {}
        if fault.retry_after_s is not None:
            headers["Retry-After"] = str(fault.retry_after_s)
        self.answer(403 if fault.kind == "expire" else fault.status, b"no", headers)

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """A whole answer."""
        self.send_response(status)
        headers = {"Content-Length": str(len(body)), "Set-Cookie": "spy=1; Path=/", **headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _json(self, value: object, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(value).encode()
        self.answer(200, body, {"Content-Type": "application/json", **(headers or {})})

    def _error(self, status: int, code: str, message: str) -> None:
        headers = {"X-Error-Code": code, "X-Error-Message": message}
        body = json.dumps({"error": message}).encode()
        self.answer(status, body, {"Content-Type": "application/json", **headers})

    def _api(self, fault: Fault | None) -> None:
        if self.route == "/api/models":
            self._search()
            return
        if self.route.startswith("/api/models/"):
            self._repo_api(self.route.removeprefix("/api/models/"))
            return
        repo, found, rest = self.route.lstrip("/").partition("/resolve/")
        if found:
            self._resolve(repo, *rest.split("/", 1), fault)  # type: ignore[arg-type]
            return
        self._error(404, "", "Not Found")

    def _search(self) -> None:
        wanted = {name: values[0] for name, values in self.query.items()}
        found = [
            repo.info(name)
            for name, repo in self.hub.repos.items()
            if all(word in name.lower() for word in wanted.get("search", "").lower().split())
            and set(self.query.get("filter", [])) <= set(repo.tags)
            and wanted.get("author") in {None, name.partition("/")[0]}
            and wanted.get("pipeline_tag") in {None, repo.task}
            and repo.has_size(wanted.get("num_parameters", ""))
        ]
        key = wanted.get("sort", "")
        if key in {"downloads", "likes", "lastModified"}:
            found.sort(key=lambda info: info[key], reverse=True)  # type: ignore[arg-type, return-value]
        start, limit = int(wanted.get("cursor", "0")), int(wanted.get("limit", "1000"))
        headers = {}
        if start + limit < len(found):
            headers["Link"] = f'<{self.hub.endpoint}{self.path}&cursor={start + limit}>; rel="next"'
        self._json(found[start : start + limit], headers)

    def _repo_api(self, rest: str) -> None:
        parts = rest.split("/")
        repo = self.hub.repos.get("/".join(parts[:2]))
        if repo is None:
            self._error(404, "RepoNotFound", "Repository not found")
            return
        if len(parts) > 3 and parts[3] not in {"main", repo.commit}:
            self._error(404, "RevisionNotFound", f"Invalid rev id: {parts[3]}")
            return
        if parts[2:3] == ["tree"]:
            self._tree(repo)
            return
        if parts[2:3] == ["xet-read-token"]:
            self._xet_token()
            return
        self._json(repo.info("/".join(parts[:2])))

    def _xet_token(self) -> None:
        """The key to Xet storage; the storage itself is not part of this server."""
        if not self.hub.xet:
            self._error(404, "", "no xet here")
            return
        headers = {
            "X-Xet-Cas-Url": "http://127.0.0.1:9",
            "X-Xet-Access-Token": "xet-secret",
            "X-Xet-Token-Expiration": str(int(time.time()) + 3600),
        }
        self._json({}, headers)

    def _tree(self, repo: FakeRepo) -> None:
        entries = [file.tree_entry(path) for path, file in repo.files.items()]
        folders = {path.rpartition("/")[0] for path in repo.files} - {""}
        entries += [{"type": "directory", "oid": "0" * 40, "size": 0, "path": f} for f in folders]
        start = int(self.query.get("cursor", ["0"])[0])
        end = start + self.hub.page_size
        headers = {}
        if end < len(entries):
            base = urlsplit(self.path).path
            link = f"{self.hub.endpoint}{base}?recursive=True&expand=False&cursor={end}"
            headers["Link"] = f'<{link}>; rel="next"'
        self._json(entries[start:end], headers)

    def _resolve(self, name: str, revision: str, path: str, fault: Fault | None) -> None:
        repo = self.hub.repos.get(name)
        if repo is None:
            self._error(404, "RepoNotFound", "Repository not found")
            return
        old = len(revision) == 40 and not self.hub.forget_commits
        if revision not in {"main", repo.commit} and not old:
            self._error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
            return
        authorization = self.headers.get("Authorization", "")
        if repo.gated and authorization != f"Bearer {self.hub.token}":
            status = 403 if authorization else 401
            self._error(status, "GatedRepo", f"Access to model {name} is restricted.")
            return
        file = repo.files.get(path)
        if file is None:
            self._error(404, "EntryNotFound", "Entry not found")
            return
        headers = {"X-Repo-Commit": repo.commit, "ETag": f'"{file.etag}"', "Accept-Ranges": "bytes"}
        if file.xet_hash:
            headers["X-Xet-Hash"] = file.xet_hash
            headers["X-Xet-Refresh-Route"] = f"{self.hub.endpoint}/api/models/{name}/xet-read-token"
        if not file.lfs or self.hub.same_host:
            send_file(self, file, headers, fault)
            return
        location = f"{self.hub.files_address}/{name}/{path}?sig={time.monotonic_ns()}"
        headers |= {
            "X-Linked-Size": str(file.size_bytes),
            "X-Linked-ETag": f'"{file.etag}"',
            "Location": location,
        }
        self.answer(302, b"", headers)

    def _file_host(self, fault: Fault | None) -> None:
        owner, name, path = (*self.route.lstrip("/").split("/", 2), "", "")[:3]
        repo = self.hub.repos.get(f"{owner}/{name}")
        file = repo.files.get(path) if repo else None
        if repo is None or file is None:
            self.answer(404, b"gone", {})
            return
        if fault and fault.kind == "change":
            file = FakeFile(bytes(reversed(file.data)))
            repo.files[path] = file
        send_file(self, file, {"ETag": f'"{file.etag[:32]}"', "Accept-Ranges": "bytes"}, fault)
