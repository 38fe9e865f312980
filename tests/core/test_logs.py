"""The log file: written, and turned over when it has grown large."""

from __future__ import annotations

import logging

from app.core.logs import LARGEST_BYTES, set_up_logging


def test_a_log_that_has_grown_large_is_turned_over(tmp_path):
    file = tmp_path / "nibble.log"
    file.write_bytes(b"x" * (LARGEST_BYTES + 1))
    try:
        set_up_logging(tmp_path)
        logging.getLogger("app.test").info("first line")
        assert "first line" in file.read_text(encoding="utf-8")
        assert (tmp_path / "nibble.log.1").stat().st_size > LARGEST_BYTES
    finally:
        root = logging.getLogger("app")
        for handler in list(root.handlers):
            root.removeHandler(handler)
            handler.close()
        root.propagate = True
