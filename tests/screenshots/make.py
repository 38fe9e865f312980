"""The page "Make a build" in its states: on the guide model with the real core, and on a laptop of the fixtures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from app.core.engine.base import Notice
from app.core.engine.divergence import Divergence
from app.core.errors import AppError, ErrorCode
from app.core.models.gguf import FileSource, read_header
from app.core.models.gguf_write import F16, F32, TensorData, header_bytes
from app.core.quantize.fit_types import Contender, FitEstimate, FitResult, GroupLoss, Winner
from app.core.quantize.recipe import Recipe, recipe_of
from app.core.quantize.wish import PlanWarning
from app.ui.models.make.making import Outcome
from app.ui.models.make.order import (
    CalibrationChoice,
    FitOutlook,
    MakeProgress,
    MakeStep,
    Order,
    Way,
)
from app.ui.models.make.page import MakePage
from app.ui.models.make.plan_warnings import warning_words
from app.ui.models.make.type_ladder import planned_header
from tests.screenshots.models import open_page
from tests.screenshots.stage import Stage, pause, wait

SLOW_S = 120


def hollow_model(path: Path) -> Path:
    """A file with the header of a model of 12 billion weights in 16 bits and nothing in it; it takes no space."""
    width, wide, layers, heads, key_heads, words = 5120, 14_336, 40, 32, 8, 131_072
    shapes = {
        "attn_norm": (width,),
        "attn_q": (width, 128 * heads),
        "attn_k": (width, 128 * key_heads),
        "attn_v": (width, 128 * key_heads),
        "attn_output": (128 * heads, width),
        "ffn_norm": (width,),
        "ffn_gate": (width, wide),
        "ffn_up": (width, wide),
        "ffn_down": (wide, width),
    }
    named = {
        f"blk.{layer}.{kind}.weight": shape
        for layer in range(layers)
        for kind, shape in shapes.items()
    }
    ends = {"output_norm.weight": (width,), "output.weight": (width, words)}
    named = {"token_embd.weight": (width, words), **named, **ends}
    tensors = [
        TensorData(name, shape, F16 if len(shape) > 1 else F32, list)
        for name, shape in named.items()
    ]
    metadata = {
        "general.architecture": "llama",
        "general.name": "Nemo 12B Instruct",
        "general.file_type": 1,
        "llama.block_count": layers,
        "llama.context_length": 131_072,
        "llama.embedding_length": width,
        "llama.feed_forward_length": wide,
        "llama.attention.head_count": heads,
        "llama.attention.head_count_kv": key_heads,
        "llama.attention.key_length": 128,
        "llama.attention.value_length": 128,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.tokens": [f"t{number}" for number in range(64)],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(header_bytes(metadata, tensors))
        file.truncate(read_header(FileSource(path)).needed_bytes)
    return path


def open_make(stage: Stage) -> MakePage:
    """The page with a large model as source and all sizes known."""
    path = hollow_model(stage.paths.models_dir / "Nemo-12B-Instruct-F16.gguf")
    models, _hub = open_page(stage)
    models.show_view("make")
    page = models.make.page
    known = FitOutlook(FitEstimate(2940.0, "", 0, 27, 44), groups(0.62))
    page.desk.estimate = lambda _order: page.desk.estimated.emit(known)
    page.open(path, "Nemo 12B Instruct")
    wait(lambda: page.desk.complete and page.desk.advice is not None, SLOW_S)
    wait(lambda: stage.parts.tasks.idle, SLOW_S)
    return page


def empty(stage: Stage) -> None:
    """Nothing is chosen yet."""
    models, _hub = open_page(stage)
    models.show_view("make")


def choose(stage: Stage) -> None:
    """The ladder of types with exact sizes."""
    open_make(stage)


def slider(stage: Stage) -> None:
    """A size is chosen on the slider."""
    page = open_make(stage)
    page.choose.show_way(Way.SIZE)
    wait(lambda: page.choose.size_pick.time_label.text().startswith("Takes"), SLOW_S)


def recipe(stage: Stage) -> None:
    """A recipe and what it makes."""
    page = open_make(stage)
    page.choose.show_way(Way.RECIPE)
    wait(page.choose.recipe_pick.picture.isVisible, SLOW_S)


def groups(measured: float, *, mixed: bool = False) -> tuple[GroupLoss, ...]:
    """A map as that of a model with 40 layers, measured up to a share."""
    roles = {
        "attn_q": 0.9,
        "attn_k": 1.6,
        "attn_v": 4.8,
        "attn_output": 2.1,
        "ffn_gate": 2.4,
        "ffn_up": 2.9,
        "ffn_down": 6.5,
    }
    bands = ((0, 0), (1, 10), (11, 19), (20, 29), (30, 38), (39, 39))
    depth = (3.4, 1.0, 0.6, 0.5, 0.8, 2.6)
    cells = [("token_embd", -1, -1, 0.021)]
    cells += [
        (role, *band, 0.0021 * weight * factor)
        for role, weight in roles.items()
        for band, factor in zip(bands, depth, strict=True)
    ]
    cells.append(("output", -1, -1, 0.0474))
    known = round(measured * len(cells))
    return tuple(
        GroupLoss(
            role, first, last, loss if place < known else None, 3.1 + loss * 60 if mixed else 0
        )
        for place, (role, first, last, loss) in enumerate(cells)
    )


def running(stage: Stage) -> None:
    """Sensitivities are being measured."""
    models, _hub = open_page(stage)
    models.show_view("make")
    page = models.make.page
    steps = (
        MakeStep.CALIBRATE,
        MakeStep.MEASURE,
        MakeStep.SEARCH,
        MakeStep.QUANTIZE,
        MakeStep.COMPARE,
    )
    page.run.begin(
        "Making Nemo-12B-Instruct-fit-6.1GB.gguf",
        "From Nemo 12B Instruct. You can go on chatting meanwhile.",
        steps,
    )
    page.run.show_progress(
        MakeProgress(steps, steps[0], 1.0, note="12,288 tokens read · 281 matrices seen")
    )
    page.run.show_progress(MakeProgress(steps, steps[1], 0.62, 431.0, groups=groups(0.62)))
    page._show(page.run)


def result(stage: Stage) -> None:
    """A mix that was made."""
    page = open_make(stage)
    source = page.desk.source
    path = stage.paths.models_dir / "Nemo-12B-Instruct-fit-6.1GB.gguf"
    plan = page.desk.plans["Q3_K_M"]
    made = planned_header(plan, source.header)
    order = Order(source, Way.SIZE, CalibrationChoice(), path, budget_bytes=plan.size_bytes)
    mix = Contender(
        "Fitted", plan.size_bytes, plan.bits_per_weight, {}, _divergence(0.0412, 0.0009)
    )
    stock = replace(mix, label="Q3_K_M", divergence=_divergence(0.0631, 0.0014))
    fit = FitResult(
        path, Winner.MIX, mix, stock, -0.0219, 0.0006, Recipe(()), groups(1, mixed=True), 2790.0
    )
    page.desk.made.emit(
        Outcome(order, path, "Fitted", made, recipe_of(made, "Fitted"), 2790.0, "A model", fit=fit)
    )


def _divergence(mean: float, stderr: float) -> Divergence:
    return Divergence(
        6144,
        9.1,
        0.2,
        9.0,
        0.01,
        0.001,
        mean,
        stderr,
        mean / 3,
        0.3,
        0.9,
        2.0,
        0.0,
        0.91,
        0.004,
        0.05,
    )


def error(stage: Stage) -> None:
    """The disk is full."""
    page = open_make(stage)
    page.desk.broken.emit(
        AppError(
            ErrorCode.DISK_FULL,
            path=str(stage.paths.models_dir),
            needed_bytes=2_497_281_120,
            available_bytes=912_680_550,
        )
    )
    pause(50)
    bar = page.verticalScrollBar()
    bar.setValue(bar.maximum())


def warned(stage: Stage) -> None:
    """The source has few bits already."""
    page = open_make(stage)
    words = [warning_words(Notice(PlanWarning.REQUANTIZED, {"source_type": "Q4_K_M"}))]
    page.choose.show_warnings(words, [])


STATES: dict[str, Callable[[Stage], None]] = {
    "make-empty": empty,
    "make-choose": choose,
    "make-slider": slider,
    "make-recipe": recipe,
    "make-running": running,
    "make-result": result,
    "make-error": error,
    "make-warned": warned,
}
