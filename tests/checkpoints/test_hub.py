"""Downloads, from a server here that answers as the hub does and breaks as networks do."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.checkpoints.official import forget_hparams, write_pair, write_presets
from tests.cli.conftest import Result
from voice.checkpoints.hub import Fetch, Published, published
from voice.cli.app import Environment, run
from voice.errors import ModelFileError, OutputError

REVISION = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """What the server has, what it was asked, and how it fails."""

    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    break_at: list[int] = field(default_factory=list)
    status: int = 0
    address: str = ""
    tokens: list[str] = field(default_factory=list)

    def table(self, **changes: object) -> Published:
        """The list of its files, as the program has one of the real hub."""
        files = {n: {"bytes": len(d), "sha256": hashlib.sha256(d).hexdigest()}
                 for n, d in self.files.items()}
        for name, change in changes.items():
            files[name] = files[name] | change  # type: ignore[operator]
        return Published("somebody/models", REVISION, files, {}, {})


def handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Answers(BaseHTTPRequestHandler):
        """HEAD and GET of ``/REPOSITORY/resolve/REVISION/FILE``, ranges too."""

        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.answer(False)

        def do_GET(self) -> None:
            self.answer(True)

        def answer(self, body: bool) -> None:
            name = self.path.split(f"/resolve/{REVISION}/")[-1]
            asked = self.headers.get("Range", "")
            hub.asked.append((self.command, name, asked))
            hub.tokens.append(self.headers.get("Authorization", ""))
            data = hub.files.get(name)
            if data is None or hub.status:
                self.send_response(hub.status or 404)
                self.send_header("X-Error-Code", "EntryNotFound" if data is None else "")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            start = int(asked.removeprefix("bytes=").split("-")[0]) if asked else 0
            self.send_response(206 if asked else 200)
            self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
            self.send_header("X-Repo-Commit", REVISION)
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(len(data) - start))
            if asked:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.end_headers()
            if body and hub.break_at:
                self.wfile.write(data[start : hub.break_at.pop(0)])
                self.wfile.flush()
                self.close_connection = True
                self.connection.shutdown(2)
            elif body:
                self.wfile.write(data[start:])

    return Answers


@pytest.fixture
def hub() -> Iterator[Hub]:
    made = Hub({"a/b.bin": bytes(range(256)) * 4000, "c.txt": b"hello"})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(made))
    made.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


def test_files_are_fetched_checked_and_not_fetched_twice(hub: Hub, tmp_path: Path) -> None:
    told: list[str] = []
    fetch = Fetch(tmp_path / "d", hub.table(), hub.address + "/", told.append)
    got = fetch.get(["a/b.bin", "c.txt"])
    assert [p.read_bytes() for p in got] == list(hub.files.values())
    assert [line.split(" (")[0] for line in told] == [
        "fetching 1/2: a/b.bin", "fetching 2/2: c.txt"]
    assert not any(hub.tokens)
    hub.asked.clear()
    assert fetch.get(["a/b.bin", "c.txt"]) == got and not hub.asked


def test_a_broken_connection_goes_on_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    hub.files["a/b.bin"] = bytes(range(256)) * 100_000
    hub.break_at = [12_000_000, 23_000_000]
    (path,) = Fetch(tmp_path, hub.table(), hub.address).get(["a/b.bin"])
    assert path.read_bytes() == hub.files["a/b.bin"]
    ranges = [r for command, _, r in hub.asked if command == "GET"]
    assert ranges[0] == "" and len(ranges) == 3
    starts = [int(r.removeprefix("bytes=").rstrip("-")) for r in ranges[1:]]
    assert 0 < starts[0] <= 12_000_000 < starts[1] <= 23_000_000


def test_progress_is_told_and_can_end_a_download(hub: Hub, tmp_path: Path) -> None:
    hub.files = {"a.bin": b"a" * 300_000, "b.bin": b"b" * 100_000}
    seen: list[tuple[int, int]] = []
    fetch = Fetch(tmp_path / "x", hub.table(), hub.address,
                  progress=lambda done, total: seen.append((done, total)))
    fetch.get(["a.bin", "b.bin"])
    assert seen[-1] == (400_000, 400_000)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert {total for _, total in seen} == {400_000}

    class EnoughError(Exception):
        """Of whoever follows the download."""

    def enough(done: int, total: int) -> None:
        if done:
            raise EnoughError

    with pytest.raises(EnoughError):
        Fetch(tmp_path / "y", hub.table(), hub.address, progress=enough).get(["a.bin", "b.bin"])
    assert not (tmp_path / "y" / "b.bin").exists()


def test_wrong_bytes_are_thrown_away(hub: Hub, tmp_path: Path) -> None:
    for change, words in (({"sha256": "0" * 64}, "SHA-256"), ({"bytes": 7}, "instead of 7")):
        table = hub.table(**{"c.txt": change})
        with pytest.raises(ModelFileError, match=f"not the published one.*{words}"):
            Fetch(tmp_path, table, hub.address).get(["c.txt"])
        assert not (tmp_path / "c.txt").exists()
    (tmp_path / "c.txt").write_bytes(b"hellO")  # damaged since
    assert Fetch(tmp_path, hub.table(), hub.address).get(["c.txt"])[0].read_bytes() == b"hello"


def test_what_is_not_there_and_who_does_not_answer(hub: Hub, tmp_path: Path) -> None:
    table = hub.table()
    table.files["gone.bin"] = {}
    with pytest.raises(ModelFileError, match="no such file"):
        Fetch(tmp_path, table, hub.address).get(["gone.bin"])
    with pytest.raises(ModelFileError, match="cannot be reached.*c.txt to ") as error:
        Fetch(tmp_path, table, "http://127.0.0.1:9").get(["c.txt"])
    assert f"https://huggingface.co/somebody/models/resolve/{REVISION}/c.txt" in str(error.value)
    big = hub.table(**{"c.txt": {"bytes": 1 << 60}})
    with pytest.raises(OutputError, match="are needed"):
        Fetch(tmp_path, big, hub.address).get(["c.txt"])


def test_download_makes_a_model(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_presets(tmp_path / "presets", "v2")
    monkeypatch.setattr("voice.spec.model.PRESETS", tmp_path / "presets")
    gpt, sovits = write_pair(tmp_path / "user", "v2")
    forget_hparams()
    hub.files = {"gpt.ckpt": gpt.read_bytes(), "v/s2G.pth": sovits.read_bytes()}
    table = json.loads((Path(published.__code__.co_filename).parent / "published.json").read_text())
    table |= {"revision": REVISION, "files": hub.table().files, "components": {},
              "models": {"v2": ["gpt.ckpt", "v/s2G.pth"]}}
    (tmp_path / "published.json").write_text(json.dumps(table))
    for module in ("hub", "survey", "recognise"):
        monkeypatch.setattr(f"voice.checkpoints.{module}.PUBLISHED", tmp_path / "published.json")
    monkeypatch.setattr("voice.checkpoints.hub.published",
                        lambda: published(tmp_path / "published.json"))
    monkeypatch.setattr(Published, "kinds_for", lambda *_: [])

    def call(*arguments: str) -> Result:
        capsys.readouterr()
        status = run(["models", "download", *arguments], Environment(tmp_path / "home"))
        captured = capsys.readouterr()
        return Result(status, captured.out, captured.err)

    listed = call("v2", "--list", "--json").json
    assert [Path(f["path"]).name for f in listed["files"]] == ["gpt.ckpt", "s2G.pth"]
    assert "models import" in listed["then"] and not hub.asked
    call("v2", "--mirror", "nonsense").refused("--mirror nonsense")
    call("v9").refused("v9", "v2")
    made = call("V2", "--mirror", hub.address, "--json").json
    assert [m["name"] for m in made["models"]] == ["v2"]
    assert (tmp_path / "home/models/v2/spec.json").is_file()
    assert not (tmp_path / "home/downloads/GPT-SoVITS").exists()
    hub.asked.clear()
    call("v2", "--mirror", hub.address).refused("exists already")
    assert not hub.asked


def test_the_list_of_published_files_is_whole() -> None:
    table = published()
    paths = {p for group in (table.models, table.components) for ps in group.values() for p in ps}
    assert paths == set(table.files)
    assert all(len(f["sha256"]) == 64 for f in table.files.values())
    assert table.kinds_for("v2ProPlus") == ["hubert", "bert", "speaker"]
    assert table.kinds_for("v4") == ["hubert", "bert", "vocoder"]


