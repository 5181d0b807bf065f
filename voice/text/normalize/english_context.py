"""English numbers whose reading hangs on the words beside them.

Rooms, flights, routes and houses are read in pairs (one oh one, three seventy), codes digit by
digit, addresses of machines with dots, money and hours with the range they are in.
"""

from __future__ import annotations

import re

from voice.text.normalize.english_numbers import cardinal, decimal, digits

_IN_PAIRS = (
    "[Rr]oom|[Ff]light|[Ss]uite|[Aa]partment|[Hh]ighway|[Rr]oute|[Ii]nterstate|[Bb]us|[Ee]rror|"
    "[Cc]hannel|[Pp]ort|Boeing|Airbus|RTX|GTX|RX"
)
_ROADS = "Street|Avenue|Road|Boulevard|Drive|Lane|Way|Court|Place|Highway|Parkway|Square"
_CODES = (
    r"[Zz]ip(?: [Cc]ode)?|ZIP(?: [Cc]ode)?|[Pp]in(?: [Cc]ode)?|PIN(?: [Cc]ode)?|[Pp]ostcode|"
    r"(?:[Pp]ostal |[Aa]rea |[Dd]ial(?:l)?ing |[Aa]ccess )?[Cc]ode|[Pp]asscode|[Pp]assword|"
    r"[Ee]xtension|[Aa]ccount number|[Ss]erial number|[Tt]racking number|[Oo]rder number"
)
_PARTS = "World War|Part|Chapter|Section|Volume|Act|Scene|Phase|Book|Appendix|Class|Type|Stage"
_ROMAN = {"I": "one", "V": "five", "X": "ten"}


def in_pairs(number: str) -> str:
    """``370`` three seventy, ``101`` one oh one, ``1204`` twelve oh four, ``1600`` sixteen hundred.

    Args:
        number: three or four digits.
    """
    high, low = divmod(int(number), 100)
    if low == 0:
        return cardinal(int(number)) if high % 10 == 0 else f"{cardinal(high)} hundred"
    return cardinal(high) + (" oh " if low < 10 else " ") + cardinal(low)


def machine_addresses(text: str) -> str:
    """``192.168.0.1:80`` digit by digit."""
    def read(match: re.Match[str]) -> str:
        port = f" colon {digits(match[2])}" if match[2] else ""
        mask = f" slash {cardinal(int(match[3]))}" if match[3] else ""
        return " dot ".join(digits(part) for part in match[1].split(".")) + port + mask

    byte = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
    return re.sub(rf"(?<![\w.])({byte}(?:\.{byte}){{3}})(?::(\d{{1,5}}))?(?:/(\d\d?))?(?![\w.]*\d)",
                  read, text)


def hours(text: str) -> str:
    """Ranges and lengths of time brought into the form that times and units have."""
    half = r"(?:\s?[AaPp]\.?[Mm]\b\.?)?"
    clock = r"(?:1[0-2]|[1-9])(?::[0-5]\d)?"
    text = re.sub(r"\b(\d{1,2})\.([0-5]\d)(?=\s?[AaPp]\.?[Mm]\b)", r"\1:\2", text)
    text = re.sub(rf"\b(\d{{1,2}}:[0-5]\d{half})\s?[-–]\s?(?=\d{{1,2}}(?::[0-5]\d)?\b)",
                  r"\1 to ", text)
    text = re.sub(rf"(?<![\w:.-])({clock})\s?[-–]\s?(?={clock}\s?[AaPp]\.?[Mm]\b)", r"\1 to ", text)
    text = re.sub(r"\b(\d+)\s?h(?:rs?|ours?)?\s?(\d+)\s?m(?:ins?)?(?![\w²³])", r"\1h \2min", text)
    return re.sub(r"\b(\d+)\s?m(?:in)?\s?(\d+)\s?s(?:ecs?)?(?![\w²³])", r"\1min \2sec", text)


def codes(text: str) -> str:
    """Numbers that name something: rooms, flights, houses, codes, screens, parts of a book."""
    text = re.sub(rf"\b({_CODES})((?:,? (?:is|number|no\.))?:?\s#?)(\d{{3,}})(?![\d,.]*\d)",
                  lambda m: m[1] + m[2] + digits(m[3]), text)
    text = re.sub(rf"\b({_IN_PAIRS})(\s[A-Z]?)([1-9]\d{{2,3}})(?![\d,.]*\d)",
                  lambda m: f"{m[1]}{m[2].rstrip()} {in_pairs(m[3])} ", text)
    text = re.sub(
        rf"(?<![\d.,])([1-9]\d{{2,3}})(?=[A-Z]?\s(?:[A-Z]\.?\s|[A-Z][a-z]+\s){{1,3}}(?:{_ROADS})\b)",
        lambda m: in_pairs(m[1]), text)
    text = re.sub(r"\b([A-Z]{2})\s(\d{5})(?:-(\d{4}))?(?![\d,.-]*\d)",
                  lambda m: f"{m[1]} {digits(m[2])}" + (f", {digits(m[3])}" if m[3] else ""), text)
    text = re.sub(r"\b([1-9]\d{2,3})([pi])\b", lambda m: f"{in_pairs(m[1])} {m[2]}", text)
    return re.sub(rf"\b({_PARTS}) ([IVX])\b(?!['’])", lambda m: f"{m[1]} {_ROMAN[m[2]]}", text)


def inches(text: str) -> str:
    """``12"`` where the mark closes no quotation."""
    return re.sub(
        r"(?<![\w'])(\d+(?:\.\d+)?)\"(?![\w\"])",
        lambda m: m[0] if text[:m.start()].count('"') % 2 else f"{m[1]} inch", text)


def continental(text: str) -> str:
    """``€1.234,56`` with the marks of English."""
    text = re.sub(r"(€\s?)(\d{1,3}(?:\.\d{3})+)(?:,(\d\d))?(?!\d)",
                  lambda m: m[1] + m[2].replace(".", "") + (f".{m[3]}" if m[3] else ""), text)
    return re.sub(r"(€\s?\d+),(\d\d)(?!\d)", r"\1.\2", text)


def scaled(number: str, scale: str) -> str:
    """A number with ``thousand`` and the like behind."""
    return f"{decimal(number)} {scale}".strip()
