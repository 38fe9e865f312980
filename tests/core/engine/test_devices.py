"""The child that asks ggml for its devices, as it really runs."""

from __future__ import annotations

import os

from app.core.cancel import CancelToken
from app.core.children import child_command
from app.core.hardware.gpu import ask_child
from app.core.hardware.probing import _environment


def test_the_child_reports_the_processor_and_its_instruction_sets():
    found = ask_child(child_command("probe-machine"), _environment(), CancelToken())
    processors = [device for device in found.ggml if device["kind"] == "cpu"]
    assert len(processors) == 1
    assert processors[0]["total_bytes"] > 2**28
    assert found.features is not None
    if os.uname().machine == "x86_64":
        assert "AVX" in found.features
