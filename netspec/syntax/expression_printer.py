"""Makes documents of expressions and types. Parentheses are written where precedence needs them and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from netspec.syntax import tree
from netspec.syntax.document import HARD, LINE, SOFT, Doc, Group, Indent, bracket_docs, fill_docs
from netspec.syntax.tree_walk import drop_parens, residual_name

CHAIN, CHOICE, OR, AND, NOT, COMPARE, SUM, PRODUCT, SIGNED, POWER, POSTFIX, ATOM = range(12)
"""How tightly each form binds. `if` and a dict are atoms of the grammar, but get parentheses as operands, so that braces are clear."""

_BINDS = {"or": OR, "and": AND, "+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "%": PRODUCT, "@": PRODUCT, "**": POWER}
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}


def expression(node: Any, least: int = CHAIN) -> Doc:
    """An expression, in parentheses if it binds less tightly than `least`."""
    inner = drop_parens(node)
    doc = _FORMS[type(inner)](inner)
    strength = ATOM if _SPARING.get() and inner is node and type(node) in _BRACED else binding(inner)
    return doc if strength >= least else Group(["(", Indent([SOFT, doc]), SOFT, ")"])


@contextmanager
def spare_parentheses() -> Iterator[None]:
    """Write only parentheses that are needed, or were there: a text gets no deeper than it was."""
    before = _SPARING.set(True)
    try:
        yield
    finally:
        _SPARING.reset(before)


_SPARING = ContextVar("sparing", default=False)


def print_behind_word(node: Any) -> Doc:
    """An expression behind a keyword or a `{`, where a dict's brace would be taken for a body's."""
    node = drop_parens(node)
    return expression(node, OR if isinstance(node, tree.DictExpr) else CHAIN)


def binding(node: Any) -> int:
    """How tightly an expression binds."""
    if isinstance(node, tree.Binary):
        return _BINDS.get(node.op, COMPARE)
    if isinstance(node, tree.Unary):
        return NOT if node.op == "not" else SIGNED
    return _FIXED.get(type(node), ATOM)


_BRACED = (tree.If, tree.DictExpr)
_FIXED = {tree.Chain: CHAIN, tree.If: CHOICE, tree.DictExpr: CHOICE, tree.Index: POSTFIX, tree.Member: POSTFIX}


# --- atoms -----------------------------------------------------------------------------------------------------------


def string(text: str) -> str:
    """A string in double quotes, with what cannot be seen as escapes."""
    return '"' + "".join(_ESCAPES.get(c) or (c if c.isprintable() else _escape(c)) for c in text) + '"'


def _escape(character: str) -> str:
    """A character that cannot be seen, as an escape."""
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else character


def _constant(node: tree.Constant) -> str:
    """The word of a constant."""
    if node.value is None or isinstance(node.value, bool):
        return {None: "none", True: "true", False: "false"}[node.value]
    return "inf"


def _duration(node: tree.Duration) -> str:
    """A length of training, with its unit in the plural unless it is 1."""
    return f"{node.number.text} {node.unit}{'' if node.number.value == 1 else 's'}"


def _list(node: tree.ListExpr) -> Doc:
    """Lists of numbers are filled into lines; anything else stands on one line or on a line each."""
    numbers = len(node.items) > 1 and all(isinstance(i, tree.Number) for i in node.items)
    return (fill_docs if numbers else bracket_docs)("[", [expression(i) for i in node.items], "]")


def _comprehension(node: tree.Comprehension) -> Doc:
    """A comprehension on one line, or each clause on a line of its own."""
    clauses = [[LINE, _clause(clause)] for clause in node.clauses]
    return Group(["[", Indent([SOFT, expression(node.value), *clauses]), SOFT, "]"])


def _clause(node: tree.ForClause) -> Doc:
    """One `for` of a comprehension with its conditions."""
    return [
        "for ",
        loop_names(node.names),
        " in ",
        expression(node.iterable, OR),
        [[LINE, "if ", expression(c, OR)] for c in node.conditions],
    ]


def loop_names(names: tuple[tree.LoopName, ...]) -> str:
    """What stands before `in`."""
    return ", ".join(n.name if isinstance(n, tree.Target) else f"({loop_names(n.names)})" for n in names)


def _member(node: tree.Member) -> Doc:
    """A field behind an index."""
    return [expression(node.value, POSTFIX), ".", node.name]


def _tuple(node: tree.TupleExpr) -> Doc:
    """A tuple; one item alone keeps its comma."""
    if len(node.items) == 1 and node.items[0].name is None:
        return ["(", arg(node.items[0]), ",)"]
    return bracket_docs("(", [arg(a) for a in node.items], ")")


def _dict(node: tree.DictExpr) -> Doc:
    """A dict; its keys keep the quotes that they were written with."""
    return bracket_docs("{", [[string(i.key) if i.quoted else i.key, ": ", expression(i.value)] for i in node.items], "}")


def arg(node: tree.Arg) -> Doc:
    """`value` or `name=value`."""
    return expression(node.value) if node.name is None else [node.name, "=", expression(node.value)]


def args(nodes: tuple[tree.Arg, ...]) -> Doc:
    """The arguments of a call with their parentheses."""
    return bracket_docs("(", [arg(a) for a in nodes], ")")


def _call(node: tree.Call) -> Doc:
    """A call with its arguments."""
    return [node.callee.text, args(node.args)]


def _index(node: tree.Index) -> Doc:
    """A value with indices behind it."""
    return [expression(node.value, POSTFIX), bracket_docs("[", [_index_item(i) for i in node.items], "]")]


def _index_item(node: Any) -> Doc:
    """One index, or a slice with the parts that were written."""
    if isinstance(node, tree.Slice):
        parts = ["" if p is None else expression(p, OR) for p in (node.start, node.stop, node.step)]
        return [parts[0], ":", parts[1], *([":", parts[2]] if node.step is not None else [])]
    return dim(node, OR)


def dim(node: Any, least: int = SUM) -> Doc:
    """A dim of a type or shape, `...` included."""
    return "..." if isinstance(node, tree.Dots) else expression(node, least)


# --- operators -------------------------------------------------------------------------------------------------------


def _unary(node: tree.Unary) -> Doc:
    """A sign or `not` before its value, with the brackets that precedence needs."""
    return ["not ", expression(node.value, NOT)] if node.op == "not" else ["-", expression(node.value, SIGNED)]


def _binary(node: tree.Binary) -> Doc:
    """Operands of the same strength stand in one group; a last operand in brackets breaks inside of them instead."""
    level = binding(node)
    if level == POWER:
        return [expression(node.left, POSTFIX), "**", expression(node.right, SIGNED)]
    tail: list[Doc] = []
    first: Any = node
    while isinstance(first, tree.Binary) and binding(first) == level:
        right = drop_parens(first.right)
        hugs = not tail and (binding(right) <= level or isinstance(right, tree.ListExpr))
        tail[:0] = [f" {first.op}", " " if hugs else LINE, expression(right, level + 1)]
        first = drop_parens(first.left) if level != COMPARE else first.left
        if level == COMPARE:
            break
    head = expression(first, level if level != COMPARE else SUM)
    return Group([head, Indent(tail)]) if LINE in tail else [head, *tail]


def _if(node: tree.If) -> Doc:
    """An `if` with its branches; `else if` goes on without braces around it."""
    otherwise = drop_parens(node.otherwise)
    last = _if(otherwise) if isinstance(otherwise, tree.If) else _branch(otherwise)
    return ["if ", expression(node.condition, OR), " ", _branch(node.then), " else ", last]


def _branch(node: Any) -> Doc:
    """A branch in braces, on one line if it fits."""
    return Group(["{", Indent([LINE, print_behind_word(node)]), LINE, "}"])


# --- chains ----------------------------------------------------------------------------------------------------------


def _chain(node: tree.Chain) -> Doc:
    """As many stages on a line as fit."""
    return [chain_head(node.head), Indent([Group([LINE, "-> ", stage(s)]) for s in node.stages])]


def chain_head(node: Any) -> Doc:
    """An operator expression gets parentheses; not so the residual typo, which must stay a problem."""
    spared = _SPARING.get() and isinstance(node, tree.Binary | tree.Unary)
    if spared or (isinstance(node, tree.Binary) and residual_name(node) is not None):
        return expression(node)
    return expression(node, POSTFIX)


def statement_chain(node: tree.Chain) -> Doc:
    """The chain that is a statement's value: its line breaks and comments stay where they were."""
    out: list[Doc] = []
    fresh = False
    for item in node.stages:
        comments = item.comments
        if comments.before or item.newline_before or fresh:
            out += [part for text in comments.before for part in (HARD, text)] + [HARD, "-> ", stage(item)]
        else:
            out.append(Group([LINE, "-> ", stage(item)]))
        fresh = bool(comments.after)
        out += [f"  {comments.after}"] if fresh else []
    return [chain_head(node.head), Indent(out)]


def stage(node: tree.Stage | tree.ShapeStage) -> Doc:
    """What stands behind `->`."""
    if isinstance(node, tree.ShapeStage):
        return bracket_docs("[", [dim(d) for d in node.dims], "]")
    label = "" if node.label is None else f"{node.label}: "
    return [label, expression(node.call)]


# --- types -----------------------------------------------------------------------------------------------------------


def tensor_type(node: tree.TensorRef) -> Doc:
    """`f32[B, 4 * D]`."""
    return [node.dtype, bracket_docs("[", [dim(d) for d in node.dims], "]")]


def param_type(node: tree.ParamType) -> str:
    """`list[int]?`, `{width: int, stride: int?}`."""
    item = "" if node.item is None else f"[{param_type(node.item)}]"
    fields = ", ".join(f"{f.name}: {param_type(f.type)}" for f in node.fields)
    return f"{f'{{{fields}}}' if fields else node.name}{item}{'?' if node.optional else ''}"


_FORMS: dict[type, Callable[[Any], Doc]] = {
    tree.Name: lambda node: node.text,
    tree.Constant: _constant,
    tree.Number: lambda node: node.text,
    tree.Duration: _duration,
    tree.String: lambda node: string(node.value),
    tree.ListExpr: _list,
    tree.Comprehension: _comprehension,
    tree.TupleExpr: _tuple,
    tree.DictExpr: _dict,
    tree.Unary: _unary,
    tree.Binary: _binary,
    tree.If: _if,
    tree.Index: _index,
    tree.Member: _member,
    tree.Call: _call,
    tree.Chain: _chain,
}
