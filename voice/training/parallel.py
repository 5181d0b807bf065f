"""Work on many recordings by all cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

import torch
from tqdm import tqdm

T = TypeVar("T")
_CHUNK = 32


def mapped(
    function: Callable[..., T], items: Sequence[Any], name: str, *shared: Any
) -> Iterator[T]:
    """``function(item, *shared)`` of each item, in order; a progress bar on a terminal.

    Args:
        function: of a module's top level.
        items: what it is given; small, for they travel to other processes.
        name: of the work.
        shared: what each process is given once.
    """
    bar = tqdm(items, desc=name, disable=None)
    if len(items) <= _CHUNK:
        yield from (function(item, *shared) for item in bar)
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), context, _begin, (function, shared)) as pool:
        for result in pool.map(_one, items, chunksize=_CHUNK):
            bar.update()
            yield result
    bar.close()


def _begin(function: Callable[..., Any], shared: tuple[Any, ...]) -> None:
    global _work  # noqa: PLW0603 - what a pool's process was given
    torch.set_num_threads(1)
    _work = (function, shared)


_work: tuple[Callable[..., Any], tuple[Any, ...]]


def _one(item: Any) -> Any:
    function, shared = _work
    return function(item, *shared)
