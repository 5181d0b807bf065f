"""Cantonese text as it is spoken: as Mandarin's, with the words and readings of Hong Kong."""

from __future__ import annotations

import re

from voice.text.normalize import zh

_HAN = zh.HAN
_NAMING = (
    "電話|电话|手機|手机|手提|號碼|号码|號|编号|編號|密碼|密码|驗證碼|验证码|賬號|账号|房間|房|打|whatsapp"
)
_MEASURES = "個隻條張枝支件架輛本樽杯日次部間句份塊對種層年周星蚊歲歳"


def normalize(text: str) -> str:
    """Text as it is spoken.

    Args:
        text: cleaned text in Cantonese, traditional or simplified; placeholders stay.
    """
    text = re.sub(r"(?:HK)?\$\s?(\d[\d,]*(?:\.\d+)?)", _money, text)
    text = re.sub(rf"({_NAMING})([係是為:,\s]*)(\d[\d \-]{{2,}}\d)(?![\d.,]*[蚊元%])",
                  lambda m: m[1] + m[2] + zh.digits(m[3]), text)
    text = re.sub(rf"(?<![\d.第])2(?=[{_MEASURES}])(?!年級|號)", "兩", text)
    text = zh.written_out(text).replace("幺", "一")
    return tidy(text)


def _money(match: re.Match[str]) -> str:
    amount = re.sub(r"\.0+$", "", match[1])
    return f"{zh.number(amount)}蚊"


def tidy(text: str) -> str:
    """Marks unified, runs of them collapsed to the first, everything else removed."""
    text = re.sub(r"\.{3,}|。{2,}", "…", text)
    text = re.sub(r"(?<=\w)[(（]|[)）](?=\w)", ",", text).translate(zh.MARKS)
    text = re.sub(rf"[^{_HAN}\ue000-\uf8ff!?…,.\-]", "", text)
    return re.sub(r"([!?…,.\-])[!?…,.\-]+", r"\1", text)
