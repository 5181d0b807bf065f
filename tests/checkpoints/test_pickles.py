"""The reader of pickled checkpoints: it reads tensors and plain data, and never runs anything."""

from __future__ import annotations

import builtins
import collections
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checkpoints.official import forget_hparams, hparams, save
from voice.checkpoints.containers import open_checkpoint, read_state
from voice.checkpoints.known import KNOWN, Storage, StoredTensor
from voice.checkpoints.pickles import Unpickler
from voice.errors import ModelFileError

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64, torch.uint8,
          torch.bool]


class Calls:
    """Pickles to a call of anything."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.function, self.arguments


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever would run, import or open something for a pickle ends the test."""
    import pickle as module

    def no(*_: object, **__: object) -> None:
        raise AssertionError("the reader unpickled")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(module, name, no)


def zipped(path: Path, program: bytes, storages: dict[str, bytes] | None = None,
           method: int = zipfile.ZIP_STORED) -> Path:
    """A checkpoint of hand-made parts."""
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a/data.pkl", program)
        for key, data in (storages or {}).items():
            archive.writestr(f"a/data/{key}", data)
    return path


def tensor_program(elements: int, offset: int, shape: tuple[int, ...], stride: tuple[int, ...],
                   dtype: str = "FloatStorage", count: int = 1) -> bytes:
    """A pickle of ``{"0": tensor, ...}``: ``count`` views of the storage ``0``."""
    one = (b"ctorch._utils\n_rebuild_tensor_v2\n((" + _text("storage") + b"ctorch\n"
           + dtype.encode() + b"\n" + _text("0") + _text("cpu") + _int(elements) + b"tQ"
           + _int(offset) + b"(" + b"".join(map(_int, shape)) + b"t("
           + b"".join(map(_int, stride)) + b"t\x89ccollections\nOrderedDict\n)RtR")
    return b"\x80\x02}(" + b"".join(_text(str(i)) + one for i in range(count)) + b"u."


def _text(value: str) -> bytes:
    return b"X" + len(value.encode()).to_bytes(4, "little") + value.encode()


def _int(value: int) -> bytes:
    data = value.to_bytes(16, "little", signed=True)
    return b"\x8a\x10" + data


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_tensors_are_read_as_torch_wrote_them(
    tmp_path: Path, dtype: torch.dtype, legacy: bool
) -> None:
    whole = (torch.arange(24) % 7).reshape(4, 6).to(dtype)
    tied = torch.arange(5).to(dtype)
    saved = {"a": whole, "t": whole.clone().T, "slice": whole.clone()[1:, 2:4], "none": whole[:0],
             "scalar": whole[1, 1].clone(), "tied": tied, "tied again": tied}
    found = read_state(save(tmp_path / "x.pth", saved, legacy=legacy))
    assert list(found) == list(saved)
    for name, value in saved.items():
        assert found[name].dtype == dtype and torch.equal(found[name], value), name


@pytest.mark.parametrize("legacy", [False, True])
def test_plain_data_comes_back(tmp_path: Path, legacy: bool) -> None:
    config = {"n": [1, -2, 2**40, 1.5, True, None, "中文"], "t": (1, (2, 3)), "b": b"\x00\xff"[:0]}
    saved = {"weight": collections.OrderedDict(a=torch.ones(2)), "config": config,
             "size": torch.Size([2, 3]), "p": torch.nn.Parameter(torch.ones(1)),
             "net": torch.nn.Linear(2, 1).state_dict()}
    saved["config"].pop("b")
    opened = open_checkpoint(save(tmp_path / "x.pth", saved, legacy=legacy))
    assert opened.data["config"] == config and opened.data["size"] == (2, 3)
    assert list(opened.data["net"]) == ["weight", "bias"]
    assert torch.equal(opened.tensor(opened.data["p"]), torch.ones(1))


def test_the_published_class_of_settings_becomes_a_dictionary(tmp_path: Path) -> None:
    file = save(tmp_path / "x.pth", {"config": hparams({"model": {"version": "v2"}, "name": "x"})})
    forget_hparams()
    found = open_checkpoint(file).data["config"]
    assert found == {"model": {"version": "v2"}, "name": "x"} and isinstance(found, dict)


ATTACKS = [
    (Calls(os.system, "touch {mark}"), "system"),
    (Calls(builtins.eval, "open('{mark}','w')"), "eval"),
    (Calls(builtins.exec, "open('{mark}','w')"), "exec"),
    (Calls(__import__("importlib").import_module, "this"), "importlib.import_module"),
    (Calls(__import__("subprocess").call, "touch {mark}"), ".call"),
    (Calls(builtins.getattr, "a", "upper"), "getattr"),
    (Calls(open, "{mark}", "w"), "io.open"),
    (Calls(torch.load, "{mark}"), "torch.serialization.load"),
    (torch.nn.Linear(1, 1), "torch.nn.modules.linear.Linear"),
]


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize(("attack", "named"), ATTACKS, ids=[name for _, name in ATTACKS])
def test_calls_are_refused_by_name_and_not_made(
    tmp_path: Path, attack: Any, named: str, legacy: bool
) -> None:
    mark = tmp_path / "ran"
    if isinstance(attack, Calls):
        arguments = [a.format(mark=mark) if isinstance(a, str) else a for a in attack.arguments]
        attack = Calls(attack.function, *arguments)
    file = save(tmp_path / "x.pth", {"weight": {}, "config": attack}, legacy=legacy)
    with pytest.raises(ModelFileError, match="refused: it asks for") as error:
        open_checkpoint(file)
    assert named in str(error.value)
    assert "Nothing of it was run" in str(error.value) and not mark.exists()


@pytest.mark.parametrize("program", [
    b"\x80\x02cutils\nHParams\n)\x81}X\x01\x00\x00\x00acos\nsystem\nsb.",  # a global in attributes
    b"\x80\x02ccollections\nOrderedDict\n)\x81.",  # an instance of what may only be called
    b"\x80\x02cutils\nHParams\n(K\x01tR.",  # a call of what may only be made
    b"\x80\x02cutils\nHParams\n(K\x01t\x81.",  # with arguments
    b"\x80\x02cutils\nHParams\n.",  # the class itself
    b"\x80\x02]}b.",  # attributes of a list
    b"\x80\x02(ios\nsystem\n.",  # the old way to make instances
    b"\x80\x02\x82\x01.",  # an extension code
    b"\x80\x04\x8c\x02os\x8c\x06system\x93.",  # a global from the stack
    b"\x80\x02ctorch\nFloatStorage\n)R.",
    b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.",
    b"\x80\x02(X\x07\x00\x00\x00storageK\x01X\x01\x00\x00\x000NK\x01tQ.",
    b"\x80\x02P0\n.",  # a persistent id that is text
    b"\x80\x02}(K\x01)\x85)\x85u.", b"\x80\x02}])s.",  # keys that are no plain values
    b"\x80\x02h\x05.", b"\x80\x02(.", b"\x80\x02", b"", b".", b"\x80\x09N.", b"\x80\x02NN.",
    b"\x80\x02]q\x00h\x00a.",  # a list in itself
    b"\x80\x02" + b"]" * 200 + b"a" * 199 + b".",  # too deep
    b"\x80\x02\x8b\xff\xff\xff\x7f" + b"1" * 100 + b".",  # an absurdly long number
    b"\x80\x02I" + b"9" * 3000 + b"\n.",
    b"\x80\x02X\xff\xff\xff\x7fa.",  # text longer than the file
])
def test_tricks_are_refused(program: bytes) -> None:
    with pytest.raises(ModelFileError):
        Unpickler(program, "file").load()


def test_bombs_of_references_are_refused() -> None:
    doubling = b"\x80\x02]q\x00" + b"".join(
        b"](" + b"h" + bytes([i]) + b"h" + bytes([i]) + b"eq" + bytes([i + 1]) for i in range(40)
    ) + b"."
    with pytest.raises(ModelFileError):
        Unpickler(doubling, "file").load()
    pairs = b"(" + b"(K\x01K\x02t" * 20_000 + b"l\x85q\x00"
    copies = b"\x80\x02" + pairs + b"0](" + b"ccollections\nOrderedDict\nh\x00R" * 20_000 + b"e."
    with pytest.raises(ModelFileError, match="too large"):
        Unpickler(copies, "file").load()


@pytest.mark.parametrize(("shape", "stride", "offset"), [
    ((1 << 40,), (1,), 0),  # absurd size
    ((1 << 20,), (0,), 0),  # one number as a million
    ((4, 4), (1, 1), 0),  # overlaps itself
    ((2, 3), (3, 2), 0),
    ((17,), (1,), 0), ((8,), (1,), 9), ((4,), (5,), 1),  # leaves its storage
    ((4,), (-1,), 3), ((-4,), (1,), 0), ((4,), (1,), -1), ((4,), (1, 1), 0),
    ((1,) * 9, (1,) * 9, 0),
])
def test_views_that_cannot_be_are_refused(
    tmp_path: Path, shape: tuple[int, ...], stride: tuple[int, ...], offset: int
) -> None:
    file = zipped(tmp_path / "x.pth", tensor_program(16, offset, shape, stride), {"0": bytes(64)})
    with pytest.raises(ModelFileError):
        open_checkpoint(file)


def test_storages_are_held_against_the_file(tmp_path: Path) -> None:
    good = tensor_program(16, 0, (4, 4), (4, 1))
    assert read_state(zipped(tmp_path / "ok.pth", good, {"0": bytes(64)}))["0"].shape == (4, 4)
    for bad in ({"0": bytes(60)}, {"0": bytes(68)}, {}, {"1": bytes(64)}):
        with pytest.raises(ModelFileError, match="storage '0'"):
            open_checkpoint(zipped(tmp_path / "x.pth", good, bad))
    many = tensor_program(16, 0, (16,), (1,), count=50)
    with pytest.raises(ModelFileError, match="share one storage"):
        open_checkpoint(zipped(tmp_path / "x.pth", many, {"0": bytes(64)}))
    first, second = torch.zeros(16), torch.zeros(16)
    overlapping = {"a": first[:10], "b": first[5:], "c": second}
    with pytest.raises(ModelFileError, match="tensors overlap"):
        open_checkpoint(save(tmp_path / "y.pth", overlapping))


def test_zip_bombs_are_refused(tmp_path: Path) -> None:
    program = tensor_program(1 << 24, 0, (1 << 24,), (1,), "ByteStorage")
    squeezed = zipped(tmp_path / "x.pth", program, {"0": bytes(1 << 24)}, zipfile.ZIP_DEFLATED)
    assert squeezed.stat().st_size < 1 << 16
    with pytest.raises(ModelFileError, match="compressed"):
        open_checkpoint(squeezed)
    honest = zipped(tmp_path / "y.pth", tensor_program(16, 0, (16,), (1,)), {"0": bytes(64)})
    data = bytearray(honest.read_bytes())
    directory = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    data[directory + 42 : directory + 46] = bytes(4)  # the second entry is where the first is
    (tmp_path / "z.pth").write_bytes(data)
    with pytest.raises(ModelFileError, match="overlap"):
        open_checkpoint(tmp_path / "z.pth")


def test_other_files_are_refused_clearly(tmp_path: Path) -> None:
    def check(content: bytes, words: str) -> None:
        (tmp_path / "x.pth").write_bytes(content)
        with pytest.raises(ModelFileError, match=words):
            open_checkpoint(tmp_path / "x.pth")

    check(b"", "empty")
    check(b"<!doctype html>", "failed download")
    check(b"version https://git-lfs.github.com/spec/v1\n", "Git LFS")
    check(b"RIFF....WAVE", "not a checkpoint")
    check(pickle.dumps({"a": 1}), "no checkpoint of torch")
    with pytest.raises(ModelFileError, match="no such file"):
        open_checkpoint(tmp_path / "nothing.pth")
    script = zipped(tmp_path / "s.pth", b"\x80\x02}.")
    with zipfile.ZipFile(script, "a") as archive:
        archive.writestr("a/code/__torch__/x.py", "def forward(): ...")
    check(script.read_bytes(), "program")
    whole = save(tmp_path / "y.pth", {"a": torch.ones(100)}).read_bytes()
    for size in (1, 3, 30, len(whole) // 2, len(whole) - 1):
        check(whole[:size], "x.pth")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_files_end_in_a_refusal_or_in_plain_data(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Bytes changed anywhere: never another error, never more than the reader's own values."""
    legacy = data.draw(st.booleans())
    file = tmp_path_factory.getbasetemp() / f"fuzz{legacy}.pth"
    if not file.exists():
        save(file, {"weight": {"a": torch.arange(6.0), "b": torch.ones(2, 3).T},
                    "config": {"x": [1, 2.5, "y"]}}, legacy=legacy)
    content = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    broken = file.with_suffix(".broken")
    broken.write_bytes(content)
    try:
        opened = open_checkpoint(broken)
    except ModelFileError:
        return
    assert _is_plain(opened.data)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(
    st.sampled_from([bytes([c]) for c in b"(.0123GIJKLMNXcq]h}adeilorstubQR\x81\x85\x86\x93\x94"]),
    st.sampled_from([b"cos\nsystem\n", b"cutils\nHParams\n", b"ctorch\nFloatStorage\n",
                     b"ccollections\nOrderedDict\n", b"X\x01\x00\x00\x00a", b"K\x01", b")R",
                     b")\x81}b", b"c__builtin__\neval\n"]),
    st.binary(max_size=6)), max_size=40))
def test_random_programs_end_in_a_refusal_or_in_plain_data(parts: list[bytes]) -> None:
    try:
        value = Unpickler(b"\x80\x02" + b"".join(parts) + b".", "file").load()
    except ModelFileError:
        return
    assert _is_plain(value)


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_is_plain(v) for v in value.values())
    if isinstance(value, list | tuple):
        return all(_is_plain(v) for v in value)
    plain = int | float | str | bytes | Storage | StoredTensor
    return value is None or isinstance(value, plain)


def test_names_the_reader_knows_are_few_and_harmless() -> None:
    modules = {name.rsplit(".", 1)[0] for name in KNOWN}
    assert modules == {"collections", "torch", "torch._utils", "utils", "pathlib"}
