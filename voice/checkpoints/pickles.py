"""A reader of pickled checkpoints that can only make tensors and plain data.

The pickle format is a small program for a stack machine. This is such a machine without the parts
that reach outside: a global name never leads to an import, it is looked up in
:data:`voice.checkpoints.known.KNOWN`; whatever is not there is refused by name. Nothing of a file
is executed, whatever it holds. Format: the opcode table of Python's ``pickletools``, protocols 0 to
5; use by torch: persistent ids name storages, ``_rebuild_tensor_v2`` makes views of them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from voice.checkpoints.known import KNOWN, Attributes, Maker, Storage, StorageType, plain_key
from voice.errors import ModelFileError

MAX_STEPS = 4_000_000  # opcodes of one file; the largest official one has some 40 thousand
MAX_BYTES = 64 << 20  # of the program, tensors are stored elsewhere
MAX_NODES, MAX_DEPTH = 1_000_000, 64
MAX_INTEGER_BYTES = 64


class _Mark:
    """The stack's marker."""


class Unpickler:
    """Runs one pickle after the other of a block of bytes.

    Args:
        data: starts with a pickle; anything behind it is left alone.
        where: the file, for messages.
    """

    def __init__(self, data: bytes | memoryview, where: str) -> None:
        self.data, self.where, self.position = memoryview(data), where, 0
        self.steps = 0

    def load(self) -> Any:
        """The value of the next pickle; tensors are :class:`voice.checkpoints.known.StoredTensor`.

        Raises:
            ModelFileError: the pickle is damaged, asks for anything but tensors and plain data,
                or is too large to be honest.
        """
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        try:
            value = self._run()
        except ModelFileError:
            raise
        except (ValueError, TypeError, IndexError, KeyError, struct.error, OverflowError) as error:
            raise ModelFileError(
                f"{self.where}: its pickle is damaged or made to mislead, near byte "
                f"{self.position} ({_brief(error)})", "Nothing of it was run; get the file anew."
            ) from None
        _bounded(value, self.where)
        return value

    def _run(self) -> Any:
        while True:
            self.steps += 1
            if self.steps > MAX_STEPS or self.position > MAX_BYTES:
                raise ModelFileError(f"{self.where}: its pickle is too large to be a checkpoint's")
            code = bytes(self._take(1))
            if code == b".":
                if len(self.stack) != 1:
                    raise ValueError("it does not end with one value")
                return self.stack.pop()
            step = _STEPS.get(code)
            if step is None:
                raise ModelFileError(
                    f"{self.where}: its pickle uses the instruction {code!r}, which is not needed "
                    "for tensors and plain data", "Nothing of it was run."
                )
            step(self)

    # The bytes

    def _take(self, count: int) -> memoryview:
        if count < 0 or self.position + count > len(self.data):
            raise ValueError("it ends too early")
        self.position += count
        return self.data[self.position - count : self.position]

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _text(self, count: int) -> str:
        return str(self._take(count), "utf-8", "surrogatepass")

    def _line(self) -> str:
        size = 0
        while self.position + size < len(self.data) and self.data[self.position + size] != 10:
            size += 1
            if size > 4096:
                raise ValueError("a line that does not end")
        text = self._text(size)
        self._take(1)
        return text

    # The stack

    def _push(self, value: Any) -> None:
        self.stack.append(value)

    def _pop(self) -> Any:
        value = self.stack.pop()
        if value is _Mark:
            raise ValueError("a marker where a value belongs")
        return value

    def _marked(self) -> list[Any]:
        for place in range(len(self.stack) - 1, -1, -1):
            if self.stack[place] is _Mark:
                items = self.stack[place + 1 :]
                del self.stack[place:]
                return items
        raise ValueError("values without a marker")

    def _top(self, kind: type) -> Any:
        if not self.stack or not isinstance(self.stack[-1], kind):
            raise ValueError(f"no {kind.__name__} to add to")
        return self.stack[-1]

    # Instructions of more than a line

    def _integer(self, count: int) -> int:
        if count > MAX_INTEGER_BYTES:
            raise ValueError("an absurdly long number")
        return int.from_bytes(self._take(count), "little", signed=True)

    def _decimal(self, text: str) -> Any:
        if text in ("00", "01"):
            return text == "01"
        if len(text) > 2 * MAX_INTEGER_BYTES:
            raise ValueError("an absurdly long number")
        return int(text)

    def _find(self, module: str, name: str) -> None:
        """A global name; nothing is ever imported."""
        full = f"{module}.{name}"
        if full not in KNOWN:
            shown = full if len(full) <= 80 else full[:80] + "..."
            raise ModelFileError(
                f"{self.where}: refused: it asks for {shown!r}, which is neither a tensor nor "
                "plain data; such a file could run programs", "Nothing of it was run."
            )
        self._push(KNOWN[full])

    def _find_on_stack(self) -> None:
        name, module = self._pop(), self._pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise ValueError("a global name that is no text")
        self._find(module, name)

    def _reduce(self) -> None:
        arguments, maker = self._pop(), self._pop()
        if not isinstance(maker, Maker) or maker.make is None:
            raise ValueError("a call of something that cannot be called")
        if not isinstance(arguments, tuple) or len(arguments) > 16:
            raise ValueError(f"a call of {maker.name} without a list of arguments")
        self.steps += sum(len(a) for a in arguments if isinstance(a, list | tuple | str))
        self._push(maker.make(*arguments))

    def _new(self) -> None:
        arguments, maker = self._pop(), self._pop()
        if not isinstance(maker, Maker) or not maker.instance or arguments != ():
            raise ValueError("an object of an unexpected class or with arguments")
        self._push(Attributes())

    def _build(self) -> None:
        """Attributes of an HParams; those that state dicts carry for torch are dropped."""
        state, target = self._pop(), self.stack[-1]
        if not isinstance(state, dict) or not all(isinstance(k, str) for k in state):
            raise ValueError("attributes that are no dictionary of names")
        self.steps += len(state)
        if isinstance(target, Attributes):
            target.update(state)
        elif type(target) is not dict:
            raise ValueError(f"attributes for a {type(target).__name__}")

    def _persistent(self) -> None:
        parts = self._pop()
        good = isinstance(parts, tuple) and len(parts) in (5, 6) and parts[0] == "storage"
        if not good:
            raise ValueError("a reference to something that is no storage")
        kind, key, _place, elements = parts[1:5]
        if not isinstance(kind, StorageType) or not isinstance(key, str) or len(key) > 200:
            raise ValueError("a storage of an unknown kind")
        if type(elements) is not int or not 0 <= elements < 1 << 40:
            raise ValueError("a storage of an absurd size")
        if len(parts) == 6 and parts[5] is not None:
            raise ValueError("a storage that is a view of another one")
        self._push(Storage(kind.dtype, key, elements))

    def _set_items(self, items: list[Any]) -> None:
        target = self._top(dict)
        if len(items) % 2:
            raise ValueError("a key without a value")
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[plain_key(key)] = value

    def _make_dictionary(self) -> None:
        items = self._marked()
        self._push({})
        self._set_items(items)

    def _make_tuple(self, count: int) -> None:
        items = [self._pop() for _ in range(count)][::-1]
        self._push(tuple(items))

    def _remember(self, place: int) -> None:
        if place > MAX_STEPS:
            raise ValueError("an absurd place to remember")
        self.memo[place] = self.stack[-1]


def _one(self: Unpickler) -> None:
    value = self._pop()
    self._top(list).append(value)


def _item(self: Unpickler) -> None:
    value, key = self._pop(), self._pop()
    self._set_items([key, value])


def _version(self: Unpickler) -> None:
    if self._take(1)[0] > 5:
        raise ValueError("a protocol after 5")


_STEPS: dict[bytes, Callable[[Unpickler], Any]] = {
    b"\x80": _version,
    b"\x95": lambda s: s._take(8),
    b"(": lambda s: s._push(_Mark),
    b"0": lambda s: s.stack.pop(),
    b"1": lambda s: s._marked(),
    b"2": lambda s: s._push(s.stack[-1]),
    b"N": lambda s: s._push(None),
    b"\x88": lambda s: s._push(True),
    b"\x89": lambda s: s._push(False),
    b"I": lambda s: s._push(s._decimal(s._line())),
    b"L": lambda s: s._push(s._decimal(s._line().rstrip("L"))),
    b"J": lambda s: s._push(s._number("<i")),
    b"K": lambda s: s._push(s._number("<B")),
    b"M": lambda s: s._push(s._number("<H")),
    b"\x8a": lambda s: s._push(s._integer(s._number("<B"))),
    b"\x8b": lambda s: s._push(s._integer(s._number("<i"))),
    b"F": lambda s: s._push(float(s._line())),
    b"G": lambda s: s._push(s._number(">d")),
    b"X": lambda s: s._push(s._text(s._number("<I"))),
    b"\x8c": lambda s: s._push(s._text(s._number("<B"))),
    b"\x8d": lambda s: s._push(s._text(s._number("<Q"))),
    b"B": lambda s: s._push(bytes(s._take(s._number("<I")))),
    b"C": lambda s: s._push(bytes(s._take(s._number("<B")))),
    b"]": lambda s: s._push([]),
    b"a": _one,
    b"e": lambda s: [items := s._marked(), s._top(list).extend(items)],
    b"l": lambda s: s._push(s._marked()),
    b")": lambda s: s._push(()),
    b"t": lambda s: s._push(tuple(s._marked())),
    b"\x85": lambda s: s._make_tuple(1),
    b"\x86": lambda s: s._make_tuple(2),
    b"\x87": lambda s: s._make_tuple(3),
    b"}": lambda s: s._push({}),
    b"d": lambda s: s._make_dictionary(),
    b"s": _item,
    b"u": lambda s: s._set_items(s._marked()),
    b"p": lambda s: s._remember(s._decimal(s._line())),
    b"q": lambda s: s._remember(s._number("<B")),
    b"r": lambda s: s._remember(s._number("<I")),
    b"\x94": lambda s: s._remember(len(s.memo)),
    b"g": lambda s: s._push(s.memo[s._decimal(s._line())]),
    b"h": lambda s: s._push(s.memo[s._number("<B")]),
    b"j": lambda s: s._push(s.memo[s._number("<I")]),
    b"c": lambda s: s._find(s._line(), s._line()),
    b"\x93": lambda s: s._find_on_stack(),
    b"R": lambda s: s._reduce(),
    b"\x81": lambda s: s._new(),
    b"b": lambda s: s._build(),
    b"Q": lambda s: s._persistent(),
}
"""What each instruction does. Not here, as no checkpoint needs them: objects of other classes
(``i o \\x92``), extension codes, sets, buffers, ids that are text."""


def _brief(error: Exception) -> str:
    text = str(error) if not isinstance(error, KeyError) else "something it never stored"
    return text[:160] or type(error).__name__


def _bounded(value: Any, where: str) -> None:
    """Refuses values that are endless, or far larger than their pickle, when walked through."""
    level, depth, seen = [value], 0, 0
    while level:
        seen += len(level)
        if depth > MAX_DEPTH or seen > MAX_NODES:
            raise ModelFileError(f"{where}: its data is nested too deeply, or without end")
        below: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                below.extend(one.values())
            elif isinstance(one, list | tuple):
                below.extend(one)
            elif isinstance(one, Maker | StorageType) or one is _Mark:
                raise ModelFileError(f"{where}: its data holds a function or class")
            if len(below) > MAX_NODES:
                raise ModelFileError(f"{where}: its data is nested too deeply, or without end")
        level, depth = below, depth + 1
