"""Opens the files that a spec imports: relative, inside the project's root, each read once, never in a circle."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.names.imports import ImportCycle, ImportNotFound, ImportOutside, TooManyImports
from netspec.diagnostics.names.unknown_names import UnknownName
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


class Project:
    """The files that one spec brings together. `given`: texts by path relative to the spec's folder, instead of files.

    An untrusted spec reaches no link and nothing above its own folder.
    """

    def __init__(self, spec: str, given: Mapping[str, str] | None = None, untrusted: bool = False) -> None:
        self.untrusted = untrusted
        self.folder = os.path.dirname(os.path.realpath(spec))
        self.root = root_of(self.folder)
        self.given = given
        self.opened: dict[str, Names] = {}
        self.sources: dict[str, Source] = {}
        self.chain: list[tuple[str, Span]] = [(os.path.realpath(spec), Span(Source(spec, ""), 0, 0))]
        self.bytes = 0

    def names(self, node: tree.Import, importing: Source, define: Callable[[tree.File, Source], Names]) -> Names:
        """The definitions that a line brings, under the names it gives them. Raises Mistake; `define` resolves a file that is new."""
        path = self.place(node, importing)
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
            raise Mistake(UnknownName(at=unknown.span, name=unknown.name, noun=noun, near=near, options=tuple(found)))
        return {n.alias or n.name: found[n.name] for n in node.names}

    def place(self, node: tree.Import, importing: Source) -> str:
        """The real path that a line means, which must lie below the root."""
        text = node.path.value
        base = os.path.dirname(os.path.realpath(importing.path)) if self.given is None else self.folder_of(importing)
        path = os.path.normpath(os.path.join(base, text))
        real = os.path.realpath(path) if self.given is None else path
        if os.path.isabs(text) or "\\" in text or (self.given is None and not is_inside(real, self.root)):
            raise Mistake(ImportOutside(at=node.path.span, path=text))
        if self.untrusted:
            self.plain(node, text, linked=real != path)
        return real

    def plain(self, node: tree.Import, text: str, linked: bool) -> None:
        """An untrusted import goes down from its own folder, through no link."""
        why = "it leads up with `..`" if ".." in text.split("/") else "a symbolic link is on the way" if linked else ""
        if why:
            raise Mistake(FileRefused(at=node.path.span, path=text, why=why))

    def folder_of(self, importing: Source) -> str:
        """The folder from which the paths of a file count."""
        return os.path.dirname(os.path.normpath(os.path.join(self.folder, importing.path)))

    def open(self, path: str, node: tree.Import, define: Callable[[tree.File, Source], Names]) -> Names:
        """The definitions of an imported file, within the limits of number, depth and size."""
        from netspec.syntax.spec_file import parse_spec

        if len(self.opened) >= LIMITS.import_files:
            raise Mistake(TooManyImports(at=node.span, what="files", limit=LIMITS.import_files))
        if len(self.chain) > LIMITS.import_depth:
            raise Mistake(TooManyImports(at=node.span, what="levels of files", limit=LIMITS.import_depth))
        source, problems = self.read(path, node)
        self.sources[os.path.relpath(path, self.folder)] = source
        file, found = parse_spec(source)
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
        shown = os.path.relpath(path, os.getcwd()) if self.given is None else os.path.relpath(path, self.folder)
        if self.given is not None:
            text = self.given.get(os.path.relpath(path, self.folder))
            if text is None:
                raise Mistake(ImportNotFound(at=node.path.span, path=node.path.value, why="it was not kept with the spec"))
            return read_text(shown, text)
        try:
            data = read_plain(path, LIMITS.import_bytes) if self.untrusted else read_bytes(path)
        except Mistake as mistake:
            if isinstance(mistake.diagnostic, FileRefused):
                raise Mistake(FileRefused(at=node.path.span, path=node.path.value, why=mistake.diagnostic.why)) from None
            raise Mistake(ImportNotFound(at=node.path.span, path=node.path.value, why=f"there is no file {shown}")) from None
        self.bytes += len(data)
        if self.bytes > LIMITS.import_bytes:
            raise Mistake(TooManyImports(at=node.span, what="bytes of files", limit=LIMITS.import_bytes))
        return read_source(shown, data)

    def short(self, path: str) -> str:
        """The path as a person in the project's folder writes it."""
        return os.path.relpath(path, self.folder)


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
