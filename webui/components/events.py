"""How the page's own events are wired: hidden from programs, without a progress bar of Gradio's."""

from __future__ import annotations

from typing import Any

PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
QUIET: dict[str, Any] = PRIVATE | {"queue": False}
"""The same, answered at once instead of in turn."""
