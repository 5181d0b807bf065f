"""The named endpoints as tools for language models (Model Context Protocol)."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.webui.conftest import Site
from tests.webui.test_api import NAMES
from webui.app import launch_options, translations
from webui.context import AppContext

pytest.importorskip("mcp", reason="needs the package mcp")


def ask(url: str, method: str, **parameters: Any) -> dict[str, Any]:
    """A JSON-RPC call; the answer's ``result``."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
    request = urllib.request.Request(
        f"{url}/gradio_api/mcp/", json.dumps(body).encode(),
        {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read().decode()
    line = next((one[6:] for one in text.splitlines() if one.startswith("data: ")), text)
    return json.loads(line)["result"]


def test_the_tools_are_the_endpoints_and_nothing_else(site: Site) -> None:
    tools = {one["name"]: one for one in ask(site.url, "tools/list")["tools"]}
    assert set(tools) == NAMES
    for name, tool in tools.items():
        assert len(tool["description"]) > 15, name
    speak = tools["speak"]["inputSchema"]["properties"]
    assert set(speak) == {"text", "voice", "language", "speed", "seed", "settings"}
    assert "what to say" in speak["text"]["description"]


def test_a_tool_is_called_and_its_errors_are_sentences(site: Site) -> None:
    listed = ask(site.url, "tools/call", name="voices", arguments={})
    assert "example:Isla" in json.dumps(listed)
    said = ask(site.url, "tools/call", name="speak",
               arguments={"text": "One two three.", "voice": "example:Isla"})
    assert not said.get("isError") and "wav" in json.dumps(said)
    wrong = ask(site.url, "tools/call", name="speak",
                arguments={"text": "", "voice": "example:Isla"})
    assert "Traceback" not in json.dumps(wrong) and "what the voice should say" in json.dumps(wrong)


def test_where_a_password_is_asked_there_are_no_tools(context: AppContext) -> None:
    """The tools' address knows no passwords."""
    assert launch_options(context, translations())["mcp_server"] is True
    context.password = True
    assert launch_options(context, translations())["mcp_server"] is False
