"""Reads strict JSON with places: every value knows where it stands, and every place its JSON pointer (RFC 6901). Floor 0.

What Python's own reader lets pass is a problem here: duplicate keys, NaN and Infinity, numbers beyond reason, nesting without end.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import quote

from netspec.limits import LIMITS
from netspec.record import record

if TYPE_CHECKING:
    from netspec.source import Source, Span  # which knows this module: a source of JSON has pointers

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?(?![\w.])")
_STRING = re.compile(r'[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*')
"""What may stand between the quotes."""
_WORD = re.compile(r"[-+]?\w[\w.+-]*")
_UNIT = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\.|.", re.DOTALL)
_WORDS = {"true": True, "false": False, "null": None}
_KINDS = {str: "a string", bool: "a truth value", int: "a number", float: "a number", type(None): "null", list: "a list", dict: "an object"}


@record(eq=False)
class Item:
    """A value at characters [start, end): a string, number, bool or None, a list of items, or an object as members by key."""

    source: Source
    start: int
    end: int
    value: str | int | float | bool | None | list[Item] | dict[str, Member] = field(repr=False)

    @property
    def span(self) -> Span:
        """Its place; of a string what is between the quotes."""
        inner = isinstance(self.value, str)
        return self.source.span(self.start + inner, self.end - inner)

    def kind(self) -> str:
        """ "a list", "a string"."""
        return _KINDS[type(self.value)]

    def offset(self, index: int) -> int:
        """Where the character `index` of a string stands in the source; escapes are longer than what they mean."""
        assert isinstance(self.value, str)
        if self.end - self.start - 2 == len(self.value):
            return self.start + 1 + index
        return self.start + 1 + self._starts[min(index, len(self._starts) - 1)]

    @cached_property
    def steps(self) -> Steps:
        """What is right below it."""
        return Steps(self)

    @cached_property
    def _starts(self) -> list[int]:
        """Where each character of a string begins between the quotes, and the end."""
        raw = self.source.text[self.start + 1 : self.end - 1]
        return [m.start() for m in _UNIT.finditer(raw)] + [len(raw)]


@record(eq=False)
class Member:
    """A key and its value."""

    key: Item
    item: Item


@record
class Misplaced:
    """A word or sign (none at the end of the file) stands where something else is wanted."""

    at: Span
    found: str
    wanted: str


@record
class Repeated:
    """A key stands twice in one object."""

    at: Span
    key: str
    first: Span


@record
class Excess:
    """There is more of something than is read."""

    at: Span
    what: str
    limit: int


Fault = Misplaced | Repeated | Excess
"""What is wrong with a text as JSON; who reads a spec makes a diagnostic of it."""


class _Stop(Exception):
    """Ends the reading of a text."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


def read_json(source: Source) -> tuple[Item | None, list[Fault]]:
    """The value that a text is, or the first fault of its form; repeated keys leave the value readable."""
    reader = _Reader(source)
    try:
        return reader.whole(), reader.faults
    except _Stop as stop:
        return None, [*reader.faults, stop.fault]


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source, self.text, self.at = source, source.text, 0
        self.faults: list[Fault] = []
        self.count = 0

    def whole(self) -> Item:
        item = self.item(0)
        self.space()
        if self.at < len(self.text):
            self.fail("the end of the file")
        return item

    def item(self, depth: int) -> Item:
        self.space()
        start, sign = self.at, self.text[self.at : self.at + 1]
        self.count += 1
        if depth > LIMITS.json_depth or self.count > LIMITS.json_values:
            deep, many = (LIMITS.json_depth, "objects and lists inside one another"), (LIMITS.json_values, "values in one file")
            limit, what = deep if depth > LIMITS.json_depth else many
            raise _Stop(Excess(self.source.span(start, start + 1), what, limit))
        if sign == '"':
            return self.string("a value")
        value = self.object(depth) if sign == "{" else self.list(depth) if sign == "[" else self.word()
        return Item(self.source, start, self.at, value)

    def object(self, depth: int) -> dict[str, Member]:
        members: dict[str, Member] = {}
        self.at += 1
        more = not self.closes("}")
        while more:
            key = self.string("a key in double quotes")
            self.sign(":", "`:`")
            member = Member(key, self.item(depth + 1))
            assert isinstance(key.value, str)
            first = members.setdefault(key.value, member)
            if first is not member:
                self.faults.append(Repeated(key.span, key.value, first.key.span))
            more = self.goes_on("}")
        return members

    def list(self, depth: int) -> list[Item]:
        items: list[Item] = []
        self.at += 1
        more = not self.closes("]")
        while more:
            items.append(self.item(depth + 1))
            more = self.goes_on("]")
        return items

    def word(self) -> int | float | bool | None:
        """A number, `true`, `false` or `null`."""
        number = _NUMBER.match(self.text, self.at)
        word = _WORD.match(self.text, self.at)
        if number is None and (word is None or word[0] not in _WORDS):
            self.fail("a value")
        if number is None:
            assert word is not None
            self.at = word.end()
            return _WORDS[word[0]]
        at = self.source.span(self.at, number.end())
        self.at = number.end()
        if len(at.text) > LIMITS.number_digits + 2:
            raise _Stop(Excess(at, "digits in a number", LIMITS.number_digits))
        return float(at.text) if number[1] or number[2] else int(at.text)

    def string(self, wanted: str) -> Item:
        self.space()
        start = self.at
        if self.text[start : start + 1] != '"':
            self.fail(wanted)
        inside = _STRING.match(self.text, start + 1)
        assert inside is not None  # it may be empty
        self.at = inside.end()
        if self.text[self.at : self.at + 1] != '"':
            self.fail('a string without line ends, closed by `"`, with only the escapes of JSON')
        self.at += 1
        value = json.loads(self.text[start : self.at]) if "\\" in inside[0] else inside[0]
        return Item(self.source, start, self.at, value)

    # --- signs -------------------------------------------------------------------------------------------------------

    def space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def sign(self, sign: str, wanted: str) -> None:
        self.space()
        if self.text[self.at : self.at + 1] != sign:
            self.fail(wanted)
        self.at += 1

    def closes(self, sign: str) -> bool:
        self.space()
        closed = self.text[self.at : self.at + 1] == sign
        self.at += closed
        return closed

    def goes_on(self, sign: str) -> bool:
        """Whether a comma and not the closing sign follows."""
        if self.closes(sign):
            return False
        self.sign(",", f"`,` or `{sign}`")
        return True

    def fail(self, wanted: str) -> NoReturn:
        word = _WORD.match(self.text, self.at)
        found = word[0][: LIMITS.value_characters] if word else self.text[self.at : self.at + 1]
        at = self.source.span(min(self.at, len(self.text)), min(self.at + max(len(found), 1), len(self.text)))
        raise _Stop(Misplaced(at, found, wanted))


# --- pointers --------------------------------------------------------------------------------------------------------


@record(eq=False)
class Pointers:
    """The JSON pointers of a text's places."""

    root: Item

    def at(self, offset: int) -> str:
        """The pointer of the innermost value at an offset, as a URI fragment without `#`: `/sections/2/body/0/value`."""
        return "".join(f"/{quote(step.replace('~', '~0').replace('/', '~1'))}" for step, _ in self._way(offset))

    def in_string(self, start: int, end: int) -> bool:
        """Whether the characters [start, end) stand in one string, so that other words can take their place."""
        way = self._way(start)
        item = way[-1][1] if way else self.root
        return isinstance(item.value, str) and item.start < start <= end < item.end

    def _way(self, offset: int) -> list[tuple[str, Item]]:
        """The steps from the root to the innermost value or key at an offset."""
        way: list[tuple[str, Item]] = []
        inner: tuple[str, Item] | None = ("", self.root)
        while inner is not None:
            inner = inner[1].steps.find(offset)
            if inner is not None:
                way.append(inner)
        return way


class Steps:
    """What is right below a value, in the order of the text; a member begins with its key."""

    def __init__(self, item: Item) -> None:
        found: list[tuple[int, int, str, Item]] = []
        if isinstance(item.value, list):
            found = [(inner.start, inner.end, str(i), inner) for i, inner in enumerate(item.value)]
        elif isinstance(item.value, dict):
            for name, m in item.value.items():
                found += [(m.key.start, m.key.end, name, m.key), (m.key.end, m.item.end, name, m.item)]
        self.found = sorted(found, key=lambda step: step[:2])
        self.starts = [step[0] for step in self.found]

    def find(self, offset: int) -> tuple[str, Item] | None:
        """The step to the value or key at an offset; a file with many problems asks for many."""
        place = bisect_right(self.starts, offset) - 1
        if place < 0 or offset >= self.found[place][1]:
            return None
        return self.found[place][2:]


def pointers(source: Source) -> Pointers | None:
    """The pointers of a source that is JSON; None where it cannot be read."""
    root, _ = read_json(source)
    return None if root is None else Pointers(root)
