"""Expressions as S-expressions, so that a test shows how a text was read."""

from __future__ import annotations

from typing import Any

from netspec.syntax import tree


def draw(node: Any) -> str:
    """`(+ a (* b c))`; a chain is `(-> head stage …)`, a call `f(a k=b)`."""
    match node:
        case None:
            return "_"
        case tree.Name():
            return node.text
        case tree.Constant():
            return {None: "none", True: "true", False: "false"}.get(node.value, "inf") if node.value != float("inf") else "inf"
        case tree.Number():
            return f"{node.value}{node.unit and ' ' + node.unit}"
        case tree.Duration():
            return f"{node.number.value} {node.unit}"
        case tree.String():
            return repr(node.value)
        case tree.ListExpr():
            return f"[{_all(node.items)}]"
        case tree.TupleExpr():
            return f"tuple({_all(node.items)})"
        case tree.DictExpr():
            return "{" + " ".join(f"{repr(i.key) if i.quoted else i.key}:{draw(i.value)}" for i in node.items) + "}"
        case tree.Paren():
            return f"paren({draw(node.inner)})"
        case tree.Unary():
            return f"({node.op} {draw(node.value)})"
        case tree.Binary():
            return f"({node.op} {draw(node.left)} {draw(node.right)})"
        case tree.If():
            return f"(if {draw(node.condition)} {draw(node.then)} {draw(node.otherwise)})"
        case tree.Slice():
            return f"slice({draw(node.start)} {draw(node.stop)} {draw(node.step)})"
        case tree.Dots():
            return "..."
        case tree.Index():
            return f"{draw(node.value)}[{_all(node.items)}]"
        case tree.Arg():
            return draw(node.value) if node.name is None else f"{node.name}={draw(node.value)}"
        case tree.Call():
            return f"{draw(node.callee)}({_all(node.args)})"
        case tree.Stage():
            return draw(node.call) if node.label is None else f"{node.label}:{draw(node.call)}"
        case tree.ShapeStage():
            return f"shape[{_all(node.dims)}]"
        case tree.Chain():
            return f"(-> {draw(node.head)} {_all(node.stages)})"
        case tree.TensorRef():
            return f"{node.dtype}[{_all(node.dims)}]"
    raise TypeError(type(node))


def _all(nodes: tuple[Any, ...]) -> str:
    return " ".join(map(draw, nodes))
