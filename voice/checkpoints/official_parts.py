"""Weights of the parts that official models share: HuBERT, BERT, speaker network, vocoders.

Each part's names are a map (``keymaps/*.json``), loaded strictly. A target such as
``qkv.weight[1]`` is the second of several matrices that our layer holds as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from voice.checkpoints.official_vits import fold_weight_norm, unpointed
from voice.checkpoints.rename import keymap, name_pattern, rename
from voice.checkpoints.store import load_strictly

_PART = re.compile(r"(.*)\[(\d+)\]")
_NEW_NAMES = (  # of weight norm since torch 2.0
    (".parametrizations.weight.original0", ".weight_g"),
    (".parametrizations.weight.original1", ".weight_v"),
)


def load_part(module: nn.Module, weights: Mapping[str, Tensor], name: str, where: str) -> None:
    """Fills a module, strictly: each weight of the file is used, or dropped by the map.

    Args:
        module: what ``keymaps/<name>.json`` is for.
        weights: by their official names; weight norm is folded.
        name: of the map.
        where: the file, for messages.

    Raises:
        ModelFileError: names missing or unknown weights, or those of another shape.
    """
    load_renamed(module, weights, keymap(name), where)


def load_renamed(
    module: nn.Module, weights: Mapping[str, Tensor], rules: Mapping[str, str | None], where: str
) -> None:
    """As :func:`load_part`, by rules that are given."""
    wanted = module.state_dict()
    folded = fold_weight_norm({_old_name(k): v for k, v in weights.items()}, where)
    found = rename(folded, rules, _with_parts(wanted, rules), where)
    joined = _joined(found)
    load_strictly(module, {k: unpointed(v, wanted[k].dim()) for k, v in joined.items()}, where)


def _old_name(key: str) -> str:
    for new, old in _NEW_NAMES:
        key = key.replace(new, old)
    return key


def _with_parts(wanted: Iterable[str], rules: Mapping[str, str | None]) -> list[str]:
    """Our names, those that are put together of several replaced by their parts."""
    counts: dict[str, int] = {}
    for target in rules.values():
        if target and (match := _PART.fullmatch(target)):
            counts[match[1]] = max(counts.get(match[1], 0), int(match[2]) + 1)
    patterns = [(name_pattern(base), count) for base, count in counts.items()]
    names: list[str] = []
    for name in wanted:
        parts = next((count for pattern, count in patterns if pattern.fullmatch(name)), 0)
        names += [f"{name}[{i}]" for i in range(parts)] or [name]
    return names


def _joined(found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Parts put together along their first axis."""
    whole: dict[str, Tensor] = {}
    parts: dict[str, dict[int, Tensor]] = {}
    for name, value in found.items():
        if match := _PART.fullmatch(name):
            parts.setdefault(match[1], {})[int(match[2])] = value
        else:
            whole[name] = value
    for name, pieces in parts.items():
        whole[name] = torch.cat([pieces[i] for i in sorted(pieces)])
    return whole
