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

    There is no tree of a file in a newer version of the language, nor of one with too many words. Never raises on bad text.
    """
    with pause_collection():
        return _parse(source)


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


def _parse(source: Source) -> tuple[File | None, list[Diagnostic]]:
    """The tree of a source, with holes for what could not be read; None for a file that is not read at all.

    What is written as in another language is read a second time as what it means.
    """
    file, found = _read(lex(source))
    if file is None or not (found or _SUSPICIOUS.search(source.text)) or len(source.text) > LIMITS.translated_characters:
        return file, found
    from netspec.syntax.foreign.translation import translate  # a clean spec does not pay for it

    translation = translate(source, found)
    if translation is None:
        return file, found
    again, left = _read(lex(source, edited=translation.edited))
    if again is None or len(left) > len(found):
        return file, found
    return again, sort_problems([*left, *translation.problems])


_SUSPICIOUS = re.compile(r"\.[ \t]*(?:[a-z_]+[ \t]*\(|(?:shape|T|mT|ndim|dtype|H)\b)")
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
    return sorted(problems, key=lambda p: (p.at.start, p.at.end))[: LIMITS.mistakes]


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
