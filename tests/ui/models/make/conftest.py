"""Plans of builds as the core gives them, without a model behind them."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget

from app.core.engine.base import Notice
from app.core.models.details import TensorGroup
from app.core.models.gguf import GgufHeader, read_file
from app.core.quantize.wish import BuildPlan, PlannedTensor, Wish
from app.ui.models.make.order import BuildSource
from tests.conftest import GUIDE

SIZES = {"Q2_K": 4_772_928, "Q4_K_M": 6_566_976, "Q6_K": 8_324_160, "Q8_0": 10_736_704}


def plan(label: str, size_bytes: int, *codes: str, **facts) -> BuildPlan:
    """A plan that gives every tensor of one kind the same type."""
    tensor = PlannedTensor("token_embd.weight", TensorGroup.EMBEDDING, 4096 * 512, "F16", "Q4_K", 1)
    return BuildPlan(
        source=GUIDE,
        parts=(GUIDE,),
        wish=Wish(type_name=label, expect_imatrix=True),
        label=label,
        base=label,
        overrides={},
        tensors=(tensor,),
        size_bytes=size_bytes,
        source_bytes=20_000_000,
        bits_per_weight=size_bytes * 8 / 10_000_000,
        types={"Q4_K": 1},
        warnings=tuple(Notice(code, facts) for code in codes),
        importance=None,
        imatrix_missing=False,
        seconds=1.5,
        metadata={},
    )


@pytest.fixture
def plans() -> dict[str, BuildPlan]:
    """Plans of four types."""
    return {label: plan(label, size) for label, size in SIZES.items()}


@pytest.fixture
def host(qtbot) -> QWidget:
    """A widget that holds what is tested, in sight."""
    made = QWidget()
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show()
    return made


@pytest.fixture
def header() -> GgufHeader:
    """The guide's header."""
    return read_file(GUIDE)


@pytest.fixture
def source(header) -> BuildSource:
    """The guide as a source."""
    return BuildSource(Path(GUIDE), "Nibble Guide", header)
