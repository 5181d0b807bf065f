"""Data of the text front-end for a bundle, in formats that any language can read.

Sources are the files and packages that :mod:`voice.text` itself uses, so that another program can
give the same phonemes. Compressed files are gzip without a time stamp; text is UTF-8 with ``\\n``.
The formats are described in ``docs/phone.md``.
"""

from __future__ import annotations

import gzip
import importlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from voice.errors import ModelFileError
from voice.export.jtalk import dictionary_files
from voice.synth.selfcheck import sound_classes
from voice.text import symbols as tables
from voice.text.g2p import en_model

DATA = Path(en_model.__file__).parents[1] / "data"
_DIGITS = 5
"""Of log probabilities; the best of two readings never hangs on a later one."""


def squeezed(data: bytes) -> bytes:
    """gzip, the same bytes each time."""
    return gzip.compress(data, 9, mtime=0)


def plain_json(value: Any) -> bytes:
    """JSON without spaces, keys in order."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def text_files(language: str) -> dict[str, bytes]:
    """Files of one language by name.

    Raises:
        ModelFileError: the language has no data for bundles.
    """
    makers = {"en": _english, "zh": _mandarin, "ja": dictionary_files}
    if language not in makers:
        raise ModelFileError(f"bundles have no text data for language {language}",
                             f"Choose of {', '.join(makers)}.")
    return {f"text/{language}/{name}": data for name, data in makers[language]().items()}


def symbol_file(version: str) -> bytes:
    """The symbol table, each symbol's sound class (-1: silence), and the marks."""
    table = tables.table(version)
    return plain_json({"version": version, "symbols": table, "classes": sound_classes(table),
                       "marks": tables.PUNCTUATION})


def _english() -> dict[str, bytes]:
    with np.load(en_model.PATH, allow_pickle=False) as arrays:
        model = save({name: np.ascontiguousarray(arrays[name]) for name in arrays.files})
    return {
        "dictionary.txt.gz": squeezed(gzip.decompress((DATA / "cmudict.gz").read_bytes())),
        "dictionary.LICENSE": (DATA / "cmudict.LICENSE").read_bytes(),
        "homographs.json": (DATA / "en_homographs.json").read_bytes(),
        "words.json": (DATA / "en_words.json").read_bytes(),
        "g2p.safetensors.gz": squeezed(model),
    }


def _lines(rows: Iterable[Sequence[Any]]) -> bytes:
    return squeezed("".join("\t".join(map(str, row)) + "\n" for row in rows).encode("utf8"))


def _mandarin() -> dict[str, bytes]:
    single = _single_readings()
    return {
        "words.txt.gz": squeezed(_jieba_words()),
        "hmm_words.json.gz": squeezed(plain_json(_hmm_words())),
        "hmm_tags.json.gz": squeezed(plain_json(_hmm_tags())),
        "characters.txt.gz": _lines(sorted(single.items())),
        "phrases.txt.gz": _lines(_phrases(single)),
        "neutral.json": (DATA / "zh_neutral.json").read_bytes(),
        "readings.json": (DATA / "zh_readings.json").read_bytes(),
    }


def _jieba_words() -> bytes:
    jieba = importlib.import_module("jieba")
    with jieba.get_dict_file() if hasattr(jieba, "get_dict_file") else jieba.dt.get_dict_file() \
            as file:
        return file.read().replace(b"\r\n", b"\n")


def _rounded(values: dict[Any, float]) -> dict[str, float]:
    return {"".join(k) if isinstance(k, str) else "/".join(k): round(v, _DIGITS)
            for k, v in values.items() if v > -1e99}


def _hmm_words() -> dict[str, Any]:
    """Words of unknown characters: states B M E S."""
    parts = {name: importlib.import_module(f"jieba.finalseg.prob_{name}").P
             for name in ("start", "trans", "emit")}
    return {"start": _rounded(parts["start"]),
            "trans": {k: _rounded(v) for k, v in parts["trans"].items()},
            "emit": {k: _rounded(v) for k, v in parts["emit"].items()}}


def _hmm_tags() -> dict[str, Any]:
    """The same with parts of speech: states such as ``B/n``."""
    parts = {name: importlib.import_module(f"jieba.posseg.prob_{name}").P
             for name in ("start", "trans", "emit")}
    states = importlib.import_module("jieba.posseg.char_state_tab").P
    return {"start": _rounded(parts["start"]),
            "trans": {"/".join(k): _rounded(v) for k, v in parts["trans"].items()},
            "emit": {"/".join(k): _rounded(v) for k, v in parts["emit"].items()},
            "states": {k: ["/".join(s) for s in v] for k, v in states.items()}}


def _single_readings() -> dict[str, str]:
    """Reading of each character alone, such as ``zhong1``."""
    from pypinyin.constants import PINYIN_DICT

    from voice.text.g2p.zh import phrase_readings

    characters = [chr(code) for code in sorted(PINYIN_DICT)]
    return {ch: r[0] for ch, r in zip(characters, phrase_readings(characters), strict=True) if r}


def _phrases(single: dict[str, str]) -> Iterable[tuple[str, str]]:
    """Every phrase; its readings only where they are not those of its characters alone."""
    from pypinyin.constants import PHRASES_DICT

    from voice.text.g2p.zh import phrase_readings

    words = sorted(PHRASES_DICT)
    for word, readings in zip(words, phrase_readings(words), strict=True):
        usual = readings == [single.get(ch, "") for ch in word]
        yield word, "" if usual else " ".join(readings)
