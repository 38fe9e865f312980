"""Real builds of the guide, quantized once, and one real comparison of them that the tests look at."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from app.core.cancel import CancelToken
from app.core.compare.builds import read_builds
from app.core.compare.results import CompareSettings, SpeedSettings
from app.core.compare.runner import Services, run
from app.core.compare.start import text_choice, versions
from app.core.compare.store import ComparisonStore, NewComparison
from app.core.compare.tasks import own_questions
from app.core.engine.llama import lib
from app.core.engine.probe import quantize
from app.core.engine.process import EngineProcess
from app.core.engine.texts import evaluation_text
from tests.conftest import GUIDE

FTYPES = {"Q8_0": "MOSTLY_Q8_0", "Q4_K_M": "MOSTLY_Q4_K_M", "Q2_K": "MOSTLY_Q2_K"}
QUESTIONS = "Q: What is quantization?\nA: bits\nQ: What is the capital of Peru?\nA: Lima\n"
SETTINGS = CompareSettings(
    tokens=1024,
    context_length=256,
    prompts=("What is quantization?",),
    max_tokens=24,
    speed=SpeedSettings(32, 8, (0, 64), 2, context_length=256),
    subjects=("own",),
    threads=1,
)


@pytest.fixture(scope="session")
def builds_of_guide(tmp_path_factory):
    """Type -> file: the guide as it is and in three widths."""
    folder = tmp_path_factory.mktemp("builds")
    found = {"F16": folder / "guide-F16.gguf"}
    shutil.copy(GUIDE, found["F16"])
    for name, ftype in FTYPES.items():
        found[name] = folder / f"guide-{name}.gguf"
        quantize(GUIDE, found[name], getattr(lib, f"LLAMA_FTYPE_{ftype}"))
    return found


def services_at(folder):
    """Services as the app has them; the kernels are known to work."""
    return Services(ComparisonStore(folder), lambda: EngineProcess(folder), lambda _cancel: False)


def begin(services, paths, text="", settings=SETTINGS, questions=""):
    """A new comparison of these files; without a text no quality is measured, without questions none are asked."""
    asked = own_questions(questions) if questions else ()
    settings = replace(
        settings,
        texts=(text_choice("a text", text),) if text else (),
        subjects=settings.subjects if asked else (),
    )
    new = NewComparison(
        settings, read_builds(paths), (text,) if text else (), asked, versions=versions()
    )
    return services.store.create(new)


@pytest.fixture(scope="session")
def measured(builds_of_guide, tmp_path_factory):
    """The guide in four widths, everything measured."""
    services = services_at(tmp_path_factory.mktemp("measured"))
    paths = [builds_of_guide[name] for name in ("Q2_K", "F16", "Q4_K_M", "Q8_0")]
    started = begin(services, paths, evaluation_text("mixed"), questions=QUESTIONS)
    return run(services, started.id, CancelToken())
