"""The grammar: readable, without conflicts, free of layer names; the shipped table is what it gives."""

from __future__ import annotations

import logging
import re

import pytest
from lark import Lark
from lark.exceptions import GrammarError

from netspec.syntax import _table, words
from netspec.syntax.table_writer import NoLexer, build, generate, grammar_text
from netspec.syntax.tree_builder import Builder


def test_the_grammar_has_no_conflicts() -> None:
    build()  # strict: raises on any


def test_a_conflict_would_be_noticed() -> None:
    logging.getLogger("lark").setLevel(logging.CRITICAL)
    with pytest.raises(GrammarError, match="Shift/Reduce"):
        Lark('start: e\ne: e "+" e | "a"', parser="lalr", lexer=NoLexer, strict=True)


def test_the_grammar_stays_short() -> None:
    lines = grammar_text().splitlines()
    assert len(lines) <= 120 and max(map(len, lines)) <= 140


def test_the_grammar_knows_no_layer() -> None:
    known = set(re.findall(r'"([a-z]+)"', grammar_text()))
    assert known == words.SECTIONS | words.BODY | words.SETTINGS | words.RESERVED | {"as", "at", "from", "in", "where"}


def test_the_shipped_table_is_up_to_date() -> None:
    assert generate(check=True), "run `python -m netspec.syntax.table_writer`"


def test_every_rule_has_its_method() -> None:
    passed_on = {origin for origin, _, expansion, alias, single in _table.RULES if single and len(expansion) == 1}
    made = {alias or origin for origin, _, expansion, alias, single in _table.RULES if not (single and len(expansion) == 1)}
    missing = {name for name in made - passed_on if not name.startswith("__") and not hasattr(Builder, name)}
    assert not missing
