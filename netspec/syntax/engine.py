"""Lark's LALR engine with the shipped table; netspec's own lexer feeds it, netspec's builder makes the tree inside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lark import Lark
from lark.lexer import Lexer, Token
from lark.parsers.lalr_interactive_parser import InteractiveParser


class NoLexer(Lexer):
    """Stands where Lark wants a lexer: the tokens come from `netspec.syntax.lexer`."""

    __future_interface__ = 2

    def __init__(self, lexer_conf: object) -> None:
        """Needs nothing of Lark's configuration."""

    def lex(self, lexer_state: object, parser_state: object) -> Iterator[Token]:
        return iter(())


class Engine:
    """The loaded table; its reductions call the methods of `builder`, which are named as the grammar's rules."""

    def __init__(self, builder: object) -> None:
        from netspec.syntax._table import ENDS, RULES, STARTS, STATES  # here, so that `generate` can make the table anew

        options = {"parser": "lalr", "lexer": NoLexer, "start": list(STARTS), "keep_all_tokens": True, "maybe_placeholders": False}
        rules = [{"@": number} for number in range(len(RULES))]
        lexer_conf = {"terminals": [], "ignore": [], "g_regex_flags": 0, "use_bytes": False, "lexer_type": NoLexer}
        parser_conf = {"rules": rules, "start": list(STARTS), "parser_type": "lalr"}
        frontend = {
            "lexer_conf": lexer_conf,
            "parser_conf": parser_conf,
            "parser": {**_automaton(STATES, rules), "start_states": STARTS, "end_states": ENDS},
        }
        data = {"parser": frontend, "rules": rules, "options": {**options, "transformer": builder}}
        saved: Any = {"data": data, "memo": {number: _rule(*row) for number, row in enumerate(RULES)}}
        self._lark = Lark.load(saved)

    def start(self, rule: str) -> InteractiveParser:
        """A parser at the beginning of `rule`, to be fed token by token."""
        return self._lark.parse_interactive(start=rule)


def _automaton(table: list[dict[str, int]], rules: list[dict[str, int]]) -> dict[str, Any]:
    """The states as `Lark.save` writes them: token -> (0, next state) or (1, rule to reduce by)."""
    names = {name: number for number, name in enumerate(dict.fromkeys(name for state in table for name in state))}
    states = [{names[name]: (0, to) if to >= 0 else (1, rules[-1 - to]) for name, to in state.items()} for state in table]
    return {"tokens": {number: name for name, number in names.items()}, "states": dict(enumerate(states))}


def _rule(origin: str, order: int, expansion: tuple[str, ...], alias: str | None, expand1: bool) -> dict[str, Any]:
    """A rule as `Lark.save` writes it."""
    return {
        "__type__": "Rule",
        "origin": {"__type__": "NonTerminal", "name": origin},
        "expansion": [_symbol(name) for name in expansion],
        "order": order,
        "alias": alias,
        "options": {
            "__type__": "RuleOptions",
            "keep_all_tokens": True,
            "expand1": expand1,
            "priority": None,
            "template_source": None,
            "empty_indices": (),
        },
    }


def _symbol(name: str) -> dict[str, Any]:
    if name.isupper():
        return {"__type__": "Terminal", "name": name, "filter_out": False}
    return {"__type__": "NonTerminal", "name": name}
