"""Japanese as it is spoken; Open JTalk reads whole numbers itself."""

from __future__ import annotations

import pytest

from voice.text.clean import clean
from voice.text.normalize.ja import normalize

CASES = {
    "1,500円": "1500円",
    "¥1500、$5": "1500円,5ドル",
    "2024/05/01": "2024年5月1日",
    "9:30に": "9時30分に",
    "9:00に": "9時に",
    "090-1234-5678": "ゼロキューゼロ,イチニーサンヨン,ゴーロクナナハチ",
    "3.14": "3点イチヨン",
    "60％": "60パーセント",
    "-5℃": "マイナス5度",
    "10km": "10キロメートル",
    "1/3": "3分の1",
    "10〜20人": "10から20人",
    "3:0": "3対0",
    "すごい！！": "すごい!",
    "……": "…",
    "東京（とうきょう）へ": "東京,とうきょう,へ",
    "ﾃﾞｽﾄ": "デスト",
}


@pytest.mark.parametrize("text", CASES)
def test_spoken_form(text: str) -> None:
    assert normalize(clean(text)) == CASES[text]
