"""Facts about voices, as plain data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from voice.synth.voicefile import Voice

TOKEN_RATE = 25.0


def voice_facts(voice: Voice, builtin: bool = False, file: Path | None = None) -> dict[str, Any]:
    """What is shown of a voice."""
    return {
        "name": voice.name, "model": voice.model, "revision": voice.revision,
        "languages": list(voice.languages), "consent": voice.consent,
        "consent_date": voice.consent_date, "created": voice.created, "parents": voice.parents,
        "prompt_tokens": len(voice.prompt_codes),
        "prompt_seconds": round(len(voice.prompt_codes) / TOKEN_RATE, 2),
        "source_hash": voice.source_hash, "preview": voice.preview is not None,
        "builtin": builtin, "file": str(file) if file else None,
    }
