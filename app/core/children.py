"""The processes that the app starts for itself: a word on the command line, and the module that runs there.

llama.cpp and graphics drivers are loaded in them only, so that whatever ends them does not end the window.
"""

from __future__ import annotations

import sys
from typing import Final

CHILDREN: Final = {
    "engine-child": "app.core.engine.worker",
    "probe-engine": "app.core.engine.probe",
    "probe-machine": "app.core.engine.devices",
    "memory-job": "app.core.engine.memory_job",
    "calibrate-job": "app.core.engine.calibration_job",
    "quantize-job": "app.core.quantize.job",
    "imatrix-job": "app.core.quantize.imatrix_job",
    "fit-job": "app.core.quantize.fit_job",
    "measure-job": "app.core.compare.measure_job",
}
LONG_JOBS: Final = ("imatrix-job", "fit-job")  # minutes to hours of all cores


def child_command(word: str) -> list[str]:
    """Command line of an internal child, by its word in `CHILDREN`.

    From source the module itself is run, which is quicker than going through the whole app; the working folder is kept
    out of the module search path (-P), so nothing in it can pose as a library.
    """
    if getattr(sys, "frozen", False):
        return [sys.executable, word]
    return [sys.executable, "-P", "-m", CHILDREN[word]]
