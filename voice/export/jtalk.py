"""The Japanese dictionary (MeCab's format, with Open JTalk's accents) as compact text.

MeCab keeps its words in a double array (Aoe 1989), 16 bytes of costs for each, and one line of
features; here they are lines in the order of their spelling, which compress to a tenth.
"""

from __future__ import annotations

import gzip
import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from voice.errors import DependencyError, ModelFileError
from voice.export.numerals import number_file
from voice.export.readings import reading_file

_HEADER = struct.Struct("<10I32s")
_MAGIC = 0xEF718F77
_TOKEN = np.dtype([("left", "<u2"), ("right", "<u2"), ("tag", "<u2"), ("cost", "<i2"),
                   ("feature", "<u4"), ("compound", "<u4")])
_SHARED = 6
"""Features that many words share: part of speech and inflection."""
_COUNTER = "名詞,接尾,助数詞"
_JAPANESE = re.compile("[\u3005\u3041-\u30ff\u4e00-\u9fff]+")


def dictionary_files() -> dict[str, bytes]:
    """``words.txt.gz``, ``unknown.txt.gz``, ``tags.txt.gz``, ``matrix.bin.gz``, ``char.bin.gz``,
    ``numbers.json.gz``, ``readings.json.gz``, ``COPYING``."""
    folder = _folder()
    tags: dict[str, int] = {}
    rows = list(_rows(folder / "sys.dic", tags))
    words, counters = _squeezed(iter(rows)), _counters(rows, tags)
    unknown = _squeezed(_rows(folder / "unk.dic", tags))
    return {
        "words.txt.gz": words, "unknown.txt.gz": unknown, "tags.txt.gz": _squeezed(iter(tags)),
        "matrix.bin.gz": gzip.compress((folder / "matrix.bin").read_bytes(), 9, mtime=0),
        "char.bin.gz": gzip.compress((folder / "char.bin").read_bytes(), 9, mtime=0),
        "numbers.json.gz": _squeezed_json(number_file(counters)),
        "readings.json.gz": _squeezed_json(reading_file(tags)),
        "COPYING": (folder / "COPYING").read_bytes(),
    }


def _folder() -> Path:
    try:
        import pyopenjtalk
    except ImportError as error:
        raise DependencyError("Japanese data needs the package pyopenjtalk-plus",
                              "Install requirements.txt.") from error
    where = pyopenjtalk.OPEN_JTALK_DICT_DIR
    return Path(where.decode() if isinstance(where, bytes) else where)


def _squeezed(lines: Iterator[str]) -> bytes:
    return gzip.compress("".join(f"{line}\n" for line in lines).encode("utf8"), 9, mtime=0)


def _squeezed_json(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return gzip.compress(text.encode("utf8"), 9, mtime=0)


def _counters(rows: list[str], tags: dict[str, int]) -> list[str]:
    """Spellings of the words that count, those in Japanese script."""
    wanted = {str(number) for tag, number in tags.items() if tag.startswith(_COUNTER)}
    fields = (row.split("\t", 5) for row in rows)
    found = {f[0] for f in fields if f[4] in wanted and _JAPANESE.fullmatch(f[0])}
    return sorted(found)


def _rows(path: Path, tags: dict[str, int]) -> Iterator[str]:
    """Lines of a dictionary; ``tags`` gets the shared features it meets.

    A line is: spelling, left id, right id, cost, number of its tag, base form (empty: the
    spelling), reading, pronunciation (empty: the reading), accent/moras, accent rule.
    """
    data = path.read_bytes()
    header = _HEADER.unpack_from(data)
    size, tokens, features = header[6:9]
    start = _HEADER.size
    if header[0] ^ len(data) != _MAGIC or start + size + tokens + features != len(data):
        raise ModelFileError(f"{path}: not a MeCab dictionary")
    table = np.frombuffer(data, _TOKEN, tokens // _TOKEN.itemsize, start + size).tolist()
    texts = data[start + size + tokens :]
    for spelling, first, count in _spellings(data[start : start + size]):
        for left, right, _, cost, at, _ in table[first : first + count]:
            own = texts[at : texts.index(b"\0", at)].decode("utf8").split(",")
            tag = tags.setdefault(",".join(own[:_SHARED]), len(tags))
            base, reading, spoken, *rest = [*own[_SHARED:], *[""] * 5][:5]
            yield "\t".join([
                spelling, str(left), str(right), str(cost), str(tag),
                "" if base == spelling else base, reading, "" if spoken == reading else spoken,
                *rest,
            ])


def _spellings(array: bytes) -> list[tuple[str, int, int]]:
    """Words of a double array with the place and number of their tokens, in order."""
    units = np.frombuffer(array, np.dtype([("base", "<i4"), ("check", "<u4")]))
    base, check = units["base"], units["check"].astype(np.int64)
    found: list[tuple[bytes, int]] = []
    nodes, names = np.array([base[0]], np.int64), [b""]
    while len(nodes):
        ends = np.flatnonzero((check[nodes] == nodes) & (base[nodes] < 0))
        found += [(names[i], int(-base[nodes[i]] - 1)) for i in ends]
        below, grown = [], []
        for byte in range(256):
            child = nodes + byte + 1
            fits = child < len(base)
            fits[fits] = check[child[fits]] == nodes[fits]
            places = np.flatnonzero(fits)
            below.append(base[child[places]].astype(np.int64))
            grown += [names[i] + bytes([byte]) for i in places]
        nodes, names = np.concatenate(below), grown
    return [(name.decode("utf8"), value >> 8, value & 0xFF) for name, value in sorted(found)]
