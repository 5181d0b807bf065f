"""Decoding on CUDA: one recorded step (a CUDA graph) for each size of batch and cache.

A step of the language model is some three hundred small kernels; starting them one by one takes
longer than they do. A graph starts them at once, but its shapes and addresses never change. So rows
and slots are rounded up to powers of two (a bucket); attention gets all slots of the bucket and
masks those that were never written (upstream's graphs attend to them); rows that have left are
computed and not looked at, until the others fit a smaller bucket. All buckets share one piece of
memory, because one is in use at a time.

Without CUDA a bucket's step can be run as it is: everything but the recording is tested so.

Axes: B rows of the bucket, R rows under way, S slots, D width, O outputs; L, H, E as in
:mod:`voice.nn.cache`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import torch
from torch import Tensor

from voice.decode.stepper import EagerStepper, Prefix, Stepper
from voice.decode.traced import TracedStepper
from voice.models.text2semantic import Text2Semantic
from voice.nn.cache import FixedCache, StaticCache

FEWEST_SLOTS = 256
MOST_POSITIONS = 8192  # rows times slots of the largest bucket: 400 MB of the official models' fp16
WARM_UPS = 3  # runs before a recording, as torch asks for
_log = logging.getLogger(__name__)


def stepper_for(model: Text2Semantic) -> Stepper:
    """What decodes fastest on the model's device; keep it, as it remembers its recordings."""
    on_cuda = model.code_embedding.weight.device.type == "cuda"
    return GraphStepper(model) if on_cuda else TracedStepper(model)


class GraphStepper(EagerStepper):
    """A stepper of steps that never change shape, recorded where there is CUDA.

    A batch beyond the largest bucket is decoded as by :class:`EagerStepper`. Where recording fails,
    that is logged as a warning once, and the same steps are run without.

    Args:
        model: in evaluation mode.
    """

    shares = False

    def __init__(self, model: Text2Semantic) -> None:
        super().__init__(model)
        self.records = model.code_embedding.weight.device.type == "cuda"
        self._buckets: dict[tuple[int, int], Bucket] = {}
        self._bucket: Bucket | None = None
        self._memory: Tensor | None = None

    @torch.inference_mode()
    def prefill(self, prefixes: Sequence[Prefix], rows: Sequence[int], room: int) -> Tensor:
        """See :class:`voice.decode.stepper.Stepper`."""
        longest = max(len(p.phoneme_ids) + len(p.prompt_codes) for p in prefixes)
        self._bucket, self._length = None, longest
        if not fits(len(rows), longest + room):
            return super().prefill(prefixes, rows, room)
        logits = super().prefill(prefixes, rows, 0)
        cache, self._live = self._cache, torch.arange(len(rows), device=logits.device)
        assert isinstance(cache, StaticCache)
        visible = None if cache.visible is None else cache.visible[:, :longest]
        self._enter(cache.store[:, :, :, :, :longest], visible, self._position)
        del self._cache
        return logits

    def _outputs(self, codes: Tensor, seen: Tensor | None) -> Tensor:
        if self._bucket is None:
            return super()._outputs(codes, seen)
        if self._length == self._bucket.slots:
            self._move()
        self._length += 1
        return self._bucket.step(codes, seen, self._live)

    def _keep(self, rows: Tensor) -> None:
        if self._bucket is None:
            super()._keep(rows)
            return
        self._live = self._live[rows]
        if rounded(len(rows)) < self._bucket.rows:
            self._move()

    def _move(self) -> None:
        """Takes the rows under way to the bucket that fits them now."""
        old, rows, length = self._bucket, self._live, self._length
        assert old is not None
        store = old.cache.store[:, :, rows, :, :length]  # a copy: buckets share their memory
        self._live = torch.arange(len(rows), device=rows.device)
        self._enter(store, old.cache.visible[rows, :length], old.position[rows])

    def _enter(self, store: Tensor, visible: Tensor | None, position: Tensor) -> None:
        size = rounded(store.shape[2]), rounded(store.shape[4] + 1, FEWEST_SLOTS)
        if size not in self._buckets:
            self._buckets[size] = self._new_bucket(*size)
        self._bucket = self._buckets[size]
        self._bucket.cache.load(store, visible)
        self._bucket.position.zero_()[: len(position)] = position

    def _new_bucket(self, rows: int, slots: int) -> Bucket:
        if self._memory is None:
            like, spec = self.model.new_cache(1, 1).store, self.model.spec
            self._memory = like.new_zeros(2 * spec.layers * spec.width * MOST_POSITIONS)
        bucket = Bucket(self.model, self._memory, rows, slots)
        if self.records:
            try:
                bucket.record()
            except RuntimeError as error:
                self.records = False
                _log.warning("CUDA graphs cannot be used, decoding is slower: %s", error)
        return bucket


class Bucket:
    """A step for up to so many rows and slots, and what it works on.

    Args:
        model: in evaluation mode.
        memory: flat, of keys and values; finite.
        rows, slots: B and S.
    """

    def __init__(self, model: Text2Semantic, memory: Tensor, rows: int, slots: int) -> None:
        spec, device = model.spec, memory.device
        shape = (spec.layers, 2, rows, spec.heads, slots, spec.width // spec.heads)
        self.rows, self.slots = rows, slots
        self.cache = FixedCache(memory[: torch.Size(shape).numel()].view(shape))
        self.position = torch.zeros(rows, dtype=torch.int64, device=device)
        self._model = model
        self._codes = torch.zeros_like(self.position)
        like = model.code_embedding.weight
        self._seen = like.new_zeros(rows, spec.width) if spec.reads else None
        self._results = like.new_zeros(rows, model.head.out_features)
        self._graph: torch.cuda.CUDAGraph | None = None

    def step(self, codes: Tensor, seen: Tensor | None, live: Tensor) -> Tensor:
        """One more token for the rows under way.

        Args:
            codes: (R,) int64.
            seen: (R, D) or None.
            live: (R,) int64, their places in the bucket.

        Returns:
            (R, O), a new tensor.
        """
        self._codes[live] = codes
        if self._seen is not None and seen is not None:
            self._seen[live] = seen
        if self._graph is None:
            self._run()
        else:
            self._graph.replay()
        return self._results[live]

    def record(self) -> None:
        """Records the step. What is in the cache is lost.

        Raises:
            RuntimeError: CUDA cannot.
        """
        with torch.cuda.device(self.position.device):
            stream = torch.cuda.Stream()
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                for _ in range(WARM_UPS):
                    self._run()
            torch.cuda.current_stream().wait_stream(stream)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                self._run()
        self._graph = graph

    def _run(self) -> None:
        self._results.copy_(
            self._model.step(self._codes, self.position, self.cache, self._seen))
        self.position.add_(1)


def rounded(number: int, least: int = 1) -> int:
    """The power of two that is at least ``number`` and ``least`` (itself one)."""
    return max(least, 1 << (number - 1).bit_length())


def fits(rows: int, slots: int) -> bool:
    """Whether a bucket can hold them."""
    return rounded(rows) * rounded(slots, FEWEST_SLOTS) <= MOST_POSITIONS
