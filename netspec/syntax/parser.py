"""Parses a source into a tree. The LALR engine is fed token by token; after a mistake the statement becomes a Hole and reading goes on."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock

from netspec.diagnostics.base import Diagnostic
from netspec.limits import LIMITS
from netspec.source import Source
from netspec.syntax.comments import Remarks
from netspec.syntax.engine import Engine
from netspec.syntax.header import read_header
from netspec.syntax.lexer import Lexed, lex
from netspec.syntax.recovery import Reader
from netspec.syntax.tree import File
from netspec.syntax.tree_builder import Builder

_LOCK = Lock()


def parse(source: Source) -> tuple[File | None, list[Diagnostic]]:
    """The tree of a spec and the problems of its text, in the order of their places, 20 at most.

    What is written as in another language is read as what it means. There is no tree of a file in a newer version of the language, nor of
    one with too many words. Never raises on bad text.
    """
    with pause_collection():
        file, found = _read(lex(source))
        return (file, found) if file is None or not found else _translate(source, file, found, readable=False)


def parse_as_meant(source: Source) -> tuple[File | None, list[Diagnostic]]:
    """The same for a check: what can be read as it is and means nothing that exists, a tensor's method or a list's, is a problem too."""
    with pause_collection():
        file, found = _read(lex(source))
        return (file, found) if file is None or not (found or _SUSPICIOUS.search(source.text)) else _translate(source, file, found, True)


@contextmanager
def pause_collection() -> Iterator[None]:
    """A tree has no cycles, and looking for some while it grows would take as long again as to read it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _translate(source: Source, file: File, found: list[Diagnostic], readable: bool) -> tuple[File, list[Diagnostic]]:
    """The same with what is written as in another language read as what it means; what comes to light behind that is looked at again."""
    if len(source.text) > LIMITS.translated_characters:
        return file, found
    from netspec.syntax.foreign.translation import translate  # a clean spec does not pay for it

    best, fewest, seen = (file, found), len(found), list(found)
    for _ in range(LIMITS.translations):
        translation = translate(source, seen, readable)
        if translation is None:
            break
        again, left = _read(lex(source, edited=translation.edited))
        if again is not None and len(left) <= fewest:
            best, fewest = (again, sort_problems([*left, *translation.problems])), len(left)
        if not left:
            break
        seen += left
    return best


_SUSPICIOUS = re.compile(
    r"\.[ \t]*(?:\w+[ \t]*\(|(?:shape|T|mT|ndim|dtype|H)\b)|\b(?:list|tuple)\(|->[ \t]*\w+\.|[0-9],0[0-9]{2}\b"
    r"|\brepeat[ \t]+\w+[ \t]+in\b|^import[^\n]*(?<!\.net)(?<!\.netspec)\"$",
    re.MULTILINE,
)
"""What can be read in any spec and may be the method of a tensor or list."""


def _read(lexed: Lexed) -> tuple[File | None, list[Diagnostic]]:
    """The tree of the words of a source and their problems."""
    if not lexed.readable:
        return None, lexed.problems
    header = read_header(lexed)
    if header.version is None:
        return None, [*header.problems]
    with engine(lexed.source, lexed.remarks) as (builder, table):
        parser = table.start("file")
        for token in header.version:
            parser.feed_token(token)
        reader = Reader(lexed, builder, parser)
        file = builder.finish(reader.read(header.next), header.start)
        return file, sort_problems([*header.problems, *lexed.problems, *builder.problems, *reader.problems])


def sort_problems(problems: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Problems in the order of their places, the first ones of very many."""
    found = sorted(problems, key=lambda p: (p.at.start, p.at.end))
    if len(found) > 1:
        from netspec.diagnostics.text.rewritten import merge_repeated  # only specs with problems need it

        found = merge_repeated(found)
    return found[: LIMITS.mistakes]


@contextmanager
def engine(source: Source, remarks: Remarks) -> Iterator[tuple[Builder, Engine]]:
    """The loaded table and its builder, ready for a source. There is one of each, so threads take turns."""
    with _LOCK:
        builder, table = _load_engine()
        builder.begin(source, remarks)
        yield builder, table


@cache
def _load_engine() -> tuple[Builder, Engine]:
    """The builder and the engine, made at the first text and kept."""
    builder = Builder()
    return builder, Engine(builder)
