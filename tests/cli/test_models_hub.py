"""`nibble models search` and `get`: what a name means, and which build is taken when nobody says."""

from __future__ import annotations

import pytest

from app.cli import models_hub
from app.core.errors import AppError, ErrorCode
from app.core.models.catalog import load_catalog
from app.core.models.download_types import Download, DownloadState, DownloadStatus
from app.core.models.hub_builds import make_listing
from app.core.models.hub_reference import Reference
from app.core.models.hub_types import DEFAULT_ENDPOINT, HubFile, HubModel
from app.core.models.transfer_types import TransferState


def listing(*names):
    files = [HubFile(name, 1000 + number) for number, name in enumerate(names)]
    return make_listing(HubModel("a/b", "a"), "c" * 40, files)


@pytest.fixture(scope="module")
def catalog():
    return load_catalog()


def test_every_model_of_the_catalog_can_be_named(catalog):
    for model in catalog.models:
        found = models_hub.find_reference(model.id, catalog, DEFAULT_ENDPOINT)
        assert found.repo in model.repos
        assert models_hub.find_reference(
            f"{model.id}:Q8_0", catalog, DEFAULT_ENDPOINT
        ) == Reference(model.repos[0], quant="Q8_0")


def test_anything_else_is_a_name_on_the_hub(catalog):
    found = models_hub.find_reference("unsloth/X-GGUF:Q4_0", catalog, DEFAULT_ENDPOINT)
    assert found == Reference("unsloth/X-GGUF", quant="Q4_0")
    with pytest.raises(AppError) as caught:
        models_hub.find_reference("nothing-like-this", catalog, DEFAULT_ENDPOINT)
    assert caught.value.code is ErrorCode.BAD_REFERENCE


@pytest.mark.parametrize(
    ("names", "label"),
    [
        (["m-Q2_K.gguf", "m-Q8_0.gguf", "m-Q4_K_M.gguf"], "Q4_K_M"),
        (["m-Q2_K.gguf", "m-UD-Q4_K_XL.gguf", "m-Q5_K_M.gguf"], "UD-Q4_K_XL"),
        (["m-BF16.gguf", "m-Q2_K.gguf"], "BF16"),
        (["m-Q4_K_M-00001-of-00002.gguf", "m-Q8_0.gguf"], "Q8_0"),
    ],
)
def test_the_usual_build(names, label):
    assert models_hub.usual_build(listing(*names)).label == label


def test_a_repository_without_models_says_so():
    with pytest.raises(AppError) as caught:
        models_hub.usual_build(listing("README.md", "mmproj-F16.gguf"))
    assert caught.value.code is ErrorCode.BUILD_MISSING


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"detail": TransferState.FETCHING, "bytes_per_s": 2.5e6, "eta_s": 125.0},
            "2.5 MB/s  2:05",
        ),
        ({"detail": TransferState.WAITING, "wait_s": 7.0}, "waiting 7 s"),
        ({"detail": TransferState.VERIFYING}, "checking"),
    ],
)
def test_the_line_says_how_it_goes(fields, said):
    drawn = []
    download = Download("k", "a/b", "c", "Q4_0", (HubFile("m.gguf", 10),), DownloadState.RUNNING)
    status = DownloadStatus(download, done_bytes=4, **fields)
    models_hub._draw(lambda *line: drawn.append(line), (status,))
    ((done, size, more),) = drawn
    assert (done, size) == (4, 10)
    assert said in more
