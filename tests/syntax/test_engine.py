"""The engine against Lark's own, which has the same table: the same trees, the same words accepted, the same mistakes."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from lark.exceptions import UnexpectedToken

from netspec.source import Source
from netspec.syntax import table_writer
from netspec.syntax.engine import END, Engine, Unexpected
from netspec.syntax.header import read_header
from netspec.syntax.lexer import Lexed, lex
from netspec.syntax.table_writer import NoLexer
from netspec.syntax.token import Token
from netspec.syntax.tree_builder import Builder

ROOT = Path(__file__).parents[2]
SPECS = sorted([*ROOT.glob("models/*.net"), *ROOT.glob("tests/samples/*.net"), *ROOT.glob("tests/architectures/*.net")])


@cache
def ours() -> tuple[Builder, Engine]:
    builder = Builder()
    return builder, Engine(builder)


@cache
def theirs() -> tuple[Builder, Any]:
    builder = Builder()
    options = {"parser": "lalr", "lexer": NoLexer, "start": table_writer.STARTS, "keep_all_tokens": True, "maybe_placeholders": False}
    return builder, table_writer.Lark(table_writer.grammar_text(), transformer=builder, **options)


def started(lexed: Lexed) -> tuple[Any, Any]:
    """Both engines at the beginning of a file."""
    for builder in (ours()[0], theirs()[0]):
        builder.begin(lexed.source, lexed.remarks)
    return ours()[1].start("file"), theirs()[1].parse_interactive(start="file")


def tokens_of(text: str) -> tuple[Lexed, list[Token]]:
    lexed = lex(Source("spec.net", text))
    header = read_header(lexed)
    assert header.version is not None
    return lexed, [*header.version, *lexed.tokens[header.next :], Token(END, "", len(text), end_pos=len(text))]


def fits(parser: Any, token: Token) -> bool:
    """Feed a token; whether it was no mistake."""
    try:
        parser.feed_token(token)
    except (Unexpected, UnexpectedToken):
        return False
    return True


def tree(text: str, builder: Builder, parser: Any) -> Any:
    lexed, tokens = tokens_of(text)
    builder.begin(lexed.source, lexed.remarks)
    *_, rows = [parser.feed_token(token) for token in tokens]
    return builder.finish(rows, tokens[0].start_pos)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_same_tree(path: Path) -> None:
    text = path.read_text("utf-8")
    mine, lark = tree(text, ours()[0], ours()[1].start("file")), tree(text, theirs()[0], theirs()[1].parse_interactive(start="file"))
    assert mine == lark and mine.sections and len(repr(mine)) > len(text)


@pytest.mark.parametrize("path", SPECS[::4], ids=lambda path: path.stem)
def test_the_same_mistakes_and_the_same_words_that_would_do(path: Path) -> None:
    """Words are left out, doubled and swapped; both engines go on after a mistake from where it left them."""
    lexed, tokens = tokens_of(path.read_text("utf-8"))
    for seed in range(20):
        rng = Random(seed)
        mine, lark = started(lexed)
        at = rng.randrange(len(tokens) - 3)
        changed = [*tokens[:at], *rng.sample(tokens[at : at + 3], 2), *tokens[at + rng.randrange(3) :]]
        for index, token in enumerate(changed):
            assert fits(mine, token) == fits(lark, token)
            if index in range(at, at + 5):
                assert mine.choices().keys() == lark.choices().keys()
                assert mine.accepts() == lark.accepts()


def test_a_copy_is_a_place_to_come_back_to() -> None:
    lexed, tokens = tokens_of("netspec 1\nmodel M {\n  input x: f32[B, 4]\n  output y = x -> dense(4) -> relu\n}\n")
    begin, _ = started(lexed)
    half = next(i for i, token in enumerate(tokens) if token == "output")
    for token in tokens[:half]:
        begin.feed_token(token)
    ends = []
    for parser in (begin.copy(), begin):
        *_, rows = [parser.feed_token(token) for token in tokens[half:]]
        ends.append(ours()[0].finish(rows, 0))
    assert ends[0] == ends[1] and "relu" in repr(ends[0])
