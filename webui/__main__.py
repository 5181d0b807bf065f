"""``python -m webui``: serves the page."""

from __future__ import annotations

import argparse
import ipaddress
import logging
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

OFFLINE = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DISABLE_TELEMETRY": "1",
}


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line; exits with status 2 where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m webui", description="Serves the browser page of the voice program."
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default %(default)s)"
    )
    parser.add_argument("--port", type=int, default=7860, help="default %(default)s")
    parser.add_argument(
        "--auth", metavar="USER:PASSWORD", default=os.environ.get("VOICE_AUTH", ""),
        help="asked of every visitor; needed to listen on another address than this machine's own"
        " (also read from VOICE_AUTH)",
    )
    parser.add_argument("--model", default="mini", help="name or folder (default %(default)s)")
    parser.add_argument(
        "--device", default="auto", help="auto, cpu or cuda[:N] (default %(default)s)"
    )
    chosen = parser.parse_args(arguments)
    if not 0 < chosen.port < 65536:
        parser.error(f"--port is {chosen.port}. It must be from 1 to 65535.")
    if chosen.auth and not all(chosen.auth.partition(":")[::2]):
        parser.error("--auth is not a name and a password. Write it as USER:PASSWORD.")
    if not chosen.auth and not is_local(chosen.host):
        parser.error(
            f"--host {chosen.host} can be reached by others, so the page needs a password."
            " Add --auth USER:PASSWORD."
        )
    return chosen


def is_local(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until interrupted."""
    chosen = parse(arguments)
    os.environ.update(OFFLINE)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    folder = Path(tempfile.mkdtemp(prefix="voice-page-"))
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "uploads")
    try:
        return serve(chosen, folder)
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def serve(chosen: argparse.Namespace, folder: Path) -> int:
    """Starts the page and, beside it, the model."""
    from voice import VoiceLibrary
    from webui.app import build_page, launch_options, translations
    from webui.context import AppContext, ModelSlot

    home = os.environ.get("VOICE_HOME") or None
    model = ModelSlot()
    context = AppContext(model, VoiceLibrary.at_home(home), folder / "recordings")
    context.outputs.mkdir(parents=True, exist_ok=True)
    t = translations()
    page = build_page(context, t)
    try:
        page.launch(
            server_name=chosen.host,
            server_port=chosen.port,
            auth=[tuple(chosen.auth.split(":", 1))] if chosen.auth else None,
            prevent_thread_lock=True,
            **launch_options(context, t),
        )
    except OSError as error:
        print(
            f"--port {chosen.port} cannot be used ({error}). Choose another one with --port.",
            file=sys.stderr,
        )
        return 2
    shown = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    print(f"The page is at http://{shown}:{chosen.port}", flush=True)

    def load():  # noqa: ANN202 - torch and the model load only now, behind the page
        from voice import Synthesizer

        return Synthesizer.load(chosen.model, device=chosen.device, home=home)

    model.start(chosen.model, load)
    try:
        threading.Event().wait()
    finally:
        page.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
