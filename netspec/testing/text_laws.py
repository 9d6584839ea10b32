"""Holds the laws of what an op owes to those who read and write it: a page, examples, a schema, and text and JSON that mean it again."""

from __future__ import annotations

import json
from typing import Any

from netspec.infer.calls.construction import compose_ops, construct
from netspec.infer.elaborator import open_world
from netspec.infer.expressions import evaluate
from netspec.infer.frame import Frame
from netspec.infer.values import Composed
from netspec.ir import Apply, walk
from netspec.library.base import Callable, Example, Layer, Measure, Op
from netspec.library.shelf.index_writer import read_docstrings
from netspec.library.shelf.op_text import from_json, to_json, to_text
from netspec.resolve.expressions import Names
from netspec.resolve.graph import Graph
from netspec.resolve.name_scope import Scope
from netspec.shape import Facts
from netspec.source import Source
from netspec.syntax.fragments import parse_expression
from netspec.syntax.tree import File
from netspec.testing.checks import require, require_same
from netspec.tools import reference_examples

LEAST = 6
"""Characters that a description has at least."""


# --- laws of a class -------------------------------------------------------------------------------------------------


def has_a_page(cls: type[Op]) -> None:
    """The class has a docstring of its own, and each argument and input is described."""
    require(cls.__dict__.get("__doc__"), "it has no docstring of its own")
    docs = read_docstrings(cls)
    bare = [name for name in cls.arguments() if len(docs.get(name, "")) < LEAST]
    bare += [i.name for i in cls.inputs if len(i.doc) < LEAST]
    require(not bare, f"nothing, or next to nothing, is said of {', '.join(bare)}")


def has_examples(cls: type[Op]) -> None:
    """There are two examples at least of an op with arguments or inputs, and one of any other."""
    wanted = 2 if cls.arguments() or issubclass(cls, Callable) else 1
    require(len(cls.examples()) >= wanted, f"it has {len(cls.examples())} of {wanted} examples")


def says_its_flops(cls: type[Op]) -> None:
    """A layer, function, operator or method that costs something says the formula of it behind the word FLOPs."""
    if issubclass(cls, Callable) and not issubclass(cls, Measure) and cls.flops is not Callable.flops:
        require("FLOPs" in (cls.__doc__ or ""), "its docstring has no formula of its FLOPs")


def has_a_schema(cls: type[Op]) -> None:
    """Every argument has a description in the JSON Schema, and a default unless one must be given."""
    from netspec.tools.argument_schema import describe_schema

    found = describe_schema(cls)["properties"]
    require_same(list(found), ["op", "kind", *cls.arguments()], "the schema has", "the arguments are")
    for name, argument in cls.arguments().items():
        require(found[name].get("description"), f"the schema does not describe {name}")
        require(("default" in found[name]) != argument.required, f"the schema is wrong about a default of {name}")


# --- laws of an example ----------------------------------------------------------------------------------------------


def json_means_the_op(example: Example) -> None:
    """`from_json` gives the op that `to_json` wrote, and nothing is left out."""
    data = to_json(example.op)
    again = from_json(json.loads(json.dumps(data, allow_nan=False)))
    require_same((type(again), again), (type(example.op), example.op), "its JSON is read as", "it is")
    require_same([data["op"], data["kind"], *sorted(data.keys() - {"op", "kind"})], _list_names(example.op), "its JSON has", "it has")


def _list_names(op: Op) -> list[str]:
    """What a page must name: the op, its kind, its arguments."""
    return [op.op_name(), op.kind, *sorted(op.arguments())]


def text_means_the_op(example: Example) -> None:
    """What `to_text` writes is read as an equal op; of a function, operator or method in a model where its inputs flow into it."""
    op = example.op
    if not is_applied(op):
        require_same(elaborate_text(to_text(op), op.kind), op, f"`{to_text(op)}` means", "it is")
        return
    _, model = reference_examples.write_example(example)
    found = [node.op for node, _ in walk(reference_examples.prove_model(model)) if isinstance(node, Apply)]
    require_same(found, [op], f"the model\n{model}applies", "it is")


def is_applied(op: Op) -> bool:
    """Functions, operators and methods: their names mean something else, or nothing, where no tensor flows into them. A layer that needs
    none is applied wherever it stands."""
    kept = isinstance(op, Measure) or (isinstance(op, Layer) and any(not port.optional for port in op.inputs))
    return isinstance(op, Callable) and not kept


def elaborate_text(text: str, kind: str) -> Any:
    """What an expression is worth where an op of this kind is wanted; its problems are an error."""
    node, problems = parse_expression("text", text)
    meanings: dict[int, Any] = {}
    names = Names({}, {}, problems.append, meanings)
    names.wanted = (kind,)
    value = None
    if node is not None and not problems:
        names.expression(node, Scope())
        world = open_world(Graph(Source("text", text), File(1, ()), {}, {}, (), (), (), meanings))
        world.problems = problems
        frame = Frame(world, "text", Facts())
        value = evaluate(frame, node, (kind,))
        value = compose_ops(frame, value) if isinstance(value, Composed) else construct(frame, value)
    require(not problems, f"`{text}`: {'; '.join(p.message() for p in problems)}")
    return value


CLASS_LAWS = (has_a_page, has_examples, says_its_flops, has_a_schema)
EXAMPLE_LAWS = (json_means_the_op, text_means_the_op)
