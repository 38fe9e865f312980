"""Beginning a comparison: texts, versions and the services that a run needs, put together from what the app has."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from app import __version__
from app.core.cancel import CancelToken
from app.core.compare.answers import MakeEngine
from app.core.compare.results import TextChoice
from app.core.compare.runner import Services
from app.core.compare.store import ComparisonStore
from app.core.engine.kernels import KernelMemory, Kernels
from app.core.engine.texts import evaluation_text
from app.core.errors import AppError, ErrorCode
from app.core.hardware.machine import Machine, PowerSource
from app.core.hardware.power import probe_power

LARGEST_TEXT_BYTES: Final = 50_000_000


def text_choice(name: str, text: str, *, preset: bool = False) -> TextChoice:
    """A text as the settings of a comparison name it."""
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return TextChoice(name, preset, len(text), digest)


def preset_texts(names: Sequence[str]) -> list[tuple[TextChoice, str]]:
    """The project's own texts for measuring, as choices with their texts. Raises `AppError` as `evaluation_text`."""
    texts = [(name, evaluation_text(name)) for name in names]
    return [(text_choice(name, text, preset=True), text) for name, text in texts]


def own_text(path: Path) -> tuple[TextChoice, str]:
    """The person's own text from a file (UTF-8).

    Raises:
        AppError: FILE_MISSING, FILE_UNREADABLE.
    """
    try:
        if path.stat().st_size > LARGEST_TEXT_BYTES:
            reason = f"it is larger than {LARGEST_TEXT_BYTES // 1_000_000} MB"
            raise AppError(ErrorCode.FILE_UNREADABLE, path=str(path), reason=reason)
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise AppError(ErrorCode.FILE_MISSING, path=str(path)) from error
    except (OSError, ValueError) as error:
        raise AppError(ErrorCode.FILE_UNREADABLE, path=str(path), reason=str(error)) from error
    return text_choice(path.name, text), text


def versions() -> dict[str, str]:
    """What the numbers were made with."""
    try:
        llama = importlib.metadata.version("llama-cpp-python")
    except importlib.metadata.PackageNotFoundError:
        llama = "bundled"
    return {
        "nibble": __version__,
        "llama-cpp-python": llama,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


def machine_facts(machine: Machine | None) -> dict[str, Any]:
    """A computer as a comparison keeps it: without the paths of its folders."""
    if machine is None:
        return {}
    return {**machine.to_json(), "disks": []}


def services_for(data_dir: Path, make_engine: MakeEngine) -> Services:
    """The services of a run: kept below the data folder, with what is known about this processor's kernels."""
    kernels = KernelMemory(data_dir)

    def safe_kernels(cancel: CancelToken) -> bool:
        return kernels.verdict(cancel) is not Kernels.FULL

    def on_battery() -> bool | None:
        power, _ = probe_power()
        return None if power.source is None else power.source is PowerSource.BATTERY

    return Services(ComparisonStore(data_dir), make_engine, safe_kernels, on_battery)
