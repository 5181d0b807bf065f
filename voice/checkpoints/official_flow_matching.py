"""Weights of official v3 and v4 decoders, and of LoRA fine-tunes of them.

What they share with the other versions is named in ``keymaps/vits.json``, the rest in
``keymaps/flow_matching.json``. LoRA: Hu et al. 2021, arXiv 2106.09685.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from voice.checkpoints.official_parts import load_renamed
from voice.checkpoints.rename import keymap
from voice.errors import ModelFileError
from voice.models.flow_matching import FlowMatchingDecoder

SHARED = ("quantizer.", "ssl_proj.", "ref_enc.", "enc_p.")
_ADAPTER = re.compile(r"(.*)\.lora_([AB])\.default\.weight")
_WRAPPED = ("cfm.base_model.model.", "cfm.")
_INNER = ".base_layer."


def load_official_flow_matching(
    model: FlowMatchingDecoder, weights: Mapping[str, Tensor], where: str
) -> None:
    """Fills a decoder, strictly: each weight of the file is used, or dropped by the maps.

    Args:
        model: of the version's preset.
        weights: by their official names, those of a fine-tune merged into its base.
        where: the file, for messages.

    Raises:
        ModelFileError: names missing or unknown weights, or those of another shape.
    """
    rules = {k: v for k, v in keymap("vits").items() if k.startswith(SHARED)}
    load_renamed(model, weights, rules | keymap("flow_matching"), where)


def merge_lora(
    base: Mapping[str, Tensor], tuned: Mapping[str, Tensor], where: str, scale: float = 1.0
) -> dict[str, Tensor]:
    """The weights of a base model as a LoRA fine-tune changed them.

    Args:
        base: weights of the version's base model, by official names.
        tuned: of the fine-tune: pairs of low-rank matrices, and whole weights that replace.
        where: the fine-tune's file, for messages.
        scale: of the low-rank products; alpha / rank, which is 1 in official files.

    Returns:
        float32 where something was added; whatever the fine-tune has not is the base's.

    Raises:
        ModelFileError: a matrix lacks its partner, does not fit, or belongs to nothing.
    """
    out = dict(base)
    pairs: dict[str, dict[str, Tensor]] = {}
    for key, value in tuned.items():
        name = key.replace(*_WRAPPED, 1) if key.startswith(_WRAPPED[0]) else key
        if match := _ADAPTER.fullmatch(name):
            pairs.setdefault(f"{match[1]}.weight", {})[match[2]] = value
            continue
        name = name.replace(_INNER, ".")
        if name not in base:
            raise ModelFileError(f"{where}: {key} belongs to no weight of the base model")
        if base[name].shape != value.shape:
            raise ModelFileError(f"{where}: {key} is {tuple(value.shape)}, "
                                 f"the base model's {tuple(base[name].shape)}")
        out[name] = value
    for name, pair in pairs.items():
        if name not in base or set(pair) != {"A", "B"}:
            raise ModelFileError(f"{where}: the low-rank matrices of {name} are not a pair, "
                                 "or the base model has no such weight")
        down, up, whole = pair["A"].float(), pair["B"].float(), out[name].float()
        fits = down.dim() == up.dim() == 2 and down.shape[0] == up.shape[1]  # noqa: PLR2004
        if not fits or (up.shape[0], down.shape[1]) != tuple(whole.shape):
            raise ModelFileError(f"{where}: the low-rank matrices of {name} are "
                                 f"{tuple(up.shape)} and {tuple(down.shape)}, "
                                 f"for a weight {tuple(whole.shape)}")
        out[name] = whole + scale * (up @ down)
    return out
