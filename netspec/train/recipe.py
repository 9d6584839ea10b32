"""Keeps how a program was written in its run folder, so that the program can be compiled again."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath


@dataclass(frozen=True)
class Recipe:
    """A spec's text and the values that override it."""

    text: str
    path: str
    """Where the text was read; its suffix tells the syntax."""
    overrides: Mapping[str, str] = field(default_factory=dict)
    """Name or path of a setting -> value as text of the language."""
    train: str | None = None
    """The train section that is meant; None: the first."""
    imports: Mapping[str, str] = field(default_factory=dict)
    """Texts of the imported files by path relative to the spec's folder."""
    plugins: tuple[str, ...] = ()
    """The plugins that were asked for; a further one makes no other program."""
    foreign: bool = False
    """An optimizer came from Python, and is not written anywhere."""

    @property
    def digest(self) -> str:
        """SHA-256 of everything that makes another program; where the file lies does not."""
        more = ["an optimizer from Python"] if self.foreign else []
        content = json.dumps([self.text, dict(self.overrides), self.train, dict(self.imports), *more], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def suffix(self) -> str:
        """`.net`, `.netspec` or `.json`."""
        return PurePath(self.path).suffix or ".net"


def changes(before: Recipe, after: Recipe) -> tuple[str, ...]:
    """What differs between two recipes, one line each: settings on the command line first, then lines of the text."""
    names = sorted({*before.overrides, *after.overrides})
    settings = [
        f"{name}: was {before.overrides.get(name, 'not set')}, is {after.overrides.get(name, 'not set')}"
        for name in names
        if before.overrides.get(name) != after.overrides.get(name)
    ]
    section = [f"train section: was {before.train or 'the first'}, is {after.train or 'the first'}"] if before.train != after.train else []
    origins = ["the spec's", "handed over from Python"]
    foreign = [f"optimizer: was {origins[before.foreign]}, is {origins[after.foreign]}"] if before.foreign != after.foreign else []
    texts = sorted({*before.imports, *after.imports})
    imports = [f"{path}: its text changed" for path in texts if before.imports.get(path) != after.imports.get(path)]
    diff = difflib.unified_diff(before.text.splitlines(), after.text.splitlines(), lineterm="", n=0)
    lines = [line for line in diff if not line.startswith(("---", "+++", "@@"))]
    return (*settings, *section, *foreign, *imports, *lines)
