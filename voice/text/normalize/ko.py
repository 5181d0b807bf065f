"""Korean text as it is spoken: Hangul, single spaces, marks and placeholders remain.

Counting words of one's own stock (개, 명, 시 ...) take native numbers, everything else Sino-Korean
ones; telephone numbers are read digit by digit, 0 as 공.
"""

from __future__ import annotations

import re

from voice.text.normalize import units

_DIGITS = "영일이삼사오육칠팔구"
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_ONES = ("", *"한 두 세 네 다섯 여섯 일곱 여덟 아홉".split())
_TENS = ("", *"열 스물 서른 마흔 쉰 예순 일흔 여든 아흔".split())
_COUNTED = (
    "군데|사람|마리|켤레|그루|송이|가지|시간|움큼|조각|바퀴|발짝|보루|다발|상자|봉지|살|개|권|닢|대|모금|모|"
    "뭇|발|방|번|벌|술|쌈|짝|채|척|첩|축|톨|통|명|잔|병|장|달(?!러)|줄|곳|분(?=이|께)|시(?!간표)"
)
_CURRENCIES = {"₩": "원", "$": "달러", "US$": "달러", "€": "유로", "£": "파운드", "¥": "엔"}
_SIGNS = {
    "+": "더하기", "×": "곱하기", "*": "곱하기", "÷": "나누기", "=": "은", "±": "플러스마이너스",
    "<": "작다", ">": "크다",
}
_LETTERS = dict(zip("abcdefghijklmnopqrstuvwxyz", (
    "에이 비 시 디 이 에프 지 에이치 아이 제이 케이 엘 엠 엔 오 피 큐 아르 에스 티 유 브이 "
    "더블유 엑스 와이 제트"
).split(), strict=True))


def digits(text: str, zero: str = "영") -> str:
    """Each digit by itself."""
    return "".join(zero if c == "0" else _DIGITS[int(c)] for c in text if c in "0123456789")


def integer(text: str) -> str:
    """A whole number in Sino-Korean: 이천이십사, 만오천."""
    plain = text.replace(",", "").lstrip("0") or "0"
    if plain == "0":
        return "영"
    if len(plain) > 16:
        return digits(plain)
    out = ""
    for i in range(len(plain), 0, -4):
        group = plain[max(0, i - 4):i]
        scale = ("", "만", "억", "조")[(len(plain) - i) // 4]
        words = "".join(
            ("" if d == "1" and place else _DIGITS[int(d)]) + ("", "십", "백", "천")[place]
            for place, d in zip(range(len(group) - 1, -1, -1), group, strict=True) if d != "0"
        )
        if words:
            out = ("" if words == "일" and scale == "만" else words) + scale + out
    return out


def counting(value: int) -> str:
    """A native number before a counting word, 1 to 99: 한, 스무, 스물한."""
    if value == 20:
        return "스무"
    return _TENS[value // 10] + _ONES[value % 10]


def normalize(text: str) -> str:
    """Text as it is spoken.

    Args:
        text: cleaned text in Korean; placeholder characters (private use area) stay.
    """
    text = _dates(text)
    text = _telephones(text)
    text = _measured(text)
    text = re.sub(rf"({_NUMBER})(\s?)({_COUNTED})", _counted, text)
    text = re.sub(_NUMBER, lambda m: _plain(m[0]), text)
    text = re.sub("[A-Za-z]", lambda m: _LETTERS[m[0].lower()], text)
    return tidy(text)


def _plain(text: str) -> str:
    whole, _, part = text.replace(",", "").partition(".")
    if len(whole) > 1 and whole[0] == "0":
        return digits(whole, "공")
    return integer(whole) + ("점" + digits(part) if part else "")


def _counted(match: re.Match[str]) -> str:
    amount = match[1].replace(",", "")
    native = amount.isdigit() and 1 <= int(amount) <= 99 and amount[0] != "0"
    if match[3] == "시" and native and int(amount) > 12:
        native = False
    if match[3] == "대" and native and int(amount) >= 10:
        native = False  # 20대: people in their twenties
    return (counting(int(amount)) if native else _plain(match[1])) + match[2] + match[3]


def _dates(text: str) -> str:
    text = re.sub(r"(?<!\d)(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)",
                  lambda m: f"{m[1]}년 {int(m[3])}월 {int(m[4])}일", text)
    text = re.sub(r"(?<!\d)([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?(?!\d)", _time, text)
    return re.sub(r"(?<!\d)0?(6|10)(\s?)월",
                  lambda m: ("유" if m[1] == "6" else "시") + m[2] + "월", text)


def _time(match: re.Match[str]) -> str:
    parts = [f"{int(match[1])}시"]
    if match[2] != "00" or match[3]:
        parts.append(f"{int(match[2])}분")
    return " ".join([*parts, *([f"{int(match[3])}초"] if match[3] else [])])


_TELEPHONE = re.compile(
    r"(?<![\d.-])(?:\+82[- ]?)?\d{2,4}-\d{3,4}-\d{4}(?!\d)|(?<![\d.-])1[5-9]\d\d-\d{4}(?!\d)"
    r"|(?<!\d)01\d{8,9}(?!\d)"
)


def _telephones(text: str) -> str:
    return _TELEPHONE.sub(
        lambda m: "-".join(digits(g, "공") for g in re.findall(r"\d+", m[0])), text)


def _measured(text: str) -> str:
    """Money, units, percentages, fractions, ranges and signs."""
    money = "|".join(re.escape(c) for c in sorted(_CURRENCIES, key=len, reverse=True))
    text = re.sub(rf"({money})\s?({_NUMBER})([만억조천백]*)",
                  lambda m: f"{m[2]}{m[3]}{_CURRENCIES[m[1]]}", text)
    text = re.sub(r"(?<=[\d%℃도원시일월년])\s?[~〜～–]\s?(?=\d)", "에서 ", text)
    text = re.sub(r"(?<![\d/])(\d{1,4})/(\d{1,4})(?![\d/])", r"\2분의 \1", text)
    text = re.sub(r"(?<![\dA-Za-z)])-(?=\d)", "마이너스 ", text)
    names = "|".join(re.escape(u) for u in sorted(units.KO, key=len, reverse=True))
    text = re.sub(rf"(?<=\d)\s?({names})(?![A-Za-z²³])", lambda m: units.KO[m[1]], text)
    text = re.sub(r"(?<=\d):(?=\d)", " 대 ", text)
    text = re.sub(r"\^(-?\d+)", r"의 \1제곱", text).replace("²", " 제곱").replace("³", " 세제곱")
    for sign, word in _SIGNS.items():
        text = re.sub(rf"(?<=\w)\s?{re.escape(sign)}\s?(?=\w)", f" {word} ", text)
    return text.replace("%", "퍼센트").replace("&", " 앤드 ").replace("@", " 골뱅이 ")


_MARKS = str.maketrans({
    **dict.fromkeys("，、；：;:·/", ","), "。": ".", "！": "!", "？": "?", "\n": ".",
    "—": "-", "–": "-", "～": "…", "~": "…", **dict.fromkeys("()（）", ","),
})


def tidy(text: str) -> str:
    """Marks unified, runs of them collapsed to the first, everything else removed."""
    text = re.sub(r"\.{2,}|。{2,}", "…", text).translate(_MARKS)
    text = re.sub(r"[^가-힣ㄱ-ㅣ \ue000-\uf8ff!?…,.\-]", "", text)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s?([!?…,.\-])[!?…,.\- ]*(?=[!?…,.\-])", r"\1", text)
    text = re.sub(r"([!?…,.\-])[!?…,.\-]+", r"\1", text)
    return re.sub(r" +(?=[!?…,.\-])", "", text).removeprefix(",")
