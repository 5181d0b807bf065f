"""English text as it is spoken: words, apostrophes and the marks ``! ? , .`` remain.

Order matters: addresses, abbreviations, dates and times, money, telephone numbers, units, then
plain numbers, signs, acronyms.
"""

from __future__ import annotations

import re
import unicodedata

from voice.text.normalize import english_context as context
from voice.text.normalize import english_words as words
from voice.text.normalize.english_numbers import (
    cardinal,
    decade,
    decimal,
    digits,
    fraction,
    ordinal,
    year,
)

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_MONTH = (
    r"(January|February|March|April|May|June|July|August|September|October|November|December|"
    r"Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\b\.?"
)
_SCALE = {"k": "thousand", "K": "thousand", "m": "million", "M": "million", "mn": "million",
          "b": "billion", "B": "billion", "bn": "billion", "tn": "trillion", "T": "trillion"}


def normalize(text: str) -> str:
    """Text as it is spoken.

    Args:
        text: cleaned text; placeholder characters (private use area) stay where they are.
    """
    text = letters(text)
    text = re.sub(r"</?[A-Za-z][^<>]*>", " ", text)
    text = context.machine_addresses(text)
    text = words.addresses(text)
    text = words.abbreviations(text)
    text = _dates(text)
    text = _times(context.hours(text))
    text = _money(context.continental(text))
    text = _telephones(text)
    text = _units(context.codes(text))
    text = _numbers(text)
    text = _signs(text)
    text = words.acronyms(text)
    return tidy(text)


def letters(text: str) -> str:
    """Accents removed, Greek letters named, ligatures taken apart."""
    lists = words.data()
    text = re.sub(r"(?<=[\w.])\s*μm\b", " micrometers", text)
    out: list[str] = []
    for ch in "".join(map(_apart, text)):
        low = ch.lower()
        if unicodedata.combining(ch):
            continue
        if low in lists["greek"]:
            out.append(f" {lists['greek'][low]} ")
        elif low in lists["letters"]:
            plain = lists["letters"][low]
            out.append(plain if ch == low else plain.capitalize())
        else:
            out.append(ch)
    return "".join(out)


def _apart(ch: str) -> str:
    """A letter and its accents; signs such as ≠ stay whole."""
    return unicodedata.normalize("NFD", ch) if ch.isalpha() else ch


def _month(name: str) -> str:
    return next(m for m in words.data()["months"] if m.startswith(name.rstrip(".")[:3]))


def _dates(text: str) -> str:
    months = words.data()["months"]
    text = _weekdays(text)
    text = re.sub(r"\b([Oo]n|[Ss]ince|[Uu]ntil|[Dd]ue|[Dd]ated) (1[0-2]|0?[1-9])/"
                  r"(3[01]|[12]\d|0?[1-9])(?![\d/])",
                  lambda m: f"{m[1]} {months[int(m[2]) - 1]} {ordinal(int(m[3]))}", text)

    def numeric(y: str, m: str, d: str, whole: str) -> str:
        if not (1 <= int(m) <= 12 and 1 <= int(d) <= 31):
            return whole
        return f"{months[int(m) - 1]} {ordinal(int(d))}, {year(int(y))}"

    text = re.sub(r"\b(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?=T?\d\d:\d\d|\b)(?:T(?=\d))?",
                  lambda m: numeric(m[1], m[3], m[4], m[0]) + " ", text)
    text = re.sub(r"\b(\d{1,2})([/-])(\d{1,2})\2(\d{4})\b",
                  lambda m: numeric(m[4], m[1], m[3], "") or numeric(m[4], m[3], m[1], m[0]), text)
    text = re.sub(r"(?<![\w.])(\d{1,2})\.(\d{1,2})\.([12]\d{3})\b(?!\.\d)",
                  lambda m: numeric(m[3], m[2], m[1], m[0]), text)
    text = re.sub(r"(?<![\w/])(\d{1,2})/(\d{1,2})/(\d{2})(?![\w/])",
                  lambda m: numeric(_century(m[3]), m[1], m[2], "")
                  or numeric(_century(m[3]), m[2], m[1], m[0]), text)
    text = re.sub(rf"\b{_MONTH}\s(\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s(\d{{4}}))?(?![\d:/])\b",
                  lambda m: f"{_month(m[1])} {ordinal(int(m[2]))}"
                  + (f", {year(int(m[3]))}" if m[3] else ""), text)
    text = re.sub(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\s(?:of\s)?{_MONTH}(?:,?\s(\d{{4}}))?(?!\d)",
                  lambda m: f"the {ordinal(int(m[1]))} of {_month(m[2])}"
                  + (f", {year(int(m[3]))}" if m[3] else ""), text)
    text = text.replace("the the ", "the ").replace("The the ", "The ")
    text = re.sub(r"\b(\d{4})'?s\b", lambda m: decade(int(m[1])), text)
    return re.sub(r"'?\b([2-9]0)'?s\b", lambda m: decade(int(m[1])), text)


def _century(year_of: str) -> str:
    """``20`` as 2020, ``69`` as 1969."""
    return ("20" if int(year_of) < 50 else "19") + year_of


_WEEKDAYS = {"Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday",
             "Thu": "Thursday", "Thur": "Thursday", "Thurs": "Thursday", "Fri": "Friday",
             "Sat": "Saturday", "Sun": "Sunday"}


def _weekdays(text: str) -> str:
    """Short names of days before a date, and in ranges."""
    names = "|".join(sorted(_WEEKDAYS, key=len, reverse=True))
    text = re.sub(rf"\b({names})\b\.?\s?[-–]\s?({names})\b\.?",
                  lambda m: f"{_WEEKDAYS[m[1]]} to {_WEEKDAYS[m[2]]}", text)
    return re.sub(rf"\b({names})\b\.?(?=,?\s(?:\d|{_MONTH}))", lambda m: _WEEKDAYS[m[1]], text)


def _times(text: str) -> str:
    half = r"(?:\s?([AaPp])\.?[Mm]\b\.?)"
    text = re.sub(rf"\b([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?(?:{half})?(?!\d)", _time, text)
    text = re.sub(rf"\b(1[0-2]|[1-9]){half}(?!\w)",
                  lambda m: f"{cardinal(int(m[1]))} {m[2].upper()} M" + _stop(m), text)
    text = re.sub(r"\b([ap])\.m\.", lambda m: f"{m[1].upper()} M" + _stop(m), text)
    text = re.sub(r"(?<=[AP] M)\s?[-–]\s?", " to ", text)
    return re.sub(r"\b(\d{1,3}):(\d{1,3})\b(?!:)", r"\1 to \2", text)


def _stop(match: re.Match[str]) -> str:
    """``p.m.`` may end a sentence."""
    rest = match.string[match.end():]
    return "." if match[0].endswith(".") and re.match(r"\s*$|\s+[A-Z][a-z]", rest) else ""


def _time(match: re.Match[str]) -> str:
    hour, minute = int(match[1]), int(match[2])
    if hour in (0, 24) and not minute and not match[3] and not match[4]:
        return "midnight"
    out = cardinal(hour)
    if minute:
        out += (" oh " if minute < 10 else " ") + cardinal(minute)
    elif not match[4]:
        out += " o'clock" if hour <= 12 else " hundred hours"
    if match[3]:
        out += f" and {cardinal(int(match[3]))} seconds"
    return out + (f" {match[4].upper()} M" if match[4] else "") + _stop(match)


def _money(text: str) -> str:
    table = words.data()["currencies"]
    symbols = "|".join(re.escape(s) for s in sorted(table, key=len, reverse=True) if s != "¢")
    scale = r"(?:\s?(k|K|m|M|mn|b|B|bn|tn|T|thousand|million|billion|trillion)\b)?"
    text = re.sub(rf"(?<![A-Za-z-])({symbols})\s?({_NUMBER}){scale}\s?[-–]\s?\1?"
                  rf"({_NUMBER}){scale}(?!\d|[-–]\d)", _money_range, text)
    text = re.sub(rf"\b([Aa]n? )({symbols})\s?(\d+(?:,\d{{3}})*(?:\.\d)?){scale}"
                  rf"(?=[\s-](?!(?:{_NO_NOUN})\b)[a-z])",
                  lambda m: m[1] + _amount(m[2], m[3], m[4] or "", False, measure=True), text)
    text = re.sub(rf"(?<![A-Za-z])(-)?({symbols})\s?({_NUMBER}){scale}",
                  lambda m: _amount(m[2], m[3], m[4] or "", bool(m[1])), text)
    codes = "|".join(re.escape(s) for s in table if s.isalpha() or s in "$€£¥¢")
    text = re.sub(rf"(?<![\w.])({_NUMBER}){scale}\s?[-–]\s?"
                  rf"(?=(?:{_NUMBER}){scale}\s?(?:{codes})(?!\w))",
                  lambda m: f"{m[1]} {m[2] or ''} to ", text)
    return re.sub(rf"(?<![\w.])({_NUMBER}){scale}\s?({codes})(?![A-Za-z])",
                  lambda m: _amount(m[3], m[1], m[2] or "", False), text)


_NO_NOUN = "and|or|to|for|in|on|at|a|is|was|per|from|with|more|less|each|if|when|of|but|by|as"


def _money_range(match: re.Match[str]) -> str:
    """``$20-$30``: twenty to thirty dollars."""
    currency, low, scale, high, last = match.groups(default="")
    if any("." in n and len(n.partition(".")[2]) == 2 for n in (low, high)):
        first = _amount(currency, low, scale, False)
    else:
        first = context.scaled(low, _SCALE.get(scale, scale))
    return f"{first} to {_amount(currency, high, last, False)}"


def _amount(
    currency: str, number: str, scale: str, negative: bool, measure: bool = False
) -> str:
    """An amount in words; as a measure of what follows (a five dollar bill) in the singular."""
    one, many, small, smalls = words.data()["currencies"][currency]
    many = one if measure else many
    number = number.replace(",", "")
    sign = "minus " if negative else ""
    if scale:
        return f"{sign}{decimal(number)} {_SCALE.get(scale, scale)} {many}"
    whole, _, part = number.partition(".")
    if not small or (part and len(part) != 2):
        return f"{sign}{decimal(number)} {one if number == '1' else many}"
    big, little = int(whole or 0), int(part or 0)
    names = []
    if big or not little:
        names.append(f"{cardinal(big)} {one if big == 1 else many}")
    if little:
        names.append(f"{cardinal(little)} {small if little == 1 else smalls}")
    return sign + " and ".join(names)


_TELEPHONE = re.compile(
    r"(?<![\w.,/-])(?:\+\d{1,3}[\s.-]?)?(?:\(\d{2,4}\)[\s.-]?|\d{1,4}[.-])"
    r"(?:\d{2,4}[\s.-])*\d{4}(?![\w/-])|(?<![\w.])\+\d[\d\s-]{7,}\d"
    r"|(?<![\w.,-])\d{3}\s\d{3}\s\d{4}(?![\w.,-]*\d)|(?<![\w.,-])0\d{8,}(?!\w)|(?<![\w.])0\d{2,4}\s\d{3,4}\s\d{3,4}(?!\w)"
    r"|(?<![\w.])0\d{4}\s\d{6}(?!\w)|(?<![\w.])\d{4}(?:[ -]\d{4}){3}(?![\w.,-]*\d)"
)


def _telephones(text: str) -> str:
    def read(match: re.Match[str]) -> str:
        groups = re.findall(r"\d+", match[0])
        count = sum(map(len, groups))
        if count < 7 or count > 16 or (len(groups) == 2 and len(groups[0]) == 4):
            return match[0]
        plus = "plus " if match[0].startswith("+") else ""
        return plus + ", ".join(digits(g) for g in groups)

    text = re.sub(r"\b1-([89])00-(?=[A-Z]{3})", lambda m: f"1 {m[1]}00 ", text)
    text = re.sub(r"(?<=\d{3}[ .-]\d{4})\s?x\s?(?=\d{2,5}\b)", " extension ", text)
    return _CHAIN.sub(_chained, _TELEPHONE.sub(read, text))


_CHAIN = re.compile(r"(?<![\w.,/-])\d+(?:-\d+){2,}(?![\w/-]|[.,]\d)")


def _chained(match: re.Match[str]) -> str:
    """``978-3-16``, ``4-4-2``: neither a range nor a difference."""
    groups = match[0].split("-")
    long = any(len(g) > 2 for g in groups)
    return ", ".join(map(digits, groups)) if long else " ".join(map(decimal, groups))


_DOTTED = "min|mins|sec|secs|hrs?|lbs?|oz|ft|yd|mi|cm|mm|km|kg"


def _units(text: str) -> str:
    table = words.data()["units"]
    names = "|".join(re.escape(u) for u in sorted(table, key=len, reverse=True))
    text = re.sub(r"(?<!\w)(\d+)'\s?(\d+)\"", lambda m: f"{m[1]} feet {m[2]} inches", text)
    text = context.inches(text)
    text = re.sub(r"(\d\s?(?:ft|feet|foot)\.?\s?\d+)\s?in\b\.?"
                  r"|(?<![\w.])(\d+)(?:in\b|\sin\.(?=\s[a-z]))",
                  lambda m: f"{m[1] or m[2]} inches", text)
    text = re.sub(r"(?<=\d)\s?°\s(?=[CF]\b)", "°", text)
    text = re.sub(r"\bdegrees ([CF])\b(?!')",
                  lambda m: "degrees " + {"C": "Celsius", "F": "Fahrenheit"}[m[1]], text)
    text = re.sub(rf"(\d\s?(?:{_DOTTED}))\.(?=\s[a-z])", r"\1", text)
    text = re.sub(rf"({_NUMBER})\s?[-–~]\s?({_NUMBER})(\s?(?:{names})(?![A-Za-z²³]))",
                  r"\1 to \2\3", text)

    def read(match: re.Match[str]) -> str:
        one, many = table[match[3]]
        per = f" per {table[match[4]][0]}" if match[4] and match[4] in table else ""
        sign = "minus " if match[1] else ""
        return f"{sign}{decimal(match[2])} {one if match[2] == '1' else many}{per} "

    return re.sub(
        rf"(?:(?<![\w)\]])(-))?(?<![\w.])({_NUMBER})[\s-]?({names})(?:/([a-z]+))?(?![A-Za-z\d²³])",
        read, text)


def _numbers(text: str) -> str:
    text = re.sub(r"\b24/7\b", "twenty four seven", text)
    text = re.sub(r"\b9/11\b", "nine eleven", text)
    text = re.sub(r"\b50/50\b", "fifty fifty", text)
    text = re.sub(r"\b[vV](?=\d+\.\d)", "version ", text)
    text = re.sub(r"(?<![\d/.])(\d{1,3})\s(\d{1,3})/(\d{1,3})(?![\d/])",
                  lambda m: f"{cardinal(int(m[1]))} and {fraction(int(m[2]), int(m[3]))}", text)
    text = re.sub(r"(?<![\w/.,])(\d{1,3})/\1(?![\w/])", r"\1 out of \1", text)
    text = re.sub(r"(?<![\w/.,])(\d{1,4})/(\d{1,4})(?![\w/])",
                  lambda m: fraction(int(m[1]), int(m[2])), text)
    text = re.sub(r"(?<![\d.])(\d+(?:\.\d+){2,})(?![\w.]*\d)", _version, text)
    text = re.sub(r"\b(\d[\d,]*)(?:st|nd|rd|th)\b",
                  lambda m: ordinal(int(m[1].replace(",", ""))) if len(m[1]) < 20 else m[1], text)
    text = re.sub(r"#(?=\d)", "number ", text)
    text = re.sub(r"(?<![\w.,])(\d+(?:\.\d+)?)[eE]([+-]?\d+)\b", r"\1 times 10^\2", text)
    text = re.sub(r"(?<![\w.,])(\d\d?(?: \d{3}){2,}|\d{3}(?: \d{3})* 000)(?![\d,.]*\d)",
                  lambda m: m[0].replace(" ", ""), text)
    text = re.sub(r"(?<=\d[kKmM])\s?[-–]\s?(?=\d)", " to ", text)
    text = re.sub(r"'0(?=[1-9]\b)", "oh ", text)
    text = re.sub(r"\b([Cc]all|[Dd]ial|[Pp]hone|[Tt]ext) (\d11|999|112)\b",
                  lambda m: f"{m[1]} {digits(m[2])}", text)
    text = re.sub(r"\b([Ii]n|[Yy]ear|[Ss]ince|[Uu]ntil|[Bb]efore|[Aa]fter) (10\d\d)\b(?![,.]\d)",
                  lambda m: f"{m[1]} {year(int(m[2]))}", text)
    text = re.sub(r"(?<![\w-])(\d{4})\s?[-–]\s?(\d{2})(?![\d-])",
                  lambda m: f"{m[1]} to {m[2]}", text)
    text = re.sub(r"(?<=\d)\s?[–~]\s?(?=\d)|(?<=\d)-(?=\d)", " to ", text)
    text = re.sub(r"(?<=\d)\s(?:[*×x])\s(?=\d)|(?<=\d)[*×](?=\d)", " times ", text)
    text = re.sub(r"(?<=\d)x(?=\d)", " by ", text)
    text = re.sub(r"(?<=\d)x\b", " times", text)
    text = re.sub(r"(?<=\d)\s-\s(?=\d)", " minus ", text)
    text = re.sub(r"(?<=[\w)])\s*<\s*(?=[-\d])", " is less than ", text)
    text = re.sub(r"(?<=[\w)])\s*>\s*(?=[-\d])", " is greater than ", text)
    text = re.sub(r"(?<=\d)\s/\s(?=\d)", " divided by ", text)
    text = re.sub(r"(?:^|(?<=[\s(=,:^]))-(?=\.?\d)", "minus ", text)
    text = re.sub(r"(?:^|(?<=[.!?\n]\s))(\d{1,2})[.)](?=\s[A-Z])", r"\1,", text)
    text = words.glued(text)
    text = _regnal(text)
    text = re.sub(r"(?<![\d,.])(1[1-9]\d\d|20\d\d)(?![\d]|,\d{3}|\.\d)",
                  lambda m: f" {year(int(m[1]))} ", text)
    return re.sub(_NUMBER, lambda m: f" {decimal(m[0])} ", text)


def _version(match: re.Match[str]) -> str:
    return " point ".join(decimal(p) for p in match[1].split("."))


_ROMAN = {"II": 2, "III": 3, "IV": 4, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "XI": 11, "XII": 12,
          "XIII": 13, "XIV": 14, "XV": 15, "XVI": 16, "XVII": 17, "XVIII": 18, "XIX": 19, "XX": 20,
          "XXI": 21}
_KINGS = frozenset(
    "Henry Louis Charles George Edward James William Richard Elizabeth Catherine Napoleon Pius "
    "John Paul Benedict Gregory Philip Frederick Alexander Nicholas Peter Francis Leo".split()
)


def _regnal(text: str) -> str:
    def read(match: re.Match[str]) -> str:
        value = _ROMAN[match[2]]
        if match[1] in _KINGS:
            return f"{match[1]} the {ordinal(value)}"
        return f"{match[1]} {cardinal(value)}"

    return re.sub(rf"\b([A-Z][a-z]+)\s({'|'.join(sorted(_ROMAN, key=len, reverse=True))})\b",
                  read, text)


def _signs(text: str) -> str:
    text = re.sub(r"#(?=[A-Za-z])", " hashtag ", text)
    text = re.sub(r"\b([A-Z]{1,2})&([A-Z])\b", lambda m: " ".join(m[1]) + " and " + m[2], text)
    text = re.sub(r"\s'n'\s", " and ", text)
    text = re.sub(r"\b([CF])#", r"\1 sharp", text)
    text = re.sub(r"(?<=[A-Za-z])\s?/\s?(?=[A-Za-z])", " ", text)
    text = text.replace("&amp;", "&").replace("&", " and ")
    for sign, word in words.data()["signs"].items():
        text = text.replace(sign, f" {word} ")
    return text


def _compound(match: re.Match[str]) -> str:
    """A word with hyphens as it is if the dictionary has it so, else its parts."""
    return match[0] if words.is_compound(match[0]) else match[0].replace("-", " ")


def tidy(text: str) -> str:
    """Marks unified, runs of them collapsed to the first, everything else removed."""
    text = re.sub(r"[。．｡]", ".", text.replace("，", ",").replace("、", ","))
    text = re.sub(r"\s+[-–—]+\s+|—+|--+", ", ", text)
    text = re.sub(r"\s*\(\s*|\s*\)\s*(?=\w)", ", ", text)
    text = re.sub(r"[;:；：]", ",", text)
    text = re.sub(r"…|\.{2,}", ".", text)
    text = re.sub(r"([!?,.])?\s*\n\s*", lambda m: (m[1] or ".") + " ", text)
    text = re.sub(r"[A-Za-z]+(?:-[A-Za-z]+)+", _compound, text)
    text = re.sub(r"[^A-Za-z'!?,.\ue000-\uf8ff \-]|(?<![A-Za-z])-|-(?![A-Za-z])", " ", text)
    text = re.sub(r"(?<![A-Za-z])'(?!(?:em|til|cause|tis|twas)\b)|'(?![A-Za-z])(?<!s')", " ", text)
    text = re.sub(r"\s*([!?,.])[\s!?,.]*", r"\1 ", text)
    return re.sub(r"\s+", " ", text).strip().removeprefix(", ")
