"""Pronunciations given inside the text: ``{重:chong2}``, ``{GIF:JH IH1 F}``, ``{今日:きょう}``,
``{값:갑}``, and ``{行:hong4}`` (Jyutping) where the text is Cantonese.

Each becomes one placeholder character of the private use area, so that normalisation leaves it
alone; :class:`Marked` tells what it stands for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from voice.errors import OptionError
from voice.text.g2p import pinyin, yue
from voice.text.language import SCRIPTS

FIRST = 0xE000
LAST = 0xF8FF
_NOTATION = re.compile(r"\{\s*([^{}:\n]+?):(?! )([^{}\n]*)\}")
_ARPABET = re.compile(
    r"(?:AA|AE|AH|AO|AW|AY|EH|ER|EY|IH|IY|OW|OY|UH|UW)[012]|"
    r"B|CH|D|DH|F|G|HH|JH|K|L|M|N|NG|P|R|S|SH|T|TH|V|W|Y|Z|ZH"
)
_HANGUL = re.compile("[가-힣]+")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa\u30fc]+")
_HELP = (
    "Write pinyin with tone digits as in {重:chong2}, ARPAbet with stress digits as in "
    "{GIF:JH IH1 F}, kana as in {今日:きょう}, or Hangul as in {값:갑}; in Cantonese text, "
    "Jyutping."
)


@dataclass(frozen=True)
class Given:
    """What one placeholder stands for.

    Attributes:
        text: the characters as written.
        language: ``en``, ``zh``, ``ja``, ``ko`` or ``yue``.
        sounds: ARPAbet symbols, a pinyin or Jyutping syllable for each character, or one string
            of kana or Hangul.
    """

    text: str
    language: str
    sounds: tuple[str, ...]


@dataclass
class Marked:
    """A text with placeholders."""

    text: str
    given: dict[str, Given] = field(default_factory=dict)

    def plain(self, text: str) -> str:
        """``text`` with the placeholders as they were written."""
        return "".join(self.given[ch].text if ch in self.given else ch for ch in text)

    def spelled(self, text: str) -> tuple[str, dict[int, str]]:
        """``text`` as it was written, and the given syllable of each character by its place."""
        plain: list[str] = []
        given: dict[int, str] = {}
        for ch in text:
            found = self.given.get(ch)
            for i, own in enumerate(found.text if found else ch):
                if found:
                    given[len(plain)] = found.sounds[i]
                plain.append(own)
        return "".join(plain), given


def mark(text: str, cantonese: bool = False) -> Marked:
    """Replaces inline pronunciations by placeholders.

    Args:
        text: cleaned text.
        cantonese: syllables are Jyutping rather than pinyin.

    Raises:
        OptionError: a pronunciation is not understood, or does not fit its characters.
    """
    out = Marked("")

    def replace(match: re.Match[str]) -> str:
        if FIRST + len(out.given) > LAST:
            raise OptionError("too many inline pronunciations", f"At most {LAST - FIRST + 1}.")
        placeholder = chr(FIRST + len(out.given))
        out.given[placeholder] = _read(match[1].strip(), match[2].strip(), cantonese)
        return placeholder

    out.text = _NOTATION.sub(replace, text)
    return out


def _read(text: str, sounds: str, cantonese: bool) -> Given:
    parts = sounds.split()
    if parts and all(_ARPABET.fullmatch(p) for p in parts):
        return Given(text, "en", tuple(parts))
    if parts and all(_KANA.fullmatch(p) for p in parts):
        return Given(text, "ja", ("".join(parts),))
    if parts and all(_HANGUL.fullmatch(p) for p in parts):
        return Given(text, "ko", ("".join(parts),))
    if parts and all(re.fullmatch(r"[a-zü:]+[1-6]", p) for p in parts):
        return _syllables(text, parts, cantonese)
    raise OptionError(f"pronunciation {sounds!r} of {text!r} is not understood", _HELP)


def _syllables(text: str, parts: list[str], cantonese: bool) -> Given:
    split, name = (yue.split_syllable, "Jyutping") if cantonese else (
        pinyin.split_syllable, "pinyin")
    for part in parts:
        if split(part) is None:
            raise OptionError(f"{part!r} (for {text!r}) is not a {name} syllable", _HELP)
    han = SCRIPTS.han.findall(text)
    if len(han) != len(text) or len(han) != len(parts):
        raise OptionError(
            f"{text!r} has {len(text)} characters but {len(parts)} {name} syllables",
            "Give one syllable for each Chinese character.",
        )
    return Given(text, "yue" if cantonese else "zh", tuple(parts))
