"""``enroll``, ``voices`` and ``blend``: what is kept, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Result
from voice.synth.voicefile import read_voice

Run = Callable[..., Result]
CONSENT = ("--consent", "I am the speaker and agree.")


def _names(voice: Run) -> set[str]:
    return {row["name"] for row in voice("voices", "--json").json["voices"]}


def test_a_voice_from_recording_to_speech_and_back_out(
    voice: Run, reference: Path, tmp_path: Path
) -> None:
    made = voice(
        "enroll",
        "carol",
        "--model",
        "tiny",
        "--reference",
        reference,
        "--reference-text",
        "Hello there.",
        "--language",
        "en",
        *CONSENT,
        "--json",
    ).json
    assert made["name"] == "carol" and made["consent"] == CONSENT[1] and made["consent_date"]
    assert made["model"] == "tiny" and made["prompt_tokens"] > 25
    assert "carol" in _names(voice)
    out = tmp_path / "o.wav"
    facts = voice(
        "say",
        "--model",
        "tiny",
        "--voice",
        "carol",
        "--text",
        "Hi there.",
        "--out",
        out,
        "--no-check",
        "--json",
    ).json
    assert facts["voice"] == "carol" and facts["seconds"] > 0.2
    file = tmp_path / "c.voice"
    assert voice("voices", "export", "carol", file, "--json").json["out"] == str(file)
    voice("voices", "export", "carol", file).refused("c.voice")
    voice("voices", "remove", "carol", "--json").json  # noqa: B018
    assert "carol" not in _names(voice)
    voice("voices", "remove", "carol").refused("carol")
    assert voice("voices", "import", file, "--json").json["name"] == "carol"
    assert voice("voices", "rename", "carol", "Karol", "--json").json["name"] == "Karol"
    assert {"Karol"} <= _names(voice) and "carol" not in _names(voice)
    assert voice("voices", "remove", "Karol").status == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["--reference"]),
        (["--reference", "R"], ["--consent"]),
        (["--reference", "R", "--consent", "  "], ["consent"]),
        (["--reference", "R", "--consent", "123"], ["consent"]),
        (["--reference", "missing.wav", *CONSENT], ["missing.wav", "does not exist"]),
        (["--reference", "R", *CONSENT, "--language", "xx"], ["--language"]),
        (["--reference", "R", *CONSENT, "--reference-text", "สวัสดี"], ["ส"]),
    ],
)
def test_enroll_refuses(
    voice: Run, reference: Path, arguments: list[str], words: list[str]
) -> None:
    given = [str(reference) if a == "R" else a for a in arguments]
    voice("enroll", "dora", "--model", "tiny", *given).refused(*words)
    assert "dora" not in _names(voice)


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".x", "x" * 81, "a\nb"])
def test_names_that_are_not_names(voice: Run, reference: Path, name: str) -> None:
    voice("enroll", name, "--model", "tiny", "--reference", reference, *CONSENT).refused("name")


def test_a_name_is_taken_unless_replaced(voice: Run, reference: Path) -> None:
    request = ("enroll", "ed", "--model", "tiny", "--reference", reference, *CONSENT)
    assert voice(*request).status == 0
    voice(*request).refused("ed", "--replace")
    assert voice(*request, "--replace").status == 0
    assert voice("voices", "remove", "ed").status == 0


def test_blend_keeps_a_voice_between_its_parents(voice: Run, kept: Path) -> None:
    made = voice(
        "blend",
        "mix",
        "--model",
        "tiny",
        "--of",
        "ada=3",
        "--of",
        "bob=1",
        "--prosody-of",
        "bob",
        "--json",
    ).json
    assert made["parents"] == {"ada": 0.75, "bob": 0.25}
    mix, ada, bob = (read_voice(kept / "voices" / f"{n}.voice") for n in ("mix", "ada", "bob"))

    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    assert (
        cosine(mix.timbre, ada.timbre)
        > cosine(mix.timbre, bob.timbre)
        > cosine(ada.timbre, bob.timbre)
    )
    assert np.array_equal(mix.prompt_codes, bob.prompt_codes)
    assert voice("voices", "remove", "mix").status == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--of", "ada=1"], ["--of"]),
        (["--of", "ada", "--of", "bob=1"], ["ada"]),
        (["--of", "ada=nan", "--of", "bob=1"], ["ada=nan"]),
        (["--of", "ada=-1", "--of", "bob=1"], ["ada=-1"]),
        (["--of", "ada=0", "--of", "bob=0"], ["0"]),
        (["--of", "ada=1", "--of", "ada=2"], ["twice"]),
        (["--of", "ada=1", "--of", "zoe=1"], ["zoe"]),
        (["--of", "ada=1", "--of", "bob=1", "--prosody-of", "zoe"], ["zoe"]),
    ],
)
def test_blend_refuses(voice: Run, arguments: list[str], words: list[str]) -> None:
    voice("blend", "mix", "--model", "tiny", *arguments).refused(*words)
    assert "mix" not in _names(voice)


def test_a_file_that_is_no_voice_is_not_imported_but_listed_as_a_problem(
    voice: Run, kept: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.voice"
    bad.write_bytes(b"\x80\x04K\x01.")
    voice("voices", "import", bad).refused("bad.voice", "pickle")
    (kept / "voices" / "bad.voice").write_bytes(b"garbage")
    listing = voice("voices", "list", "--json")
    assert len(listing.json["problems"]) == 1 and "warning: " in listing.err
    (kept / "voices" / "bad.voice").unlink()
