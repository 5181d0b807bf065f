"""What happens where two Korean syllables meet; numbers are articles of the 표준 발음법."""

from __future__ import annotations

from typing import Protocol

ONSETS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
CODAS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
LETTERS = {
    # Letters by themselves, as two symbols where the models have no single one.
    "ㄳ": "ㄱㅅ", "ㄵ": "ㄴㅈ", "ㄶ": "ㄴㅎ", "ㄺ": "ㄹㄱ", "ㄻ": "ㄹㅁ", "ㄼ": "ㄹㅂ",
    "ㄽ": "ㄹㅅ", "ㄾ": "ㄹㅌ", "ㄿ": "ㄹㅍ", "ㅀ": "ㄹㅎ", "ㅄ": "ㅂㅅ", "ㅑ": "ㅣㅏ",
    "ㅒ": "ㅣㅐ", "ㅕ": "ㅣㅓ", "ㅖ": "ㅣㅔ", "ㅘ": "ㅗㅏ", "ㅙ": "ㅗㅐ", "ㅚ": "ㅗㅣ",
    "ㅛ": "ㅣㅗ", "ㅝ": "ㅜㅓ", "ㅞ": "ㅜㅔ", "ㅟ": "ㅜㅣ", "ㅠ": "ㅣㅜ", "ㅢ": "ㅡㅣ",
}
_YEO, _EO, _UI, _I, _EU = 6, 4, 19, 20, 18
_TENSE = dict(zip("ㄱㄷㅂㅅㅈ", "ㄲㄸㅃㅆㅉ", strict=True))
_BREATH = dict(zip("ㄱㄷㅂㅈ", "ㅋㅌㅍㅊ", strict=True))
# 9 to 11: the sound a coda has before a consonant or a pause.
_PLAIN = {
    **dict.fromkeys("ㄲㅋㄳㄺ", "ㄱ"), **dict.fromkeys("ㅅㅆㅈㅊㅌㅎ", "ㄷ"),
    **dict.fromkeys("ㅍㅄㄿ", "ㅂ"), **dict.fromkeys("ㄵㄶ", "ㄴ"),
    **dict.fromkeys("ㄼㄽㄾㅀ", "ㄹ"), "ㄻ": "ㅁ",
}
_NASAL = {"ㄱ": "ㅇ", "ㄷ": "ㄴ", "ㅂ": "ㅁ"}
# 13 and 14: what stays and what moves to a following vowel.
_LINKED = {
    "ㄳ": ("ㄱ", "ㅆ"), "ㄵ": ("ㄴ", "ㅈ"), "ㄺ": ("ㄹ", "ㄱ"), "ㄻ": ("ㄹ", "ㅁ"),
    "ㄼ": ("ㄹ", "ㅂ"), "ㄽ": ("ㄹ", "ㅆ"), "ㄾ": ("ㄹ", "ㅌ"), "ㄿ": ("ㄹ", "ㅍ"),
    "ㅄ": ("ㅂ", "ㅆ"), "ㅎ": ("", "ㅇ"), "ㄶ": ("", "ㄴ"), "ㅀ": ("", "ㄹ"),
}
# 12.1: ㅎ of a coda and the onset after it become one; what is left of the coda.
_LEFT_OF_H = {"ㅎ": "", "ㄶ": "ㄴ", "ㅀ": "ㄹ"}
# 12.1: a coda and ㅎ after it become one: what is left, and the new onset.
_BEFORE_H = {
    **dict.fromkeys("ㄱㄲㅋㄳ", ("", "ㅋ")), **dict.fromkeys("ㄷㅅㅆㅊㅌ", ("", "ㅌ")),
    **dict.fromkeys("ㅂㅍㅄ", ("", "ㅍ")), "ㅈ": ("", "ㅊ"), "ㄵ": ("ㄴ", "ㅊ"), "ㄺ": ("ㄹ", "ㅋ"),
    "ㄼ": ("ㄹ", "ㅍ"), "ㄿ": ("ㅂ", "ㅍ"),
}


class Sounds(Protocol):
    """A syllable; see :class:`voice.text.g2p.ko.Syllable`."""

    onset: str
    vowel: int
    coda: str
    tag: str


def meet(left: Sounds, right: Sounds | None, gap: bool) -> None:
    """Changes a syllable's coda and the next one's onset into what is spoken.

    Args:
        left: its onset and vowel are final but for the vowel's own rules.
        right: the next syllable; None before a mark or the end.
        gap: whether a space is between them.
    """
    bal = left.onset == "ㅂ" and left.vowel == 0 and left.coda == "ㄼ"
    neol = left.onset == "ㄴ" and left.vowel == _EO and left.coda == "ㄼ"
    _vowel(left)
    if right is None:
        left.coda = "ㅂ" if bal else _PLAIN.get(left.coda, left.coda)
        return
    if gap and right.onset == "ㅇ":
        left.coda = _PLAIN.get(left.coda, left.coda)
        return
    if not gap:
        if _palatal(left, right):
            return
        if right.onset == "ㅇ":
            _link(left, right)
            return
    # 10: 밟다, 넓죽하다, 넓둥글다
    flat = neol and (right.onset, right.vowel) in (("ㅈ", 13), ("ㄷ", 13))
    if (bal and right.onset != "ㅎ") or flat:
        left.coda = "ㅂ"
    _harden(left, right, gap)
    if not _breathe(left, right):
        _assimilate(left, right, gap)


def _vowel(syllable: Sounds) -> None:
    """5: 져 as 저, 희 as 히."""
    if syllable.onset in "ㅈㅉㅊ" and syllable.vowel == _YEO:
        syllable.vowel = _EO
    if syllable.vowel == _UI and syllable.onset != "ㅇ":
        syllable.vowel = _I


def _palatal(left: Sounds, right: Sounds) -> bool:
    """17: 굳이 as 구지, 같이 as 가치, 닫히다 as 다치다."""
    before = right.vowel in (_I, _YEO)
    if right.onset == "ㅇ" and before and left.coda in ("ㄷ", "ㅌ", "ㄾ"):
        left.coda, right.onset = {"ㄷ": ("", "ㅈ"), "ㅌ": ("", "ㅊ"), "ㄾ": ("ㄹ", "ㅊ")}[left.coda]
        return True
    if right.onset == "ㅎ" and before and left.coda == "ㄷ":
        left.coda, right.onset = "", "ㅊ"
        return True
    return False


def _link(left: Sounds, right: Sounds) -> None:
    """13, 14 and 12.4: a coda moves to a vowel."""
    if left.coda in ("", "ㅇ"):
        return
    left.coda, right.onset = _LINKED.get(left.coda, ("", left.coda))


def _harden(left: Sounds, right: Sounds, gap: bool) -> None:
    """11, 24, 25 and 27: tense onsets behind verb stems and behind 할."""
    onset = right.onset
    if left.tag == "stem" and not gap:
        if left.coda == "ㄺ" and onset in "ㄱㄲ":
            left.coda, right.onset = "ㄹ", "ㄲ"
        elif left.coda in ("ㄴ", "ㅁ", "ㄵ", "ㄻ", "ㄼ", "ㄾ") and onset in "ㄱㄷㅅㅈ":
            right.onset = _TENSE[onset]
    elif left.tag == "modifier" and left.coda == "ㄹ":
        right.onset = _TENSE.get(onset, onset)


def _breathe(left: Sounds, right: Sounds) -> bool:
    """12: ㅎ melts into its neighbour."""
    if right.onset == "ㅎ" and left.coda in _BEFORE_H:
        left.coda, right.onset = _BEFORE_H[left.coda]
        return True
    if left.coda in _LEFT_OF_H and right.onset in (*_BREATH, "ㅅ"):
        left.coda = _LEFT_OF_H[left.coda]
        right.onset = "ㅆ" if right.onset == "ㅅ" else _BREATH.get(right.onset, right.onset)
        return True
    return False


def _assimilate(left: Sounds, right: Sounds, gap: bool) -> None:
    """18 to 20 and 23: nasals, ㄹ, and tense onsets behind ㄱ ㄷ ㅂ."""
    full, onset = left.coda, right.onset
    coda = _PLAIN.get(full, full)
    if full == "ㅎ" and onset not in ("ㄴ", "ㅁ"):
        coda = ""
    elif coda in _NASAL and onset in ("ㄴ", "ㅁ", "ㄹ"):
        coda = _NASAL[coda]
        right.onset = "ㄴ" if onset == "ㄹ" else onset
    elif coda in ("ㅁ", "ㅇ") and onset == "ㄹ":
        right.onset = "ㄴ"
    elif coda == "ㄴ" and onset == "ㄹ":
        coda = "ㄹ"
    elif coda == "ㄹ" and onset == "ㄴ" and not _particle(left, gap):
        right.onset = "ㄹ"
    elif coda in _NASAL or full in ("ㄼ", "ㄽ"):
        right.onset = _TENSE.get(onset, onset)
    left.coda = coda


def _particle(left: Sounds, gap: bool) -> bool:
    """The object particle 를 or 을 as a syllable of its own does not change a following ㄴ."""
    return gap and left.vowel == _EU and left.onset in ("ㅇ", "ㄹ") and left.coda == "ㄹ"
