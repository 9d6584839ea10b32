"""Source -> tree. Lark's LALR engine is fed token by token; after a mistake the statement becomes a Hole and reading goes on."""

from __future__ import annotations

from functools import cache
from threading import Lock

from netspec.diagnostics.base import Diagnostic
from netspec.source import Source
from netspec.syntax.build import Builder
from netspec.syntax.engine import Engine
from netspec.syntax.header import read_header
from netspec.syntax.lexer import lex
from netspec.syntax.recover import Reader
from netspec.syntax.tree import File

MAX_PROBLEMS = 20
_LOCK = Lock()


@cache
def _engine() -> tuple[Builder, Engine]:
    builder = Builder()
    return builder, Engine(builder)


def parse(source: Source) -> tuple[File | None, list[Diagnostic]]:
    """The tree of a spec and the problems of its text, in the order of their places, 20 at most. No tree: the version is not ours."""
    lexed = lex(source)
    header = read_header(lexed)
    if header.version is None:
        return None, [*header.problems]
    with _LOCK:
        builder, engine = _engine()
        builder.begin(source, lexed.remarks)
        parser = engine.start("file")
        for token in header.version:
            parser.feed_token(token)
        reader = Reader(lexed, builder, parser)
        file = builder.finish(reader.read(header.next), header.start)
        problems = [*header.problems, *lexed.problems, *builder.problems, *reader.problems]
    return file, sorted(problems, key=lambda p: (p.at.start, p.at.end))[:MAX_PROBLEMS]
