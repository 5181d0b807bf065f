"""``say``: what it writes, what it prints, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.cli.conftest import SENTENCE, Result
from voice.audio.note import read_note

Run = Callable[..., Result]
KEYS = {
    "out",
    "seconds",
    "sample_rate",
    "elapsed",
    "rtf",
    "first_chunk_seconds",
    "model",
    "voice",
    "language",
    "semantic_tokens",
    "seed",
    "device",
}
BASE = ("say", "--model", "tiny", "--voice", "ada")


def test_json_has_the_keys_and_the_file_is_as_it_says(voice: Run, tmp_path: Path) -> None:
    out = tmp_path / "o.wav"
    facts = voice(*BASE, "--text", SENTENCE, "--out", out, "--seed", 5, "--json").json
    assert set(facts) >= KEYS
    assert facts["seed"] == 5 and facts["model"] == "tiny" and facts["voice"] == "ada"
    assert facts["language"] == "en" and facts["device"] == "cpu" and facts["sample_rate"] == 24000
    assert facts["checked"] is True and facts["retries"] >= 0
    info = soundfile.info(str(out))
    assert (info.samplerate, info.channels, info.subtype) == (24000, 1, "PCM_16")
    assert abs(info.duration - facts["seconds"]) < 1e-3
    note = read_note(out)
    assert note is not None and note["seed"] == 5 and note["voice"] == "ada"
    assert note["settings"]["speed"] == 1.0 and note["ai_generated"] is True


def test_a_seed_gives_the_same_bytes_and_another_does_not(voice: Run, tmp_path: Path) -> None:
    sounds = []
    for number, seed in enumerate((1, 1, 2)):
        out = tmp_path / f"{number}.wav"
        voice(*BASE, "--text", SENTENCE, "--out", out, "--seed", seed, "--json").json  # noqa: B018
        sounds.append(soundfile.read(str(out))[0])
    assert np.array_equal(sounds[0], sounds[1])
    assert not np.array_equal(sounds[0], sounds[2])


def test_stream_is_the_pcm_of_the_file(
    kept: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    from voice.cli.app import Environment, run

    out = tmp_path / "o.wav"
    request = [*BASE, "--text", SENTENCE, "--seed", "5", "--out", str(out), "--stream"]
    capfdbinary.readouterr()
    assert run(request, Environment(kept)) == 0
    pcm = np.frombuffer(capfdbinary.readouterr().out, "<i2")
    assert np.array_equal(pcm, soundfile.read(str(out), dtype="int16")[0])
    assert len(pcm) > 24000 * 0.4


@pytest.mark.parametrize("suffix", [".flac", ".ogg", ".mp3"])
def test_other_formats_carry_the_note(voice: Run, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"o{suffix}"
    assert voice(*BASE, "--text", "Hello.", "--out", out, "--no-check").status == 0
    assert soundfile.info(str(out)).samplerate == 24000
    note = read_note(out)
    assert note is not None and note["model"].startswith("tiny ")


def test_text_file_and_mixed_languages(voice: Run, tmp_path: Path) -> None:
    text = tmp_path / "t.txt"
    text.write_text("\ufeffHello. 你好，世界。こんにちは。", "utf8")
    facts = voice(
        *BASE, "--text-file", text, "--out", tmp_path / "o.wav", "--no-check", "--json"
    ).json
    assert set(facts["language"].split("+")) == {"en", "zh", "ja"}
    assert facts["checked"] is False


def test_speed_shortens(voice: Run, tmp_path: Path) -> None:
    seconds = [
        voice(
            *BASE,
            "--text",
            SENTENCE,
            "--out",
            tmp_path / "o.wav",
            "--seed",
            1,
            "--no-check",
            "--pause",
            0,
            "--speed",
            speed,
            "--json",
        ).json["seconds"]
        for speed in (0.5, 1, 2)
    ]
    assert seconds[0] > 1.4 * seconds[1] > 1.4 * 1.3 * seconds[2]


def test_without_json_a_line_for_people_and_progress_on_stderr(voice: Run, tmp_path: Path) -> None:
    result = voice(
        *BASE, "--text", SENTENCE, "--out", tmp_path / "o.wav", "--seed", 5, "--no-check"
    )
    assert result.status == 0 and "seed 5" in result.out and len(result.out.splitlines()) == 1
    assert "speaking: 1/" in result.err


def test_skip_unknown_lists_what_was_left_out(voice: Run, tmp_path: Path) -> None:
    facts = voice(
        *BASE,
        "--text",
        "Hello สวัสดี friend.",
        "--out",
        tmp_path / "o.wav",
        "--skip-unknown",
        "--no-check",
        "--json",
    ).json
    assert set(facts["skipped"]) >= set("สว")


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "...", "?!", "。、", "— …"])
def test_nothing_to_say(voice: Run, tmp_path: Path, text: str) -> None:
    voice(*BASE, "--text", text, "--out", tmp_path / "o.wav").refused("nothing to say")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("text", "named"), [("สวัสดี", "ส"), ("Hello مرحبا", "م"), ("안녕", "안")])
def test_unknown_scripts_are_named(voice: Run, tmp_path: Path, text: str, named: str) -> None:
    voice(*BASE, "--text", text, "--out", tmp_path / "o.wav").refused(named)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("--speed", "nan", "0.5 to 2"),
        ("--speed", "inf", "0.5 to 2"),
        ("--speed", "0.49", "0.5 to 2"),
        ("--temperature", "-1", "0 to 2"),
        ("--top-k", "0", "1 to 1024"),
        ("--top-k", "2.5", "whole"),
        ("--top-p", "1.01", "0.01 to 1"),
        ("--top-p", "nan", "0.01 to 1"),
        ("--repetition-penalty", "0.5", "1 to 3"),
        ("--seed", "-1", "0 to 2^63-1"),
        ("--seed", "x", "whole"),
        ("--pause", "99", "0 to 5"),
        ("--noise-scale", "nan", "0 to 1"),
        ("--candidates", "0", "1 to 16"),
        ("--retries", "11", "0 to 10"),
    ],
)
def test_numbers_out_of_range(
    voice: Run, tmp_path: Path, option: str, value: str, allowed: str
) -> None:
    voice(*BASE, "--text", "Hi.", "--out", tmp_path / "o.wav", option, value).refused(
        option, allowed
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--text", "Hi."], ["--out"]),
        (["--out", "o.wav"], ["--text"]),
        (["--text", "Hi.", "--text-file", "x", "--out", "o.wav"], ["--text-file"]),
        (["--text", "Hi.", "--out", "o.xyz"], ["o.xyz", ".wav"]),
        (["--text", "Hi.", "--out", "nowhere/o.wav"], ["nowhere/o.wav", "does not exist"]),
        (["--text", "Hi.", "--out", "."], ["unknown kind"]),
        (["--text-file", "nowhere.txt", "--out", "o.wav"], ["nowhere.txt"]),
        (["--text", "Hi.", "--out", "o.wav", "--language", "fr"], ["--language", "fr"]),
        (["--text", "Hi.", "--out", "o.wav", "--language", "ko"], ["ko"]),
        (["--text", "Hi.", "--out", "o.wav", "--split", "x"], ["--split"]),
        (["--text", "Hi.", "--out", "o.wav", "--device", "tpu"], ["tpu"]),
        (["--text", "Hi.", "--out", "o.wav", "--device", "cuda:99"], ["cuda:99"]),
        (["--text", "Hi.", "--out", "o.wav", "--reference", "a.wav"], ["--reference", "--voice"]),
        (["--text", "Hi.", "--stream", "--json"], ["--stream", "--json"]),
        (["--text", "Hi.", "--out", "o.wav", "--no-watermark"], ["--no-watermark"]),
        (["--text", "Hi.", "--out", "o.wav", "--what"], ["--what"]),
    ],
)
def test_wrong_requests(
    voice: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    voice(*BASE, *arguments).refused(*words)
    assert list(tmp_path.iterdir()) == []


def test_wrong_voices_and_models(voice: Run, tmp_path: Path) -> None:
    request = ("--text", "Hi.", "--out", tmp_path / "o.wav")
    voice("say", "--model", "tiny", *request).refused("--voice")
    voice("say", "--model", "tiny", "--voice", "adda", *request).refused("adda", "ada")
    voice("say", "--model", "nope", "--voice", "ada", *request).refused("nope", "tiny")
    (tmp_path / "empty").mkdir()
    voice("say", "--model", tmp_path / "empty", "--voice", "ada", *request).refused("spec.json")


@pytest.mark.parametrize(
    "content", [b"", b"\x80\x04\x95abc", b"PK\x03\x04zip", b"RIFF....WAVE", b"\x10\0\0\0\0\0\0\0{}"]
)
def test_broken_voice_files(voice: Run, tmp_path: Path, content: bytes) -> None:
    broken = tmp_path / "x.voice"
    broken.write_bytes(content)
    voice(
        "say", "--model", "tiny", "--voice", broken, "--text", "Hi.", "--out", tmp_path / "o.wav"
    ).refused("x.voice")


@pytest.mark.parametrize(
    "part",
    ["spec.json", "tokenizer.safetensors", "text2semantic.safetensors", "decoder.safetensors"],
)
@pytest.mark.parametrize("damage", ["missing", "truncated", "pickle"])
def test_broken_models(voice: Run, kept: Path, tmp_path: Path, part: str, damage: str) -> None:
    import shutil

    model = tmp_path / "m"
    shutil.copytree(kept / "models" / "tiny", model)
    whole = (model / part).read_bytes()
    if damage == "missing":
        (model / part).unlink()
    else:
        (model / part).write_bytes(
            whole[: len(whole) // 2] if damage == "truncated" else b"\x80\x04K\x01."
        )
    voice(
        "say", "--model", model, "--voice", "ada", "--text", "Hi.", "--out", tmp_path / "o.wav"
    ).refused(part)


def test_a_voice_of_another_model(voice: Run, tmp_path: Path) -> None:
    from dataclasses import replace

    from tests.cli.conftest import tiny_voice

    other = tmp_path / "other.voice"
    replace(tiny_voice("eve"), model="mega").save(other)
    voice(
        "say", "--model", "tiny", "--voice", other, "--text", "Hi.", "--out", tmp_path / "o.wav"
    ).refused("mega", "tiny")


def test_an_administrator_may_switch_the_mark_off(voice: Run, tmp_path: Path) -> None:
    facts = voice(
        *BASE,
        "--text",
        "Hi.",
        "--out",
        tmp_path / "o.wav",
        "--no-watermark",
        "--no-check",
        "--json",
        allowed=True,
    ).json
    assert facts["watermark"] is False


def test_a_text_that_is_not_utf8(voice: Run, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_bytes("你好".encode("gbk"))
    voice(*BASE, "--text-file", tmp_path / "t.txt", "--out", tmp_path / "o.wav").refused(
        "t.txt", "UTF-8"
    )


def test_progress_and_result_do_not_mix(voice: Run, tmp_path: Path) -> None:
    result = voice(*BASE, "--text", SENTENCE, "--out", tmp_path / "o.wav", "--no-check", "--json")
    assert len(result.out.strip().splitlines()) == 1
    assert json.loads(result.out)["out"] == str(tmp_path / "o.wav")
