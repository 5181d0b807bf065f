"""The built phone app and a bundle on a local server, whose answers a test can spoil."""

from __future__ import annotations

import hashlib
import http.server
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DIST = ROOT / "recipes" / "export" / "phone" / "dist"
ISOLATION = {"Cross-Origin-Opener-Policy": "same-origin",
             "Cross-Origin-Embedder-Policy": "require-corp"}
Change = Callable[[bytes], bytes | None]


@dataclass
class Site:
    """Where the app is, and what is wrong with its answers.

    Attributes:
        url: of the app; the bundle is under ``bundle/``.
        bundle: its folder.
        faults: by path within the bundle: what is answered instead; None is "not found".
        requests: paths that were asked for.
        isolated: whether answers carry the headers that allow threads.
    """

    url: str
    bundle: Path
    faults: dict[str, Change] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    isolated: bool = True


class _Handler(http.server.BaseHTTPRequestHandler):
    types = {".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript",
             ".css": "text/css", ".wasm": "application/wasm", ".svg": "image/svg+xml",
             ".png": "image/png", ".webmanifest": "application/manifest+json"}

    def __init__(self, site: Site, *arguments: Any) -> None:
        self.site = site
        super().__init__(*arguments)

    def do_GET(self) -> None:  # noqa: N802 (the server's name)
        path = self.path.split("?")[0].lstrip("/") or "index.html"
        self.site.requests.append(path)
        data = self._content(path)
        self.send_response(404 if data is None else 200)
        self.send_header("Content-Type", self.types.get(Path(path).suffix, "application/x"))
        self.send_header("Cache-Control", "no-store")
        for name, value in ISOLATION.items() if self.site.isolated else ():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data or b"")

    def _content(self, path: str) -> bytes | None:
        inside = path.removeprefix("bundle/")
        file = self.site.bundle / inside if path.startswith("bundle/") else DIST / path
        if not file.is_file():
            return None
        change = self.site.faults.get(inside) if path.startswith("bundle/") else None
        data = file.read_bytes()
        return change(data) if change else data

    def log_message(self, format: str, *arguments: Any) -> None:
        """Quiet."""


@contextmanager
def serve(bundle: Path) -> Iterator[Site]:
    """A server until the block ends."""
    site = Site("", bundle)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, site))
    site.url = f"http://127.0.0.1:{server.server_address[1]}/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()


def resigned(manifest: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """A manifest with a change and a digest that fits it."""
    data = json.loads(manifest)
    change(data)
    zeros = "0" * 64
    blank = json.dumps(data | {"digest": zeros}, ensure_ascii=False, indent=1) + "\n"
    digest = hashlib.sha256(blank.encode()).hexdigest()
    return re.sub(zeros, digest, blank, count=1).encode()


def replaced(site: Site, path: str, content: bytes) -> None:
    """Another file in the bundle, as if it had been made so."""
    def change(data: dict[str, Any]) -> None:
        entry = next(x for x in data["files"] if x["path"] == path)
        entry |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}

    site.faults[path] = lambda _: content
    site.faults["manifest.json"] = lambda raw: resigned(raw, change)
