"""Weights of official GPT-SoVITS decoders (v1, v2, v2Pro, v2ProPlus) into :class:`Vits`.

Two maps are data: ``keymaps/vits.json``, and ``keymaps/vits_posterior.json`` for the posterior
encoder, which fine-tuned files lack and which is dropped when a model is only to speak.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from voice.checkpoints.rename import keymap, rename
from voice.checkpoints.store import load_strictly
from voice.errors import ModelFileError
from voice.models.vits import Vits

GAIN, DIRECTION = ".weight_g", ".weight_v"


def load_official_vits(model: Vits, weights: Mapping[str, Tensor], where: str) -> None:
    """Fills a decoder, strictly: each weight of the file is used, or dropped by the map.

    Args:
        model: of the version's preset.
        weights: by their official names; weight norm is folded.
        where: the file, for messages.

    Raises:
        ModelFileError: names missing or unknown weights, or those of another shape.
    """
    rules: dict[str, str | None] = dict(keymap("vits"))
    for theirs, ours in keymap("vits_posterior").items():
        rules[theirs] = None if model.posterior is None else ours
    wanted = model.state_dict()
    found = rename(fold_weight_norm(weights, where), rules, wanted, where)
    load_strictly(model, {k: unpointed(v, wanted[k].dim()) for k, v in found.items()}, where)


def fold_weight_norm(weights: Mapping[str, Tensor], where: str = "weights") -> dict[str, Tensor]:
    """Replaces each pair of a gain and a direction by the weight they stand for.

    Salimans and Kingma 2016, arXiv 1602.07868; the norm is taken over the axes that the gain lacks.

    Raises:
        ModelFileError: one of a pair is missing.
    """
    out: dict[str, Tensor] = {}
    for key, value in weights.items():
        if key.endswith(GAIN):
            if key.removesuffix(GAIN) + DIRECTION not in weights:
                raise ModelFileError(f"{where}: {key} has no {DIRECTION[1:]} beside it")
        elif key.endswith(DIRECTION):
            name = key.removesuffix(DIRECTION)
            if name + GAIN not in weights:
                raise ModelFileError(f"{where}: {key} has no {GAIN[1:]} beside it")
            direction, gain = value.float(), weights[name + GAIN].float()
            axes = [i for i, size in enumerate(gain.shape) if size == 1]
            norm = torch.linalg.vector_norm(direction, dim=axes, keepdim=True)
            out[f"{name}.weight"] = direction * (gain / norm)
        else:
            out[key] = value
    return out


def unpointed(value: Tensor, dims: int) -> Tensor:
    """A convolution of one point as the matrix it is, where one of ``dims`` axes is wanted."""
    return value[..., 0] if value.dim() == dims + 1 and value.shape[-1] == 1 else value
