"""Opens the files that a spec imports: relative, inside the project's root, each read once, never in a circle."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping

from netspec.diagnostics.base import Diagnostic, Edit, Mistake, Repair
from netspec.diagnostics.drawing.cells import escape
from netspec.diagnostics.names.imports import ImportCycle, ImportNotFound, ImportOutside, TooManyImports
from netspec.diagnostics.names.unknown_names import UnknownName
from netspec.diagnostics.running.files import NotAFile, ReadFailed
from netspec.diagnostics.running.limits import FileRefused
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.files import read_bytes, read_plain
from netspec.limits import LIMITS
from netspec.resolve.graph import Definition, Function
from netspec.source import Source, Span
from netspec.syntax import tree
from netspec.syntax.source_reader import read_source, read_text

MARKS = (".git", "pyproject.toml")

Read = Callable[[str], tuple[Source, list[Diagnostic]]]
Names = Mapping[str, Definition | Function]
"""What a file defines: blocks, models and functions."""


LINK = "-> "
"""Stands before a path among kept texts that leads to another one, whose path is its text: there was a link on the way."""
GIVEN = "-> spec"
"""The place of a spec whose imports are given: no file of its own is called so."""


class Project:
    """The files that one spec brings together. `given`: texts by path relative to the spec's folder, instead of files.

    Given texts are found by their paths alone, wherever the spec lies now: no folder of this machine is looked at.
    An untrusted spec reaches no link and nothing above its own folder.
    """

    def __init__(self, spec: str, given: Mapping[str, str] | None = None, untrusted: bool = False) -> None:
        self.untrusted = untrusted
        self.folder = os.path.dirname(os.path.realpath(spec)) if given is None else ""
        self.root = root_of(self.folder) if given is None else ""
        self.given = given
        self.opened: dict[str, Names] = {}
        self.sources: dict[str, Source] = {}
        self.links: dict[str, str] = {}
        own = os.path.realpath(spec) if given is None else GIVEN
        self.chain: list[tuple[str, Span]] = [(own, Span(Source(spec, ""), 0, 0))]
        self.bytes = 0

    def names(self, node: tree.Import, define: Callable[[tree.File, Source], Names]) -> Names:
        """The definitions that a line brings, under the names it gives them. Raises Mistake; `define` resolves a file that is new."""
        path = self.place(node)
        if path in (opened for opened, _ in self.chain):
            start = [p for p, _ in self.chain].index(path)
            cycle = (*(self.short(p) for p, _ in self.chain[start:]), self.short(path))
            raise Mistake(ImportCycle(at=node.span, cycle=cycle))
        if path not in self.opened:
            self.opened[path] = self.open(path, node, define)
        return self.chosen(self.opened[path], node)

    def chosen(self, found: Names, node: tree.Import) -> Names:
        """The definitions that an import names, under their names here."""
        unknown = next((n for n in node.names if n.name not in found), None)
        if unknown is not None:
            near = tuple(nearest(unknown.name, found))
            noun = f'block, model or function in "{node.path.value}" called'
            ways = tuple(
                Repair((Edit(unknown.span, text + (f" as {unknown.alias}" if unknown.alias else "")),), text)
                for name in near
                for text in ((name,) if unknown.alias else (f"{name} as {unknown.name}", name))
            )
            raise Mistake(UnknownName(at=unknown.span, name=unknown.name, noun=noun, near=near, options=tuple(found), ways=ways))
        return {n.alias or n.name: found[n.name] for n in node.names}

    def place(self, node: tree.Import) -> str:
        """The real path that a line means, which must lie below the root."""
        text = node.path.value
        if escape(text) != text:  # no file of a project has such a name, and a system may not even be asked for it
            raise Mistake(ImportNotFound(at=node.path.span, path=text, why="the path holds a character that cannot be seen"))
        path = os.path.normpath(os.path.join(os.path.dirname(self.chain[-1][0]), text))
        real = os.path.realpath(path) if self.given is None else self.given.get(LINK + path, path)
        if os.path.isabs(text) or "\\" in text or (self.given is None and not is_inside(real, self.root)):
            raise Mistake(ImportOutside(at=node.path.span, path=text))
        if real != path:
            self.links[self.short(path)] = self.short(real)
        if self.untrusted:
            self.plain(node, text, linked=real != path)
        return real

    def plain(self, node: tree.Import, text: str, linked: bool) -> None:
        """An untrusted import goes down from its own folder, through no link."""
        why = "it leads up with `..`" if ".." in text.split("/") else "a symbolic link is on the way" if linked else ""
        if why:
            raise Mistake(FileRefused(at=node.path.span, path=text, why=why))

    def open(self, path: str, node: tree.Import, define: Callable[[tree.File, Source], Names]) -> Names:
        """The definitions of an imported file, within the limits of number, depth and size."""
        from netspec.syntax.spec_file import is_spec, parse_spec_as_meant

        if len(self.opened) >= LIMITS.import_files:
            raise Mistake(TooManyImports(at=node.span, what="files", limit=LIMITS.import_files))
        if len(self.chain) > LIMITS.import_depth:
            raise Mistake(TooManyImports(at=node.span, what="levels of files", limit=LIMITS.import_depth))
        source, problems = self.read(path, node)
        self.sources[self.short(path)] = source
        file, found = parse_spec_as_meant(source)
        if source.text and not is_spec(source):
            why = "it does not begin with `netspec 1`, so it is no spec"
            raise Mistake(ImportNotFound(at=node.path.span, path=node.path.value, why=why))
        self.problems(problems + found)
        if file is None:
            return {}
        self.chain.append((path, node.span))
        try:
            return define(file, source)
        finally:
            self.chain.pop()

    problems: Callable[[list[Diagnostic]], None]
    """Where the problems of imported files go; set by `resolve`."""

    def read(self, path: str, node: tree.Import) -> tuple[Source, list[Diagnostic]]:
        """The text of an imported file, from the disk or from what was given in its place."""
        if self.given is not None:
            text = self.given.get(path)
            if text is None:
                raise Mistake(ImportNotFound(at=node.path.span, path=node.path.value, why="it was not kept with the spec"))
            return read_text(path, text)
        shown = show_path(path)
        try:
            data = read_plain(path, LIMITS.import_bytes) if self.untrusted else read_bytes(path)
        except Mistake as mistake:
            if isinstance(mistake.diagnostic, FileRefused):
                raise Mistake(FileRefused(at=node.path.span, path=node.path.value, why=mistake.diagnostic.why)) from None
            why = describe_unread(mistake.diagnostic, shown)
            near = () if self.untrusted else self.find_near(path, [n.name for n in node.names])
            raise Mistake(ImportNotFound(at=node.path.span, path=node.path.value, why=why, near=near)) from None
        self.bytes += len(data)
        if self.bytes > LIMITS.import_bytes:
            raise Mistake(TooManyImports(at=node.span, what="bytes of files", limit=LIMITS.import_bytes))
        return read_source(shown, data)

    def find_near(self, path: str, names: list[str]) -> tuple[str, ...]:
        """The specs of the project that were meant instead of a path, as the importing file writes them: those with a like name first,
        then those that define what is imported."""
        here = os.path.dirname(self.chain[-1][0])
        folders = [f for f in dict.fromkeys((os.path.dirname(path), here)) if is_inside(f, self.root)]
        files = {
            file: folder for folder in reversed(folders) for file in list_specs(folder) if os.path.join(folder, file) != self.chain[-1][0]
        }
        wanted = os.path.splitext(os.path.basename(path))[0]
        alike = [
            file for file in files if os.path.splitext(file)[0] in nearest(wanted, [os.path.splitext(f)[0] for f in files], aliases={})
        ]
        defining = [file for file in files if file not in alike and defines(os.path.join(files[file], file), names)]
        found = (os.path.relpath(os.path.join(files[file], file), here) for file in (*alike, *defining))
        return tuple(f.replace(os.sep, "/") for f in found)[: LIMITS.suggestions]

    def short(self, path: str) -> str:
        """The path as a person in the project's folder writes it."""
        return os.path.relpath(path, self.folder) if self.given is None else path

    def texts(self) -> dict[str, str]:
        """All that a spec brings together, to be given in the place of its files: the texts, and where links lead."""
        links = {LINK + path: real for path, real in self.links.items()}
        return {**{path: source.text for path, source in self.sources.items()}, **links}


def list_specs(folder: str) -> list[str]:
    """The names of the specs in a folder, as far as it can be read."""
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith((".net", ".netspec", ".net.json")))[: LIMITS.folder_files]
    except OSError:
        return []


def defines(path: str, names: list[str]) -> bool:
    """A spec has blocks, models or functions of these names."""
    try:
        text = read_bytes(path).decode("utf-8", "replace")
    except Mistake:
        return False
    return all(re.search(rf"^\s*(block|model|let)\s+{re.escape(name)}\b", text, re.MULTILINE) for name in names)


def show_path(path: str) -> str:
    """The path from the current folder, where there is one."""
    try:
        return os.path.relpath(path)
    except OSError:
        return path


def describe_unread(problem: Diagnostic, shown: str) -> str:
    """Why a file cannot be imported, in words."""
    if isinstance(problem, NotAFile):
        return f"{shown} is {problem.kind}, not a file"
    return f"{shown} cannot be read: {problem.reason}" if isinstance(problem, ReadFailed) else f"there is no file {shown}"


def root_of(folder: str) -> str:
    """The project's root: the nearest folder above with a mark of one, else the folder itself."""
    here = folder
    while True:
        if any(os.path.exists(os.path.join(here, mark)) for mark in MARKS):
            return here
        above = os.path.dirname(here)
        if above == here:
            return folder
        here = above


def is_inside(path: str, root: str) -> bool:
    """Whether an absolute path lies in the folder `root`, so that a spec reads nothing outside its project."""
    return os.path.commonpath([path, root]) == root
