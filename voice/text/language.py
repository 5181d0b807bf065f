"""Which language each run of a text is in, by script.

Latin and Greek letters are English; kana is Japanese; Han characters are Japanese where kana
stands in the same text, unless their sentence has some that only Chinese uses, or where Japanese
was asked for, else Chinese (Cantonese where that was asked for, or where the text is written in
it and the model speaks it); Hangul is Korean. Digits
and marks go with their neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from voice.errors import OptionError
from voice.text.normalize import units
from voice.text.normalize.english_words import ADDRESS
from voice.values import TextSpan

LANGUAGES = ("en", "zh", "ja", "ko", "yue")
NAMES = {"en": "English", "zh": "Chinese", "ja": "Japanese", "ko": "Korean", "yue": "Cantonese"}
_CHINESE = frozenset("你您她吗呢吧啊很谁哪么们这说")
_RATHER_CHINESE = frozenset("我是")
_CANTONESE = frozenset("嘅咗哋喺嚟冇佢啲嗰嘢唔咩乜攞㗎嘥哂噉咁啱佬瞓嬲嗌揾搵睇")
_SENTENCE = re.compile(r"[^。！？!?\n]*[。！？!?\n]+|[^。！？!?\n]+")
_UNIT_AFTER = {
    language: re.compile(rf"\s?(?:{'|'.join(map(re.escape, names))})(?![A-Za-z])")
    for language, names in units.NAMES.items()
}
_ORDINAL_AFTER = re.compile(r"(?:st|nd|rd|th)(?![A-Za-z])")
_NAMED_BY_NUMBER = re.compile(r"(?<![\w./@:+-])[A-Za-z]+-?(\d+(?:\.\d+)?)(?![\w./@-])", re.ASCII)
_JAPANESE_LETTERS = re.compile(
    "(?<![A-Za-z@._/-])(?<![A-Za-z][ -])[A-Z]{1,3}(?=[\u30a1-\u30fa\u30fc])"
    "|(?<=[0-9])[A-Z]{1,3}(?![A-Za-z@._/-]|[ -][A-Za-z])")
"""T in Tシャツ and K in 4K, which have Japanese names; AI alone is upstream's English."""
_NUMBER = re.compile(r"(?:US|HK)?[$€£¥₩#+\-]?\d[\d.,:/\-~–〜～+×÷=*%‰]*")


@dataclass(frozen=True)
class _Scripts:
    han: re.Pattern[str] = re.compile(
        "[\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
    )
    kana: re.Pattern[str] = re.compile("[\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff]")
    latin: re.Pattern[str] = re.compile(
        "[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff\u0391-\u03a9\u03b1-\u03c9]"
    )
    hangul: re.Pattern[str] = re.compile("[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]")


SCRIPTS = _Scripts()


def check(language: str, languages: Iterable[str]) -> None:
    """Refuses an unknown language code.

    Raises:
        OptionError: ``language`` is neither ``auto`` nor one of ``languages``.
    """
    allowed = ["auto", *languages]
    if language in allowed:
        return
    spoken = ", ".join(f"{code} ({NAMES[code]})" for code in allowed[1:])
    if language in NAMES:
        raise OptionError(
            f"language {language!r}: this model does not speak {NAMES[language]}",
            f"It speaks {spoken}.",
        )
    raise OptionError(f"language {language!r} does not exist", f"Use auto, or {spoken}.")


def script(ch: str, han: str = "zh") -> str:
    """The language of a character by its script; empty for digits, marks and everything else."""
    if SCRIPTS.latin.match(ch):
        return "en"
    if SCRIPTS.han.match(ch):
        return han
    if SCRIPTS.kana.match(ch):
        return "ja"
    return "ko" if SCRIPTS.hangul.match(ch) else ""


def looks_chinese(text: str) -> bool:
    """Whether Han characters are of a kind that Japanese does not use (or seldom without kana)."""
    more = _RATHER_CHINESE if not SCRIPTS.kana.search(text) else frozenset[str]()
    return any(
        ch in _CHINESE or ch in more or not _in_japanese_use(ch) for ch in SCRIPTS.han.findall(text)
    )


def is_chinese(text: str) -> bool:
    """Whether a text has Han characters and neither kana nor Hangul."""
    return bool(SCRIPTS.han.search(text)) and not (
        SCRIPTS.kana.search(text) or SCRIPTS.hangul.search(text))


def looks_cantonese(text: str) -> bool:
    """Whether a text has characters that only written Cantonese uses."""
    return not _CANTONESE.isdisjoint(text)


def _in_japanese_use(ch: str) -> bool:
    try:
        ch.encode("shift_jis")
    except UnicodeEncodeError:
        return False
    return True


def settle(text: str, language: str = "auto") -> str:
    """The language for the pieces of a long text, decided on the whole.

    A piece of a Japanese text may be without kana; read alone it would be taken for Chinese.

    Returns:
        ``ja`` where ``auto`` was asked for and all of the text is Japanese (or Japanese and
        English), else ``language``.
    """
    if language != "auto" or not SCRIPTS.kana.search(text):
        return language
    return language if any(s.language == "zh" for s in spans(text)) else "ja"


def spans(
    text: str, language: str = "auto", placeholders: Mapping[str, str] | None = None,
    languages: Collection[str] = ("en", "zh", "ja"),
) -> list[TextSpan]:
    """Runs of one language; their texts joined are ``text``.

    Args:
        text: cleaned text.
        language: ``auto``, or the language asked for: it decides what Han characters and bare
            numbers are, words in other scripts keep their own language.
        placeholders: language of placeholder characters.
        languages: what may be found; Cantonese is told from Mandarin only where it is among them.
    """
    if language == "auto" and "yue" in languages:
        either = "yue" if "zh" not in languages or looks_cantonese(text) else "zh"
    else:
        either = language if language in ("zh", "ja", "yue") else "zh"
    base = language if language != "auto" else _base(text)
    out: list[TextSpan] = []
    given = dict(placeholders or {})
    addresses = [m.span() for m in ADDRESS.finditer(text)]
    for start, end in _sentences(text, addresses):
        inside = [(a - start, b - start) for a, b in addresses if start <= a < end]
        labels = _labels(text[start:end], (language, either, base), given, inside)
        for ch, label in zip(text[start:end], labels, strict=True):
            if out and out[-1].language == label:
                out[-1] = TextSpan(out[-1].text + ch, label)
            else:
                out.append(TextSpan(ch, label))
    return out


def _sentences(text: str, addresses: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence; marks inside an address end none."""
    hidden = list(text)
    for first, last in addresses:
        hidden[first:last] = "x" * (last - first)
    for match in _SENTENCE.finditer("".join(hidden)):
        yield match.span()


def _base(text: str) -> str:
    """The language of sentences that have no script of their own (digits alone)."""
    if SCRIPTS.kana.search(text):
        return "ja"
    if SCRIPTS.hangul.search(text):
        return "ko"
    return "zh" if SCRIPTS.han.search(text) else "en"


def _labels(
    sentence: str, asked: tuple[str, str, str], placeholders: Mapping[str, str],
    addresses: Sequence[tuple[int, int]],
) -> list[str]:
    """The language of each character of a sentence.

    Args:
        sentence: part of the text.
        asked: the language asked for, that of Han characters, that of texts without letters.
        placeholders: see :func:`spans`.
        addresses: where URLs and the like stand: all of each is English.
    """
    language, han, base = asked
    japanese = base == "ja" or bool(SCRIPTS.kana.search(sentence))
    if language not in ("zh", "ja", "yue") and japanese and not looks_chinese(sentence):
        han = "ja"
    labels = [placeholders.get(ch) or script(ch, han) for ch in sentence]
    present = {x for x in labels if x}
    others = sorted(present - {"en"})
    main = base
    if present and language not in present:
        main = others[0] if others else ("en" if language == "auto" else language)
        main = "en" if not others and language == "auto" else main
    if main == "ja":
        for match in _JAPANESE_LETTERS.finditer(sentence):
            labels[match.start():match.end()] = ["ja"] * len(match[0])
    if main != "en":
        _numbers(sentence, labels, main, addresses)
    for first, last in addresses:
        labels[first:last] = ["en"] * (last - first)
    last = next((x for x in labels if x), main)
    for i, label in enumerate(labels):
        last = label or last
        labels[i] = last
    return labels


def _numbers(
    sentence: str, labels: list[str], main: str, addresses: Sequence[tuple[int, int]]
) -> None:
    """Numbers (and their units) are read in the main language, unless glued to Latin letters.

    Chinese reads them in Chinese there too, where they are a name's: MP3, iPhone15, G1234.
    """
    if main in ("zh", "yue"):
        for named in _NAMED_BY_NUMBER.finditer(sentence):
            labels[named.start(1):named.end(1)] = [main] * len(named[1])
    for match in _NUMBER.finditer(sentence):
        start, end = match.span()
        glued = labels[start - 1] == "en" if start else False
        if any(first <= start < last for first, last in addresses):
            continue
        if glued or start > 1 and sentence[start - 1] in "-.@/_" and labels[start - 2] == "en":
            continue
        unit = _UNIT_AFTER[main].match(sentence, end)
        if unit:
            end = unit.end()
        elif _ORDINAL_AFTER.match(sentence, end):
            continue
        labels[start:end] = [main] * (end - start)
