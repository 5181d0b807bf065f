"""Models laid out as the official ones are, of random weights and small enough for tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from tests.tiny_model import CODES, tiny_spec
from voice.checkpoints.components import FOLDER, WEIGHTS, write_spec
from voice.checkpoints.store import save_part, save_spec
from voice.checkpoints.tensors import write_tensors
from voice.models.bigvgan import BigvganVocoder
from voice.models.eres2net import ERes2Net
from voice.models.flow_matching import FlowMatchingDecoder
from voice.models.hubert import Hubert
from voice.models.text2semantic import Text2Semantic
from voice.models.vits import Vits
from voice.models.vocoder import MelHifigan
from voice.spec.flow_matching import EstimatorSpec, FlowMatchingSpec
from voice.spec.hubert import HubertSpec
from voice.spec.mel_vocoder import BigvganSpec, MelHifiganSpec
from voice.spec.model import ModelSpec
from voice.spec.official import OfficialTokenizerSpec
from voice.spec.speaker import SpeakerSpec
from voice.spec.spectrum import OFFICIAL_REFERENCE, OFFICIAL_V3, OFFICIAL_V4
from voice.spec.vits import HifiganSpec, TimbreSpec, VitsSpec

WIDTH = 16
TIMBRE = TimbreSpec(
    OFFICIAL_REFERENCE, 704, WIDTH, WIDTH, hidden=16, heads=2, mean=0.0, scale=1.0, dropout=0.0
)
SPEAKER = SpeakerSpec(width=4, blocks=(1, 1, 1, 1), base_width=64, parts=2, expansion=1)
PARTS: dict[str, tuple[str, object, Callable[..., nn.Module]]] = {
    # name: kind, sizes, module
    "hubert": ("hubert", HubertSpec(front_width=8, width=WIDTH, layers=1, heads=2, hidden=16,
                                    position_kernel=4, position_groups=2), Hubert),
    "speaker": ("speaker", SPEAKER, ERes2Net),
    "bigvgan": ("bigvgan", BigvganSpec(initial_width=64, block_kernels=(3,)), BigvganVocoder),
    "hifigan": ("vocoder", MelHifiganSpec(network=HifiganSpec(
        32, (10, 6, 2, 2, 2), (20, 12, 4, 4, 4), (3,), (1,), final_bias=True)), MelHifigan),
}


def official_spec(version: str) -> ModelSpec:
    """Sizes of a tiny official model; ``v2``, ``v2Pro``, ``v3`` or ``v4``."""
    base = tiny_spec(version.lower())
    decoder: VitsSpec | FlowMatchingSpec
    if version in ("v3", "v4"):
        first = version == "v3"
        decoder = FlowMatchingSpec(
            sample_rate=24000 if first else 48000, mel=OFFICIAL_V3 if first else OFFICIAL_V4,
            feature_stretch=1.875 if first else 2.0, masked_frames=3.875 if first else 4.0,
            prompt_frames=120, chunk_frames=240, steps=2,
            vocoder="bigvgan" if first else "hifigan", frame_samples=256 if first else 480,
            feature_width=WIDTH, feature_layers=1, codes=CODES, code_width=16,
            content_width=WIDTH, latent=16, prior=base.decoder.prior, timbre=TIMBRE,
            estimator=EstimatorSpec(width=32, layers=1, heads=2, hidden=32, rotated=16,
                                    text_layers=1, text_hidden=16, position_groups=4),
        )
    else:
        wide = SPEAKER.vector_width if version == "v2Pro" else 0
        decoder = replace(
            base.decoder, sample_rate=32000, code_width=16, content_width=WIDTH,
            timbre=replace(TIMBRE, speaker_width=wide),
            posterior=replace(base.decoder.posterior, spectrum=OFFICIAL_REFERENCE),
            vocoder=HifiganSpec(32, (10, 8, 2, 2, 2), (20, 16, 8, 2, 2), (3,), (1,)),
            pitch=None,
        )
    return replace(
        base, tokenizer=OfficialTokenizerSpec(encoder="hubert", codes=CODES), decoder=decoder,
        equalized=False, text2semantic=replace(base.text2semantic, reads=False),
        version=version, short_pauses=True, speaker="speaker" if version == "v2Pro" else "",
    )


def write_tiny_official(folder: Path, version: str, seed: int = 0) -> Path:
    """Writes a tiny official model and the parts it shares; returns its folder."""
    spec = official_spec(version)
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        made = FlowMatchingDecoder if isinstance(spec.decoder, FlowMatchingSpec) else Vits
        save_part(folder, "text2semantic", Text2Semantic(spec.text2semantic))
        save_part(folder, "decoder", made(spec.decoder))  # type: ignore[arg-type]
        for name, (kind, sizes, module) in PARTS.items():
            place = folder / FOLDER / name
            place.mkdir(parents=True, exist_ok=True)
            write_spec(place, kind, sizes, "MIT")
            write_tensors(place / WEIGHTS, module(sizes).state_dict())
    save_spec(folder, spec)
    return folder
