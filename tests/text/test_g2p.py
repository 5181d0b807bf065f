"""Pronunciation: homographs, polyphones, tone changes, unknown words, g2pW."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voice.errors import ModelFileError
from voice.text.frontend import phonemize
from voice.text.g2p import en, en_model, pinyin, zh_words
from voice.text.g2p.g2pw import G2pw
from voice.text.symbols import index

ROOT = Path(__file__).parents[2]


def symbols(text: str, language: str) -> str:
    return " ".join(phonemize(text, language).symbols)


HOMOGRAPHS = {
    "Please record the song": "R IH0 K AO1 R D", "a new record was set": "R EH1 K ER0 D",
    "I will read it": "R IY1 D", "I read it yesterday": "R EH1 D", "I have read it": "R EH1 D",
    "he lives in town": "L IH1 V Z", "their lives changed": "L AY1 V Z",
    "close the door now": "K L OW1 Z", "it is close to us": "K L OW1 S",
    "the wind blows": "W IH1 N D", "to wind the clock": "W AY1 N D",
    "lead pipes are old": "L EH1 D", "they lead us": "L IY1 D",
    "he caught sea bass": "B AE1 S", "the bass guitar": "B EY1 S",
    "I use it": "Y UW1 Z", "the use of it": "Y UW1 S",
    "a Polish town": "P OW1 L IH0 SH", "polish the shoes": "P AA1 L IH0 SH",
}


@pytest.mark.parametrize("text", HOMOGRAPHS)
def test_english_homographs(text: str) -> None:
    assert HOMOGRAPHS[text] in symbols(text, "en")


WORDS = {
    "blogs": "B L AA1 G Z", "JSON": "JH EY1 S AH0 N", "NASA's": "N AE1 S AH0 Z",
    "cats'": "K AE1 T S", "boss's": "B AO1 S IH0 Z", "xyzzy's": "Z",
    "CPUs": "S IY1 P IY1 Y UW1 Z", "qwrt": "K Y UW1 D AH1 B AH0 L Y UW0 AA1 R T IY1",
}


@pytest.mark.parametrize("text", WORDS)
def test_english_words(text: str) -> None:
    assert symbols(text, "en").endswith(WORDS[text])


def test_article_and_letter() -> None:
    assert symbols("A dog", "en").startswith("AH0 ")
    assert symbols("A is for apple", "en").startswith("EY1 ")
    assert "EY1 IH1 Z" in symbols("Plan A is good", "en")


@pytest.mark.parametrize("word", ["blorptastic", "zxqvity", "aaaaaaaaaaaaaaaaaaaaaaaa", "y"])
def test_unknown_words_always_sound(word: str) -> None:
    found = en.word(word)
    assert found
    assert all(s in index() for s in found)


def test_model_reads_plain_new_words() -> None:
    assert en_model.predict("bloops") == ("B", "L", "UW1", "P", "S")
    assert en_model.predict("vantastic")[0] == "V"


def test_damaged_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04nonsense")
    with pytest.raises(ModelFileError, match=r"bad\.npz"):
        en_model.load(tmp_path / "bad.npz")


CHINESE = {
    "一个": "y i2 g e5", "一天": "y i4 t ian1", "第一": "d i4 y i1", "看一看": "k an4 y i5 k an4",
    "不要": "b u2 y ao4", "不好": "b u4 h ao3", "好不好": "h ao3 b u5 h ao3",
    "你好": "n i2 h ao3", "老虎": "l ao2 h u3", "总统府": "z ong2 t ong2 f u3",
    "妈妈": "m a1 m a5", "东西": "d ong1 x i5", "我们": "w o3 m en5", "差点儿": "d ian3 EE er3",
    "银行行长": "y in2 h ang2 h ang2 zh ang3", "重庆重要": "ch ong2 q ing4 zh ong4 y ao4",
    "慢慢地走": "m an4 m an4 d e5 z ou3", "三只猫": "s an1 zh ir1 m ao1",
    "很长": "h en3 ch ang2", "长大": "zh ang3 d a4", "还书": "h uan2 sh u1",
    "绿旅": "l v4 l v3", "月夜烟": "y ve4 y E4 y En1", "日子四": "r ir4 z i05 s i04",
    "安恩欧": "AA an1 EE en1 OO ou1",
    "跑得快": "p ao3 d e5 k uai4", "说得对": "sh uo1 d e5 d ui4", "舍不得": "sh e3 b u5 d e5",
    "不得不": "b u4 d e2 b u4", "不得了": "b u4 d e2 l iao3",
    "取得好成绩": "q v3 d e2 h ao3 ch eng2 j i4",
    "轻轻地": "q ing1 q ing1 d e5", "妈妈地址": "m a1 m a5 d i4 zh ir3", "处在": "ch u3 z ai4",
    "一楼": "y i1 l ou2", "一等奖": "y i1 d eng3 j iang3", "一点五": "y i1 d ian3 w u3",
    "有一点": "y ou3 y i4 d ian3", "二十一点": "EE er4 sh ir2 y i1 d ian3",
    "一不做二不休": "b u2 z uo4 EE er4 b u4 x iu1",
}


@pytest.mark.parametrize("text", CHINESE)
def test_chinese(text: str) -> None:
    assert symbols(text, "zh").endswith(CHINESE[text])


def test_every_reading_of_the_dictionary_is_in_the_table() -> None:
    from pypinyin import Style, lazy_pinyin
    from pypinyin.constants import PINYIN_DICT

    for point in PINYIN_DICT:
        for reading in lazy_pinyin(chr(point), style=Style.TONE3, neutral_tone_with_five=True):
            parts = pinyin.split_syllable(reading)
            assert parts, reading
            assert set(pinyin.symbols_of(*parts)) <= set(index()), reading


JAPANESE = {
    "橋の端で箸を落とした": "h a [ sh i ] n o UNK h a [ sh i d e UNK h a ] sh i o UNK "
                            "o [ t o ] sh i t a",
    "ありがとう": "a [ r i ] g a t o o",
    "36.5度": "s a ] N j u u UNK r o [ k u t e ] N UNK g o ] d o",
    "4K": "y o [ N k e ] e",
}


@pytest.mark.parametrize("text", JAPANESE)
def test_japanese_pitch(text: str) -> None:
    assert symbols(text, "ja") == JAPANESE[text]


class FakeSession:
    """Prefers the last reading that the mask allows, and keeps what it was fed."""

    def __init__(self) -> None:
        self.fed: list[dict[str, Any]] = []

    def run(self, output_names: Any, input_feed: Any) -> list[np.ndarray]:
        self.fed.append(input_feed)
        mask = input_feed["phoneme_mask"]
        return [mask * np.arange(1, mask.shape[1] + 1)]


@pytest.fixture
def g2pw_folder(tmp_path: Path) -> Path:
    (tmp_path / "POLYPHONIC_CHARS.txt").write_text(
        "重\tㄔㄨㄥ2\n重\tㄓㄨㄥ4\n行\tㄒㄧㄥ2\n", "utf8")
    (tmp_path / "MONOPHONIC_CHARS.txt").write_text("我\tㄨㄛ3\n", "utf8")
    (tmp_path / "bopomofo_to_pinyin_wo_tune_dict.json").write_text(
        json.dumps({"ㄔㄨㄥ": "chong", "ㄓㄨㄥ": "zhong", "ㄒㄧㄥ": "xing", "ㄨㄛ": "wo"}), "utf8")
    (tmp_path / "vocab.txt").write_text("[UNK]\n[CLS]\n[SEP]\n我\n重\n", "utf8")
    return tmp_path


def test_g2pw_feeds_the_model_as_it_was_trained(g2pw_folder: Path) -> None:
    session = FakeSession()
    provider = G2pw(g2pw_folder, session)
    assert provider("我重庆!") == ["wo3", "chong2", "qing4", "!"]
    (feed,) = session.fed
    assert feed["input_ids"].tolist() == [[1, 3, 4, 0, 0, 2]]
    assert feed["position_ids"].tolist() == [2]
    assert feed["char_ids"].tolist() == [1]
    assert feed["phoneme_mask"].sum() == 2


def test_g2pw_as_provider(g2pw_folder: Path) -> None:
    result = phonemize("我重我", "zh", readings=G2pw(g2pw_folder, FakeSession()))
    assert result.symbols == ("w", "o3", "ch", "ong2", "w", "o3")


def test_g2pw_missing_files(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="POLYPHONIC_CHARS"):
        G2pw(tmp_path)


def test_mandarin_words_are_those_of_jieba() -> None:
    """The tables are kept our own way; jieba's own way must give the same."""
    tagger = zh_words.tagger()
    import jieba
    import jieba.posseg

    own = jieba.posseg.POSTokenizer(tagger.tokenizer)
    with tagger.tokenizer.get_dict_file() as file:
        counts, total = jieba.Tokenizer().gen_pfdict(file)
    with tagger.tokenizer.get_dict_file() as file:
        own.load_word_tag(file)
    words, tags = tagger.tokenizer.FREQ, tagger.word_tag_tab
    assert len(words) == len(own.word_tag_tab) > 300_000 and len(counts) > 490_000
    assert words.total == tagger.tokenizer.total == total
    assert all(word in words and words[word] == count for word, count in counts.items())
    assert all(tags[word] == tag for word, tag in own.word_tag_tab.items())
    for odd in ("", "没有这样的词", "\ud800", "中" * 40):
        assert odd not in words and words.get(odd, 7) == 7 and tags.get(odd, "x") == "x"
    assert "中华人" in words and words["中华人"] == 0 and tags.get("中华人", "x") == "x"


PHRASES = r"""
import json, sys
from pathlib import Path
if sys.argv[1:]:
    import pypinyin
from voice.text.g2p import zh_words
package = zh_words.pypinyin()
from pypinyin.seg import mmseg
file = Path(package.__file__).with_name("phrases_dict.json")
wanted, found = json.loads(file.read_text("utf8")), package.constants.PHRASES_DICT
assert isinstance(found, dict if sys.argv[1:] else zh_words.Phrases)
assert sorted(found) == sorted(wanted) and len(found) == len(wanted) > 40_000
assert all(found[key] == value and key in found for key, value in wanted.items())
begins = {key[:end] for key in wanted for end in range(1, len(key) + 1)}
assert all(text in mmseg.p_set for text in begins)
odd = ["", "\ud800", "没有这样的词", "中" * 40, *(key + "龘" for key in wanted)]
assert not any(text in found or text in mmseg.p_set for text in odd)
try:
    found["没有这样的词"]
except KeyError:
    own = [["mò"], ["yǒu"], ["zhè"], ["yàng"], ["de"], ["cí"]]
    package.load_phrases_dict({"没有这样的词": own})
mmseg.retrain(mmseg.seg)
print(package.lazy_pinyin("没有这样的词重庆银行"), len(found) - len(wanted))
"""


@pytest.mark.parametrize("before", [(), ("imported",)], ids=["ours", "imported before"])
def test_phrases_are_those_of_pypinyin(before: tuple[str, ...]) -> None:
    done = subprocess.run([sys.executable, "-c", PHRASES, *before], cwd=ROOT, check=True,
                          capture_output=True, text=True)
    assert done.stdout.split() == [
        "['mo',", "'you',", "'zhe',", "'yang',", "'de',", "'ci',",
        "'chong',", "'qing',", "'yin',", "'hang']", "1"]
