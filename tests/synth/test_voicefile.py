"""Voice files: they come back as they went, and everything else is refused unexecuted."""

from __future__ import annotations

import json
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from tests.synth.voices import make_voice, same
from voice.errors import ConsentError, OptionError, OutputError, VoiceFileError
from voice.synth import labels
from voice.synth.labels import check_consent, check_name, check_tags
from voice.synth.voicefile import Voice, from_bytes, read_voice, to_bytes, write_voice


def test_everything_comes_back(tmp_path: Path) -> None:
    voice = make_voice(
        "Zoë <b>声 'x'", preview=np.arange(-500, 500, dtype=np.int16), preview_rate=16000,
        parents={"Ada": 0.25, "Bob & \"Eve\"": 0.75}, prompt_text="一\n二", languages=("zh", "en"),
    )
    voice.save(tmp_path / "a.voice")
    got = Voice.load(tmp_path / "a.voice")
    assert same(got, voice)
    assert got.preview is not None
    assert got.preview.dtype == np.int16


def test_no_prompt_and_no_name() -> None:
    none = np.zeros(0, np.int64)
    voice = make_voice("", prompt_codes=none, prompt_phonemes=none)
    got = from_bytes(to_bytes(voice))
    assert same(got, voice)
    assert got.preview is None


def test_voices_are_keys_by_identity() -> None:
    a, b = make_voice(), make_voice()
    assert {a: 1, b: 2}[a] == 1
    assert a != b


@pytest.mark.parametrize(
    "name", ["Ada", "声音", "Zoë B.", "a<script>alert(1)<|script>b", "x" * 80,
             "it's \"quoted\" & more", "😀", "1", "a...", "Ο Σωκράτης"],
)
def test_names_that_are_fine(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name", ["", " ", ".hidden", "..", "a/b", "a\\b", "a\nb", "a\0b", "x" * 81, "a\u202eb",
             "\ud800", "a\u2028b", "\ufeffa", "../../etc/passwd", "\x7f"],
)
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(OptionError) as caught:
        check_name(name)
    assert str(caught.value).isprintable()


def test_names_are_normalised() -> None:
    assert check_name("  Zoe\u0308 ") == "Zo\u00eb"


@pytest.mark.parametrize("consent", ["", "  ", ".", "123", "\n"])
def test_consent_must_say_something(consent: str) -> None:
    with pytest.raises(ConsentError, match="consent statement"):
        check_consent(consent)


def test_consent_is_kept_as_said() -> None:
    assert check_consent(" 本人同意 ") == "本人同意"
    with pytest.raises(ConsentError, match="longer"):
        check_consent("a" * 5000)


def _refused(data: bytes, match: str = "") -> None:
    with pytest.raises(VoiceFileError, match=match or None) as caught:
        from_bytes(data, "x.voice")
    message = str(caught.value)
    assert "x.voice" in message
    assert "\n" not in message
    assert len(message) < 700


def test_missing_folder_empty_and_huge(tmp_path: Path) -> None:
    for path, match in ((tmp_path / "none.voice", "does not exist"), (tmp_path, "is a folder")):
        with pytest.raises(VoiceFileError, match=match):
            read_voice(path)
    (tmp_path / "a.voice").touch()
    with pytest.raises(VoiceFileError, match="is empty"):
        read_voice(tmp_path / "a.voice")
    with open(tmp_path / "big.voice", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(VoiceFileError, match="16 MiB"):
        read_voice(tmp_path / "big.voice")
    with pytest.raises(VoiceFileError):
        read_voice("nul\0.voice")


class _Bomb:
    fired = False

    def __reduce__(self) -> tuple[Any, ...]:
        return (setattr, (_Bomb, "fired", True))


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_pickles_are_refused_and_not_run(protocol: int) -> None:
    _refused(pickle.dumps(_Bomb(), protocol=protocol))
    assert _Bomb.fired is False


def test_torch_files_are_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"timbre": torch.zeros(4), "x": _Bomb()}, tmp_path / "a.voice")
    _refused((tmp_path / "a.voice").read_bytes(), "could hold code")
    assert _Bomb.fired is False


def test_pickle_inside_the_metadata_stays_text() -> None:
    meta = {"format": "voice", "format_version": "1", "voice": repr(pickle.dumps(_Bomb()))}
    _refused(save({"timbre": np.ones(4, np.float32)}, meta), "description cannot be read")
    assert _Bomb.fired is False


@pytest.mark.parametrize("data", [b"hello, world, this is text", b"RIFF1234WAVEfmt ", bytes(1000),
                                  b"\xff" * 100, b"{}", b"\x02\0\0\0\0\0\0\0{}",
                                  struct.pack("<Q", 1 << 60) + b"{" + bytes(100)])
def test_foreign_files(data: bytes) -> None:
    _refused(data)


def test_every_truncation_is_refused() -> None:
    data = to_bytes(make_voice())
    for end in range(0, len(data)):
        _refused(data[:end])
    _refused(data + b"more")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_bytes_never_crash(data: st.DataObject) -> None:
    raw = bytearray(to_bytes(make_voice()))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        voice = from_bytes(bytes(raw))
    except VoiceFileError:
        return
    assert np.isfinite(voice.timbre).all()
    assert len(voice.name) <= labels.MAX_NAME


def _with(meta: dict[str, Any] | None = None, arrays: dict[str, Any] | None = None,
          outer: dict[str, str] | None = None) -> bytes:
    """A voice file with some parts changed; an array of None is left out."""
    good = to_bytes(make_voice())
    size = struct.unpack_from("<Q", good)[0]
    head = json.loads(good[8 : 8 + size])["__metadata__"]
    described = json.loads(head["voice"]) | (meta or {})
    described = {k: v for k, v in described.items() if v is not ...}
    voice = make_voice()
    parts = {k: getattr(voice, k) for k in ("timbre", "prompt_codes", "prompt_phonemes")}
    parts = {k: v for k, v in (parts | (arrays or {})).items() if v is not None}
    return save(parts, {**head, "voice": json.dumps(described), **(outer or {})})


def test_the_helper_makes_a_good_file() -> None:
    assert same(from_bytes(_with()), make_voice())


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"extra": 1}, "unknown keys extra"), ({"name": ...}, "missing keys name"),
        ({"name": 5}, "expected str"), ({"name": "../../x"}, "slash"), ({"name": ".x"}, "dot"),
        ({"name": "a\u0000b"}, "seen"), ({"name": " a "}, "normal form"), ({"model": ""}, "model"),
        ({"consent": "x" * 5000}, "too long"), ({"languages": ["en"] * 500}, "too long"),
        ({"parents": [{"name": "a", "weight": float("nan")}]}, "weight"),
        ({"parents": [{"name": "a", "weight": -1.0}]}, "weight"),
        ({"parents": [{"name": "a", "weight": 0.01}] * 65}, "parents"),
        ({"pitch_hz": -1.0}, "pitch"), ({"pitch_hz": float("nan")}, "pitch"),
        ({"pitch_hz": 1e5}, "pitch"),
        ({"preview_rate": 0}, "preview"), ({"preview_rate": 10**9}, "preview"),
    ],
)
def test_wrong_descriptions(change: dict[str, Any], match: str) -> None:
    _refused(_with(meta=change), match)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"timbre": None}, "lacks timbre"), ({"other": np.zeros(3, np.float32)}, "unknown parts"),
        ({"timbre": np.zeros(16, np.float32)}, "empty or not finite"),
        ({"timbre": np.full(16, np.nan, np.float32)}, "not finite"),
        ({"timbre": np.ones((4, 4), np.float32)}, "timbre is float32"),
        ({"timbre": np.ones(16, np.float64)}, "timbre is float64"),
        ({"timbre": np.ones(100000, np.float32)}, "up to"),
        ({"prompt_codes": np.full(5, -1)}, "out of range"),
        ({"prompt_codes": np.zeros(100000, np.int64)}, "up to"),
        ({"prompt_phonemes": np.full(5, 1 << 40)}, "out of range"),
        ({"preview": np.zeros(5, np.float32)}, "preview is float32"),
    ],
)
def test_wrong_arrays(change: dict[str, Any], match: str) -> None:
    _refused(_with(arrays=change), match)


def test_other_kinds_and_versions() -> None:
    _refused(_with(outer={"format": "pt"}), "another kind")
    _refused(_with(outer={"format_version": "2"}), "version")
    _refused(save({"weight": np.ones(3, np.float32)}), "another kind")
    _refused(_with(outer={"voice": "[" * 100000}), "corrupt|cannot be read")


def test_voices_that_break_the_rules_are_not_written(tmp_path: Path) -> None:
    for bad in (make_voice("a/b"), make_voice(timbre=np.full(4, np.inf)), make_voice(model=""),
                make_voice(prompt_codes=np.array([-5]))):
        with pytest.raises(VoiceFileError):
            write_voice(tmp_path / "a.voice", bad)
    assert list(tmp_path.iterdir()) == []


def test_writing_where_one_cannot(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        make_voice().save(tmp_path / "none" / "a.voice")


def test_tags_and_the_shares_of_the_manner_of_speaking_are_kept() -> None:
    voice = make_voice(tags=("warm", "旁白"), parents={"A": 0.5, "B": 0.5}, prosody={"B": 1.0})
    assert same(from_bytes(to_bytes(voice)), voice)
    assert check_tags([" warm ", "", "warm", "slow"]) == ("warm", "slow")
    for wrong in (["x" * 31], [str(i) for i in range(13)], ["a/b"], ["a\nb"]):
        with pytest.raises(OptionError):
            check_tags(wrong)
    with pytest.raises(VoiceFileError):
        to_bytes(make_voice(tags=(" loose ",)))


def test_files_of_before_tags_are_read() -> None:
    data = to_bytes(make_voice())
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    kept = json.loads(header["__metadata__"]["voice"])
    assert kept.pop("tags") == [] and kept.pop("prosody") == []
    header["__metadata__"]["voice"] = json.dumps(kept)
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    assert same(from_bytes(len(head).to_bytes(8, "little") + head + data[8 + size :]), make_voice())
