"""Checkpoints as the published program writes them, of random weights, small or at full size."""

from __future__ import annotations

import json
import re
import sys
import types
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from voice.checkpoints.rename import keymap
from voice.models.hubert import Hubert
from voice.models.text2semantic import Text2Semantic
from voice.models.vits import Vits
from voice.spec.hubert import HubertSpec
from voice.spec.load import to_dict
from voice.spec.model import ModelSpec, preset
from voice.spec.vits import HifiganSpec, VitsSpec

HEADERS = {"v2Pro": b"05", "v2ProPlus": b"06", "v3": b"03", "v4": b"04"}
SMALL_HUBERT = HubertSpec(
    front_width=8, width=16, layers=1, heads=2, hidden=16, position_kernel=8, position_groups=2)


def small(version: str) -> ModelSpec:
    """A version's specification with the same tables and switches, and narrow layers."""
    whole = preset(version)
    decoder = whole.decoder
    assert isinstance(decoder, VitsSpec) and isinstance(decoder.vocoder, HifiganSpec)
    wide = 24 if decoder.timbre.speaker_width else 16
    return replace(
        whole,
        text2semantic=replace(whole.text2semantic, layers=1, width=16, heads=2, hidden=16),
        decoder=replace(
            decoder, code_width=16, content_width=16, latent=8,
            prior=replace(decoder.prior, width=8, hidden=8, content_layers=1, text_layers=1,
                          joint_layers=1, cross_width=16, cross_heads=2),
            timbre=replace(decoder.timbre, width=wide, content_width=16, hidden=8),
            flow=replace(decoder.flow, layers=1, width=8),
            posterior=replace(decoder.posterior, layers=1, width=8),
            vocoder=replace(decoder.vocoder, initial_width=32),
        ),
    )


def write_presets(folder: Path, *versions: str) -> None:
    """Small presets, for ``voice.spec.model.PRESETS``."""
    folder.mkdir(exist_ok=True)
    for version in versions:
        text = json.dumps(to_dict(small(version)))
        (folder / f"{version.lower()}.json").write_text(text)


def official_names(state: dict[str, Tensor], name: str) -> OrderedDict[str, Tensor]:
    """Our weights by their official names: the map backwards; joined matrices are split."""
    rules = [(_template(ours), theirs) for theirs, ours in keymap(name).items() if ours]
    out: OrderedDict[str, Tensor] = OrderedDict()
    for key, value in state.items():
        joined = [(pattern.fullmatch(f"{key}[{i}]"), theirs) for i in range(3)
                  for pattern, theirs in rules]
        parts = [(m, theirs) for m, theirs in joined if m]
        if not parts:
            parts = [(m, t) for p, t in rules if (m := p.fullmatch(key))][:1]
        assert parts, f"no official name for {key}"
        for (match, theirs), part in zip(parts, value.chunk(len(parts)), strict=True):
            held = match.groupdict()
            out[re.sub(r"\{(.)\}", lambda m, h=held: h["rest" if m[1] == "*" else m[1]],
                       theirs)] = part.clone()
    return out


def _template(ours: str) -> re.Pattern[str]:
    pattern = re.escape(ours).replace(r"\{\*\}", "(?P<rest>[^\\[]*)")
    return re.compile(re.sub(r"\\\{([a-z])\\\}", r"(?P<\1>\\d+)", pattern))


def hparams(values: dict[str, Any]) -> Any:
    """An instance of the published program's class ``utils.HParams``, attributes nested."""
    module = sys.modules.get("utils")
    if module is None or not hasattr(module, "HParams"):
        module = types.ModuleType("utils")
        module.HParams = type("HParams", (), {"__module__": "utils"})  # type: ignore[attr-defined]
        sys.modules["utils"] = module
    made = module.HParams()  # type: ignore[attr-defined]
    for key, value in values.items():
        setattr(made, key, hparams(value) if isinstance(value, dict) else value)
    return made


def forget_hparams() -> None:
    """So that nobody could import the class any more."""
    sys.modules.pop("utils", None)


def gpt_data(net: nn.Module, phonemes: int, half: bool = True) -> dict[str, Any]:
    """What a GPT file holds."""
    weight = official_names(net.state_dict(), "text2semantic")
    kept = OrderedDict((k, v.half() if half else v) for k, v in weight.items())
    config = {"model": {"phoneme_vocab_size": phonemes, "EOS": 1024}, "data": {"max_sec": 54}}
    return {"weight": kept, "config": config, "info": "GPT-e15"}


def sovits_data(net: Vits, version: str, half: bool = True) -> dict[str, Any]:
    """What a SoVITS file holds; one convolution has weight norm, as all of official ones."""
    weight = official_names(net.state_dict(), "vits")
    plain = weight.pop("dec.conv_pre.weight")
    weight["dec.conv_pre.weight_v"] = plain
    weight["dec.conv_pre.weight_g"] = plain.flatten(1).norm(dim=1).reshape(-1, 1, 1)
    weight["quantizer.vq.layers.0._codebook.inited"] = torch.ones(1)
    kept = OrderedDict((k, v.half() if half else v) for k, v in weight.items())
    config = hparams({"model": {"version": version, "gin_channels": 512}, "name": "somebody"})
    return {"weight": kept, "config": config, "info": "8epoch_96iteration"}


def save(path: Path, data: Any, header: bytes = b"", legacy: bool = False) -> Path:
    """Writes as torch and the published program do: the header replaces two bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(data, path, _use_new_zipfile_serialization=not legacy)
    if header:
        content = path.read_bytes()
        path.write_bytes(header + content[2:])
    return path


def nets(version: str, seed: int = 0, specs: Callable[[str], ModelSpec] = small) -> tuple[
        Text2Semantic, Vits]:
    """A GPT and a decoder of random weights."""
    spec = specs(version)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        gpt, decoder = Text2Semantic(spec.text2semantic), Vits(spec.decoder)  # type: ignore[arg-type]
    return gpt.eval(), decoder.eval()


def write_pair(folder: Path, version: str, name: str = "ada", half: bool = True,
               legacy: bool = False) -> tuple[Path, Path]:
    """A fine-tuned pair in the folders that users have."""
    tail = "" if version == "v1" else f"_{version}"
    gpt, decoder = nets(version)
    rows = small(version).text2semantic.phonemes
    return (
        save(folder / f"GPT_weights{tail}/{name}-e15.ckpt", gpt_data(gpt, rows, half),
             legacy=legacy),
        save(folder / f"SoVITS_weights{tail}/{name}_e8_s96.pth",
             sovits_data(decoder, version, half), HEADERS.get(version, b"")),
    )


def write_hubert(folder: Path) -> Path:
    """A small HuBERT as its publisher names things."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        net = Hubert(SMALL_HUBERT)
    weight = official_names(net.state_dict(), "hubert")
    weight["masked_spec_embed"] = torch.zeros(16)
    return save(folder / "chinese-hubert-base/pytorch_model.bin", weight)
