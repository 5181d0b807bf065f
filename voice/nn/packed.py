"""Linear layers for small batches on a CPU, where reading the weights is what takes the time.

The weights are kept in half precision, in the order the processor reads them; inputs, sums and
results are in single precision, and each row is computed for itself. Weights that come from a
half-precision file lose nothing.
"""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)


class PackedLinear(nn.Module):
    """A linear layer that can no longer be trained or saved.

    Args:
        linear: what to pack; float32, on the CPU.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        pack = torch.ops.quantized.linear_prepack_fp16
        self.bias = linear.bias  # a copy is in the pack; some callers add it alone
        bias = None if linear.bias is None else linear.bias.detach()
        self._packed = pack(linear.weight.detach(), bias)

    def forward(self, x: Tensor) -> Tensor:
        """Args: x (..., inputs) float32. Returns (..., outputs) float32."""
        return torch.ops.quantized.linear_dynamic_fp16(x, self._packed)


def can_pack() -> bool:
    """Whether this processor and this torch have the packed kernels."""
    try:
        layer = PackedLinear(nn.Linear(8, 8))
        return bool(torch.isfinite(layer(torch.ones(1, 8))).all())
    except (RuntimeError, AttributeError):
        return False


def packed(model: M) -> M:
    """A copy of ``model`` for inference with every linear layer packed.

    Other parameters are shared with ``model``, which stays as it is.
    """
    shared = {id(t): t for t in (*model.parameters(), *model.buffers())}
    out = copy.deepcopy(model, shared)
    for module in list(out.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear):
                setattr(module, name, PackedLinear(child))
    return out


def fast_cache_dtype() -> torch.dtype:
    """bfloat16 where the processor computes with it, else float32."""
    has_bf16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.bfloat16 if has_bf16 else torch.float32
