"""What a checkpoint is, by its evidence: its keys, shapes, header, configuration, folder.

Each piece of evidence leaves some versions possible. What the file's tensors, its header and the
known beginnings of published files say is binding: where they contradict each other, the file is
refused. What its configuration says narrows the rest; the folder it lies in is only mentioned.
Facts of GPT-SoVITS: two header characters instead of ``PK`` in files of v2Pro and later and in LoRA
files; 322 phoneme rows in v1, 732 later; a flow-matching decoder (``cfm``) in v3 and v4 alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voice.checkpoints.containers import Checkpoint, table_of
from voice.checkpoints.known import StoredTensor
from voice.errors import ModelFileError, OptionError
from voice.spec.load import read_json

VERSIONS = ("v1", "v2", "v2Pro", "v2ProPlus", "v3", "v4")
PUBLISHED = Path(__file__).with_name("published.json")
_BEGINNING = 8192  # bytes of a file that identify a published one
_ALL, _FLOW_MATCHING = frozenset(VERSIONS), frozenset({"v3", "v4"})
_PRO = frozenset({"v2Pro", "v2ProPlus"})
_HEADERS = {
    "00": "v1", "01": "v2", "02": "v3", "03": "v3", "04": "v4", "05": "v2Pro", "06": "v2ProPlus",
}
_COMPONENT_KEYS = (  # a key that no other kind of file has
    ("hubert", "feature_extractor.conv_layers.0.conv.weight"),
    ("bert", "bert.embeddings.word_embeddings.weight"),
    ("speaker", "layer3.0.fuse_models.0.local_att.0.weight"),
    ("vocoder", "resblocks.0.convs1.0.weight"),
)
KINDS = {
    "gpt": "a GPT (text-to-semantic) model", "sovits": "a SoVITS decoder",
    "lora": "a LoRA fine-tune of a SoVITS decoder", "hubert": "the HuBERT content encoder",
    "bert": "the Chinese BERT", "speaker": "the speaker network (ERes2NetV2)",
    "vocoder": "the vocoder of v4", "bigvgan": "the vocoder of v3 (BigVGAN)",
}


@dataclass(frozen=True)
class Finding:
    """What a file is.

    Attributes:
        kind: one of :data:`KINDS`.
        versions: of the model that are possible; one where it is sure; for a GPT all that it may
            be used with; empty for the parts that versions share.
        reasons: what speaks for it, a sentence each.
    """

    kind: str
    versions: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def sure(self) -> bool:
        """Nothing else is possible."""
        return self.kind not in ("sovits", "lora") or len(self.versions) == 1

    @property
    def version(self) -> str:
        """The version; empty where it is not sure, or where the kind has none."""
        return self.versions[0] if len(self.versions) == 1 else ""

    def describe(self) -> str:
        """What it is, how sure that is and why, in a line."""
        which = f" of {' or '.join(self.versions)}" if self.versions else ""
        how = "sure" if self.sure else "unsure"
        return f"{KINDS[self.kind]}{which} ({how}: {'; '.join(self.reasons)})"


@dataclass(frozen=True)
class _Clue:
    text: str
    allows: frozenset[str]


def recognise(opened: Checkpoint, asked: str = "") -> Finding:
    """What a checkpoint is.

    Args:
        opened: the file.
        asked: a version that the caller knows it to be; it must agree with the tensors.

    Raises:
        ModelFileError: it is none of the files that a model is made of, or its evidence is
            contradictory.
        OptionError: it cannot be what was asked for.
    """
    if asked and asked not in VERSIONS:
        raise OptionError(f"--version {asked}: not a version", f"Use {', '.join(VERSIONS)}.")
    kind, table = _kind(opened)
    if kind == "gpt":
        return _gpt(opened, table)
    if kind not in ("sovits", "lora"):
        return Finding(kind, (), (f"it has the tensors of {KINDS[kind]}",))
    return _settle(opened, kind, _binding(opened, table), _hints(opened), asked)


def weights_of(opened: Checkpoint, kind: str) -> dict[str, StoredTensor]:
    """The table of tensors of a recognised file."""
    inside = {"gpt": "weight", "sovits": "weight", "lora": "weight", "bigvgan": "generator"}
    return table_of(opened, inside.get(kind, ""))


def _kind(opened: Checkpoint) -> tuple[str, Mapping[str, StoredTensor]]:
    data, where = opened.data, opened.path
    if not isinstance(data, dict):
        raise ModelFileError(f"{where}: it holds no table of tensors")
    if "optimizer" in data or "optimizer_states" in data:
        raise ModelFileError(
            f"{where}: the state of a training run, not a finished model",
            "Use the file that training wrote to SoVITS_weights... or GPT_weights...",
        )
    if "weight" in data:
        table = table_of(opened, "weight")
        if any(k.startswith("model.ar_") or k.startswith("model.bert_proj") for k in table):
            return "gpt", table
        if "lora_rank" in data or any(".lora_A." in k for k in table):
            return "lora", table
        if any(k.startswith(("enc_p.", "dec.", "cfm.")) for k in table):
            return "sovits", table
        if any(k.startswith("discriminators.") for k in table):
            raise ModelFileError(f"{where}: a discriminator (s2D), which only training needs",
                                 "Use the s2G file beside it.")
    if "generator" in data:
        return "bigvgan", table_of(opened, "generator")
    for kind, key in _COMPONENT_KEYS:
        if key in data or f"{kind}.{key}" in data:
            return kind, table_of(opened)
    some = ", ".join(str(k)[:40] for k in list(data)[:4])
    raise ModelFileError(f"{where}: no file of a GPT-SoVITS model (it holds {some or 'nothing'})",
                         "Give a .ckpt (GPT), a .pth (SoVITS), or a folder with them.")


def _gpt(opened: Checkpoint, table: Mapping[str, StoredTensor]) -> Finding:
    found = table.get("model.ar_text_embedding.word_embeddings.weight")
    rows = found.shape[0] if found else _configured(opened, "phoneme_vocab_size")
    reason = f"{rows} phoneme rows"
    if rows == 512:
        return Finding("gpt", ("v1",), (reason,))
    if rows == 732:
        return Finding("gpt", VERSIONS[1:], (reason,))
    raise ModelFileError(f"{opened.path}: a GPT with {rows} phoneme rows; official ones have 512 "
                         "(v1) or 732 (later)")


def _binding(opened: Checkpoint, table: Mapping[str, StoredTensor]) -> list[_Clue]:
    """Clues that must agree."""
    clues = []
    beginning = bytes(opened.memory[:_BEGINNING])
    if opened.form == "zip":  # as it is on disk: the header may have been put back
        beginning = opened.header.encode() + beginning[2:]
    known = read_json(PUBLISHED)["beginnings"]
    if version := known.get(hashlib.md5(beginning, usedforsecurity=False).hexdigest()):
        clues.append(_Clue(f"it begins as the published {version} base", frozenset({version})))
    if opened.header not in ("", "PK"):
        version = _HEADERS.get(opened.header)
        if version is None:
            raise ModelFileError(f"{opened.path}: its header {opened.header!r} is not known")
        clues.append(_Clue(f"header {opened.header!r}", frozenset({version})))
    matching = any(k.startswith("cfm.") for k in table)
    clues.append(
        _Clue("a flow-matching decoder", _FLOW_MATCHING) if matching
        else _Clue("a VITS decoder", _ALL - _FLOW_MATCHING)
    )
    if rows := _rows(table, "enc_p.text_embedding.weight"):
        allows = {322: frozenset({"v1"}), 732: _ALL - {"v1"}}.get(rows, frozenset())
        clues.append(_Clue(f"{rows} phoneme rows", allows))
    if "ref_enc.spectral.0.fc.weight" in table and not matching:
        pro = "sv_emb.weight" in table
        clues.append(_Clue("it takes a speaker vector", _PRO) if pro
                     else _Clue("it takes no speaker vector", _ALL - _PRO))
    if width := _rows(table, "dec.conv_pre.weight"):
        plus = frozenset({"v2ProPlus"})
        clues.append(_Clue(f"vocoder of width {width}", plus if width == 768 else _ALL - plus))
    return clues


def _hints(opened: Checkpoint) -> list[_Clue]:
    """Clues that narrow what is left."""
    hints = []
    if (said := _configured(opened, "version")) in VERSIONS:
        hints.append(_Clue(f"its configuration says {said}", frozenset({said})))
    info = opened.data.get("info")
    if isinstance(info, str) and info.startswith("pretrained_s2G_") and info[15:] in VERSIONS:
        hints.append(_Clue(f"its note says {info[15:]}", frozenset({info[15:]})))
    return hints


def _settle(
    opened: Checkpoint, kind: str, binding: list[_Clue], hints: list[_Clue], asked: str
) -> Finding:
    left, reasons = _ALL, []
    for clue in binding:
        reasons.append(clue.text)
        if not left & clue.allows:
            raise ModelFileError(f"{opened.path}: its evidence is contradictory: "
                                 f"{', '.join(reasons)}", "Get the file anew.")
        left &= clue.allows
    if asked:
        if asked not in left:
            raise OptionError(f"--version {asked}: {opened.path.name} is not of it "
                              f"({', '.join(reasons)})", f"It may be {_listed(left)}.")
        return Finding(kind, (asked,), (*reasons, "its version was given"))
    for hint in hints:
        if len(left) > 1 and left & hint.allows:
            left &= hint.allows
            reasons.append(hint.text)
        elif not left & hint.allows:
            reasons.append(f"although {hint.text}")
    if len(left) > 1:
        reasons += [f"its folder is named {p.name}, which is no proof"
                    for p in opened.path.resolve().parents[:1]
                    if any(p.name.endswith(v) for v in left)]
    return Finding(kind, tuple(v for v in VERSIONS if v in left), tuple(reasons))


def require_sure(found: Finding, path: Path) -> str:
    """The version of a SoVITS file.

    Raises:
        ModelFileError: it is not sure.
    """
    if not found.sure:
        options = " or ".join(f"--version {v}" for v in found.versions)
        raise ModelFileError(f"{path}: cannot tell {_listed(frozenset(found.versions))} apart "
                             f"({'; '.join(found.reasons)})", f"Say which it is: {options}.")
    return found.version


def _listed(versions: frozenset[str]) -> str:
    return " or ".join(v for v in VERSIONS if v in versions)


def _rows(table: Mapping[str, StoredTensor], key: str) -> int:
    found = table.get(key)
    return found.shape[0] if found and found.shape else 0


def _configured(opened: Checkpoint, name: str) -> Any:
    """An entry of the model section of a file's configuration."""
    config = opened.data.get("config")
    section = config.get("model") if isinstance(config, dict) else None
    return section.get(name) if isinstance(section, dict) else None
