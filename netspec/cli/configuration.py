"""Reads `[tool.netspec]` of pyproject.toml: what a repository checks, and what it asks of its specs. Floor 6."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn, TypeGuard

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.proofs.budgets import MEASURES, Limits
from netspec.record import record, replace
from netspec.source import NOWHERE, Source, Span

NAME = "pyproject.toml"
TABLE = "tool.netspec"


@record
class Budget:
    """What the specs of a pattern may cost."""

    folder: str
    """The pattern is one of paths below it."""
    pattern: str
    limits: Limits
    place: Span = NOWHERE

    def covers(self, path: str) -> bool:
        """Whether a file is one of the pattern's: `*` is any part of a name, `**` any folders."""
        below = os.path.relpath(os.path.realpath(path), os.path.realpath(self.folder or ".")).replace(os.sep, "/")
        return pattern_of(self.pattern).fullmatch(below) is not None

    def begin(self) -> str:
        """The folder in which everything lies that it may cover."""
        parts = self.pattern.split("/")[:-1]
        plain = next((number for number, part in enumerate(parts) if "*" in part or "?" in part), len(parts))
        return os.path.join(self.folder, *parts[:plain]) or "."


def pattern_of(text: str) -> re.Pattern[str]:
    """A pattern of paths as an expression."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", text)
    meant = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(meant.get(part, re.escape(part)) for part in parts))


@record
class Configuration:
    """What stands in the table, with defaults for what does not."""

    path: str = ""
    """The file."""
    files: tuple[str, ...] = ()
    """What `netspec check` looks at where no file is named."""
    select: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    require: str = ""
    plugins: tuple[str, ...] = ()
    budgets: tuple[Budget, ...] = ()
    locked: bool = False
    """Each spec must be as the lock beside it says."""
    format: bool = True
    """`netspec check --fix` formats."""


NOTHING = Configuration()


def read_configuration(path: str | None = None) -> Configuration:
    """The table of a file, or of the nearest pyproject.toml that has one, from the working folder upwards to that of the repository. Raises
    `Mistake` for one that is wrong."""
    from netspec.files import read_bytes

    if path is not None:
        found = _read(path, read_bytes(path), required=True)
        if found is NOTHING:
            from netspec.diagnostics.running.configuration import NoConfiguration

            raise Mistake(NoConfiguration(path=path))
        return found
    for file in list_places():
        if os.path.isfile(file) and b"netspec" in (content := read_bytes(file)):
            found = _read(os.path.relpath(file), content)
            if found is not NOTHING:
                return found
    return NOTHING


def list_places() -> Iterator[str]:
    """The files that may have the table, the nearest first."""
    try:
        folder = os.getcwd()
    except FileNotFoundError:  # it was removed meanwhile
        return
    while True:
        yield os.path.join(folder, NAME)
        above = os.path.dirname(folder)
        if above == folder or os.path.exists(os.path.join(folder, ".git")):
            return
        folder = above


def _read(path: str, content: bytes, required: bool = False) -> Configuration:
    """The table of a file's content; `NOTHING` where it has none."""
    import tomllib

    from netspec.diagnostics.running.configuration import ConfigurationUnreadable

    source = Source(path, content.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n"))
    try:
        data = tomllib.loads(source.text)
    except (ValueError, RecursionError) as error:  # a ValueError that is no TOMLDecodeError is of a number with too many digits
        if not required and not re.search(r"(?m)^\s*\[\s*tool\s*\.\s*netspec\b", source.text):
            return NOTHING  # whatever is wrong with it, it is not about specs
        line = int(found[1]) if (found := re.search(r"line (\d+)", str(error))) else 1
        raise Mistake(ConfigurationUnreadable(at=_line(source, line), reason=str(error))) from None
    tool = data.get("tool")
    table = tool.get("netspec") if isinstance(tool, dict) else None
    return NOTHING if table is None else Reader(source, os.path.dirname(path)).configuration(table)


def require_appendable(path: str, content: bytes) -> bool:
    """Whether a pyproject.toml has no table of netspec's yet. Raises `Mistake` with `ConfigurationUnreadable` for what a table cannot be
    added to."""
    if _read(path, content, required=True) is not NOTHING:
        return False
    _read(path, content + b"\n[tool.netspec]\n", required=True)
    return True


def _line(source: Source, number: int) -> Span:
    start = source.starts[min(number, len(source.starts)) - 1]
    return Span(source, start, start + len(source.line(min(number, len(source.starts)))))


@record(eq=False)
class Reader:
    """Reads the table of one file, and says where what is wrong with it stands."""

    source: Source
    folder: str

    def place(self, key: str) -> Span:
        """Where a key stands: the first of its name behind the head of the table."""
        begin = re.search(r"(?m)^\s*\[\s*tool\s*\.\s*netspec\b", self.source.text)
        start = begin.start() if begin else 0
        word = re.escape(key)
        for name in (f"[\"']{word}[\"']", rf"(?<![\w-]){word}(?![\w-])", word):
            if found := re.compile(name).search(self.source.text, start):
                return Span(self.source, *found.span())
        return Span(self.source, start, start)

    def configuration(self, table: Any) -> Configuration:
        """The whole table."""
        readers: dict[str, Callable[[str, Any], Any]] = {
            "files": self.files,
            "select": self.warnings,
            "ignore": self.warnings,
            "require": self.require,
            "plugins": lambda key, value: tuple(self.strings(key, value)),
            "budgets": self.budgets,
            "locked": self.switch,
            "format": self.switch,
        }
        found = {}
        for key, value in self.table(TABLE, "netspec", table, tuple(readers)).items():
            found[key] = readers[key](key, value)
        return replace(Configuration(self.source.path), **found)

    def table(self, name: str, last: str, value: Any, keys: tuple[str, ...]) -> Mapping[str, Any]:
        """A table that has only these keys; `last` is the last key of its name."""
        from netspec.diagnostics.running.configuration import UnknownConfiguration
        from netspec.diagnostics.suggestions.nearest import nearest

        if not isinstance(value, dict):
            self.refuse(last, "a table", value)
        for key in value:
            if key not in keys:
                near = tuple(nearest(key, keys)[:2])
                raise Mistake(UnknownConfiguration(at=self.place(key), key=key, table=name, options=keys, near=near))
        return value

    def refuse(self, key: str, expected: str, value: Any) -> NoReturn:
        """Raises the `Mistake` of a value of the wrong kind."""
        from netspec.diagnostics.running.configuration import BadConfiguration

        found = f'"{value[:40]}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)[:40]
        raise Mistake(BadConfiguration(at=self.place(key), key=key, expected=expected, found=found))

    def strings(self, key: str, value: Any) -> list[str]:
        """A list of strings."""
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self.refuse(key, "a list of strings", value)
        return value

    def files(self, key: str, value: Any) -> tuple[str, ...]:
        """Paths relative to the folder of the file."""
        return tuple(os.path.join(self.folder, path) for path in self.strings(key, value))

    def warnings(self, key: str, value: Any) -> frozenset[str]:
        """Names of warnings."""
        from netspec.cli.warning_names import refuse_slug

        for slug in self.strings(key, value):
            if problem := refuse_slug(key, slug):
                raise Mistake(_at(problem, self.place(slug)))
        return frozenset(value)

    def require(self, key: str, value: Any) -> str:
        """What is asked of all specs."""
        if value != "proved":
            self.refuse(key, 'the string "proved"', value)
        return value

    def switch(self, key: str, value: Any) -> bool:
        """Whether something is asked for."""
        if not isinstance(value, bool):
            self.refuse(key, "true or false", value)
        return value

    def budgets(self, key: str, value: Any) -> tuple[Budget, ...]:
        """Patterns of files, each with what their models may cost."""
        if not isinstance(value, dict):
            self.refuse(key, "a table of patterns", value)
        return tuple(self.budget(pattern, limits) for pattern, limits in value.items())

    def budget(self, pattern: str, value: Any) -> Budget:
        """`"models/*.net" = { max-params = 30_000_000, at = { T = 128 } }`."""
        parts = pattern.removeprefix("./").split("/")
        if "" in parts or ".." in parts:
            self.refuse("budgets", 'a table of patterns of paths below this file, as "models/**"', pattern)
        given = self.table(f'{TABLE}.budgets."{pattern}"', pattern, value, (*MEASURES, "at"))
        sizes = given.get("at", {})
        if not isinstance(sizes, dict) or not all(is_count(size) and size for size in sizes.values()):
            self.refuse("at", "a table of sizes, as { T = 128 }", sizes)
        largest = {name: self.number(name, limit) for name, limit in given.items() if name != "at"}
        return Budget(self.folder, pattern.removeprefix("./"), Limits(largest, sizes), self.place(pattern))

    def number(self, key: str, value: Any) -> int:
        """A whole number, or one with a unit: 30_000_000, "30M", "2GiB"."""
        units = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
        written = _NUMBER.fullmatch(value) if isinstance(value, str) else None
        if written:
            return int(written[1]) * units[written[3]] + round(float(f"0{written[2] or ''}") * units[written[3]])
        if not is_count(value):
            self.refuse(key, 'a whole number, as 30_000_000 or "30M"', value)
        return int(value)


_NUMBER = re.compile(r"([0-9](?:_?[0-9]){0,30})(\.[0-9]+)? ?([kMGT]?|[KMG]iB)")


def is_count(value: Any) -> TypeGuard[int]:
    """A whole number that is not negative."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _at(problem: Diagnostic, place: Span) -> Diagnostic:
    """The problem at a place."""
    return replace(problem, at=place)
