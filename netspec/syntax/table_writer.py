"""Makes `_table.py`, the parser's table, from `grammar/netspec.lark`. Run: `python -m netspec.syntax.table_writer [--check]`.

The table is shipped because building it takes 0.3 s. It holds the grammar's rules and the states of the
automaton, which `engine.py` runs, and what the lexer needs: the word or sign of each terminal and the regexps of the others.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lark import Lark
from lark.lexer import Lexer, Token

from netspec.files import data_file, write_atomic

STARTS = ["file", "expr", "tensor", "param_type", "function_param"]
_HEADER = '''"""Generated from grammar/netspec.lark by `python -m netspec.syntax.table_writer`. Change the grammar, not this file."""

# ruff: noqa
# fmt: off
'''


class NoLexer(Lexer):
    """Stands where Lark wants a lexer: the tokens come from `netspec.syntax.lexer`."""

    __future_interface__ = 2

    def __init__(self, lexer_conf: object) -> None:
        """Needs nothing of Lark's configuration."""

    def lex(self, lexer_state: object, parser_state: object) -> Iterator[Token]:
        """Nothing: only the table is wanted."""
        return iter(())


def generate(check: bool = False) -> bool:
    """Write the table, or only compare it with the one on disk. Returns whether the file was already as it should be."""
    target = Path(__file__).with_name("_table.py")
    text = table_text()
    same = target.exists() and target.read_text(encoding="utf-8") == text
    if not same and not check:
        write_atomic(target, text)
    return same


def grammar_text() -> str:
    """The grammar, as shipped."""
    return data_file("grammar/netspec.lark").read_text(encoding="utf-8")


def table_text() -> str:
    """The text of `_table.py`: the same for the same grammar and release of Lark. Raises Lark's GrammarError on a conflict."""
    lark = build()
    literals = {t.pattern.value: t.name for t in lark.terminals if t.pattern.type == "str"}
    patterns = {t.name: t.pattern.value for t in lark.terminals if t.pattern.type == "re"}
    rules = sorted(lark.rules, key=_rule_row)
    parts = [
        _assignment_text("LITERALS", literals),
        _assignment_text("PATTERNS", patterns),
        _assignment_text("RULES", list(map(_rule_row, rules))),
    ]
    starts, ends, states = _number_states(lark.parser.parser._parse_table, {rule: number for number, rule in enumerate(rules)})
    return _HEADER + "\n\n".join([*parts, f"STARTS = {starts}", f"ENDS = {ends}", _assignment_text("STATES", states)]) + "\n"


def build() -> Any:
    """The grammar's Lark, made anew; `strict` makes every conflict an error."""
    return Lark(grammar_text(), parser="lalr", lexer=NoLexer, start=STARTS, keep_all_tokens=True, maybe_placeholders=False, strict=True)


def _rule_row(rule: Any) -> tuple[str, int, tuple[str, ...], str | None, bool]:
    """A rule as plain values: name, number of the alternative, what it reads, its callback's name, whether one child stands for it."""
    alias = None if rule.alias is None else str(rule.alias)
    return str(rule.origin.name), rule.order, tuple(str(s.name) for s in rule.expansion), alias, rule.options.expand1


def _number_states(table: Any, rules: dict[Any, int]) -> tuple[dict[str, int], dict[str, int], list[dict[str, int]]]:
    """Start states, end states and all states, numbered in the order in which a walk from the starts meets them.

    A state maps the name of a token or rule to the next state, or to -1 - number of the rule to reduce by.
    """
    order = [table.start_states[start] for start in STARTS]
    for state in order:  # grows while it is read
        actions = table.states[state]
        found = [actions[name][1] for name in sorted(actions) if str(actions[name][0]) == "Shift"]
        order += [s for s in dict.fromkeys(found) if s not in order]
    number = {state: n for n, state in enumerate(order)}
    rows = [
        {name: number[arg] if str(action) == "Shift" else -1 - rules[arg] for name, (action, arg) in sorted(table.states[state].items())}
        for state in order
    ]
    return {s: number[table.start_states[s]] for s in STARTS}, {s: number[table.end_states[s]] for s in STARTS}, rows


def _assignment_text(name: str, value: dict[Any, Any] | list[Any]) -> str:
    """An assignment with one entry per line."""
    if isinstance(value, list):
        return f"{name} = [\n" + "".join(f"{entry!r},\n" for entry in value) + "]"
    return f"{name} = {{\n" + "".join(f"{key!r}: {entry!r},\n" for key, entry in value.items()) + "}"


if __name__ == "__main__":
    check = "--check" in sys.argv[1:]
    if not generate(check) and check:
        sys.exit("netspec/syntax/_table.py is not what grammar/netspec.lark gives: run `python -m netspec.syntax.table_writer`")
