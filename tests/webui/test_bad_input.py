"""What bad input gets from the page's endpoints: a real (tiny) model behind real HTTP."""

from __future__ import annotations

import base64
import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.cli.conftest import speechlike
from tests.tiny_model import write_tiny_model
from tests.webui.calls import endpoint
from tests.webui.conftest import serve
from voice import Synthesizer, VoiceLibrary
from webui.context import AppContext, ModelSlot


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page with the tiny model."""
    folder = tmp_path_factory.mktemp("page")
    tiny = write_tiny_model(folder / "tiny")
    model = ModelSlot()
    context = AppContext(model, VoiceLibrary(folder / "voices"), folder / "recordings")
    model.start("tiny", lambda: Synthesizer.load(tiny, device="cpu")).join()
    with serve(context) as address:
        yield address


def sound(samples: np.ndarray, rate: int = 16000, kind: str = "WAV", subtype: str = "") -> str:
    """A file in base64."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=kind, subtype=subtype or None)
    return base64.b64encode(file.getvalue()).decode()


def refused(answer: dict[str, Any], *words: str) -> str:
    """The sentence that a request was refused with."""
    assert answer["success"] is False, answer
    said = answer["output"]["error"]
    assert said and "Traceback" not in json.dumps(answer) and "/" not in said.replace("/s", "")
    for word in words:
        assert word.lower() in said.lower(), said
    return said


@pytest.fixture(scope="module")
def key(url: str) -> str:
    """A voice cloned of 4 s."""
    answer = endpoint(url, "clone", sound(speechlike(4)), "wav", True, "")
    assert answer["success"], answer
    return answer["output"]["data"][0]["voice"]


@pytest.mark.parametrize("text", ["", "   \n", "...!?", "。、"])
def test_nothing_to_say(url: str, key: str, text: str) -> None:
    refused(endpoint(url, "speak", text, key, "auto", 1.0, 1))


@pytest.mark.parametrize(("text", "named"), [
    ("Hello Привет", "П"), ("שלום", "ש"), ("안녕하세요", "안"),
])
def test_characters_without_sounds_are_named(url: str, key: str, text: str, named: str) -> None:
    refused(endpoint(url, "speak", text, key, "auto", 1.0, 1), named)


@pytest.mark.parametrize("speed", [math.nan, math.inf, -math.inf, 0.0, -1.0, 1e9])
def test_numbers_out_of_range_name_the_option(url: str, key: str, speed: float) -> None:
    refused(endpoint(url, "speak", "Hello.", key, "en", speed, 1), "speed")


@pytest.mark.parametrize("seed", [-1, 2**80, 1.5, "one"])
def test_a_seed_that_is_none(url: str, key: str, seed: object) -> None:
    refused(endpoint(url, "speak", "Hello.", key, "en", 1.0, seed), "seed")


BROKEN = {
    "text": base64.b64encode(b"this is no sound").decode(),
    "empty": base64.b64encode(b"").decode(),
    "header": base64.b64encode(base64.b64decode(sound(speechlike(3)))[:44]).decode(),
    "silent": sound(np.zeros(48000, np.float32)),
    "short": sound(speechlike(0.4)),
    "long": sound(np.tile(speechlike(6.5), 10)),
    "nan": sound(np.full(48000, np.nan, np.float32), subtype="FLOAT"),
}


@pytest.mark.parametrize("kind", sorted(BROKEN))
def test_recordings_that_cannot_be_used(url: str, kind: str) -> None:
    refused(endpoint(url, "clone", BROKEN[kind], "wav", True, ""))


@pytest.mark.parametrize(("kind", "rate", "channels", "subtype"), [
    ("wav", 8000, 1, "PCM_U8"), ("wav", 192000, 2, "FLOAT"), ("wav", 44100, 8, "PCM_24"),
    ("flac", 22050, 1, ""), ("mp3", 44100, 2, ""), ("ogg", 16000, 1, ""),
])
def test_recordings_of_any_common_kind_speak(
    url: str, kind: str, rate: int, channels: int, subtype: str
) -> None:
    samples = np.repeat(speechlike(4, rate)[:, None], channels, 1)
    answer = endpoint(url, "clone", sound(samples, rate, kind.upper(), subtype), kind, True, "")
    assert answer["success"], answer
    made = answer["output"]["data"][0]
    said = endpoint(url, "speak", "Hi.", made["voice"], "en", 1.0, 1)
    assert said["success"], said
    with io.BytesIO(base64.b64decode(said["output"]["data"][0]["wav"])) as file:
        assert len(soundfile.read(file)[0]) > 2400


def test_a_poor_recording_is_used_with_advice(url: str) -> None:
    answer = endpoint(url, "clone", sound(speechlike(2.0, 8000), 8000), "wav", True, "")
    assert answer["success"] and answer["output"]["data"][0]["advice"]


@pytest.mark.parametrize("damage", ["truncated", "altered", "pickled", "another kind"])
def test_voice_files_that_are_none(url: str, key: str, damage: str, tmp_path: Path) -> None:
    kept = endpoint(url, "keep_voice", key, f"Kept {damage}", "I am the speaker.")
    assert kept["success"], kept
    whole = endpoint(url, "export_voice", f"Kept {damage}")["output"]["data"][0]["file"]
    data = base64.b64decode(whole)
    broken = {
        "truncated": data[: len(data) // 2],
        "altered": data[:8] + b"\xff" * 64 + data[72:],
        "pickled": b"\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system",
        "another kind": base64.b64decode(sound(speechlike(1))),
    }[damage]
    refused(endpoint(url, "import_voice", base64.b64encode(broken).decode()))
