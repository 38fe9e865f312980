"""Fit to size on the guide: the mix against the stock build of the same size, same importance matrix, held-out text."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from app.core.cancel import CancelToken
from app.core.engine.texts import MIXED, evaluation_text
from app.core.paths import guide_path
from app.core.quantize.build import plan_build
from app.core.quantize.fit import estimate_fit, fit_to_size
from app.core.quantize.fit_types import Contender, FitRequest
from app.core.quantize.imatrix import calibrate, calibration_from
from app.core.quantize.wish import Wish
from tests.benchmarks.rows import Row

GOALS = {"Q2_K": 0.30, "Q3_K_M": 0.30, "Q4_K_M": 0.15}  # of the stock build's KL divergence
ESTIMATE_FACTOR = (
    3.0  # the time shown before starting is right within this factor on a quiet machine
)


def run() -> Iterator[Row]:
    """For each size the gain, and once the time that was foretold."""
    with tempfile.TemporaryDirectory(prefix="nibble-bench-") as name:
        folder = Path(name)
        text = calibration_from(f"preset:{MIXED}")
        imatrix = folder / "imatrix.gguf"
        calibrate(guide_path(), text, imatrix, CancelToken())
        for number, (stock, goal) in enumerate(GOALS.items()):
            wish = Wish(stock, imatrix=imatrix, calibration=text.name)
            budget = plan_build(guide_path(), wish, CancelToken()).size_bytes
            target = folder / f"{stock}.gguf"
            held_out = evaluation_text(MIXED)
            request = FitRequest(guide_path(), target, budget, text, held_out, imatrix)
            foretold = 0.0
            if number == 0:
                foretold = estimate_fit(request, folder / "data", CancelToken()).seconds
            found = fit_to_size(request, folder / "data", CancelToken())
            detail = f"{_words(found.mix)}; {_words(found.stock)}; kept: {found.winner.value}"
            yield Row(
                f"fit to the size of {stock}: less KL divergence", found.gain, goal, True, detail
            )
            over = found.mix.size_bytes - budget
            yield Row(f"fit to the size of {stock}: bytes over the budget", over, 0, at_least=False)
            if foretold:
                factor = max(found.seconds / foretold, foretold / found.seconds)
                detail = f"{foretold:.0f} s foretold, {found.seconds:.0f} s taken"
                yield Row("fit: time foretold (factor)", factor, ESTIMATE_FACTOR, False, detail)


def _words(one: Contender) -> str:
    found = one.divergence
    kld = f"{found.kld_mean:.4f} ± {found.kld_stderr:.4f}"
    same = f"{found.same_top_token:.1%} same token"
    return f"{one.label}: {one.size_bytes:,} bytes, KL divergence {kld}, {same}"
