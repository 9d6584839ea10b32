"""Reduces the grammar's statement and section rules to tree nodes."""

from __future__ import annotations

from typing import Any

from netspec.source import Span
from netspec.syntax.comments import END
from netspec.syntax.expression_builder import Bracketed, Children, ExpressionBuilder, loop_names, string_value
from netspec.syntax.token import Token
from netspec.syntax.tree import (
    Arg,
    Assume,
    At,
    Aux,
    Binding,
    Block,
    Body,
    Buffer,
    Call,
    Claim,
    DimBound,
    Expect,
    File,
    For,
    Function,
    FunctionParam,
    Group,
    Hole,
    Import,
    ImportName,
    Input,
    Let,
    Metric,
    Model,
    Name,
    Node,
    Output,
    OutputClaim,
    Param,
    Repeat,
    Require,
    Serve,
    Setting,
    Settings,
    Shared,
    State,
    Target,
    TensorRef,
    Train,
    Weight,
    When,
)


class Builder(ExpressionBuilder):
    """Every rule of the grammar as a method that makes its node."""

    # --- statements --------------------------------------------------------------------------------------------------

    def param(self, c: Children) -> Param:
        return Param(str(c[1]), c[3], _find_behind(c, "EQUAL"), _find_behind(c, "WHERE"), **self._named(c))

    def dim(self, c: Children) -> DimBound:
        return DimBound(str(c[1]), str(c[2]), c[3], **self._named(c))

    def input(self, c: Children) -> Input:
        return Input(str(c[1]), c[3], **self._named(c))

    def output(self, c: Children) -> Output:
        """`output x: f32[B]` means `output x: f32[B] = x`."""
        if len(c) == 2:
            return Output(None, None, c[1], **self._facts(c))
        type = c[3] if isinstance(c[3], TensorRef) else None
        value = Name((str(c[1]),), span=self.token_span(c[1])) if len(c) == 4 and type else c[-1]
        return Output(str(c[1]), type, value, **self._named(c))

    def weight(self, c: Children) -> Weight:
        return Weight(str(c[1]), c[3], c[5], **self._named(c))

    def buffer(self, c: Children) -> Buffer:
        return Buffer(str(c[1]), c[3], c[5], **self._named(c))

    def state(self, c: Children) -> State:
        return State(str(c[1]), c[3], c[5], **self._named(c))

    def shared(self, c: Children) -> Shared:
        return Shared(str(c[1]), c[3], **self._named(c))

    def aux(self, c: Children) -> Aux:
        return Aux(str(c[1]), c[3], **self._named(c))

    def binding(self, c: Children) -> Binding:
        return Binding(_targets(c), c[-1], **self._facts(c))

    def target(self, c: Children) -> Target:
        return Target(str(c[0]), c[2] if len(c) == 3 else None, span=self.span(c))

    def for_loop(self, c: Children) -> For:
        return For(loop_names(c), c[-2], c[-1], **self._facts(c))

    def repeat(self, c: Children) -> Repeat:
        return Repeat(c[1], self._name(c[3]) if len(c) == 5 else None, c[-1], **self._facts(c))

    def when(self, c: Children) -> When:
        return When(str(c[1]), c[2], **self._facts(c))

    def require(self, c: Children) -> Require:
        return Require(c[1], self.string(c[3:]) if len(c) == 4 else None, **self._facts(c))

    def assume(self, c: Children) -> Assume:
        return Assume(c[1], **self._facts(c))

    def hole(self, c: Children) -> Hole:
        """HOLE carries the names that the statement would have bound and uses; a body was read for its problems only."""
        names, mentions = c[0].value
        inside = c[1].statements if len(c) == 2 and isinstance(c[1], Body) else ()
        bound = dict.fromkeys((*names, *(n for s in inside for n in bound_names(s))))
        return Hole(tuple(bound), mentions, **self._facts(c))

    def body(self, c: Children) -> Body:
        return Body(_flatten_rows(c), self._trailing(c), span=self.span(c))

    def statements(self, c: Children) -> Row:
        return Row(c[0] if len(c) == 3 else None, c[-1], self.span(c))

    # --- settings and claims -----------------------------------------------------------------------------------------

    def settings(self, c: Children) -> Settings:
        return Settings(_flatten_rows(c), self._trailing(c), span=self.span(c))

    def setting(self, c: Children) -> Setting:
        quoted = c[0].type == "STRING"
        key = string_value(str(c[0])) if quoted else str(c[0])
        return Setting(key, c[2], quoted, name_span=self.token_span(c[0]), **self._facts(c))

    def extreme(self, c: Children) -> Setting:
        """`best = max accuracy`, which is `best = max(accuracy)`."""
        word, metric = (Name((str(token),), span=self.token_span(token)) for token in c[2:])
        call = Call(word, (Arg(metric, span=metric.span),), span=self.span(c[2:]))
        return Setting(str(c[0]), call, False, name_span=self.token_span(c[0]), **self._facts(c))

    def metric(self, c: Children) -> Metric:
        return Metric(str(c[1]), c[3], **self._named(c))

    def let(self, c: Children) -> Let:
        return Let(_targets(c[1:]), c[-1], **self._facts(c))

    def group(self, c: Children) -> Group:
        label = str(c[1]) if len(c) == 3 else None
        return Group(str(c[0]), label, c[-1], name_span=self.token_span(c[0]), **self._facts(c))

    def claim(self, c: Children) -> Claim:
        return Claim(c[0], str(c[1]), c[2], tuple(a for a in c[4::2]), **self._facts(c))

    def at(self, c: Children) -> At:
        return At(str(c[0]), c[2], span=self.span(c))

    def output_claim(self, c: Children) -> OutputClaim:
        return OutputClaim(str(c[0]), c[2], name_span=self.token_span(c[0]), **self._facts(c))

    setting_list = claims = statements
    setting_hole = claim_hole = hole

    # --- sections ----------------------------------------------------------------------------------------------------

    def import_line(self, c: Children) -> Import:
        return Import(tuple(n for n in c if isinstance(n, ImportName)), self.string(c[-1:]), **self._facts(c))

    def import_name(self, c: Children) -> ImportName:
        return ImportName(str(c[0]), str(c[2]) if len(c) == 3 else None, span=self.span(c))

    def function(self, c: Children) -> Function:
        return Function(str(c[1]), tuple(p for p in c if isinstance(p, FunctionParam)), c[-1], **self._named(c))

    def function_param(self, c: Children) -> FunctionParam:
        default = c[4] if len(c) == 5 else None
        return FunctionParam(str(c[0]), c[2], default, name_span=self.token_span(c[0]), span=self.span(c))

    def block(self, c: Children) -> Block | Hole:
        if not c[1]:
            return self._section_hole(c)
        return Block(str(c[1]), c[2], **self._named(c))

    def model(self, c: Children) -> Model | Hole:
        if not c[1]:
            return self._section_hole(c)
        return Model(str(c[1]), c[2], **self._named(c))

    def train(self, c: Children) -> Train | Hole:
        if not c[1]:
            return self._section_hole(c)
        alias = next((str(b) for a, b in zip(c, c[1:], strict=False) if isinstance(a, Token) and a.type == "AS"), None)
        return Train(str(c[1]), self._arguments(c), alias, c[-1], **self._named(c))

    def serve(self, c: Children) -> Serve | Hole:
        if not c[1]:
            return self._section_hole(c)
        return Serve(str(c[1]), self._arguments(c), c[-1], **self._named(c))

    def expect(self, c: Children) -> Expect | Hole:
        if not c[1]:
            return self._section_hole(c)
        brace = next(i for i, t in enumerate(c) if isinstance(t, Token) and t.type == "LBRACE")
        return Expect(str(c[1]), self._arguments(c[:brace]), _flatten_rows(c[brace:]), self._trailing(c), **self._named(c))

    def _section_hole(self, c: Children) -> Hole:
        """A section with an empty name has a header that could not be read; the name carries what a HOLE does."""
        names, mentions = c[1].value
        return Hole(names, mentions, **self._facts(c))

    def file(self, c: Children) -> Row:
        return Row(None, c[1], self.span(c)) if len(c) == 2 else Row(c[0], c[2], self.span(c))

    def finish(self, rows: Row, start: int) -> File:
        """The file of all its sections; the first row is the version. `start` is where `netspec` stands."""
        version, *sections = rows.flat()
        comments = self.remarks.take(start, version.end_pos)
        span = Span(self.source, 0, len(self.source.text))
        trailing = self.remarks.trailing.get(END, ())
        return File(int(str(version)), tuple(sections), comments, trailing, version_span=self.token_span(version), span=span)

    # --- parts -------------------------------------------------------------------------------------------------------

    def _facts(self, c: Children) -> dict[str, Any]:
        """Span, comments and the blank line above: what every statement has."""
        span = self.span(c)
        return {"span": span, "comments": self.remarks.take(span.start, span.end), "blank_before": span.start in self.remarks.blank}

    def _named(self, c: Children) -> dict[str, Any]:
        """The facts of a node whose name is its second word."""
        return {"name_span": self.token_span(c[1]), **self._facts(c)}

    def _name(self, token: Token) -> Target:
        return Target(str(token), span=self.token_span(token))

    def _trailing(self, c: Children) -> tuple[str, ...]:
        """The comments before a closing brace."""
        return self.remarks.trailing.get(c[-1].start_pos, ())

    def _arguments(self, c: Children) -> tuple[Any, ...]:
        """The arguments in a section's header."""
        brackets = next((a for a in c if isinstance(a, Bracketed)), None)
        if brackets is None:
            return ()
        args = tuple(a for a in brackets.children if not isinstance(a, Token))
        self._check_order(args)
        return args


class Row(Node):
    """Statements read so far. A list that grows would keep what the parser takes back after a mistake; a row points to the one before."""

    __slots__ = ("before", "item")

    def __init__(self, before: Row | None, item: Any, span: Span) -> None:
        object.__setattr__(self, "before", before)
        object.__setattr__(self, "item", item)
        object.__setattr__(self, "span", span)

    def flat(self) -> list[Any]:
        """All statements, in order."""
        row, items = self, []
        while row is not None:
            items.append(row.item)
            row = row.before
        return items[::-1]


def _flatten_rows(c: Children) -> tuple[Any, ...]:
    """The statements between braces."""
    row = next((r for r in c if isinstance(r, Row)), None)
    return () if row is None else tuple(row.flat())


def _find_behind(c: Children, kind: str) -> Any:
    """The child behind the token of this kind, or None."""
    return next((b for a, b in zip(c, c[1:], strict=False) if isinstance(a, Token) and a.type == kind), None)


def _targets(c: Children) -> tuple[Target, ...]:
    """The targets among the children of a rule."""
    return tuple(t for t in c if isinstance(t, Target))


def bound_names(statement: Any) -> tuple[str, ...]:
    """The names that a statement binds for those after it."""
    if isinstance(statement, Binding | Let):
        return tuple(t.name for t in statement.targets)
    if isinstance(statement, Hole):
        return statement.names
    name = getattr(statement, "name", None)
    return () if name is None else (name,)
