"""The hub client against a hub on the loopback interface, through the real huggingface_hub."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from app.core.cancel import Cancelled, CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.models.gguf import GgufArray
from app.core.models.gguf_write import F32, TensorData, header_bytes
from app.core.models.hub import HubClient
from app.core.models.hub_http import HubOptions
from app.core.models.hub_types import SearchQuery, SortKey
from tests.core.models.conftest import QUICK
from tests.hub_server import FakeFile, FakeRepo, HubServer

REPO = "unsloth/Qwen3-GGUF"


def go() -> CancelToken:
    return CancelToken()


def header(tokens: int = 1000, split: tuple[int, int] | None = None, name: str = "a") -> bytes:
    metadata = {
        "general.architecture": "llama",
        "llama.context_length": 4096,
        "tokenizer.ggml.tokens": [f"token{number}" for number in range(tokens)],
    }
    if split:
        metadata |= {"split.no": split[0], "split.count": split[1]}
    tensor = TensorData(f"{name}.weight", (32, 4), F32, lambda: [bytes(512)])
    return header_bytes(metadata, [tensor])


def repo(**files: bytes) -> FakeRepo:
    return FakeRepo({name.replace("__", "."): FakeFile(data) for name, data in files.items()})


def failure(action) -> AppError:
    with pytest.raises(AppError) as caught:
        action()
    return caught.value


class TestSearch:
    def test_finds_by_text_task_licence_and_sorts(self, hub, client):
        hub.repos = {
            "a/Qwen-GGUF": FakeRepo(downloads=5, gguf={"total": 7, "architecture": "qwen3"}),
            "b/qwen-other": FakeRepo(downloads=9, tags=["gguf", "license:mit"]),
            "c/llama": FakeRepo(downloads=99),
            "d/qwen-safetensors": FakeRepo(tags=["license:mit"]),
            "e/qwen-embed": FakeRepo(task="feature-extraction", downloads=1),
        }
        found = list(client.search(SearchQuery("qwen", sort=SortKey.DOWNLOADS), go()))
        assert [model.repo for model in found] == ["b/qwen-other", "a/Qwen-GGUF", "e/qwen-embed"]
        assert found[1].architecture == "qwen3"
        assert found[1].parameters == 7
        assert found[0].licence == "mit"
        assert found[0].author == "b"
        assert found[0].last_modified == "2026-10-01T12:00:00+00:00"
        mit = client.search(SearchQuery("qwen", licence="mit"), go())
        assert [model.repo for model in mit] == ["b/qwen-other"]
        embedding = client.search(SearchQuery(task="feature-extraction"), go())
        assert [model.repo for model in embedding] == ["e/qwen-embed"]

    def test_the_question_is_put_as_the_hub_wants_it(self, hub, client):
        query = SearchQuery(" x ", min_parameters=10**9, max_parameters=8 * 10**9, limit=7)
        assert list(client.search(query, go())) == []
        (seen,) = hub.requests()
        assert seen.query["num_parameters"] == ["min:1B,max:8B"]
        assert seen.query["limit"] == ["7"]
        assert seen.query["search"] == ["x"]
        assert seen.query["filter"] == ["gguf"]

    def test_an_answer_that_makes_no_sense_is_an_error_of_the_server(self, hub, client):
        hub.fault("status", where="api", status=200, times=-1)
        assert (
            failure(lambda: list(client.search(SearchQuery(), go()))).code is ErrorCode.HUB_SERVER
        )


class TestListing:
    def test_exact_sizes_hashes_and_groups_over_many_pages(self, hub, client):
        files = {f"extra/{number}.txt": FakeFile(b"x", lfs=False) for number in range(7)}
        files |= {
            "Qwen-Q8_0-00001-of-00002.gguf": FakeFile(b"1" * 30),
            "Qwen-Q8_0-00002-of-00002.gguf": FakeFile(b"2" * 20),
            "Qwen-Q4_K_M.gguf": FakeFile(b"4" * 25),
            "mmproj-F16.gguf": FakeFile(b"m"),
        }
        hub.repos[REPO], hub.page_size = FakeRepo(files, gated="manual"), 3
        listing = client.listing(REPO, go())
        assert listing.revision == hub.repos[REPO].commit
        assert [(build.label, build.size_bytes) for build in listing.builds] == [
            ("Q4_K_M", 25),
            ("Q8_0", 50),
        ]
        assert listing.builds[0].files[0].sha256 == files["Qwen-Q4_K_M.gguf"].sha256
        assert len(listing.others) == 7
        assert listing.others[0].sha256 is None
        assert listing.model.gated
        assert listing.projectors[0].path == "mmproj-F16.gguf"

    def test_missing_repository_and_revision(self, hub, client):
        error = failure(lambda: client.listing("no/such", go()))
        assert error.code is ErrorCode.HUB_NOT_FOUND
        assert error.facts["repo"] == "no/such"
        hub.repos[REPO] = FakeRepo()
        missing = failure(lambda: client.listing(REPO, go(), "v9"))
        assert missing.code is ErrorCode.HUB_NOT_FOUND
        assert "revision" in str(missing.facts["reason"])

    def test_a_name_that_is_none_is_refused_before_any_request(self, hub, client):
        assert failure(lambda: client.listing("a b/c", go())).code is ErrorCode.BAD_REFERENCE
        assert not hub.requests()


class TestCard:
    def test_markdown_without_the_head(self, hub, client):
        text = "---\nlicense: mit\n---\n\n# Hello\n\n---\nlater"
        hub.repos[REPO] = FakeRepo({"README.md": FakeFile(text.encode(), lfs=False)})
        assert client.card(REPO, go()) == "# Hello\n\n---\nlater"

    def test_no_card_is_no_error(self, hub, client):
        hub.repos[REPO] = FakeRepo()
        assert client.card(REPO, go()) == ""


class TestHeader:
    def test_is_read_without_the_weights(self, hub, client):
        data = header(20_000) + bytes(8_000_000)
        hub.repos[REPO] = FakeRepo({"m-F32.gguf": FakeFile(data)})
        listing = client.listing(REPO, go())
        found = client.build_header(listing, listing.builds[0], go())
        assert found.architecture == "llama"
        assert found.hyper("context_length") == 4096
        assert found.tensors[0].shape == (32, 4)
        assert found.file_size_bytes == len(data)
        assert hub.sent_bytes < 2_000_000

    def test_arrays_can_still_be_read_later(self, hub, client):
        hub.repos[REPO] = FakeRepo({"m-F32.gguf": FakeFile(header(3000) + bytes(512))})
        listing = client.listing(REPO, go())
        found = client.build_header(listing, listing.builds[0], go())
        tokens = found.metadata["tokenizer.ggml.tokens"]
        assert isinstance(tokens, GgufArray)
        assert tokens.values()[2999] == "token2999"

    def test_split_models_have_the_tensors_of_all_parts(self, hub, client):
        names = [f"m-Q8_0-0000{part}-of-00002.gguf" for part in (1, 2)]
        parts = [header(10, (part, 2), f"t{part}") + bytes(544) for part in (0, 1)]
        hub.repos[REPO] = FakeRepo({n: FakeFile(p) for n, p in zip(names, parts, strict=True)})
        listing = client.listing(REPO, go())
        found = client.build_header(listing, listing.builds[0], go())
        assert [tensor.name for tensor in found.tensors] == ["t0.weight", "t1.weight"]
        assert found.file_size_bytes == sum(map(len, parts))

    @pytest.mark.parametrize(
        "fault",
        [
            {"kind": "cut", "after_bytes": 100_000, "times": 3},
            {"kind": "ignore-range", "times": -1},
            {"kind": "expire", "times": 1},
            {"kind": "status", "status": 503, "times": 2},
            {"kind": "status", "status": 429, "retry_after_s": 0, "times": 1},
            {"kind": "cut-headers", "times": 2},
            {"kind": "no-length", "times": -1},
        ],
        ids=lambda fault: f"{fault['kind']}{fault.get('status', '')}",
    )
    def test_survives(self, hub, client, fault):
        hub.repos[REPO] = FakeRepo({"m-F32.gguf": FakeFile(header(60_000) + bytes(3_000_000))})
        listing = client.listing(REPO, go())
        hub.fault(**fault)
        found = client.build_header(listing, listing.builds[0], go())
        assert found.metadata["tokenizer.ggml.tokens"].count == 60_000

    def test_what_is_no_gguf_is_named_so(self, hub, client):
        hub.repos[REPO] = FakeRepo({"m-F32.gguf": FakeFile(b"<html>" * 100)})
        listing = client.listing(REPO, go())
        error = failure(lambda: client.build_header(listing, listing.builds[0], go()))
        assert error.code is ErrorCode.NOT_GGUF
        assert error.facts["path"] == f"{REPO}/m-F32.gguf"


class TestAccess:
    def gated(self, hub):
        hub.token = "hf_secret"
        hub.repos[REPO] = FakeRepo({"m-F32.gguf": FakeFile(header() + bytes(512))}, gated="auto")

    @pytest.mark.parametrize("token", [None, "hf_wrong"])
    def test_a_gated_model_without_access_names_the_page_of_its_licence(self, hub, token):
        self.gated(hub)
        client = HubClient(HubOptions(endpoint=hub.endpoint, retry=QUICK), lambda: token)
        listing = client.listing(REPO, go())
        error = failure(lambda: client.build_header(listing, listing.builds[0], go()))
        assert error.code is ErrorCode.HUB_GATED
        assert error.facts == {"repo": REPO, "url": f"{hub.endpoint}/{REPO}"}
        assert failure(lambda: client.card(REPO, go())).code is ErrorCode.HUB_GATED

    def test_the_token_opens_it_and_never_reaches_the_other_host(self, hub):
        self.gated(hub)
        options = HubOptions(endpoint=hub.endpoint, retry=QUICK)
        client = HubClient(options, lambda: "hf_secret")
        listing = client.listing(REPO, go())
        assert client.build_header(listing, listing.builds[0], go()).architecture == "llama"
        assert {seen.header("authorization") for seen in hub.requests("api")} == {
            "Bearer hf_secret"
        }
        assert {seen.header("authorization") for seen in hub.requests("files")} == {""}


class TestQuiet:
    def test_the_server_sees_nothing_but_what_was_asked(self, hub, client):
        hub.repos[REPO] = FakeRepo({"m-F32.gguf": FakeFile(header() + bytes(512))})
        list(client.search(SearchQuery("qwen"), go()))
        listing = client.listing(REPO, go())
        client.build_header(listing, listing.builds[0], go())
        commit = hub.repos[REPO].commit
        assert [(seen.method, seen.path) for seen in hub.requests()] == [
            ("GET", "/api/models"),
            ("GET", f"/api/models/{REPO}/revision/main"),
            ("GET", f"/api/models/{REPO}/tree/{commit}"),
            ("HEAD", f"/{REPO}/resolve/{commit}/m-F32.gguf"),
            ("GET", f"/{REPO}/m-F32.gguf"),
        ]
        for seen in hub.requests():
            agent = seen.header("user-agent")
            assert agent.startswith("nibble/")
            assert not any(word in agent for word in ("torch", "agent/", "session", "origin"))
            assert not seen.header("cookie")

    @pytest.mark.parametrize("how", ["option", "environment"])
    def test_offline_opens_no_socket(self, hub, how, monkeypatch):
        if how == "environment":
            monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        client = HubClient(HubOptions(endpoint=hub.endpoint, offline=how == "option"))

        def refuse(*_, **__):
            raise AssertionError("a socket was opened")

        monkeypatch.setattr(socket, "create_connection", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        questions = (
            lambda: list(client.search(SearchQuery(), go())),
            lambda: client.listing(REPO, go()),
            lambda: client.card(REPO, go()),
        )
        assert {failure(question).code for question in questions} == {ErrorCode.HUB_OFFLINE}


class TestEndpoint:
    def test_comes_from_the_environment_unless_it_is_set(self, hub, monkeypatch):
        monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9/")
        assert HubClient().endpoint == "http://127.0.0.1:9"
        assert HubClient(HubOptions(endpoint=hub.endpoint)).endpoint == hub.endpoint
        monkeypatch.delenv("HF_ENDPOINT")
        assert HubClient().endpoint == "https://huggingface.co"

    def test_two_hubs_in_one_process(self, hub, client):
        hub.repos[REPO] = repo(one__gguf=b"1")
        with HubServer(repos={REPO: repo(two__gguf=b"2")}) as other:
            second = HubClient(HubOptions(endpoint=other.endpoint, retry=QUICK))
            assert second.listing(REPO, go()).builds[0].name == "two"
            assert client.listing(REPO, go()).builds[0].name == "one"

    def test_a_proxy_gets_the_requests(self, hub):
        hub.repos[REPO] = repo(one__gguf=b"1")
        options = HubOptions(endpoint="http://hub.invalid", proxy=hub.endpoint, retry=QUICK)
        assert HubClient(options).listing(REPO, go()).builds[0].name == "one"

    def test_the_system_proxy_is_used(self, hub, monkeypatch):
        hub.repos[REPO] = repo(one__gguf=b"1")
        monkeypatch.setenv("http_proxy", hub.endpoint)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        options = HubOptions(endpoint="http://hub.invalid", retry=QUICK)
        assert HubClient(options).listing(REPO, go()).builds[0].name == "one"

    @pytest.mark.parametrize(
        "endpoint", ["mirror.example", "ftp://mirror.example", "https://", "http://["]
    )
    def test_an_endpoint_that_is_no_address_is_said_when_it_is_used(self, endpoint):
        client = HubClient(HubOptions(endpoint=endpoint))
        for question in (
            lambda: client.listing(REPO, go()),
            lambda: list(client.search(SearchQuery(), go())),
        ):
            assert failure(question).code is ErrorCode.BAD_REFERENCE

    def test_a_proxy_that_is_no_address(self):
        options = HubOptions(endpoint="http://hub.invalid", proxy="what?", retry=QUICK)
        assert (
            failure(lambda: HubClient(options).listing(REPO, go())).code
            is ErrorCode.HUB_UNREACHABLE
        )


class TestTrouble:
    def test_an_untrusted_certificate_is_named_and_not_tried_again(self, certificate):
        with HubServer(certificate=certificate) as server:
            client = HubClient(HubOptions(endpoint=server.endpoint, retry=QUICK))
            error = failure(lambda: client.listing(REPO, go()))
        assert error.code is ErrorCode.CERTIFICATE
        assert error.facts["host"] == server.endpoint.removeprefix("https://")
        assert "self-signed" in str(error.facts["reason"])
        assert not server.requests()

    def test_a_certificate_that_is_trusted_works(self, certificate, monkeypatch):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
        with HubServer(certificate=certificate, repos={REPO: repo(one__gguf=b"1")}) as server:
            client = HubClient(HubOptions(endpoint=server.endpoint, retry=QUICK))
            assert client.listing(REPO, go()).builds[0].name == "one"

    @pytest.mark.parametrize(
        ("fault", "code"),
        [
            ({"kind": "status", "status": 503}, ErrorCode.HUB_SERVER),
            ({"kind": "status", "status": 500}, ErrorCode.HUB_SERVER),
            ({"kind": "status", "status": 429}, ErrorCode.HUB_RATE_LIMITED),
            ({"kind": "cut-headers"}, ErrorCode.HUB_UNREACHABLE),
        ],
    )
    def test_passes_when_it_passes_and_is_named_when_it_stays(self, hub, client, fault, code):
        hub.repos[REPO] = repo(one__gguf=b"1")
        hub.fault(**fault, where="api", times=2)
        assert client.listing(REPO, go()).builds
        hub.fault(**fault, where="api", times=-1)
        before = len(hub.requests())
        assert failure(lambda: client.listing(REPO, go())).code is code
        assert len(hub.requests()) - before == QUICK.tries

    def test_refused_access_is_not_tried_again(self, hub, client):
        hub.fault("status", where="api", status=403, times=-1)
        assert failure(lambda: client.listing(REPO, go())).code is ErrorCode.HUB_UNAUTHORIZED
        assert len(hub.requests()) == 1

    def test_a_server_that_asks_for_hours_is_not_waited_for(self, hub, client):
        hub.fault("status", where="api", status=429, retry_after_s=7200, times=-1)
        error = failure(lambda: client.listing(REPO, go()))
        assert error.code is ErrorCode.HUB_RATE_LIMITED
        assert error.facts["wait_s"] == 7200
        assert len(hub.requests()) == 1

    def test_nobody_there(self, client):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            closed = HubOptions(endpoint=f"http://127.0.0.1:{free.getsockname()[1]}", retry=QUICK)
            error = failure(lambda: HubClient(closed).listing(REPO, go()))
        assert error.code is ErrorCode.HUB_UNREACHABLE
        assert error.facts["reason"] == "connection refused"

    @pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
    def test_cancelling_wakes_a_call_that_waits_for_the_server(self, tls, certificate, monkeypatch):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
        repos = {REPO: FakeRepo({"m-F32.gguf": FakeFile(header(200_000))})}
        with HubServer(repos=repos, certificate=certificate if tls else None) as server:
            client = HubClient(HubOptions(endpoint=server.endpoint, retry=QUICK))
            listing = client.listing(REPO, go())
            server.fault("stall", after_bytes=1000)
            cancel = CancelToken()
            reached = threading.Event()

            def stop():
                while not server.sent_bytes:
                    reached.wait(0.01)
                cancel.cancel()

            helper = threading.Thread(target=stop)
            helper.start()
            began = time.monotonic()
            with pytest.raises(Cancelled):
                client.build_header(listing, listing.builds[0], cancel)
            helper.join()
            assert time.monotonic() - began < 2

    def test_cancelling_ends_a_wait_for_the_next_try(self, hub, client):
        hub.fault("status", where="api", status=429, retry_after_s=2, times=-1)
        cancel = CancelToken()
        timer = threading.Timer(0.1, cancel.cancel)
        timer.start()
        began = time.monotonic()
        with pytest.raises(Cancelled):
            client.listing(REPO, cancel)
        timer.join()
        assert time.monotonic() - began < 1.5
