"""Japanese text as it is spoken; Open JTalk itself reads whole numbers with their counters."""

from __future__ import annotations

import re

from voice.text.normalize import units

_NUMBER = r"\d+(?:\.\d+)?"
_KANA = "ゼロ イチ ニー サン ヨン ゴー ロク ナナ ハチ キュー".split()
_CURRENCIES = {"¥": "円", "$": "ドル", "US$": "ドル", "€": "ユーロ", "£": "ポンド", "₩": "ウォン"}
_SIGNS = {
    "+": "プラス", "×": "かける", "*": "かける", "÷": "割る", "=": "イコール",
    "±": "プラスマイナス", "<": "小なり", ">": "大なり", "≒": "約", "≈": "約",
}


def normalize(text: str) -> str:
    """Text as it is spoken.

    Args:
        text: cleaned text in Japanese; placeholder characters (private use area) stay.
    """
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    text = _dates(text)
    text = _telephones(text)
    text = _measured(text)
    text = re.sub(r"(\d+)\.(\d+)", _decimal, text)
    text = re.sub(r"(?<!\d)(\d{17,}|0\d+)(?!\d)", lambda m: digits(m[1]), text)
    return tidy(text)


def digits(text: str) -> str:
    """Each digit by itself, in kana."""
    return "".join(_KANA[int(c)] for c in text if c in "0123456789")


def _decimal(match: re.Match[str]) -> str:
    """Before a counter the last digit stays a numeral, so that Open JTalk joins the two."""
    counted = match.string[match.end():match.end() + 1].isalpha()
    last = match[2][-1] if counted else digits(match[2][-1])
    return f"{match[1]}点{digits(match[2][:-1])}{last}"


def _dates(text: str) -> str:
    text = re.sub(r"(?<!\d)(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)",
                  lambda m: f"{m[1]}年{int(m[3])}月{int(m[4])}日", text)
    text = re.sub(r"(?<!\d)([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?(?!\d)",
                  lambda m: f"{int(m[1])}時" + (f"{int(m[2])}分" if m[2] != "00" or m[3] else "")
                  + (f"{int(m[3])}秒" if m[3] else ""), text)
    return re.sub(r"(?<!\d)0(?=\d[月日時分秒])", "", text)


def _telephones(text: str) -> str:
    text = re.sub(r"(?:〒|(郵便番号[はがも:\s]*))\s?(\d{3})-(\d{4})(?!\d)",
                  lambda m: f"{m[1] or '郵便番号'}{digits(m[2])}の{digits(m[3])}", text)
    return re.sub(
        r"(?<![\d.-])(?:\+81[- ]?)?\d{1,5}-\d{2,4}-\d{3,4}(?!\d)|(?<!\d)0\d{8,10}(?!\d)"
        r"|\+\d{1,3}(?:[ -]\d{1,4}){2,4}(?!\d)",
        lambda m: ("プラス" if m[0][0] == "+" else "")
        + ",".join(digits(g) for g in re.findall(r"\d+", m[0])), text)


def _measured(text: str) -> str:
    names = "|".join(re.escape(u) for u in sorted(units.JA, key=len, reverse=True))
    money = "|".join(re.escape(c) for c in sorted(_CURRENCIES, key=len, reverse=True))
    text = re.sub(rf"({money})\s?({_NUMBER})([万億千百]*)",
                  lambda m: f"{m[2]}{m[3]}{_CURRENCIES[m[1]]}", text)
    text = re.sub(r"(\d+)[-–](\d+)(?=で(?:勝|敗|負|引)|の(?:勝利|敗|逆転|引))", r"\1対\2", text)
    text = re.sub(r"(?<![\d-])\d+(?:-\d+){2,}(?![\d-])|(?<=[町村市区目台内通条])\d+-\d+(?![\d-])",
                  lambda m: m[0].replace("-", "の"), text)
    text = re.sub(r"(?<=[\d%℃度円時日月年人])\s?[~〜～–]\s?(?=\d)|(?<=\d)-(?=\d)", "から", text)
    text = re.sub(r"(?<![\d/])(\d{1,4})/(\d{1,4})(?![\d/])", r"\2分の\1", text)
    text = re.sub(r"(?<![\dA-Za-z)])-(?=\d)", "マイナス", text)
    text = re.sub(rf"(?<=\d)\s?({names})(?![A-Za-z²³])", lambda m: units.JA[m[1]], text)
    text = re.sub(r"(?<=\d):(?=\d)", "対", text)
    text = re.sub(r"\^(-?\d+)", r"の\1乗", text).replace("²", "の二乗").replace("³", "の三乗")
    for sign, word in _SIGNS.items():
        text = re.sub(rf"(?<=\w)\s?{re.escape(sign)}\s?(?=[\w])", word, text)
    return text.replace("%", "パーセント").replace("‰", "パーミル").replace("&", "アンド").replace(
        "@", "アット")


_MARKS = str.maketrans({
    **dict.fromkeys("，、；：;:・", ","), "。": ".", "！": "!", "？": "?", "\n": ".",
    "—": "-", "–": "-", "～": "ー", "〜": "ー", "~": "ー", "゠": "-",
    **dict.fromkeys("「」『』\"'《》〈〉【】〔〕[]", "「"), **dict.fromkeys("()（）", ","),
})


def tidy(text: str) -> str:
    """Marks unified, runs of them collapsed to the first; quotes become ``「``."""
    text = re.sub(r"\.{2,}|。{2,}|・{2,}", "…", text).translate(_MARKS)
    text = re.sub(r"々+", lambda m: _repeated(text, m.start(), len(m[0])), text)
    text = re.sub(r"ー{2,}", "ー", text)
    text = re.sub(
        r"[^\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u4dbf"
        r"\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffffA-Za-z0-9\ue000-\uf8ff「!?…,.\-]",
        "", text)
    text = re.sub(r"「*([!?…,.\-])[「!?…,.\-]*", r"\1", text)
    return re.sub(r"「+", "「", text).strip("「").removeprefix(",")


def _repeated(text: str, at: int, count: int) -> str:
    """々 stays: Open JTalk reads it; alone at the start of a text it has no sound."""
    return "々" * count if at else ""
