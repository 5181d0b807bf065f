"""The program as a process: exit statuses, interrupts, environment, what importing costs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from voice.cli.app import COMMANDS, SUMMARIES

BASE = [sys.executable, "-m", "voice"]


@pytest.fixture(autouse=True)
def _interrupts_are_heard() -> Iterator[None]:
    """A shell has what it starts in the background ignore Ctrl+C, and its children inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def _start(arguments: list[str], home: Path, **environment: str) -> subprocess.Popen[bytes]:
    variables = os.environ | {"VOICE_HOME": str(home), "OMP_NUM_THREADS": "1"} | environment
    return subprocess.Popen(
        [*BASE, *arguments],
        env=variables,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _run(arguments: list[str], home: Path, **environment: str) -> tuple[int, bytes, str]:
    process = _start(arguments, home, **environment)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err.decode()


def test_help_of_the_program_and_of_every_command(kept: Path) -> None:
    status, out, _ = _run(["--help"], kept)
    assert status == 0 and all(name in out.decode() for name in COMMANDS)
    assert set(COMMANDS) == set(SUMMARIES)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(
    command: str, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from voice.cli.app import Environment, run

    assert run([command, "--help"], Environment(kept)) == 0
    assert "Usage: python -m voice" in capsys.readouterr().out


def test_voice_home_is_where_voices_are(kept: Path, tmp_path: Path) -> None:
    status, out, _ = _run(["voices", "--json"], kept)
    assert status == 0 and {"ada", "bob"} <= {v["name"] for v in json.loads(out)["voices"]}
    status, out, _ = _run(["voices", "--json"], tmp_path)
    assert status == 0
    assert json.loads(out)["folder"] == str(tmp_path / "voices")
    assert not any(v for v in json.loads(out)["voices"] if not v["builtin"])


def test_a_wrong_request_is_2_with_one_line(kept: Path) -> None:
    status, out, err = _run(
        ["say", "--text", "Hi.", "--voice", "ada", "--out", "/no/where/o.wav"], kept
    )
    assert status == 2 and out == b"" and err.count("\n") == 1 and "/no/where/o.wav" in err


def test_the_mark_is_switched_off_by_an_administrator_only(kept: Path, tmp_path: Path) -> None:
    request = [
        "say",
        "--model",
        "tiny",
        "--voice",
        "ada",
        "--text",
        "Hi.",
        "--no-check",
        "--no-watermark",
        "--out",
        str(tmp_path / "o.wav"),
        "--json",
    ]
    status, _, err = _run(request, kept)
    assert status == 2 and "--no-watermark" in err
    status, out, err = _run(request, kept, VOICE_ALLOW_NO_WATERMARK="1")
    assert status == 0 and json.loads(out)["watermark"] is False


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_leaves_nothing_half_written(
    kept: Path, tmp_path: Path, number: int, status: int
) -> None:
    text = tmp_path / "t.txt"
    text.write_text("Hello there, my friend. " * 2000)
    folder = tmp_path / "out"
    folder.mkdir()
    process = _start(
        [
            "say",
            "--model",
            "tiny",
            "--voice",
            "ada",
            "--text-file",
            str(text),
            "--no-check",
            "--out",
            str(folder / "o.wav"),
        ],
        kept,
    )
    deadline = time.monotonic() + 60
    while not any(folder.iterdir()) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.1)
    assert [p.suffix for p in folder.iterdir()] == [".part"]
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == status and b"Traceback" not in err
    assert list(folder.iterdir()) == []


def test_an_interrupted_batch_leaves_a_valid_manifest(kept: Path, tmp_path: Path) -> None:
    lines = tmp_path / "in.txt"
    lines.write_text("Hello there, my friend.\n" * 3000)
    out = tmp_path / "out"
    process = _start(
        [
            "batch",
            str(lines),
            "--model",
            "tiny",
            "--voice",
            "ada",
            "--no-check",
            "--out",
            str(out),
            "--jobs",
            "2",
            "--json",
        ],
        kept,
    )
    manifest = out / "manifest.jsonl"
    deadline = time.monotonic() + 150
    # A recording is there a moment before its row is.
    while time.monotonic() < deadline and process.poll() is None:
        if manifest.exists() and manifest.read_text("utf8"):
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    stdout, err = process.communicate(timeout=60)
    assert process.returncode == 130, err.decode()
    rows = [json.loads(line) for line in manifest.read_text("utf8").splitlines()]
    wavs = {p.name for p in out.glob("*.wav")}
    assert 0 < len(rows) < 3000 and {row["wav"] for row in rows} <= wavs
    assert not list(out.glob(".*")) and json.loads(stdout)["interrupted"] is True


def test_a_stream_whose_reader_left_ends_quietly(kept: Path, tmp_path: Path) -> None:
    text = tmp_path / "t.txt"
    text.write_text("Hello there, my friend. " * 300)
    process = _start(
        [
            "say",
            "--model",
            "tiny",
            "--voice",
            "ada",
            "--text-file",
            str(text),
            "--no-check",
            "--stream",
        ],
        kept,
    )
    assert process.stdout is not None and process.stderr is not None
    assert len(process.stdout.read(2400)) == 2400
    process.stdout.close()
    err = process.stderr.read().decode()
    assert process.wait(timeout=60) == 1 and "Traceback" not in err and "Exception" not in err


def test_importing_is_cheap() -> None:
    code = (
        "import sys, time; t = time.perf_counter(); "
        "import voice, voice.errors, voice.synth.settings; "
        "print(time.perf_counter() - t, sorted({'torch', 'numpy', 'click'} & set(sys.modules)))"
    )
    done = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
        ).stdout
        for _ in range(3)
    ]
    assert all("[]" in line for line in done)
    assert min(float(line.split()[0]) for line in done) < 0.3
