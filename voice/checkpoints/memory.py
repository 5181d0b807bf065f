"""Memory that loading has left behind goes back to the system.

Weights are read, converted and packed in turn. What each turn frees lies between what stays, and
the C library keeps it: 0.3 of 4.0 GB of the largest official model (v2ProPlus with its BERT).
"""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Returns freed memory to the system where the C library can (glibc)."""
    if sys.platform != "linux":
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
