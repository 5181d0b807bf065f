"""English number words (American usage, without hyphens)."""

from __future__ import annotations

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = ["", "thousand", "million", "billion", "trillion", "quadrillion", "quintillion"]
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth",
    "nine": "ninth", "twelve": "twelfth",
}


def cardinal(value: int) -> str:
    """Words of an integer; beyond quintillions digit by digit."""
    if value < 0:
        return "minus " + cardinal(-value)
    if value < 20:
        return _ONES[value]
    if value < 100:
        return _TENS[value // 10] + (" " + _ONES[value % 10] if value % 10 else "")
    if value < 1000:
        rest = value % 100
        return _ONES[value // 100] + " hundred" + (" " + cardinal(rest) if rest else "")
    if value >= 1000 ** len(_SCALES):
        return digits(str(value))
    groups: list[str] = []
    scale = 0
    while value:
        value, part = divmod(value, 1000)
        if part:
            groups.append(f"{cardinal(part)} {_SCALES[scale]}".strip())
        scale += 1
    return " ".join(reversed(groups))


def digits(text: str) -> str:
    """Each digit by itself; other characters are left out."""
    return " ".join(_ONES[int(c)] for c in text if c in "0123456789")


def ordinal(value: int) -> str:
    """Words of an ordinal: twenty first."""
    head, _, last = cardinal(value).rpartition(" ")
    if last in _ORDINALS:
        last = _ORDINALS[last]
    elif last.endswith("y"):
        last = last[:-1] + "ieth"
    else:
        last += "th"
    return f"{head} {last}".strip()


def year(value: int) -> str:
    """A year: nineteen ninety nine, nineteen oh five, two thousand five, twenty twenty four."""
    high, low = divmod(value, 100)
    if not 1000 < value <= 9999 or 2000 <= value < 2010 or (low == 0 and high % 10 == 0):
        return cardinal(value)
    if low == 0:
        return cardinal(high) + " hundred"
    return cardinal(high) + (" oh " if low < 10 else " ") + cardinal(low)


def decimal(text: str) -> str:
    """A number such as ``1,234.50``, ``.5`` or ``007`` (read digit by digit)."""
    whole, dot, part = text.replace(",", "").partition(".")
    if len(whole) > 1 and whole[0] == "0":
        words = digits(whole)
    elif len(whole) > 21:
        words = digits(whole)
    else:
        words = cardinal(int(whole)) if whole else "zero"
    return f"{words} point {digits(part)}" if dot and part else words


def fraction(over: int, under: int) -> str:
    """Words of a fraction: three fourths, one half, five over one hundred one."""
    if under in (0, 1) or under > 100:
        return f"{cardinal(over)} over {cardinal(under)}"
    name = "half" if under == 2 else ordinal(under)
    if over != 1:
        name = "halves" if under == 2 else name + "s"
    return f"{cardinal(over)} {name}"


def decade(value: int) -> str:
    """``1990`` or ``90`` as a decade: nineteen nineties, nineties."""
    words = year(value) if value > 99 else cardinal(value)
    return words[:-1] + "ies" if words.endswith("y") else words + "s"
