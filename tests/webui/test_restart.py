"""The program is killed in the middle of a batch and started again: nothing finished is lost."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.webui.calls import endpoint
from tests.webui.conftest import free_port

ROWS = 6
PATIENCE_SECONDS = 600


@contextmanager
def program(root: Path, home: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """``python -m webui`` with a data folder of its own; it is killed at the end."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "webui", "--port", str(port), "--device", "cpu"], cwd=root,
        env=os.environ | {"VOICE_HOME": str(home)}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            assert process.poll() is None, "the program ended by itself"
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except OSError:
                time.sleep(0.3)
        yield url, process
    finally:
        process.kill()
        process.wait(20)


def ask(url: str, name: str, *data: Any) -> Any:
    answer = endpoint(url, name, *data)
    assert answer["success"], answer["output"]
    return answer["output"]["data"][0]


def states(url: str, key: str) -> list[str]:
    return [row["status"] for row in ask(url, "batch", key)["rows"]]


def wait_for(url: str, key: str, done: int) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while states(url, key).count("done") < done:
        assert time.monotonic() < until, "the batch does not go on"
        time.sleep(0.2)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_killed_program_loses_no_finished_line(root: Path, mini: Path, tmp_path: Path) -> None:
    lines = base64.b64encode("\n".join(f"Number {i}." for i in range(ROWS)).encode()).decode()
    with program(root, tmp_path) as (url, process):
        seed = {"seed": 1}
        key = ask(url, "start_batch", lines, "txt", "example:Isla", None, None, seed)["batch"]
        wait_for(url, key, 2)
        process.kill()  # as a power cut does
        process.wait(20)
    before = {file.name: file.stat().st_mtime_ns for file in tmp_path.rglob("batches/*/*/*.wav")}
    assert 2 <= len(before) < ROWS
    with program(root, tmp_path) as (url, _):
        found = ask(url, "batch", key)
        assert found["running"] is False
        assert [row["status"] for row in found["rows"]].count("done") >= len(before)
        ask(url, "resume_batch", key)
        wait_for(url, key, ROWS)
        assert states(url, key) == ["done"] * ROWS
    after = {file.name: file.stat().st_mtime_ns for file in tmp_path.rglob("batches/*/*/*.wav")}
    assert len(after) == ROWS
    assert {name: after[name] for name in before} == before, "what was done is not done again"
