"""Reads pickles of plain values (numbers, texts, lists, dicts, arrays of bytes) without calling anything that a file names.

A pickle is a program for a stack machine. This one knows the opcodes that such values are written with, takes names of NumPy's arrays for
marks, and refuses everything else. Source: the comments of Python's `pickletools`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from netspec.diagnostics.drawing.cells import escape
from netspec.lazy import np
from netspec.library.base import Array
from netspec.limits import LIMITS
from netspec.record import record

MARK = object()
"""Where on the stack the items of a list or a dict begin."""
ARRAY, KIND, ELEMENT = "an array", "the type of arrays", "an element type"
NAMES = {
    ("numpy.core.multiarray", "_reconstruct"): ARRAY,
    ("numpy._core.multiarray", "_reconstruct"): ARRAY,
    ("numpy", "ndarray"): KIND,
    ("numpy", "dtype"): ELEMENT,
}
"""The only names that a file may hold, and what stands for each."""


@record(eq=False)
class Name:
    """One of `NAMES`."""

    means: str


class Made:
    """What a call of one of the names would make: its arguments, and the state that is put into it."""

    def __init__(self, means: str, arguments: tuple[Any, ...]) -> None:
        self.means, self.arguments = means, arguments
        self.state: tuple[Any, ...] = ()


class _Machine:
    """The stack machine over one file's bytes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def take(self, count: int) -> bytes:
        """The next bytes. Raises ValueError at the end."""
        found = self.data[self.place : self.place + count]
        if len(found) < count:
            raise ValueError("it ends too early")
        self.place += count
        return found

    def number(self, form: str) -> int:
        """The next whole number, little-endian."""
        return struct.unpack(f"<{form}", self.take(struct.calcsize(form)))[0]

    def line(self) -> str:
        """Text up to the next line end."""
        end = self.data.find(b"\n", self.place, self.place + LIMITS.name_characters)
        if end < 0:
            raise ValueError("it holds a name without an end")
        return self.take(end + 1 - self.place)[:-1].decode("latin-1")

    def pop(self) -> Any:
        """The top of the stack. Raises ValueError where there is none."""
        if not self.stack:
            raise ValueError("it takes values that it did not make")
        return self.stack.pop()

    def items(self) -> list[Any]:
        """Everything above the last mark, which goes with it."""
        place = next((k for k in range(len(self.stack) - 1, -1, -1) if self.stack[k] is MARK), None)
        if place is None:
            raise ValueError("it ends a list that it did not begin")
        found = self.stack[place + 1 :]
        del self.stack[place:]
        return found


def read_pickle(data: bytes) -> Any:
    """The value of a pickle; arrays are `Made`. Raises ValueError with what is wrong; nothing of the file is called."""
    machine = _Machine(data)
    while True:
        code = machine.take(1)
        if code == b".":
            value = machine.pop()
            if machine.stack or machine.place != len(data):
                raise ValueError("it goes on behind its value")
            return value
        step = STEPS.get(code)
        if step is None:
            raise ValueError(f"it has the opcode {code[0]:#04x}, which plain values are not written with")
        step(machine)


def to_bytes_array(value: Any) -> Array:
    """The array u8[…] that was pickled. Raises ValueError for anything else."""
    state = value.state if isinstance(value, Made) and value.means == ARRAY else ()
    if len(state) != 5:
        raise ValueError("what should be an array is none")
    _, shape, kind, by_columns, content = state
    named = kind.arguments[0] if isinstance(kind, Made) and kind.means == ELEMENT and kind.arguments else ""
    sizes = shape if isinstance(shape, tuple) and all(type(n) is int and 0 <= n < LIMITS.axis_size for n in shape) else None
    if named not in ("u1", b"u1") or sizes is None or by_columns or not isinstance(content, bytes):
        raise ValueError("its array is none of bytes, row by row")
    count = 1
    for size in sizes:
        count *= size
    if count != len(content):
        raise ValueError(f"its array of {list(sizes)} has {len(content):,} bytes")
    return np.frombuffer(content, np.uint8).reshape(sizes)


# --- the opcodes -----------------------------------------------------------------------------------------------------


def _name(machine: _Machine, module: Any, name: Any) -> None:
    """A name for the stack. Raises ValueError for one that is none of `NAMES`."""
    means = NAMES.get((module, name)) if isinstance(module, str) and isinstance(name, str) else None
    if means is None:
        raise ValueError(f"it names `{escape(f'{module}.{name}')[: LIMITS.quoted_characters]}`, and nothing that a file names is called")
    machine.stack.append(Name(means))


def _stack_name(machine: _Machine) -> None:
    name, module = machine.pop(), machine.pop()
    _name(machine, module, name)


def _call(machine: _Machine) -> None:
    """What a call would make is only noted."""
    arguments, called = machine.pop(), machine.pop()
    if not isinstance(called, Name) or called.means == KIND or not isinstance(arguments, tuple):
        raise ValueError("it calls what is no array and no element type")
    machine.stack.append(Made(called.means, arguments))


def _build(machine: _Machine) -> None:
    state, made = machine.pop(), machine.stack[-1] if machine.stack else None
    if not isinstance(made, Made) or not isinstance(state, tuple):
        raise ValueError("it sets the state of what has none")
    made.state = state


def _extend(machine: _Machine, items: list[Any]) -> None:
    target = machine.stack[-1] if machine.stack else None
    if not isinstance(target, list):
        raise ValueError("it appends to what is no list")
    target.extend(items)


def _set(machine: _Machine, items: list[Any]) -> None:
    target = machine.stack[-1] if machine.stack else None
    if not isinstance(target, dict) or len(items) % 2 or not all(isinstance(key, str | bytes) for key in items[::2]):
        raise ValueError("it has a dict whose keys are no texts")
    target.update(zip(items[::2], items[1::2], strict=True))


def _pair(machine: _Machine) -> list[Any]:
    value, key = machine.pop(), machine.pop()
    return [key, value]


def _tuple(machine: _Machine, count: int) -> None:
    machine.stack.append(tuple(reversed([machine.pop() for _ in range(count)])))


def _keep(machine: _Machine, place: int) -> None:
    if not machine.stack:
        raise ValueError("it keeps a value that is not there")
    machine.memo[place] = machine.stack[-1]


def _recall(machine: _Machine, place: int) -> None:
    if place not in machine.memo:
        raise ValueError("it recalls a value that it did not keep")
    machine.stack.append(machine.memo[place])


def _text(machine: _Machine, count: int) -> None:
    machine.stack.append(machine.take(count).decode("utf-8", "replace"))


def _push(machine: _Machine, value: Any) -> None:
    machine.stack.append(value)


STEPS: dict[bytes, Callable[[_Machine], None]] = {
    b"\x80": lambda m: _require_protocol(m.number("B")),
    b"\x95": lambda m: _require_frame(m, m.number("Q")),
    b"(": lambda m: _push(m, MARK),
    b"}": lambda m: _push(m, {}),
    b"]": lambda m: _push(m, []),
    b")": lambda m: _push(m, ()),
    b"N": lambda m: _push(m, None),
    b"\x88": lambda m: _push(m, True),
    b"\x89": lambda m: _push(m, False),
    b"J": lambda m: _push(m, m.number("i")),
    b"K": lambda m: _push(m, m.number("B")),
    b"M": lambda m: _push(m, m.number("H")),
    b"U": lambda m: _push(m, m.take(m.number("B"))),
    b"T": lambda m: _push(m, m.take(m.number("I"))),
    b"C": lambda m: _push(m, m.take(m.number("B"))),
    b"B": lambda m: _push(m, m.take(m.number("I"))),
    b"\x8e": lambda m: _push(m, m.take(m.number("Q"))),
    b"X": lambda m: _text(m, m.number("I")),
    b"\x8c": lambda m: _text(m, m.number("B")),
    b"q": lambda m: _keep(m, m.number("B")),
    b"r": lambda m: _keep(m, m.number("I")),
    b"\x94": lambda m: _keep(m, len(m.memo)),
    b"h": lambda m: _recall(m, m.number("B")),
    b"j": lambda m: _recall(m, m.number("I")),
    b"t": lambda m: _push(m, tuple(m.items())),
    b"\x85": lambda m: _tuple(m, 1),
    b"\x86": lambda m: _tuple(m, 2),
    b"\x87": lambda m: _tuple(m, 3),
    b"a": lambda m: _extend(m, [m.pop()]),
    b"e": lambda m: _extend(m, m.items()),
    b"s": lambda m: _set(m, _pair(m)),
    b"u": lambda m: _set(m, m.items()),
    b"c": lambda m: _name(m, m.line(), m.line()),
    b"\x93": _stack_name,
    b"R": _call,
    b"b": _build,
}


def _require_protocol(version: int) -> None:
    if version > 5:
        raise ValueError(f"it is of version {version} of the format, which there is not")


def _require_frame(machine: _Machine, size: int) -> None:
    if size > len(machine.data) - machine.place:
        raise ValueError("it ends too early")
