"""What people write about a voice: its name, its tags, and the statement of consent."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from voice.errors import ConsentError, OptionError

MAX_NAME = 80
MAX_TAGS, MAX_TAG = 12, 30
MAX_TEXT = 4000
_FORBIDDEN = re.compile(r"[/\\]")
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Cn", "Co", "Zl", "Zp"})
_DIRECTION_MARKS = frozenset("\u200e\u200f\u061c\ufeff") | {
    chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


def check_name(name: str) -> str:
    """A voice's name in its normal form.

    Letters of any script, spaces and signs are fine; what could be taken for a path, or cannot
    be seen, is not.

    Raises:
        OptionError: the name is empty, too long, starts with a dot, or has a slash, a control
            character or a mark that changes the direction of writing.
    """
    name = unicodedata.normalize("NFC", name).strip()
    remedy = f"Use 1 to {MAX_NAME} letters, digits or signs without slashes."
    if not name:
        raise OptionError("The name of the voice is empty", remedy)
    if len(name) > MAX_NAME:
        raise OptionError(f"The name of the voice has {len(name)} characters", remedy)
    hidden = any(
        unicodedata.category(c) in _HIDDEN_CATEGORIES or c in _DIRECTION_MARKS for c in name
    )
    if hidden or _FORBIDDEN.search(name) or name.startswith("."):
        what = "characters that cannot be seen" if hidden else "a slash or starts with a dot"
        raise OptionError(f"The name of the voice {ascii(name)} has {what}", remedy)
    return name


def check_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags in their normal form: without surrounding spaces, each once, none empty.

    Raises:
        OptionError: there are too many, one is too long, or has what a name may not have.
    """
    found = dict.fromkeys(check_name(tag) for tag in tags if tag.strip())
    if len(found) > MAX_TAGS or any(len(tag) > MAX_TAG for tag in found):
        raise OptionError("There are too many tags, or one is too long",
                          f"Up to {MAX_TAGS} of {MAX_TAG} letters each are kept.")
    return tuple(found)


def check_consent(consent: str) -> str:
    """The statement without surrounding spaces.

    Raises:
        ConsentError: it says nothing, or is too long to be kept.
    """
    consent = consent.strip()
    if not any(c.isalpha() for c in consent):
        raise ConsentError(
            "A voice is kept only with a consent statement",
            'State who agreed, such as "I am the speaker" or "Ada agreed on 2 May".',
        )
    if len(consent) > MAX_TEXT:
        raise ConsentError(f"The consent statement is longer than {MAX_TEXT} characters")
    return consent
