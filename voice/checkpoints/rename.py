"""Foreign parameter names to ours, by maps that are data (``keymaps/*.json``).

A map is ``{their name: our name}``; ``{n}`` (or another letter) in both stands for the same number,
``{*}`` for the same rest of the name. The first rule that fits counts. A value of ``null`` drops
a key on purpose. Whatever is not covered is an error that names it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from voice.errors import ModelFileError

V = TypeVar("V")

FOLDER = Path(__file__).parent / "keymaps"
SHOWN = 6  # names listed in a message
_PLACE = re.compile(r"\{([a-z]|\*)\}")


def keymap(name: str) -> dict[str, str | None]:
    """The map ``keymaps/<name>.json``."""
    return json.loads((FOLDER / f"{name}.json").read_text("utf8"))


def rename(
    weights: Mapping[str, V], rules: Mapping[str, str | None], wanted: Iterable[str], where: str
) -> dict[str, V]:
    """Renames every key of a checkpoint.

    Args:
        weights: values by their names.
        rules: a keymap.
        wanted: our names, all of which must come out (``model.state_dict()``).
        where: the file, for messages.

    Returns:
        The same values by our names, one for each wanted name.

    Raises:
        ModelFileError: a key has no rule or leads to a name nobody wants, or a wanted name is
            missing; the message lists them.
    """
    patterns = [(name_pattern(theirs), ours) for theirs, ours in rules.items()]
    names = set(wanted)
    out: dict[str, V] = {}
    unused = []
    for key, value in weights.items():
        found = _find(key, patterns)
        if found == "":
            continue
        if found is None or found not in names or found in out:
            unused.append(key)
        else:
            out[found] = value
    if unused:
        raise ModelFileError(f"{where}: no place for {_listing(unused)}")
    if missing := sorted(names - set(out)):
        raise ModelFileError(f"{where}: weights missing for {_listing(missing)}")
    return out


def name_pattern(name: str) -> re.Pattern[str]:
    """The names that a name with places stands for; its groups are what the places hold."""
    literal = _PLACE.split(name)
    for i in range(0, len(literal), 2):
        literal[i] = re.escape(literal[i])
    for i in range(1, len(literal), 2):
        place = literal[i]
        literal[i] = "(?P<rest>.*)" if place == "*" else rf"(?P<{place}>\d+)"
    return re.compile("".join(literal))


def _find(key: str, patterns: list[tuple[re.Pattern[str], str | None]]) -> str | None:
    """Our name; "" for a key that is dropped on purpose; None if there is no rule."""
    for pattern, ours in patterns:
        if match := pattern.fullmatch(key):
            held = match.groupdict()
            place = lambda m, held=held: held["rest" if m[1] == "*" else m[1]]  # noqa: E731
            return "" if ours is None else _PLACE.sub(place, ours)
    return None


def _listing(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
