"""Memory that is no longer used goes back to the system.

The C library (glibc) keeps what is freed between blocks that stay in use. Loading leaves such gaps,
since weights are read, converted and packed in turn, and so does every decoded sentence, whose
arrays have sizes of their own: the largest official model (v2ProPlus with its BERT) grew from 2.8
to 3.8 GB within two sentences. Arrays from ``OWN_PAGES`` on therefore get pages of their own.
"""

from __future__ import annotations

import ctypes
import functools
import sys
from typing import Any

OWN_PAGES = 8 << 20  # bytes; smaller arrays are not worth the system call
SPARE = 64 << 20  # freed bytes at the heap's end that are kept for the next array
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of mallopt(3)


@functools.cache
def keep_low() -> None:
    """Has the C library (glibc) return large arrays at once; for the whole process."""
    if option := _from_c_library("mallopt"):
        option(M_MMAP_THRESHOLD, OWN_PAGES)
        option(M_TRIM_THRESHOLD, SPARE)


def give_back() -> None:
    """Returns freed memory to the system where the C library can (glibc)."""
    if trim := _from_c_library("malloc_trim"):
        trim(0)


def _from_c_library(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
