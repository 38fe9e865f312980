"""The Models page in its states: on a laptop of the fixtures, with a hub on the loopback interface."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

from PySide6.QtCore import QPoint

from app.core.hardware.machine import Machine
from app.core.models.download_types import Download, DownloadState, DownloadStatus
from app.core.models.hub_types import HubFile
from app.core.models.importing import ImportMode
from app.core.models.transfer_types import TransferState
from app.ui.models.page import ModelsPage
from tests.conftest import ROOT
from tests.hub_server import FakeFile, FakeRepo, HubServer
from tests.model_files import tensor, write_model
from tests.screenshots.stage import Stage, pause, wait

MACHINE = ROOT / "tests" / "data" / "machines" / "desktop-16gb.json"
REPO = "unsloth/Qwen3-4B-Instruct-2507-GGUF"
GB = 1_000_000_000
BUILDS = {
    "UD-IQ2_M": 1.51,
    "Q2_K": 1.67,
    "Q3_K_M": 2.08,
    "IQ4_XS": 2.27,
    "Q4_0": 2.38,
    "Q4_K_M": 2.50,
    "UD-Q4_K_XL": 2.55,
    "Q5_K_M": 2.89,
    "Q6_K": 3.31,
    "Q8_0": 4.28,
    "BF16": 8.05,
}
CARD = b"""---
license: apache-2.0
---
# Qwen3-4B-Instruct-2507

An updated version of the **Qwen3-4B** non-thinking mode, with:

- better instruction following, logical reasoning and text comprehension;
- gains in long-tail knowledge across many languages;
- 256K tokens of context.

| Benchmark | before | now |
|---|---|---|
| MMLU-Pro | 58.0 | 69.6 |
| GPQA | 41.7 | 62.0 |
"""
RESULTS = (
    ("unsloth/Qwen3-4B-Instruct-2507-GGUF", 4.02, 412_883, "apache-2.0", False),
    ("ggml-org/gemma-3-4b-it-GGUF", 3.88, 233_104, "gemma", False),
    ("bartowski/Llama-3.2-3B-Instruct-GGUF", 3.21, 198_422, "llama3.2", False),
    ("meta-llama/Llama-3.3-70B-Instruct-GGUF", 70.6, 61_090, "llama3.3", True),
    ("ggml-org/gpt-oss-20b-GGUF", 20.9, 588_214, "apache-2.0", False),
    ("LiquidAI/LFM2-1.2B-GGUF", 1.17, 22_930, "lfm1.0", False),
    ("mradermacher/Mistral-Small-3.2-24B-i1-GGUF", 23.6, 14_002, "apache-2.0", False),
    ("unsloth/Qwen3-30B-A3B-GGUF", 30.5, 301_277, "apache-2.0", False),
    ("Qwen/Qwen3-0.6B-GGUF", 0.6, 98_412, "apache-2.0", False),
)


@dataclass
class ListedFile(FakeFile):
    """A large file that is listed but never sent."""

    listed_bytes: int = 0

    @property
    def size_bytes(self) -> int:
        """Length as listed."""
        return self.listed_bytes

    @property
    def sha256(self) -> str:
        """Some hash."""
        return hashlib.sha256(str(self.listed_bytes).encode()).hexdigest()


def open_page(stage: Stage) -> tuple[ModelsPage, HubServer]:
    """The page, with everything read that it reads at first."""
    machine = Machine.from_json(json.loads(MACHINE.read_text(encoding="utf-8"))["machine"])
    enter = stage.closing.enter_context
    hub = enter(HubServer())
    for repo, billions, downloads, licence, gated in RESULTS:
        hub.repos[repo] = FakeRepo(
            files={"README.md": FakeFile(CARD, lfs=False)} | _listed(repo, billions),
            downloads=downloads,
            gated="manual" if gated else False,
            tags=["gguf", f"license:{licence}"],
            gguf={
                "total": round(billions * GB),
                "architecture": "qwen3",
                "context_length": 262_144,
            },
        )
    home = stage.paths.data_dir / "person"
    home.mkdir(exist_ok=True)
    values = {"HF_ENDPOINT": hub.endpoint, "HF_TOKEN": "hf_wrong", "HOME": str(home)}
    enter(mock.patch.dict(os.environ, values))
    enter(mock.patch("app.core.hardware.probing.probe_machine", return_value=machine))
    stage.begin()
    stage.window.show_page("models")
    page = stage.window.pages["models"]
    assert isinstance(page, ModelsPage)
    wait(lambda: page.services is not None and page.library.read and stage.parts.tasks.idle)
    return page, hub


def _listed(repo: str, billions: float) -> dict[str, FakeFile]:
    name = repo.partition("/")[2].removesuffix("-GGUF")
    return {
        f"{name}-{label}.gguf": ListedFile(listed_bytes=round(size * GB * billions / 4.02))
        for label, size in BUILDS.items()
    }


def catalog(stage: Stage) -> None:
    """The catalog; the three best for this computer stand first."""
    open_page(stage)
    pause(100)


def catalog_model(stage: Stage) -> None:
    """A model of the catalog on its ladder."""
    page, _hub = open_page(stage)
    page.catalog_view.open("qwen3-4b-instruct-2507")


def catalog_large(stage: Stage) -> None:
    """A model of which few builds fit."""
    page, _hub = open_page(stage)
    page.catalog_view.open("gpt-oss-20b")


def catalog_none(stage: Stage) -> None:
    """No model fulfils the filters."""
    page, _hub = open_page(stage)
    page.catalog_view.filters.search_field.setText("a model that washes up")


def hub_start(stage: Stage) -> None:
    """The hub before the first question."""
    page, _hub = open_page(stage)
    page.show_view("hub")


def hub_results(stage: Stage) -> None:
    """Search results."""
    page, _hub = open_page(stage)
    page.show_view("hub")
    page.hub_view.ask()
    wait(lambda: page.hub_view.list.item_model.rows)


def hub_repo(stage: Stage) -> None:
    """A repository with its builds and its card."""
    hub_results(stage)
    page = stage.window.pages["models"]
    page.hub_view.open_repo(REPO)
    wait(lambda: any(rung.starred for rung in page.hub_view.detail.ladder.rungs))


def hub_gated(stage: Stage) -> None:
    """A model whose licence must be accepted first."""
    page, hub = open_page(stage)
    hub.token = "hf_right"
    page.show_view("hub")
    page.hub_view.open_repo("meta-llama/Llama-3.3-70B-Instruct-GGUF")
    wait(page.hub_view.detail.bar.isVisible)


def hub_offline(stage: Stage) -> None:
    """Offline mode."""
    settings = stage.parts.services.settings
    settings.change(replace(settings.current, offline=True))
    hub_start(stage)


def hub_error(stage: Stage) -> None:
    """The hub has a problem."""
    page, _hub = open_page(stage)
    page.show_view("hub")
    page.hub_view.open_repo("nobody/nothing")
    wait(lambda: page.hub_view.pending.text and not page.hub_view.pending.busy_bar.isVisible())


def library(stage: Stage) -> None:
    """Models on this computer, one opened, one damaged."""
    _fill(stage.paths.models_dir)
    page, _hub = open_page(stage)
    page.show_view("library")
    opened = next(model for model in page.library.models if "Ministral" in model.name)
    page.library_view.open(opened.id)
    wait(lambda: page.library_view.detail.details and stage.parts.tasks.idle)


def library_list(stage: Stage) -> None:
    """The list, with a file to import and a model just deleted."""
    _fill(stage.paths.models_dir)
    page, _hub = open_page(stage)
    page.show_view("library")
    deleted = next(model for model in page.library.models if "gemma" in model.name)
    page.library_view.remove(deleted)
    wait(page.library_view.undo_bar.isVisible)
    page.library_view.import_bar.ask(Path("Phi-4-mini-Q4_K_M.gguf"))
    page.library_view.import_bar.buttons[ImportMode.COPY].setFocus()


def copies(stage: Stage) -> None:
    """Models that are here twice, one of them in another program's store."""
    _fill(stage.paths.models_dir)
    again = stage.paths.data_dir / "person" / ".lmstudio" / "models" / "lmstudio" / "gemma"
    write_model(again / "gemma-3-4b-it-Q8_0.gguf", "Q8_0", fill=1)
    write_model(stage.paths.models_dir / "imported" / "gemma" / "gemma-copy.gguf", "Q8_0", fill=1)
    page, _hub = open_page(stage)
    page.show_view("library")
    page.library_view.show_copies()
    wait(lambda: not page.library_view.copies.read_button.isHidden())
    page.library_view.copies.read_button.click()
    wait(lambda: page.library_view.copies.lines)


def downloads(stage: Stage) -> None:
    """Downloads in every state, over a repository."""
    hub_repo(stage)
    page = stage.window.pages["models"]
    page.panel.show_statuses(
        (
            _status("Q4_K_M", 0.62, bytes_per_s=11.4e6, eta_s=83, detail=TransferState.FETCHING),
            _status("Q6_K", 0.31, DownloadState.PAUSED),
            _status("Q8_0", 0.74, DownloadState.FAILED, error="hub-gated"),
        )
    )
    pause(200)


def _status(
    label: str, share: float, state: DownloadState = DownloadState.RUNNING, error: str = "", **more
) -> DownloadStatus:
    file = HubFile(f"Qwen3-4B-{label}.gguf", round(BUILDS[label] * GB))
    facts = {"repo": REPO, "url": f"https://huggingface.co/{REPO}"}
    download = Download(label, REPO, "c" * 40, label, (file,), state, (), (), error, facts)
    return DownloadStatus(download, done_bytes=round(file.size_bytes * share), **more)


def _fill(folder: Path) -> None:
    """Real small files that stand for models, with a mixture of types such as quantizers make."""
    mixed = []
    for layer in range(26):
        more = layer < 3 or layer > 22 or layer % 3 == 0
        types = dict.fromkeys(("attn_q", "attn_k", "attn_output", "ffn_gate", "ffn_up"), "Q4_K")
        types |= dict.fromkeys(("attn_v", "ffn_down"), "Q6_K" if more else "Q4_K")
        mixed += [
            tensor(f"blk.{layer}.{name}.weight", kind, (256, 256)) for name, kind in types.items()
        ]
        mixed.append(tensor(f"blk.{layer}.attn_norm.weight", "F32", (256,)))
    mixed += [
        tensor("token_embd.weight", "Q6_K", (256, 32)),
        tensor("output_norm.weight", "F32", (256,)),
    ]
    layers = {"llama.block_count": 26}
    write_model(
        folder / "ggml-org" / "Ministral-3-8B" / "Ministral-3-8B-Q4_K_M.gguf",
        tensors=mixed,
        extra={**layers, "general.name": "Ministral 3 8B", "general.license": "apache-2.0"},
    )
    write_model(folder / "ggml-org" / "gemma-3-4b" / "gemma-3-4b-it-Q8_0.gguf", "Q8_0", fill=1)
    cut = write_model(folder / "unsloth" / "Qwen3-30B" / "Qwen3-30B-A3B-Q2_K.gguf", "Q2_K", fill=2)
    cut.write_bytes(cut.read_bytes()[:-4096])


def settings(stage: Stage) -> None:
    """Folders and network on the settings page."""
    store = stage.parts.services.settings
    folders = (stage.paths.data_dir / "models on a disk", Path("/media/archive/models"))
    folders[0].mkdir()
    store.change(
        replace(
            store.current,
            model_folders=tuple(map(str, folders)),
            download_folder=str(folders[0]),
            network=replace(store.current.network, proxy="http://proxy.example:3128"),
        )
    )
    stage.begin()
    stage.window.show_page("settings")
    page = stage.window.pages["settings"]
    wait(lambda: page.folders.lines)
    pause(50)
    page.ensureWidgetVisible(page.folders, 0, 0)
    page.verticalScrollBar().setValue(page.folders.mapTo(page.widget(), QPoint(0, 0)).y() - 60)


STATES: dict[str, Callable[[Stage], None]] = {
    "models-catalog": catalog,
    "models-catalog-model": catalog_model,
    "models-catalog-large": catalog_large,
    "models-catalog-none": catalog_none,
    "models-hub-start": hub_start,
    "models-hub-results": hub_results,
    "models-hub-repo": hub_repo,
    "models-hub-gated": hub_gated,
    "models-hub-offline": hub_offline,
    "models-hub-error": hub_error,
    "models-library": library,
    "models-library-list": library_list,
    "models-copies": copies,
    "models-downloads": downloads,
    "models-settings": settings,
}
