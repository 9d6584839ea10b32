"""Reads pieces of the language on their own: the values of `--set`, the expressions and types of the JSON twin."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.source import Source
from netspec.syntax.engine import Unexpected
from netspec.syntax.lexer import lex
from netspec.syntax.mistake_place import Place
from netspec.syntax.mistakes import explain
from netspec.syntax.parser import engine
from netspec.syntax.token import Token
from netspec.syntax.tree import Expr, FunctionParam, Node, ParamType, TensorRef


def parse_expression(name: str, text: str) -> tuple[Expr | None, list[Diagnostic]]:
    """The expression that a text is, and its problems; `name` is shown as the place they stand in."""
    return _parse("expr", name, text)  # type: ignore[return-value]


def parse_tensor_type(name: str, text: str) -> tuple[TensorRef | None, list[Diagnostic]]:
    """`f32[B, 10]`."""
    return _parse("tensor", name, text)  # type: ignore[return-value]


def parse_param_type(name: str, text: str) -> tuple[ParamType | None, list[Diagnostic]]:
    """`list[int]?`."""
    return _parse("param_type", name, text)  # type: ignore[return-value]


def parse_function_param(name: str, text: str) -> tuple[FunctionParam | None, list[Diagnostic]]:
    """`by: int = 8`."""
    return _parse("function_param", name, text)  # type: ignore[return-value]


def _parse(rule: str, name: str, text: str) -> tuple[Node | None, list[Diagnostic]]:
    """Parses a text by one rule of the grammar."""
    lexed = lex(Source(name, text), fragment=True)
    if lexed.problems:
        return None, lexed.problems
    with engine(lexed.source, lexed.remarks) as (builder, table):
        parser = table.start(rule)
        end = Token("$END", "", len(text), end_pos=len(text))
        for index, token in enumerate([*lexed.tokens, end]):
            try:
                node = parser.feed_token(token)
            except Unexpected:
                return None, [explain(Place(lexed, index, token, 0, 1, "value", parser))]
        problems = list(builder.problems)
    return (None if problems else node), problems
