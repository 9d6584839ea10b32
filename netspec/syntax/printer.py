"""Formats a tree as text, in the language's one style.

Two columns per level, lines of 100 columns, one blank line between sections, at most one between statements; numbers as written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from netspec.limits import LIMITS
from netspec.syntax import tree
from netspec.syntax.document import HARD, LINE, STEP, WIDTH, Doc, Group, Indent, bracket_docs, join_docs, render
from netspec.syntax.expression_printer import (
    OR,
    SUM,
    args,
    expression,
    loop_names,
    param_type,
    print_behind_word,
    spare_parentheses,
    stage,
    statement_chain,
    string,
    tensor_type,
)
from netspec.syntax.tree_walk import drop_parens

_BRACKET = re.compile(r"[()\[\]{}]")
_INLINE = {tree.Body: 1, tree.Settings: 2, tree.Expect: 2}
"""How many statements may stand on one line between braces."""


def print_file(file: tree.File) -> str:
    """The text of a spec, with a line end at its end. A `Hole` gives the text it stands for.

    Parentheses that only help the eye are left out of a file which is nested so deeply that it could not be read with them.
    """
    text = _file(file)
    if _measure_depth(text) <= LIMITS.brackets:
        return text
    with spare_parentheses():
        return _file(file)


def _measure_depth(text: str) -> int:
    """How many brackets stand inside one another at most; those in strings and comments count too."""
    depth = deepest = 0
    for bracket in _BRACKET.findall(text):
        depth = depth + 1 if bracket in "([{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest


def _file(file: tree.File) -> str:
    """The text of a whole file; sections of more than one line have empty lines around them."""
    out = [*file.comments.before, _append_comment(f"netspec {file.version}", file.comments.after)]
    long = True
    for section in file.sections:
        text = _statement(section, 0)
        multiple = "\n" in text
        if long or multiple or section.blank_before:
            out.append("")
        out += [*section.comments.before, text]
        long = multiple
    return "\n".join([*out, *file.trailing]) + "\n"


def print_expr(node: Any) -> str:
    """An expression on one line."""
    return _render_flat(expression(node))


def print_stage(node: tree.Stage | tree.ShapeStage) -> str:
    """What stands behind `->`, on one line."""
    return _render_flat(stage(node))


def print_function_param(node: tree.FunctionParam) -> str:
    """A param of a function on one line."""
    return _render_flat(function_param(node))


def print_type(node: tree.TensorRef | tree.ParamType) -> str:
    """A type on one line."""
    return param_type(node) if isinstance(node, tree.ParamType) else _render_flat(tensor_type(node))


def _render_flat(doc: Doc) -> str:
    """A document on one line, however long it is."""
    return render(Group(doc), width=1 << 30)


# --- statements ------------------------------------------------------------------------------------------------------


def _statement(node: Any, indent: int) -> str:
    """A statement or section without its comments above; its first line is not indented, the comment behind it is there."""
    head = _FORMS[type(node)](node)
    text = render(head, indent, indent)
    inside = _find_inside(node)
    if inside is not None:
        text = f"{text} {_braces(node, inside, indent, len(text))}"
    return _append_comment(text, node.comments.after)


def _find_inside(node: Any) -> tree.Body | tree.Settings | tree.Expect | None:
    """What holds the statements in a node's braces."""
    return node if isinstance(node, tree.Expect) else getattr(node, "body", None)


def _append_comment(text: str, comment: str) -> str:
    """A line with the comment that stands at its end."""
    return f"{text}  {comment}" if comment else text


def _braces(node: Any, inside: Any, indent: int, used: int) -> str:
    """The braces behind a header that takes `used` columns, on its line if the content is short."""
    statements: Sequence[Any] = _statements(inside)
    if not statements and not inside.trailing:
        return "{}"
    inline = _print_on_one_line(node, inside, statements)
    if inline is not None and indent + used + len(inline) + 5 <= WIDTH:
        return f"{{ {inline} }}"
    margin = " " * (indent + STEP)
    lines = _lines(statements, indent + STEP) + list(inside.trailing)
    return "\n".join(["{", *(margin + line if line else "" for line in lines), " " * indent + "}"])


def _statements(inside: Any) -> Sequence[Any]:
    """The statements between a node's braces, whatever they are called there."""
    return getattr(inside, "statements", None) or getattr(inside, "items", None) or getattr(inside, "claims", ())


def _lines(statements: Sequence[Any], indent: int) -> list[str]:
    """The statements with their comments; an entry may hold several lines, indented but for its first."""
    out: list[str] = []
    for statement in statements:
        if statement.blank_before and out:
            out.append("")
        out += [*statement.comments.before, _statement(statement, indent)]
    return out


def _print_on_one_line(node: Any, inside: Any, statements: Sequence[Any]) -> str | None:
    """The statements with `;` between them, if they are few, simple and without comments."""
    plain = all(s.comments == tree.NO_COMMENTS and _find_inside(s) is None and not isinstance(s, tree.Hole) for s in statements)
    if isinstance(node, tree.Block | tree.Model | tree.Train) or inside.trailing or not plain or len(statements) > _INLINE[type(inside)]:
        return None
    text = "; ".join(_statement(s, 0) for s in statements)
    return None if "\n" in text else text


def _value(node: Any) -> Doc:
    """The value of a statement."""
    node = drop_parens(node)
    return statement_chain(node) if isinstance(node, tree.Chain) else expression(node)


def _print_count(node: Any) -> Doc:
    """What a `for` or `repeat` counts."""
    node = drop_parens(node)
    return statement_chain(node) if isinstance(node, tree.Chain) else print_behind_word(node)


def _param(node: tree.Param) -> Doc:
    """A param with its type, its default and its condition."""
    default: Doc = "" if node.default is None else [" = ", _value(node.default)]
    where: Doc = "" if node.where is None else [" where ", expression(node.where, OR)]
    return ["param ", node.name, ": ", param_type(node.type), default, where]


def _function(node: tree.Function) -> Doc:
    """A function with its params."""
    return ["let ", node.name, bracket_docs("(", [function_param(p) for p in node.params], ")"), " = ", _value(node.value)]


def function_param(node: tree.FunctionParam) -> Doc:
    """`by: int = 8`."""
    return [node.name, ": ", param_type(node.type), "" if node.default is None else [" = ", expression(node.default)]]


def _output(node: tree.Output) -> Doc:
    """`= x` behind `output x: f32[B]` goes without saying."""
    if node.name is None:
        value = drop_parens(node.value)
        return ["output ", _value(value) if isinstance(value, tree.Chain) else print_behind_word(value)]
    if node.type is None:
        return ["output ", node.name, " = ", _value(node.value)]
    said = drop_parens(node.value) == tree.Name((node.name,))
    return ["output ", node.name, ": ", tensor_type(node.type), [] if said else [" = ", _value(node.value)]]


def _print_typed(word: str) -> Callable[[Any], Doc]:
    """Makes the printer of statements `word name: type = value`."""
    return lambda node: [word, " ", node.name, ": ", tensor_type(node.type), " = ", _value(node.init)]


def _print_bound(word: str) -> Callable[[Any], Doc]:
    """Makes the printer of statements `word name = value`."""
    return lambda node: [word, " ", node.name, " = ", _value(node.value)]


def _targets(targets: Sequence[tree.Target]) -> Doc:
    """Names with the types that are given to them."""
    return join_docs([t.name if t.type is None else [t.name, ": ", tensor_type(t.type)] for t in targets], ", ")


def _for(node: tree.For) -> Doc:
    """The head of a `for`, without its body."""
    return ["for ", loop_names(node.names), " in ", _print_count(node.iterable)]


def _repeat(node: tree.Repeat) -> Doc:
    """The head of a `repeat`, without its body."""
    return ["repeat ", _print_count(node.count), "" if node.index is None else f" as {node.index.name}"]


def _require(node: tree.Require) -> Doc:
    """A `require` with its message, which may stand on a line of its own."""
    message: Doc = [] if node.message is None else [",", LINE, string(node.message.value)]
    return Group(["require ", expression(node.condition, OR), Indent(message)])


# --- settings, claims, sections --------------------------------------------------------------------------------------


def _claim(node: tree.Claim) -> Doc:
    """A claim with the sizes at which it holds."""
    at: list[Doc] = [[a.name, "=", expression(a.value, SUM)] for a in node.at]
    return [expression(node.left, SUM), f" {node.op} ", expression(node.right, SUM), [" at ", *join_docs(at, ", ")] if at else []]


def _import(node: tree.Import) -> Doc:
    """An `import`, whose names may go on over several lines."""
    names: list[Doc] = [n.name if n.alias is None else f"{n.name} as {n.alias}" for n in node.names]
    return Group(["import ", Indent(join_docs(names, [",", LINE])), " from ", string(node.path.value)])


def _print_used(word: str) -> Callable[[Any], Doc]:
    """The header of a section about a model: its name and arguments."""

    def header(node: Any) -> Doc:
        alias = getattr(node, "alias", None)
        return [word, " ", node.model, args(node.args) if node.args else "", f" as {alias}" if alias else ""]

    return header


_FORMS: dict[type, Callable[[Any], Doc]] = {
    tree.Param: _param,
    tree.Function: _function,
    tree.DimBound: lambda node: ["dim ", node.name, f" {node.op} ", expression(node.bound, SUM)],
    tree.Input: lambda node: ["input ", node.name, ": ", tensor_type(node.type)],
    tree.Output: _output,
    tree.Weight: _print_typed("weight"),
    tree.Buffer: _print_typed("buffer"),
    tree.State: _print_typed("state"),
    tree.Shared: _print_bound("shared"),
    tree.Aux: _print_bound("aux"),
    tree.Binding: lambda node: [_targets(node.targets), " = ", _value(node.value)],
    tree.For: _for,
    tree.Repeat: _repeat,
    tree.When: lambda node: ["when ", node.phase],
    tree.Require: _require,
    tree.Assume: lambda node: ["assume ", expression(node.condition, OR)],
    tree.Hole: lambda node: join_docs(list(node.span.text.split("\n")), HARD),
    tree.Setting: lambda node: [string(node.key) if node.quoted else node.key, " = ", _value(node.value)],
    tree.Metric: _print_bound("metric"),
    tree.Let: lambda node: ["let ", _targets(node.targets), " = ", _value(node.value)],
    tree.Group: lambda node: node.key if node.label is None else f"{node.key} {node.label}",
    tree.Claim: _claim,
    tree.OutputClaim: lambda node: [node.name, ": ", tensor_type(node.type)],
    tree.Import: _import,
    tree.Block: lambda node: f"block {node.name}",
    tree.Model: lambda node: f"model {node.name}",
    tree.Train: _print_used("train"),
    tree.Serve: _print_used("serve"),
    tree.Expect: _print_used("expect"),
}
"""A statement's header: all of it but its braces."""
