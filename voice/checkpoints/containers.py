"""Files of torch.save as tables of tensors and plain data: the zip form and the older stream.

Files are mapped, not read: what a tensor takes of memory is taken when it is asked for. GPT-SoVITS
overwrites the first two bytes of some files ("PK" of the zip form) by two digits that name the
version; they are put back in a private view. What a file may hold is decided in
:mod:`voice.checkpoints.pickles`; here its storages are held against the file: none is compressed,
none overlaps another, none has another size than it claims.
"""

from __future__ import annotations

import io
import mmap
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from voice.checkpoints.known import Storage, StoredTensor
from voice.checkpoints.pickles import MAX_BYTES, Unpickler
from voice.errors import ModelFileError

LEGACY_MAGIC, LEGACY_PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_ENTRIES = 20_000
_REMEDY = "Get the file anew from where it came from."


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """An opened file.

    Attributes:
        path: of the file.
        form: ``zip`` or ``stream``.
        header: its first two characters as they are, ``PK`` or two digits; empty for a stream.
        data: what was saved; tensors are :class:`StoredTensor`.
        memory: the file, mapped.
        storages: first byte and length of each storage, by its key.
    """

    path: Path
    form: str
    header: str
    data: Any
    memory: mmap.mmap
    storages: Mapping[str, tuple[int, int]]

    def tensor(self, stored: StoredTensor) -> Tensor:
        """A copy of a tensor, as stored."""
        dtype = getattr(torch, stored.storage.dtype)
        if not stored.elements:
            return torch.empty(stored.shape, dtype=dtype)
        start, _ = self.storages[stored.storage.key]
        first = start + stored.offset * dtype.itemsize
        block = bytearray(self.memory[first : first + stored.extent * dtype.itemsize])
        run = torch.frombuffer(block, dtype=dtype)
        return run.as_strided(stored.shape, stored.stride).contiguous()

    def tensors(self, table: Mapping[str, StoredTensor]) -> dict[str, Tensor]:
        """Copies of a table's tensors."""
        return {name: self.tensor(stored) for name, stored in table.items()}


def read_state(path: Path, inside: str = "") -> dict[str, Tensor]:
    """The tensors of a file that holds nothing but a table of them (``state_dict``).

    Args:
        path: of the file.
        inside: name of the table, where the file holds several things.

    Raises:
        ModelFileError: see :func:`open_checkpoint`; or the file holds something else.
    """
    opened = open_checkpoint(path)
    return opened.tensors(table_of(opened, inside))


def table_of(opened: Checkpoint, inside: str = "") -> dict[str, StoredTensor]:
    """The table of tensors that a checkpoint is, or that it holds under a name.

    Raises:
        ModelFileError: there is none.
    """
    table = opened.data
    if inside:
        table = table.get(inside) if isinstance(table, dict) else None
    if not isinstance(table, dict) or not table:
        named = f" named {inside!r}" if inside else ""
        raise ModelFileError(f"{opened.path}: it holds no table of tensors{named}")
    if other := [k for k, v in table.items()
                 if not isinstance(v, StoredTensor) or not isinstance(k, str)]:
        listed = ", ".join(str(k)[:60] for k in other[:6])
        raise ModelFileError(f"{opened.path}: it holds more than tensors: {listed}")
    return table


def open_checkpoint(path: Path) -> Checkpoint:
    """Opens a checkpoint without running anything of it.

    Raises:
        ModelFileError: it cannot be read, is no checkpoint, is damaged, or holds anything but
            tensors and plain data.
    """
    memory = _map(path)
    head = bytes(memory[:4])
    if head[2:4] == b"\x03\x04":
        memory[:2] = b"PK"  # in this private view only
        data, storages = _read_zip(memory, str(path))
        header = head[:2].decode("ascii", "backslashreplace")
        form = "zip"
    elif head[:1] == b"\x80":
        data, storages = _read_stream(memory, str(path))
        form, header = "stream", ""
    else:
        raise ModelFileError(f"{path}: not a checkpoint of torch ({_looks_like(head)})", _REMEDY)
    _check_storages(data, storages, str(path))
    return Checkpoint(path, form, header, data, memory, storages)


def _map(path: Path) -> mmap.mmap:
    try:
        with open(path, "rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except FileNotFoundError:
        raise ModelFileError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise ModelFileError(f"{path}: a folder, not a file") from None
    except ValueError:
        raise ModelFileError(f"{path}: the file is empty", _REMEDY) from None
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror})") from error


def _looks_like(head: bytes) -> str:
    if head[:1] in b"<{" and head[:1]:
        return "it is text, perhaps the page of a failed download"
    if head == b"vers":
        return "it is a pointer of Git LFS, the file itself was not fetched"
    return f"it begins with {head!r}"


# The zip form: NAME/data.pkl beside NAME/data/KEY, all of them stored as they are


def _read_zip(memory: mmap.mmap, where: str) -> tuple[Any, dict[str, tuple[int, int]]]:
    entries = _entries(memory, where)
    found = [n for n in entries if n == "data.pkl" or n.endswith("/data.pkl")]
    if len(found) != 1 or found[0].count("/") > 1:
        raise ModelFileError(f"{where}: a zip file, but no checkpoint of torch", _REMEDY)
    top = found[0].removesuffix("data.pkl")
    if f"{top}constants.pkl" in entries or any(n.startswith(f"{top}code/") for n in entries):
        raise ModelFileError(f"{where}: refused: it holds a program (TorchScript)",
                             "Use the checkpoint it was made of.")
    order = entries.get(f"{top}byteorder")
    if order and bytes(memory[order[0] : sum(order)]) != b"little":
        raise ModelFileError(f"{where}: its numbers are not stored in little-endian order")
    start, size = entries[found[0]]
    if size > MAX_BYTES:
        raise ModelFileError(f"{where}: its pickle is too large to be a checkpoint's")
    program = Unpickler(bytes(memory[start : start + size]), where)
    data = program.load()
    folder = f"{top}data/"
    return data, {n[len(folder) :]: at for n, at in entries.items() if n.startswith(folder)}


def _entries(memory: mmap.mmap, where: str) -> dict[str, tuple[int, int]]:
    """First byte and length of every entry; all of them apart from each other."""
    try:
        with zipfile.ZipFile(_Readable(memory)) as archive:
            listed, directory = archive.infolist(), archive.start_dir
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, IndexError, UnicodeError,
            NotImplementedError, OverflowError) as error:
        raise ModelFileError(f"{where}: damaged or cut short ({error})", _REMEDY) from None
    if len(listed) > _ENTRIES or len({i.filename for i in listed}) != len(listed):
        raise ModelFileError(f"{where}: a zip file with too many entries, or two of one name")
    out: dict[str, tuple[int, int]] = {}
    end = 0
    for info in sorted(listed, key=lambda i: i.header_offset):
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            raise ModelFileError(
                f"{where}: refused: {info.filename[:80]} is compressed, which torch never does; "
                "unpacked it could fill the memory"
            )
        start = info.header_offset
        local = memory[start : start + 30]
        if len(local) < 30 or local[:4] != b"PK\x03\x04" or start < end:
            raise ModelFileError(f"{where}: refused: entries of its zip overlap or are damaged")
        first = start + 30 + int.from_bytes(local[26:28], "little")
        first += int.from_bytes(local[28:30], "little")
        end = first + info.file_size
        if end > directory or info.compress_size != info.file_size:
            raise ModelFileError(f"{where}: {info.filename[:80]} is cut short", _REMEDY)
        out[info.filename] = first, info.file_size
    return out


class _Readable(io.RawIOBase):
    """Mapped memory as a file, for :mod:`zipfile`."""

    def __init__(self, memory: mmap.mmap) -> None:
        super().__init__()
        self._memory, self._at = memory, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._memory)}[whence]
        if base + offset < 0:
            raise OSError("before the beginning")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        block = self._memory[self._at : self._at + len(buffer)]
        buffer[: len(block)] = block
        self._at += len(block)
        return len(block)


# The stream: magic number, protocol, system, the pickle, names of storages, the storages


def _read_stream(memory: mmap.mmap, where: str) -> tuple[Any, dict[str, tuple[int, int]]]:
    program = Unpickler(memoryview(memory), where)
    if program.load() != LEGACY_MAGIC or program.load() != LEGACY_PROTOCOL:
        raise ModelFileError(f"{where}: a pickle, but no checkpoint of torch",
                             "Use the .ckpt or .pth file of a model.")
    system = program.load()
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise ModelFileError(f"{where}: its numbers are not stored in little-endian order")
    data, keys = program.load(), program.load()
    if not isinstance(keys, list) or not all(isinstance(k, str) for k in keys):
        raise ModelFileError(f"{where}: damaged: it does not name its storages", _REMEDY)
    sizes = {s.storage.key: s.storage for s in _stored(data)}
    at, storages = program.position, {}
    for key in keys:
        if key not in sizes or key in storages:
            raise ModelFileError(f"{where}: damaged: a storage that no tensor uses", _REMEDY)
        count = int.from_bytes(memory[at : at + 8], "little")
        size = count * getattr(torch, sizes[key].dtype).itemsize
        if at + 8 + size > len(memory):
            raise ModelFileError(f"{where}: cut short: a storage goes beyond its end", _REMEDY)
        storages[key] = at + 8, size
        at += 8 + size
    return data, storages


# Both


def _stored(data: Any) -> list[StoredTensor]:
    """All tensors of plain data; its depth is bounded."""
    out, level = [], [data]
    while level:
        below: list[Any] = []
        for one in level:
            if isinstance(one, StoredTensor):
                out.append(one)
            elif isinstance(one, dict):
                below.extend(one.values())
            elif isinstance(one, list | tuple):
                below.extend(one)
        level = below
    return out


def _check_storages(data: Any, storages: Mapping[str, tuple[int, int]], where: str) -> None:
    """Every storage is there, as long as it claims, and no two tensors share a part of one.

    Two tensors may be the same one (tied weights); that way the tensors of a file are never more
    than a few times the file.
    """
    views: dict[str, set[tuple[int, int]]] = {}
    uses: dict[tuple[str, int], int] = {}
    for tensor in _stored(data):
        storage = tensor.storage
        _check_size(storage, storages, where)
        if tensor.extent:
            views.setdefault(storage.key, set()).add((tensor.offset, tensor.extent))
            use = storage.key, tensor.offset
            uses[use] = uses.get(use, 0) + 1
            if uses[use] > 4:
                raise ModelFileError(f"{where}: refused: many tensors share one storage")
    for key, parts in views.items():
        end = 0
        for offset, extent in sorted(parts):
            if offset < end:
                raise ModelFileError(f"{where}: refused: tensors overlap in storage {key[:40]!r}")
            end = offset + extent


def _check_size(storage: Storage, storages: Mapping[str, tuple[int, int]], where: str) -> None:
    wanted = storage.elements * getattr(torch, storage.dtype).itemsize
    found = storages.get(storage.key)
    if found is None or found[1] != wanted:
        held = "is missing" if found is None else f"has {found[1]} bytes instead of {wanted}"
        raise ModelFileError(f"{where}: damaged: its storage {storage.key[:40]!r} {held}", _REMEDY)
