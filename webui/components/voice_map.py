"""The map of voices: a square with a dot for each, and a mark where the mix is.

Dots are buttons; the mark is dragged, or moved with the arrow keys (``app.js``). What is chosen is
written as ``x,y`` into the hidden field ``blend-point``.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from webui import messages
from webui.actions.blend import Point, VoiceMap
from webui.actions.voices import EXAMPLE

FIELD = "blend-point"
SCALE = 42
"""Percent of the square from its middle to a point at 1."""
NAME = 0.3, 0.25
"""About how wide and high the name under a dot is, of the map's 2 by 2."""


@dataclass(frozen=True)
class Marker:
    """Where the mix is: x and y in [-1, 1]; None where nothing is mixed yet."""

    place: tuple[float, float] | None = None


def map_html(locale: str, found: VoiceMap, marker: Marker) -> str:
    """The map; a sentence where there are too few voices for one."""
    if len(found.points) < 2:
        return f'<p class="voice-hint">{html.escape(messages.text(locale, "map_few"))}</p>'
    dots = "".join(
        f'<button type="button" class="voice-dot {_classes(one, found.points)}"'
        f' style="{_position(one.x, one.y)}" data-send="{FIELD}" data-listen'
        f' data-value="{one.x:.4f},{one.y:.4f}"><span>{html.escape(one.name)}</span></button>'
        for one in found.points
    )
    x, y = marker.place or (0.0, 0.0)
    here = html.escape(messages.text(locale, "map_here"))
    label = html.escape(messages.text(locale, "map_label"))
    mark = "" if marker.place else " unset"
    return (
        f'<div class="voice-map" role="group" aria-label="{label}" data-map="{FIELD}"'
        f' data-scale="{SCALE}">{dots}<button type="button" class="voice-here{mark}"'
        f' style="{_position(x, y)}" data-mark aria-label="{here}" title="{here}"></button></div>'
    )


def _classes(one: Point, points: Sequence[Point]) -> str:
    """What kind of voice it is, and whether its name stands over it: where another is below."""
    wide, high = NAME
    below = any(abs(other.x - one.x) < wide and 0 < one.y - other.y < high for other in points)
    return ("example" if one.kind == EXAMPLE else "kept") + (" over" if below else "")


def _position(x: float, y: float) -> str:
    return f"left:{50 + SCALE * x:.2f}%;top:{50 - SCALE * y:.2f}%"


def place_of(value: str) -> tuple[float, float] | None:
    """The place that was chosen, from what the map sent; None if it is none."""
    parts = value.split(",")
    try:
        x, y = (float(part) for part in parts)
    except ValueError:
        return None
    if not (math.isfinite(x) and math.isfinite(y)):
        return None
    return min(max(x, -1.0), 1.0), min(max(y, -1.0), 1.0)
