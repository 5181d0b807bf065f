"""Full disks, forbidden folders and impossible paths: an error that names the path, nothing left.

A limit on the size of files stands in for the full disk: the system refuses to write beyond it in
the same way, and every user can set it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Result

Run = Callable[..., Result]
LONG = "Hello there, my friend. " * 12


@pytest.fixture
def small_disk() -> Iterator[Callable[[], Any]]:
    """A function from whose call on no file may become larger than 8 kB."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8000, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg"])
def test_no_space_for_a_recording(
    voice: Run, small_disk: Callable[[], Any], tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / f"o{suffix}"
    small_disk()
    result = voice("say", "--model", "tiny", "--voice", "ada", "--text", LONG, "--no-check",
                   "--out", out, "--json")
    result.refused(f"{out} cannot be written")
    assert "Exception" not in result.err  # soundfile would print what it cannot pass on
    assert list(tmp_path.iterdir()) == []


def test_no_space_for_features(
    voice: Run, reference: Path, small_disk: Callable[[], Any], tmp_path: Path
) -> None:
    small_disk()
    voice("tokens", reference, "--model", "tiny", "--features", tmp_path / "f.npy", "--json"
          ).refused("f.npy cannot be written: it would be larger")
    assert list(tmp_path.iterdir()) == []


def test_no_space_in_a_batch_fails_line_by_line(
    voice: Run, small_disk: Callable[[], Any], tmp_path: Path
) -> None:
    lines, out = tmp_path / "in.txt", tmp_path / "out"
    lines.write_text(f"{LONG}\n" * 2)
    small_disk()
    result = voice("batch", lines, "--model", "tiny", "--voice", "ada", "--no-check", "--out", out)
    assert result.status == 1 and "cannot be written" in result.err
    assert "Traceback" not in result.err
    assert sorted(p.name for p in out.iterdir()) == ["manifest.jsonl"]


def _as_nobody(*calls: Callable[[], Any]) -> list[Any]:
    """Results of calls that do not have root's rights."""
    if os.geteuid() != 0:
        return [call() for call in calls]
    os.seteuid(65534)
    try:
        return [call() for call in calls]
    finally:
        os.seteuid(0)


@pytest.mark.skipif(os.name != "posix", reason="no such permissions here")
def test_no_permission(voice: Run, kept: Path, reference: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0o555)
    secret = tmp_path / "secret.wav"
    secret.write_bytes(reference.read_bytes())
    secret.chmod(0)
    for folder in (tmp_path, *tmp_path.parents, kept, *kept.parents, *reference.parents):
        if folder.owner() == "root" and folder.stat().st_mode & 0o005 != 0o005:
            folder.chmod(folder.stat().st_mode | 0o055)
    base = ("--model", "tiny", "--voice", "ada")
    for suffix in (".wav", ".mp3"):  # what is imported late is imported with root's rights
        assert voice("say", *base, "--text", "Hi.", "--no-check", "--out", tmp_path / f"w{suffix}"
                     ).status == 0
    assert voice("convert", *base, "--source", reference, "--out", tmp_path / "c.wav").status == 0
    said, mp3, converted, batch, unread = _as_nobody(
        lambda: voice("say", *base, "--text", "Hi.", "--no-check", "--out", closed / "o.wav"),
        lambda: voice("say", *base, "--text", "Hi.", "--no-check", "--out", closed / "o.mp3"),
        lambda: voice("convert", *base, "--source", reference, "--out", closed / "o.wav"),
        lambda: voice("voices", "export", "ada", closed / "o.voice"),
        lambda: voice("say", "--model", "tiny", "--reference", secret, "--text", "Hi.",
                      "--out", tmp_path / "x.wav"),
    )
    for result in (said, mp3, converted, batch):
        result.refused("closed", "no permission")
    unread.refused("secret.wav", "no permission")
    assert list(closed.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [("x" * 300 + ".wav", ["too long"]), ("a\0b.wav", ["--out", "no path"]),
     ("a\ud800.wav", ["--out", "no path"])],
)
def test_impossible_paths(voice: Run, tmp_path: Path, name: str, words: list[str]) -> None:
    out = str(tmp_path / name)
    voice("say", "--model", "tiny", "--voice", "ada", "--text", "Hi.", "--out", out).refused(*words)
    voice("say", "--model", "tiny", "--reference", "a\0b.wav", "--text", "Hi.",
          "--out", tmp_path / "o.wav").refused("--reference", "no path")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [([], ["no command", "--help"]), (["nope"], ["nope", "python -m voice --help"]),
     (["voices", "nope"], ["nope", "python -m voice voices --help"]),
     (["models", "list", "more"], ["more", "models list --help"]),
     (["enroll"], ["NAME", "enroll --help"])],
)
def test_what_is_no_command(voice: Run, arguments: list[str], words: list[str]) -> None:
    assert len(voice(*arguments).refused(*words)) < 200
