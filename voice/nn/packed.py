"""Linear layers for small batches on a CPU, where reading the weights is what takes the time.

The weights are kept in the order the processor reads them, in half precision or in 8 bits, and each
row is computed for itself. What 8 bits cost is in docs/training.md.
"""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)
FEW_ROWS = 6  # from here on half precision is as fast


class HalfLinear(nn.Module):
    """A linear layer with weights in half precision; those of such a file lose nothing.

    Inputs, sums and results are in single precision. It can no longer be trained or saved.

    Args:
        weight: (outputs, inputs).
        bias: (outputs,) float32 or None.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.bias = bias  # a copy is in the pack; some callers add it alone
        self._packed = torch.ops.quantized.linear_prepack_fp16(weight.float(), bias)

    def forward(self, x: Tensor) -> Tensor:
        """Args: x (..., inputs) float32. Returns (..., outputs) float32."""
        return torch.ops.quantized.linear_dynamic_fp16(x, self._packed)


class EightBitLinear(nn.Module):
    """A linear layer that can no longer be trained or saved.

    The weights are kept twice: as 8-bit numbers with a scale for each output, which a few rows are
    multiplied with, and in half precision for many rows, where arithmetic takes the time. Both are
    the same numbers up to half precision's rounding; inputs are rounded to bfloat16.

    Args:
        linear: what to pack; float32, on the CPU.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight = linear.weight.detach()
        scale = (weight.abs().amax(1) / 127).clamp_min(1e-8).bfloat16()
        eighths = (weight / scale.float()[:, None]).round().clamp(-127, 127)
        self.bias = linear.bias
        self._scale, self._weight = scale, eighths.to(torch.int8)
        bias = None if linear.bias is None else linear.bias.detach()
        self._many = HalfLinear(eighths * scale.float()[:, None], bias)

    def forward(self, x: Tensor) -> Tensor:
        """Args: x (..., inputs) float32. Returns (..., outputs) float32."""
        narrow = x.bfloat16()
        rows = narrow.reshape(-1, x.shape[-1])
        if len(rows) > FEW_ROWS:
            return self._many(narrow.float())
        y = torch.ops.aten._weight_int8pack_mm(rows, self._weight, self._scale).float()
        y = y if self.bias is None else y.add_(self.bias)
        return y.view(*x.shape[:-1], -1)


def can_pack() -> bool:
    """Whether this processor and this torch have the packed kernels."""
    try:
        layer = EightBitLinear(nn.Linear(32, 32).requires_grad_(False))
        return all(bool(torch.isfinite(layer(torch.ones(n, 32))).all()) for n in (1, 2 * FEW_ROWS))
    except (RuntimeError, AttributeError, NotImplementedError):
        return False


def packed(model: M, eight_bit: bool = False) -> M:
    """A copy of ``model`` for inference with every linear layer packed.

    Other parameters are shared with ``model``, which stays as it is.
    """
    make = EightBitLinear if eight_bit else _half
    shared = {id(t): t for t in (*model.parameters(), *model.buffers())}
    out = copy.deepcopy(model, shared)
    for module in list(out.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear):
                setattr(module, name, make(child))
    return out


def _half(linear: nn.Linear) -> HalfLinear:
    bias = None if linear.bias is None else linear.bias.detach()
    return HalfLinear(linear.weight.detach(), bias)


def fast_cache_dtype() -> torch.dtype:
    """bfloat16 where the processor computes with it, else float32."""
    has_bf16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.bfloat16 if has_bf16 else torch.float32
