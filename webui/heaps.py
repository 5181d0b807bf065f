"""Few heaps for many threads.

The C library gives threads heaps of their own, and each keeps what its largest piece of work once
needed: with ten people at work the page held a hundred megabytes more after each round. Two heaps
are enough, because one piece of work runs at a time.
"""

from __future__ import annotations

import ctypes
import sys

M_ARENA_MAX = -8  # of glibc's malloc.h
HEAPS = 2


def share_heaps() -> bool:
    """Lets threads that begin from now on share heaps; whether the C library can (glibc)."""
    if sys.platform != "linux":
        return False
    change = getattr(ctypes.CDLL(None), "mallopt", None)
    return change is not None and bool(change(M_ARENA_MAX, HEAPS))
