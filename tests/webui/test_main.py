"""``python -m webui``: what it refuses, and how soon the page is there."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.webui.conftest import free_port
from webui.__main__ import allowed_hosts, is_local, parse


@pytest.mark.parametrize(("host", "expected"), [
    ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("[::1]", True), ("localhost", True),
    ("0.0.0.0", False), ("::", False), ("192.168.1.4", False), ("example.org", False), ("", False),
    ("localhost.example.org", False),
])
def test_which_addresses_only_this_machine_can_reach(host: str, expected: bool) -> None:
    assert is_local(host) is expected


@pytest.mark.parametrize(("arguments", "message"), [
    (["--host", "0.0.0.0"], "--auth USER:PASSWORD"),
    (["--host", "0.0.0.0", "--auth", "name:"], "USER:PASSWORD"),
    (["--auth", "nopassword"], "USER:PASSWORD"),
    (["--port", "0"], "from 1 to 65535"),
    (["--port", "70000"], "from 1 to 65535"),
    (["--port", "x"], "--port"),
])
def test_wrong_arguments_are_refused_in_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("VOICE_AUTH", raising=False)
    with pytest.raises(SystemExit) as stop:
        parse(arguments)
    assert stop.value.code == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert message in last and "Traceback" not in last


def test_another_address_is_fine_with_a_password() -> None:
    chosen = parse(["--host", "0.0.0.0", "--auth", "ann:s3cret:x"])
    assert chosen.auth == "ann:s3cret:x"


def test_a_page_for_this_machine_answers_to_its_names_alone() -> None:
    assert allowed_hosts("127.0.0.1", []) == {"localhost", "127.0.0.1", "::1"}
    assert "proxy.example" in allowed_hosts("localhost", ["Proxy.example"])
    assert allowed_hosts("0.0.0.0", []) == frozenset(), "others may reach it; they need a password"


@pytest.fixture(scope="module")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory):
    """The program itself, with a model that does not exist: the page must come nevertheless."""
    port = free_port()
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "webui", "--port", str(port), "--model", "no-such-model"],
            cwd=root, stdout=output, stderr=output,
        )
        try:
            yield f"http://127.0.0.1:{port}", process, log
        finally:
            process.terminate()
            process.wait(20)


def test_the_page_is_served_and_uploads_are_guarded(server) -> None:
    url, process, log = server
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                body = answer.read().decode()
            break
        except OSError:
            time.sleep(0.3)
    else:
        pytest.fail(log.read_text())
    assert "voicePlayer" in body and "no-such-model" not in body
    for path in ("/gradio_api/file=/etc/passwd", "/gradio_api/file=../../etc/passwd",
                 "/gradio_api/file=webui/__main__.py", "/docs", "/openapi.json"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url + path, timeout=10)
        assert refused.value.code in (403, 404), path


def test_the_page_is_built_before_torch_is_loaded_and_without_notes_for_editors(
    tmp_path: Path,
) -> None:
    """Loading torch takes seconds: the page answers first, the model comes behind it."""
    program = (
        "import sys; from pathlib import Path; from voice import VoiceLibrary\n"
        "from webui.app import build_page, translations\n"
        "from webui.context import AppContext, ModelSlot\n"
        "home = Path(sys.argv[1])\n"
        "build_page(AppContext(ModelSlot(), VoiceLibrary(home / 'voices'), home), translations())\n"
        "import gradio\n"
        "from gradio import component_meta\n"
        "component_meta.extract_class_source_code = None  # what writing notes would need\n"
        "class Own(gradio.Textbox): pass\n"
        "left = [f for f in sys.meta_path if type(f).__module__.startswith('webui')]\n"
        "print('torch' in sys.modules, Own().value, left)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[-3:] == ["False", "None", "[]"]
