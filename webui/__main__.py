"""``python -m webui``: serves the page."""

from __future__ import annotations

import argparse
import gc
import ipaddress
import logging
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from webui.settings import StudioSettings

OFFLINE = {
    "GRADIO_ANALYTICS_ENABLED": "False",
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
    parser.add_argument(
        "--allow-host", metavar="NAME", action="append", default=[],
        help="a further name by which browsers may ask for a page on this machine's own address,"
        " such as that of a proxy in front of it (repeatable)",
    )
    parser.add_argument(
        "--model", default="", help="name or folder (default: as set on the page, else mini)"
    )
    parser.add_argument(
        "--device", default="",
        help="auto, cpu or cuda[:N] (default: as set on the page, else auto)",
    )
    parser.add_argument(
        "--allow-changes", action="store_true",
        help="let visitors from elsewhere add and delete models and change the settings, too",
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


def allowed_hosts(host: str, more: Sequence[str]) -> frozenset[str]:
    """Names by which a page may be asked for; empty (any) where others may reach it anyway."""
    if not is_local(host):
        return frozenset()
    own = {"localhost", "127.0.0.1", "::1", host.strip("[]").lower()}
    return frozenset(own | {name.lower() for name in more})


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until interrupted."""
    chosen = parse(arguments)
    os.environ.update(OFFLINE)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    folder = Path(tempfile.mkdtemp(prefix="voice-page-"))
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "uploads")
    gc.disable()  # while the page is built nearly nothing is garbage
    try:
        return serve(chosen, folder)
    except KeyboardInterrupt:
        return 130
    finally:
        gc.enable()
        shutil.rmtree(folder, ignore_errors=True)


def chosen_settings(chosen: argparse.Namespace, folder: Path) -> StudioSettings:
    """The kept settings; what the command line names wins."""
    from webui.settings import StudioSettings, read_settings

    settings = read_settings(folder, StudioSettings())
    named = {name: getattr(chosen, name) for name in ("model", "device")}
    return settings.changed(**{name: value for name, value in named.items() if value})


def serve(chosen: argparse.Namespace, folder: Path) -> int:
    """Starts the page and, beside it, the model."""
    from voice import VoiceLibrary
    from webui.app import build_page, launch_options, translations
    from webui.context import AppContext, ModelSlot
    from webui.heaps import share_heaps

    share_heaps()
    home = os.environ.get("VOICE_HOME") or None
    model = ModelSlot()
    library = VoiceLibrary.at_home(home)
    context = AppContext(model, library, library.folder.parent / "studio")
    context.hosts = allowed_hosts(chosen.host, chosen.allow_host)
    context.password = bool(chosen.auth)
    context.administration = is_local(chosen.host) or chosen.allow_changes
    allowed = os.environ.get("VOICE_ALLOW_NO_WATERMARK", "").lower()
    context.allow_no_watermark = allowed in ("1", "true", "yes")
    context.outputs.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(context.outputs / "received", ignore_errors=True)
    context.settings = chosen_settings(chosen, context.outputs)
    if not context.allow_no_watermark:
        context.settings = context.settings.changed(watermark=True)

    def load(settings: StudioSettings) -> Any:  # torch is loaded only now, behind the page
        from voice import Synthesizer

        if settings.threads:
            import torch

            torch.set_num_threads(settings.threads)
        return Synthesizer.load(settings.model, device=settings.device, home=home,
                                precision=settings.precision)

    context.load = load
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
    gc.freeze()  # nor will what it is built of ever be
    gc.enable()
    shown = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    print(f"The page is at http://{shown}:{chosen.port}", flush=True)

    model.start(context.settings.model, lambda: load(context.settings))
    try:
        threading.Event().wait()
    finally:
        context.background.stop_all()
        page.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
