"""The plain way to decode, as a measure of speed: a cache that is joined anew at every token.

So the published program does without CUDA graphs: operations one by one in single precision, keys
and values of each layer concatenated at every step. It is our model and our sampler otherwise.

Axes: as in :mod:`voice.nn.cache`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from voice.decode.stepper import EagerStepper, Prefix
from voice.errors import OptionError
from voice.nn.cache import AppendingCache, StaticCache


class PlainStepper(EagerStepper):
    """A stepper for texts of one length, so that nothing is masked."""

    shares = False

    @torch.inference_mode()
    def prefill(self, prefixes: Sequence[Prefix], rows: Sequence[int], room: int) -> Tensor:
        """See :class:`voice.decode.stepper.Stepper`.

        Raises:
            OptionError: the texts and prompts are of several lengths.
        """
        logits = super().prefill(prefixes, rows, 0)
        cache = self._cache
        assert isinstance(cache, StaticCache)
        if cache.visible is not None:
            raise OptionError("the plain loop decodes texts of one length only")
        self._grown = _GrowingCache(cache.store)
        return logits

    def _outputs(self, codes: Tensor, seen: Tensor | None) -> Tensor:
        outputs = self.model.step(codes, self._position, self._grown, seen)
        self._position = self._position + 1
        return outputs

    def _keep(self, rows: Tensor) -> None:
        self._grown.layers = [layer[:, rows] for layer in self._grown.layers]
        self._position = self._position[rows]


class _GrowingCache(AppendingCache):
    """Keys and values (2, B, H, K, E) of each layer."""

    def __init__(self, store: Tensor) -> None:
        self.layers = list(store.unbind(0))

    def begin(self, positions: int) -> None:
        """See :class:`voice.nn.cache.KeyValueCache`."""

    def append(self, layer: int, new: Tensor) -> tuple[Tensor, Tensor, None]:
        """See :class:`voice.nn.cache.AppendingCache`."""
        self.layers[layer] = torch.cat([self.layers[layer], new], 3)
        keys, values = self.layers[layer].unbind(0)
        return keys, values, None
