"""English abbreviations, acronyms, addresses of the net, and letters glued to digits."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent.parent / "data"
_TOP_DOMAINS = (
    "com|org|net|edu|gov|io|ai|app|dev|info|biz|tv|me|co|uk|us|eu|de|fr|it|es|nl|ch|at|cn|jp|kr|"
    "hk|tw|in|au|ca|ru|br|xyz|online|site|tech"
)
_FILES = (
    "txt|pdf|docx?|xlsx?|pptx?|csv|json|xml|html?|py|js|ts|css|md|yaml|yml|zip|gz|exe|png|jpe?g|"
    "gif|svg|mp3|mp4|wav|flac|ogg|onnx|ckpt|pth|log"
)
ADDRESS = re.compile(
    r"(?:https?|ftp)://[^\s<>\"()\u3000-\uffff]+"
    r"|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    rf"|\b(?:www\.)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.(?:{_TOP_DOMAINS})\b(?:[/:][^\s<>\"()]*)?"
    rf"|\b[\w-]+\.(?:{_FILES})\b"
    r"|\blocalhost(?::\d+)?(?:/[^\s<>\"()]*)?"
    r"|\b[A-Za-z]:\\[^\s<>\"|?*]*|(?<![\w/.])[~.]{0,2}(?:/[\w.-]+){2,}/?",
    re.ASCII,
)
_SPOKEN_SIGNS = {
    ".": "dot", "/": "slash", "-": "dash", "_": "underscore", "?": "question mark", "=": "equals",
    "&": "and", "#": "hash", "@": "at", "~": "tilde", ":": "colon", "%": "percent", "+": "plus",
    ",": "comma", ";": "semicolon", "!": "exclamation mark", "*": "star", "$": "dollar",
    "\\": "backslash",
}


@functools.cache
def data() -> dict[str, Any]:
    """Word lists of ``data/en_words.json``."""
    return json.loads((_DATA / "en_words.json").read_text("utf8"))


def addresses(text: str) -> str:
    """URLs, e-mail addresses and file names as they are dictated."""
    return ADDRESS.sub(_address, text)


def _address(match: re.Match[str]) -> str:
    whole = match[0]
    body = whole.rstrip(".,;:!?/'")
    tail = whole[len(body):].strip("/:;'")
    body = re.sub(r"^(?:https?|ftp)://", "", body)
    words: list[str] = []
    for part in re.findall(r"[A-Za-z]+|\d+|[^A-Za-z\d]", body):
        if part in _SPOKEN_SIGNS:
            words.append(_SPOKEN_SIGNS[part])
        elif part.isdigit() and len(part) > 2:
            words.append(" ".join(part))
        elif part.lower() == "www":
            words.append("W W W")
        elif len(part) == 1 and part.isalpha():
            words.append(part.upper())
        else:
            words.append(part)
    return f" {' '.join(words)}{tail} "


@functools.cache
def _abbreviations() -> re.Pattern[str]:
    keys = sorted(data()["abbreviations"], key=len, reverse=True)
    return re.compile(r"(?<![\w.])(" + "|".join(map(re.escape, keys)) + r")(?!\w)")


def abbreviations(text: str) -> str:
    """Titles, streets, dotted initials and Latin abbreviations written out."""
    text = re.sub(
        r"(\b[A-Z][a-z]+\s|\d(?:st|nd|rd|th)\s)(St|Dr|Rd|Ave)\.?"
        r"(?=\s*(?:[,;:!?]|$|\.|\s[a-z]))", _street, text)
    titles = "|".join(data()["titles"])
    text = re.sub(rf"\b({titles})\.(?=\s?[A-Z])", lambda m: data()["titles"][m[1]], text)
    text = re.sub(r"\b(Dr|Mrs|Mr|Ms|Prof)\b\.?(?=\s|$)", lambda m: data()["titles"][m[1]], text)
    for key, word in data()["before_number"].items():
        text = re.sub(rf"(?<!\w){re.escape(key)}\s?(?=\d)", word + " ", text)
    text = re.sub(r"(?<=\d\smin)\.|(?<=\dmin)\.(?=\s[a-z])", "", text)
    text = _abbreviations().sub(_abbreviation, text)
    text = re.sub(r"(?<![\w.])(?![AaPp]\.[Mm]\.)(?:[A-Za-z]\.\s?){2,}(?!\w)", _initials, text)
    return re.sub(r"(?<![A-Z] )\b([A-Z])\.(?=\s[A-Z][a-z])", r"\1", text)


def _street(match: re.Match[str]) -> str:
    full = {"St": "Street", "Dr": "Drive", "Rd": "Road", "Ave": "Avenue"}[match[2]]
    ends = match.string[match.end():].strip() == "" and match[0].endswith(".")
    return match[1] + full + ("." if ends else "")


def _abbreviation(match: re.Match[str]) -> str:
    word = data()["abbreviations"][match[1]]
    return word + _full_stop(match)


_MAY_END = frozenset(
    "etc. a.m. p.m. A.M. P.M. Inc. Ltd. Corp. Co. Jr. Sr. Ph.D. M.D. Ave. Blvd. Rd.".split()
)


def _full_stop(match: re.Match[str]) -> str:
    """The stop of an abbreviation is kept where it ends a sentence too."""
    rest = match.string[match.end():]
    if not match[1].endswith("."):
        return ""
    before = match.string[:match.start()]
    if match[1] in ("Sr.", "Jr.") and not re.search(r"[A-Z][a-z]+,?\s$", before):
        return ""  # Sr. Manager
    next_sentence = match[1] in _MAY_END and re.match(r"\s+[A-Z][a-z]", rest)
    return "." if next_sentence or not rest.strip() else ""


def _initials(match: re.Match[str]) -> str:
    letters = " ".join(c.upper() for c in match[0] if c.isalpha())
    rest = match.string[match.end():]
    stop = "." if not rest.strip() or _OPENS.match(rest) else ""
    return letters + stop + (" " if match[0].endswith(" ") else "")


_OPENS = re.compile(
    r"\s+(?:The|They|It|He|She|We|I|In|But|And|This|That|These|There|You|My|His|Her|Our|Their|What|When|"
    r"Why|How|If|As|At|On|For|So|To)\b(?!\.)"
)
_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)*")


def acronyms(text: str) -> str:
    """Letters of initialisms apart, acronyms that are words and shouted words in lower case."""
    if _shouted(text):
        return _WORD.sub(lambda m: _shout(m[0]), text)
    return _WORD.sub(lambda m: _spoken(m[0]), text)


def _shouted(text: str) -> bool:
    """Whether a whole text is in capitals, so that capitals mean nothing."""
    words = _WORD.findall(text)
    long = [w for w in words if len(w) > 1]
    return len(long) >= 3 and all(w.isupper() for w in long) and (
        sum(w.lower() in _known() for w in long) >= 0.6 * len(long)
    )


def _shout(word: str) -> str:
    listed = word in data()["spelled"] and word not in data()["short_words"]
    return " ".join(word) if listed and len(word) <= 4 and word.lower() not in ("it", "us", "who") \
        else word.lower()


def _known() -> dict[str, str]:
    from voice.text.g2p import en

    return en.dictionary()


def is_compound(word: str) -> bool:
    """Whether the dictionary has a word with a hyphen as one."""
    from voice.text.g2p import en

    return en.is_compound(word)


def _spoken(word: str) -> str:
    stem, apostrophe, ending = word.partition("'")
    if len(stem) < 2 or stem.islower() or stem.istitle() and len(stem) > 2:
        return word
    tail = apostrophe + ending
    if stem.isupper():
        return _capitals(stem) + tail
    if stem[:-1].isupper() and stem.endswith("s") and len(stem) > 2:
        spoken = _capitals(stem[:-1])
        return (spoken + "'s" if " " in spoken else spoken + "s") + tail
    if stem.lower() in _known():
        return word
    return " ".join(_capitals(p) if p.isupper() and len(p) > 1 else p
                    for p in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", stem)) + tail


def _capitals(word: str) -> str:
    lists = data()
    low = word.lower()
    if word in lists["acronym_words"]:
        return low
    if word in lists["spelled"]:
        return " ".join(word)
    if word in lists["short_words"]:
        return low
    vowels = any(c in "AEIOUY" for c in word)
    if len(word) >= 4 and vowels and low in _known():
        return low
    crowded = re.search(r"[^AEIOUY]{4}|^[^AEIOUY]{3}", word)
    return low if len(word) >= 6 and vowels and not crowded else " ".join(word)


def glued(text: str) -> str:
    """Space between letters and digits: GPT-4, COVID-19, MP3, 221B, 3D."""
    text = re.sub(r"(?<=[A-Za-z])-?(?=\d)", " ", text)
    return re.sub(r"(?<=\d)-?(?=[A-Za-z])", " ", text)
