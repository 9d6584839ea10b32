"""Runs the shipped LALR table: netspec's own lexer feeds it, netspec's builder makes the tree inside it.

Lark makes the table (`netspec.syntax.table_writer`) and is not needed to run it: importing Lark and handing it the table would take
longer than reading a spec. A test reads the same specs with Lark's own engine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from netspec.syntax.token import Token

END = "$END"


class Unexpected(Exception):
    """A token that does not fit. Reductions that come before it have been made."""


class Part:
    """What a rule of the grammar's own making (`__path_star_7`, for `x*`) holds; the rule around it takes the children over."""

    __slots__ = ("children",)

    def __init__(self, children: list[Any]) -> None:
        self.children = children


class Rule(NamedTuple):
    """What a reduction does."""

    origin: str
    size: int
    make: Callable[[list[Any]], Any]
    inlined: tuple[bool, ...]
    """Which children are `Part`s; nothing when none is."""
    single: bool
    """One child stands for the rule itself."""

    def reduce(self, children: list[Any]) -> Any:
        """The node of a rule, from what its parts gave."""
        if self.inlined:
            children = _spread(children, self.inlined)
        return children[0] if self.single and len(children) == 1 else self.make(children)


def _spread(children: list[Any], inlined: tuple[bool, ...]) -> list[Any]:
    """The children with those of parts in their places. A first part is grown, not copied, since lists are left-recursive."""
    out: list[Any] = children[0].children if inlined[0] else [children[0]]
    for child, inner in zip(children[1:], inlined[1:], strict=True):
        if inner:
            out += child.children
        else:
            out.append(child)
    return out


class Engine:
    """The table with its reductions, which call the methods of `builder` named as the grammar's rules or their aliases."""

    def __init__(self, builder: object) -> None:
        from netspec.syntax._table import ENDS, RULES, STARTS, STATES  # here, so that `generate` can make the table anew

        self.starts, self.ends, self.states = STARTS, ENDS, STATES
        self.rules = [_rule(builder, *row) for row in RULES]

    def start(self, rule: str) -> Parser:
        """A parser at the beginning of `rule`, to be fed token by token."""
        return Parser(self, self.ends[rule], [self.starts[rule]], [])


def _rule(builder: object, origin: str, order: int, expansion: tuple[str, ...], alias: str | None, single: bool) -> Rule:
    """A rule with the builder's method that makes its node."""
    inlined = tuple(name.startswith("_") for name in expansion)
    make = Part if origin.startswith("_") else getattr(builder, alias or origin, _none)
    return Rule(origin, len(expansion), make, inlined if any(inlined) else (), single and alias is None)


def _none(children: list[Any]) -> Any:
    """Stands where the builder has no method, which a test finds before anybody meets it."""
    raise TypeError("a rule of the grammar without a method of the builder")


class Parser:
    """A place in a text: the states that led there, and what has been made on the way."""

    def __init__(self, engine: Engine, end: int, stack: list[int], values: list[Any]) -> None:
        self.engine, self.end, self.stack, self.values = engine, end, stack, values

    def copy(self) -> Parser:
        """The same place, to come back to."""
        return Parser(self.engine, self.end, self.stack.copy(), self.values.copy())

    def choices(self) -> dict[str, int]:
        """What the table has for the state: every token that may come, and some that the reductions before it will refuse."""
        return self.engine.states[self.stack[-1]]

    def feed_token(self, token: Token) -> Any:
        """Take a token; for the end of the text returns what it all makes. Raises Unexpected."""
        stack, values = self.stack, self.values
        states, rules, kind = self.engine.states, self.engine.rules, token.type
        while True:
            to = states[stack[-1]].get(kind)
            if to is None:
                raise Unexpected(token)
            if to >= 0:
                stack.append(to)
                values.append(token)
                return None
            rule = rules[-1 - to]
            size = rule.size
            children = values[-size:] if size else []
            if size:
                del stack[-size:], values[-size:]
            stack.append(states[stack[-1]][rule.origin])
            values.append(rule.reduce(children))
            if kind == END and stack[-1] == self.end:
                return values[-1]

    def accepts(self) -> set[str]:
        """The kinds of token that fit here."""
        return {kind for kind in self.choices() if kind.isupper() and self._fits(kind)}

    def _fits(self, kind: str) -> bool:
        """Whether a token of the kind fits, found on a copy of the states without making anything."""
        stack, states, rules = self.stack.copy(), self.engine.states, self.engine.rules
        while (to := states[stack[-1]].get(kind)) is not None:
            if to >= 0:
                return True
            rule = rules[-1 - to]
            if rule.size:
                del stack[-rule.size :]
            stack.append(states[stack[-1]][rule.origin])
            if kind == END and stack[-1] == self.end:
                return True
        return False
