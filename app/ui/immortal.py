"""Keeps None, True and False alive on Python 3.11.

From Python 3.12 these objects are immortal, and code compiled for its stable ABI no longer counts references to them. PySide6
6.12 is compiled so but installs on Python 3.11 too, where every call that returns nothing then takes one reference away
from None until the interpreter aborts ("deallocating None"). A large head start makes that impossible.
"""

from __future__ import annotations

import ctypes
import sys

HEAD_START = 1 << 40


def keep_singletons() -> None:
    """Give None, True and False references that no run can use up; nothing to do from Python 3.12 on."""
    if sys.implementation.name != "cpython" or sys.version_info >= (3, 12):
        return
    for item in (None, True, False):
        count = ctypes.c_ssize_t.from_address(id(item))  # ob_refcnt is the first field of an object
        if count.value < HEAD_START:
            count.value += HEAD_START
