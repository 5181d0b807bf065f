"""Mandarin text as it is spoken: Han characters, marks and placeholders remain.

Numbers are read as quantities, or digit by digit (一 as 幺) where they name something: telephone
numbers, postcodes, rooms, models.
"""

from __future__ import annotations

import re

from voice.text.normalize import units

_DIGITS = "零一二三四五六七八九"
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_MEASURES = (
    "个只条张位件台辆本瓶杯天次回遍家部间名句篇首所座片块份双对种层节列期届口头匹棵朵根把封幅架艘枚颗粒套串束"
    "群堆页倍步年周分秒点人米克升吨里斤元角公千厘毫小单"
)
_NAMING = (
    "电话|手机|号码|邮编|邮政编码|编号|型号|账号|帐号|卡号|密码|验证码|房间|门牌|航班|车次|尾号|区号|热线|"
    "拨打|拨|致电|报警|QQ|群号|学号|工号|身份证|单号|代码"
)
_CODE = re.compile(r"(?<![\w./@:-])([A-Z]{1,3}-?)(\d{3,})(?![\w./@%-])", re.ASCII)


def digits(text: str, telephone: bool = False) -> str:
    """Each digit by itself; ``telephone`` reads 1 as 幺."""
    names = _DIGITS.replace("一", "幺") if telephone else _DIGITS
    return "".join(names[int(c)] for c in text if c in "0123456789")


def integer(text: str) -> str:
    """A whole number in words: 一千零五, 十二, 两万."""
    plain = text.lstrip("0") or "0"
    if len(plain) > 16:
        return digits(plain)
    groups = [plain[max(0, i - 4):i] for i in range(len(plain), 0, -4)][::-1]
    out = ""
    for i, group in enumerate(groups):
        scale = ("", "万", "亿", "万")[len(groups) - 1 - i]
        words = _group(group)
        if int(group) == 0:
            out += "亿" if scale == "亿" and out.endswith("万") else ""
            continue
        if out and len(group) == 4 and group[0] == "0" or (out and int(groups[i - 1]) == 0):
            out += "零"
        out += ("两" if words == "二" and scale else words) + scale
    if out.startswith("一十"):
        out = out[1:]
    return out or "零"


def _group(group: str) -> str:
    out, gap = "", False
    for place, digit in zip(range(len(group) - 1, -1, -1), group, strict=True):
        if digit == "0":
            gap = bool(out)
            continue
        out += ("零" if gap else "") + ("两" if digit == "2" and place == 3 else
                                       _DIGITS[int(digit)]) + ("", "十", "百", "千")[place]
        gap = False
    return out


def number(text: str) -> str:
    """A number with optional commas, sign and decimals."""
    sign = "负" if text.startswith("-") else ""
    whole, _, part = text.lstrip("+-").replace(",", "").partition(".")
    return sign + integer(whole or "0") + ("点" + digits(part) if part else "")


def normalize(text: str) -> str:
    """Text as it is spoken.

    Args:
        text: cleaned text in Chinese; placeholder characters (private use area) stay.
    """
    return tidy(written_out(text))


def written_out(text: str) -> str:
    """Numbers and signs in words; marks and characters are left as they are."""
    for step in (_dates, _money, _telephones, _measured, _signs, _plain):
        text = step(text)
    return text


def codes(text: str) -> str:
    """Digits of flights, trains, plates and models (CA1234, G1234次) one by one, as Han characters.

    Args:
        text: cleaned Chinese text with its Latin letters; round hundreds (H100) stay numbers.
    """
    return _CODE.sub(
        lambda m: m[0] if len(m[2]) == 3 and m[2].endswith("00") else m[1] + digits(m[2], True),
        text)


def _dates(text: str) -> str:
    def day(match: re.Match[str]) -> str:
        if not (1 <= int(match[3]) <= 12 and 1 <= int(match[4]) <= 31):
            return match[0]
        return f"{digits(match[1])}年{integer(match[3])}月{integer(match[4])}日"

    text = re.sub(r"(?<!\d)(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)(?:T(?=\d))?", day, text)
    text = re.sub(r"((?:公元|西元)前?)\s?(\d{1,4})(?=年)", lambda m: m[1] + digits(m[2]), text)
    text = re.sub(r"(\d{4})\s?([-~—–至到])\s?(\d{4})\s?年",
                  lambda m: f"{digits(m[1])}到{digits(m[3])}年", text)
    text = re.sub(r"(?<!\d)(\d{4}|\d{2})\s?年(?!前|后|来|内|多|间)", _year, text)
    return re.sub(r"(?<!\d)([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?(?!\d)", _time, text)


def _year(match: re.Match[str]) -> str:
    if match.string[match.end():match.end() + 1] == "代" and len(match[1]) == 2:
        return integer(match[1]) + "年"
    if len(match[1]) == 2 and not match.string[match.end():match.end() + 3].strip().startswith(
            tuple("0123456789春夏秋冬")):
        return match[0]
    if match[1] in ("1000", "3000", "4000", "5000", "6000", "7000", "8000", "9000"):
        return match[0]
    return digits(match[1]) + "年"


def _time(match: re.Match[str]) -> str:
    hour, minute = integer(match[1]), match[2]
    out = ("两" if hour == "二" else hour) + "点"
    if match[3]:
        return f"{out}{integer(minute)}分{integer(match[3])}秒"
    if minute == "00":
        return out
    if minute == "30":
        return out + "半"
    return out + ("零" if minute[0] == "0" else "") + integer(minute) + "分"


_CURRENCIES = {"¥": "元", "$": "美元", "US$": "美元", "€": "欧元", "£": "英镑", "HK$": "港元",
               "₩": "韩元", "₽": "卢布", "₹": "卢比"}


def _money(text: str) -> str:
    names = "|".join(re.escape(c) for c in sorted(_CURRENCIES, key=len, reverse=True))

    def read(match: re.Match[str]) -> str:
        amount = re.sub(r"\.0+$", "", match[2])
        return f"{number(amount)}{match[3] or ''}{_CURRENCIES[match[1]]}"

    return re.sub(rf"({names})\s?({_NUMBER})\s?([万亿千百]*)", read, text)


_TELEPHONE = re.compile(
    r"(?<![\d.])(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}(?!\d)"
    r"|\(0\d{2,3}\)\s?\d{3,4}[- ]?\d{4}(?!\d)"
    r"|(?<![\d.-])0\d{2,3}-\d{7,8}(?:-\d{1,4})?(?!\d)|(?<![\d.-])\d{3}-\d{3,4}-\d{4}(?!\d)"
)


def _telephones(text: str) -> str:
    def read(match: re.Match[str]) -> str:
        plus = "加" if match[0].startswith("+") else ""
        return plus + digits(match[0], telephone=True)

    text = _TELEPHONE.sub(read, text)
    text = re.sub(r"(?<![第\d])号(?=\d{5,})", "号码,", text).replace("号码码", "号码")
    text = re.sub(rf"({_NAMING})((?:号码?)?[是为:,\s]*)(\d{{3,}})(?![\d.]*[元%])",
                  lambda m: m[1] + m[2] + digits(m[3], telephone=True), text)
    text = re.sub(r"(?<=转|机)(\d{3,4})(?![\d.]*[\d元块人个次万%])",
                  lambda m: digits(m[1], telephone=True), text)
    text = re.sub(r"(?<![\d.])(\d{3,5})(?=室|房|报警|热线|航班|次列车)",
                  lambda m: digits(m[1], telephone=True), text)
    text = re.sub(r"(?<![\d.,])(110|119|120|122|114|911|12306|12345|10086|10010)(?![\d.,%"
                  + _MEASURES + "])", lambda m: digits(m[1], telephone=True), text)
    return re.sub(r"(?<![\d.,])0\d+(?![\d.,])", lambda m: digits(m[0], telephone=True), text)


def _measured(text: str) -> str:
    """Percentages, temperatures, units, fractions, ranges, and 2 before measure words."""
    names = "|".join(re.escape(u) for u in sorted(units.ZH, key=len, reverse=True))
    text = re.sub(r"(比分|以)\s?(\d+)\s?[-–—]\s?(\d+)(?!\d)", r"\1\2比\3", text)
    text = re.sub(r"(?<=[\d%‰℃度])\s?[~—–～]\s?(?=-?\d)|(?<=[%‰℃度])-(?=\d)", "到", text)
    text = re.sub(r"(?<=\d)°(\d+)'(?:(\d+)\")?",
                  lambda m: f"度{m[1]}分" + (f"{m[2]}秒" if m[2] else ""), text)
    text = re.sub(rf"(?<=\d)-(?=\d+\s?(?:{names}|[{_MEASURES}%]))", "到", text)
    text = re.sub(r"(?<![\d/])(\d{1,4})/(\d{1,4})(?![\d/])",
                  lambda m: f"{integer(m[2])}分之{integer(m[1])}", text)
    sign = r"(?<![\dA-Za-z\)）])-"
    text = re.sub(rf"({sign})?({_NUMBER})\s?(%|‰)",
                  lambda m: ("负" if m[1] else "") + ("百" if m[3] == "%" else "千") + "分之"
                  + number(m[2]), text)
    text = re.sub(rf"({sign})?({_NUMBER})\s?({names})(?![A-Za-z²³])", _unit, text)
    text = re.sub(rf"(?<![\d.第十百千万])2(?=[{_MEASURES}]|万|亿|千)(?!月|号|楼)",
                  "两", text)
    return re.sub(rf"({sign})(?={_NUMBER})", "负", text)


def _unit(match: re.Match[str]) -> str:
    name = units.ZH[match[3]]
    below = "零下" if match[1] and name.endswith("度") else "负" if match[1] else ""
    amount = "两" if match[2] == "2" and name[0] not in "度摄华" else number(match[2])
    return below + amount + name


_SIGNS = {"+": "加", "×": "乘以", "*": "乘以", "÷": "除以", "=": "等于", "±": "正负", "≈": "约等于",
          "≠": "不等于", "≤": "小于等于", "≥": "大于等于", "<": "小于", ">": "大于"}


def _signs(text: str) -> str:
    text = re.sub(r"(?<=\d):(?=\d)", "比", text)
    text = re.sub(r"(?<=\d)\s-\s(?=\d)", "减", text)
    for sign, word in _SIGNS.items():
        text = re.sub(rf"(?<=[\d{HAN}])\s?{re.escape(sign)}\s?(?=[-\d])", word, text)
    text = re.sub(r"(?<=\d)\+", "多", text)
    text = re.sub(r"\^(-?\d+)", r"的\1次方", text).replace("²", "的平方").replace("³", "的立方")
    return text.replace("&", "和").replace("@", "艾特").replace("%", "百分号")


def _plain(text: str) -> str:
    return re.sub(_NUMBER, lambda m: number(m[0]), text)


MARKS = str.maketrans({
    **dict.fromkeys("，、；：;:·/•", ","), "。": ".", "！": "!", "？": "?", "\n": ".", "—": "-",
    "～": "…", "~": "…", "–": "-", "―": "-",
})


def tidy(text: str) -> str:
    """Marks unified, runs of them collapsed to the first, everything else removed."""
    text = re.sub(r"\.{3,}|。{2,}", "…", text)
    text = re.sub(r"(?<=\w)[(（]|[)）](?=\w)", ",", text)
    text = text.translate(MARKS).replace("嗯", "恩").replace("呣", "母").replace("㐂", "喜")
    text = re.sub(rf"[^{HAN}\ue000-\uf8ff!?…,.\-]", "", text)
    return re.sub(r"([!?…,.\-])[!?…,.\-]+", r"\1", text)
