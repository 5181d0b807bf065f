"""In which numbers the language model computes; the other parts keep single precision.

Half precision and 8 bits are faster where reading the weights is what takes the time: at every
token, on every device. What they cost is in docs/training.md.
"""

from __future__ import annotations

import copy
from typing import Final

import torch

from voice.errors import OptionError
from voice.models.text2semantic import Text2Semantic
from voice.synth.settings import PRECISIONS, check_choice

ON_CPU: Final = ("auto", "float32", "float16", "int8")
ON_CUDA: Final = ("auto", "float32", "float16", "bfloat16")


def at_precision(net: Text2Semantic, precision: str = "auto") -> Text2Semantic:
    """The language model as it will decode; weights are shared where they stay as they are.

    Args:
        net: in single precision, on its device.
        precision: one of ``PRECISIONS``; ``auto`` is packed half precision on a CPU that has it
            (it loses nothing of a file's weights), else single precision. On a CPU half precision
            and 8 bits are those of the weights (:mod:`voice.nn.packed`); on CUDA everything is.

    Raises:
        OptionError: there is no such precision on that device.
    """
    kind = net.code_embedding.weight.device.type
    known = ON_CPU if kind == "cpu" else ON_CUDA
    check_choice("precision", precision, PRECISIONS)
    if precision not in known:
        raise OptionError(f"precision is {precision}, which {kind} has not",
                          f"Use {', '.join(known)}.")
    if kind != "cpu":
        return narrowed(net, precision) if precision in ("float16", "bfloat16") else net
    if precision == "float32":
        return net
    quick = net.quick(eight_bit=precision == "int8")
    if quick is net and precision != "auto":
        raise OptionError(f"precision is {precision}, which this processor has not",
                          "Use auto or float32.")
    return quick


def narrowed(net: Text2Semantic, precision: str) -> Text2Semantic:
    """A copy with all weights, keys and values in half precision."""
    return copy.deepcopy(net).to(getattr(torch, precision)).eval()
