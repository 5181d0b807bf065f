"""Commands on recordings: the reference's row of the bad-input table, convert, tokens, inspect."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.cli.conftest import Result, speechlike
from voice.audio.note import read_note
from voice.audio.wav import write_wav

Run = Callable[..., Result]


def _write(path: Path, samples: np.ndarray, rate: int = 16000, subtype: str = "PCM_16") -> Path:
    soundfile.write(str(path), samples, rate, subtype=subtype)
    return path


def _broken(folder: Path, kind: str) -> Path:
    path = folder / f"{kind}.wav"
    if kind == "text":
        path.write_text("this is no sound", "utf8")
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "header":
        _write(path, speechlike(3))
        path.write_bytes(path.read_bytes()[:44])
    elif kind == "silent":
        _write(path, np.zeros(48000, np.float32))
    elif kind == "short":
        _write(path, speechlike(0.4))
    elif kind == "long":
        _write(path, np.tile(speechlike(6.5), 10))
    elif kind == "nan":
        _write(path, np.full(48000, np.nan, np.float32), subtype="FLOAT")
    elif kind == "folder":
        path.mkdir()
    return path


@pytest.mark.parametrize(
    "kind", ["missing", "text", "empty", "header", "silent", "short", "long", "nan", "folder"]
)
def test_references_that_cannot_be_used(voice: Run, tmp_path: Path, kind: str) -> None:
    path = _broken(tmp_path, kind)
    voice(
        "say", "--model", "tiny", "--reference", path, "--text", "Hi.", "--out", tmp_path / "o.wav"
    ).refused(path.name)
    assert not (tmp_path / "o.wav").exists()


@pytest.mark.parametrize(
    ("name", "rate", "channels", "subtype"),
    [
        ("a.wav", 8000, 1, "PCM_U8"),
        ("a.wav", 192000, 2, "FLOAT"),
        ("a.wav", 44100, 8, "PCM_24"),
        ("a.wav", 48000, 1, "PCM_32"),
        ("a.flac", 22050, 1, "PCM_16"),
        ("a.mp3", 44100, 2, None),
        ("a.ogg", 16000, 1, None),
        ("a.opus", 48000, 1, "OPUS"),
    ],
)
def test_references_of_any_common_kind(
    voice: Run, tmp_path: Path, name: str, rate: int, channels: int, subtype: str | None
) -> None:
    sound = np.repeat(speechlike(4, rate)[:, None], channels, 1)
    kind = "OGG" if name.endswith("opus") else None
    soundfile.write(str(tmp_path / name), sound, rate, subtype=subtype, format=kind)
    result = voice(
        "say",
        "--model",
        "tiny",
        "--reference",
        tmp_path / name,
        "--text",
        "Hi.",
        "--out",
        tmp_path / "o.wav",
        "--no-check",
        "--json",
    )
    assert result.json["seconds"] > 0.1


def test_references_with_weights_and_what_is_continued(
    voice: Run, reference: Path, tmp_path: Path
) -> None:
    other = _write(tmp_path / "b.wav", speechlike(4))
    say = ("say", "--model", "tiny", "--text", "Hi.", "--out", tmp_path / "o.wav", "--json")
    got = voice(*say, "--reference", f"{reference}=3", "--reference", other).json
    assert got["reference"]["recording"] == str(reference)
    assert got["reference"]["weights"] == [0.75, 0.25]
    assert 0 <= got["reference"]["start"] < got["reference"]["stop"] <= got["reference"]["seconds"]
    for bad in ("0", "-1", "nan", "inf"):
        voice(*say, "--reference", f"{reference}={bad}").refused("weight", "over 0")
    voice(*say, "--reference", f"{tmp_path / 'none.wav'}=2").refused("none.wav", "does not exist")


def test_poor_references_are_used_with_a_warning(voice: Run, tmp_path: Path) -> None:
    path = _write(tmp_path / "r.wav", speechlike(2.0, 8000), 8000)
    result = voice(
        "say",
        "--model",
        "tiny",
        "--reference",
        path,
        "--text",
        "Hi.",
        "--out",
        tmp_path / "o.wav",
        "--no-check",
        "--json",
    )
    assert result.json["seconds"] > 0.1
    assert "warning: " in result.err and "r.wav" in result.err


def test_convert_keeps_the_length_and_notes_where_it_came_from(
    voice: Run, reference: Path, tmp_path: Path
) -> None:
    out = tmp_path / "c.wav"
    facts = voice(
        "convert",
        "--model",
        "tiny",
        "--source",
        reference,
        "--voice",
        "ada",
        "--out",
        out,
        "--seed",
        3,
        "--json",
    ).json
    assert facts["source_seconds"] == 6.0 and abs(facts["seconds"] - 6.0) < 0.05
    assert facts["semantic_tokens"] == 150 and facts["seed"] == 3
    assert soundfile.info(str(out)).frames == round(facts["seconds"] * 24000)
    note = read_note(out)
    assert note is not None and note["seed"] == 3 and note["voice"] == "ada"


def test_convert_works_through_windows(voice: Run, tmp_path: Path) -> None:
    source = tmp_path / "s.wav"
    write_wav(source, speechlike(31.0), 16000)
    facts = voice(
        "convert",
        "--model",
        "tiny",
        "--source",
        source,
        "--voice",
        "ada",
        "--out",
        tmp_path / "c.wav",
        "--json",
    ).json
    assert abs(facts["seconds"] - 31.0) < 0.05


@pytest.mark.parametrize("kind", ["missing", "text", "empty", "header", "silent"])
def test_sources_that_cannot_be_used(voice: Run, tmp_path: Path, kind: str) -> None:
    path = _broken(tmp_path, kind)
    voice(
        "convert",
        "--model",
        "tiny",
        "--source",
        path,
        "--voice",
        "ada",
        "--out",
        tmp_path / "o.wav",
    ).refused(path.name)
    voice("tokens", path, "--model", "tiny").refused(path.name)
    assert not (tmp_path / "o.wav").exists()


def test_tokens_and_back(voice: Run, reference: Path, tmp_path: Path) -> None:
    features, out = tmp_path / "f.npy", tmp_path / "o.wav"
    facts = voice(
        "tokens",
        reference,
        "--model",
        "tiny",
        "--features",
        features,
        "--out",
        out,
        "--seed",
        1,
        "--json",
    ).json
    assert len(facts["tokens"]) == 150 and facts["rate"] == 25.0 and facts["seconds"] == 6.0
    assert all(0 <= code < 32 for code in facts["tokens"])
    assert np.load(features).shape == tuple(facts["features_shape"]) == (300, 16)
    assert isinstance(facts["phonemes"], list) and abs(facts["seconds_out"] - 6.0) < 0.05
    saved = tmp_path / "t.json"
    saved.write_text(json.dumps(facts), "utf8")
    again = voice("tokens", saved, "--model", "tiny", "--voice", "ada", "--out", out, "--json").json
    assert again["tokens"] == facts["tokens"] and again["voice"] == "ada"
    voice("tokens", saved, "--model", "tiny").refused("t.json", "--out")
    saved.write_text("[1, 2, 99]", "utf8")
    voice("tokens", saved, "--model", "tiny", "--voice", "ada", "--out", out).refused("0 to 31")
    saved.write_text('{"tokens": ["a"]}', "utf8")
    voice("tokens", saved, "--model", "tiny", "--voice", "ada", "--out", out).refused("t.json")


def test_inspect_tells_made_from_recorded(voice: Run, reference: Path, tmp_path: Path) -> None:
    out = tmp_path / "o.wav"
    assert (
        voice(
            "convert",
            "--model",
            "tiny",
            "--source",
            reference,
            "--voice",
            "ada",
            "--out",
            out,
            "--seed",
            4,
        ).status
        == 0
    )
    made = voice("inspect", out, "--json").json
    assert made["made_here"] is True and made["note"]["seed"] == 4 and 0 <= made["watermark"] <= 1
    human = voice("inspect", reference, "--json").json
    assert human["made_here"] is False and human["note"] is None and human["watermark"] < 0.5
    voice("inspect", tmp_path / "no.wav").refused("no.wav")


def test_convert_is_told_what_the_recording_says(voice: Run, tmp_path: Path) -> None:
    source = _write(tmp_path / "s.wav", speechlike(3))
    reference = _write(tmp_path / "r.wav", speechlike(4, seed=1))
    convert = ("convert", "--model", "tiny", "--source", source, "--reference", reference,
               "--seed", 1, "--out", tmp_path / "o.wav")
    voice(*convert, "--json").json  # noqa: B018 - it must succeed
    plain = (tmp_path / "o.wav").read_bytes()
    voice(*convert, "--source-text", "One two three four five.", "--json").json  # noqa: B018
    assert (tmp_path / "o.wav").read_bytes() != plain
    voice(*convert, "--source-text", "One two three. " * 30).refused("transcript", "too long")
    voice(*convert, "--source-text", "Привет").refused("П")
