"""The logical paths of a model's parameters, from its typed body alone: `dense_0/kernel`, `Bottleneck_3/conv_1/kernel`. Floor 3."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from netspec.ir import Apply, Aux, Body, Call, Node, Recur, Repeat, Segment, Variable, When
from netspec.library.base import Weight
from netspec.shape import TensorType

Places = list[tuple[str, tuple[int, ...]]]
"""Where a body stands, once per iteration of the repeats around it: the path to it, and the indices of its own repeats."""


def parameters(body: Body) -> dict[str, Weight]:
    """Every trainable parameter by its path. A `repeat` gives one per iteration, shared instances give one for all their uses."""
    return dict(_index_leaves(body))


@lru_cache(maxsize=8)
def _index_leaves(body: Body) -> dict[str, Weight]:
    """Parameters and buffers by path, in the order of the nodes."""
    return dict(_leaves(body, body.nodes, [("", ())]))


def auxiliaries(body: Body) -> dict[str, TensorType]:
    """Every value that the model's blocks export, by its path; types are in the model's symbols. Shared instances give one for all uses."""
    return dict(_exports(body, body.nodes, [("", ())]))


def _exports(body: Body, nodes: tuple[Node, ...], places: Places) -> Iterator[tuple[str, TensorType]]:
    """What `aux` exports at each path."""
    for node in nodes:
        match node:
            case Repeat():
                yield from _exports(body, node.nodes, [(p, (*loops, i)) for p, loops in places for i in range(node.count)])
            case When() | Recur():
                yield from _exports(body, node.nodes, places)
            case Call() if _has_exports(node.body.nodes):
                yield from _exports(node.body, node.body.nodes, [(path, ()) for path in _steps(places, node.segment)])
            case Aux():
                yield from ((path, body.types[node.input]) for path in _steps(places, node.segment))


def _has_exports(nodes: tuple[Node, ...]) -> bool:
    """Whether anything is exported in these nodes, so that bodies without are not walked once for each place."""
    inner = [node.body.nodes if isinstance(node, Call) else node.nodes for node in nodes if isinstance(node, Call | Repeat | When | Recur)]
    return any(isinstance(node, Aux) for node in nodes) or any(map(_has_exports, inner))


def uses(body: Body) -> dict[str, tuple[Body, Apply] | Variable]:
    """Every use of an op, with the body that it stands in, and every `weight` and `buffer` statement, by path; shared ones once."""
    return dict(_uses(body, body.nodes, [("", ())]))


def _uses(body: Body, nodes: tuple[Node, ...], places: Places) -> Iterator[tuple[str, tuple[Body, Apply] | Variable]]:
    """Each use of an op with parameters, and each weight, by path."""
    for node in nodes:
        match node:
            case Repeat():
                yield from _uses(body, node.nodes, [(p, (*loops, i)) for p, loops in places for i in range(node.count)])
            case When() | Recur():
                yield from _uses(body, node.nodes, places)
            case Call():
                yield from _uses(node.body, node.body.nodes, [(path, ()) for path in _steps(places, node.segment)])
            case Apply():
                yield from ((path, (body, node)) for path in _steps(places, node.segment))
            case Variable():
                yield from ((path, node) for path in _steps(places, node.segment))


def count(body: Body) -> int:
    """How many op uses a model has when every repeat and call is written out; cheap for any count."""
    return _count(body.nodes, {})


def _leaves(body: Body, nodes: tuple[Node, ...], places: Places) -> Iterator[tuple[str, Weight]]:
    """Each parameter and buffer by path."""
    for node in nodes:
        match node:
            case Repeat():
                yield from _leaves(body, node.nodes, [(p, (*loops, i)) for p, loops in places for i in range(node.count)])
            case When() | Recur():
                yield from _leaves(body, node.nodes, places)
            case Call():
                yield from _leaves(node.body, node.body.nodes, [(path, ()) for path in _steps(places, node.segment)])
            case Apply():
                weights = weights_of(body, node)
                yield from ((f"{path}/{name}", weight) for path in _steps(places, node.segment) for name, weight in weights.items())
            case Variable() if not node.buffer:
                yield from ((path, node.weight) for path in _steps(places, node.segment))


def _steps(places: Places, segment: Segment) -> list[str]:
    """The paths one segment further."""
    return [f"{prefix}/{segment.name(loops)}" if prefix else segment.name(loops) for prefix, loops in places]


def weights_of(body: Body, node: Apply) -> dict[str, Weight]:
    """The parameters of one op use, by their names in the op. A literal stands for itself, as in shape rules."""
    inputs, optional = _inputs(body, node)
    return node.op.params(*inputs, **optional)


def buffers_of(body: Body, node: Apply) -> dict[str, Weight]:
    """The buffers of one op use, by their names in the op."""
    inputs, optional = _inputs(body, node)
    return node.op.buffers(*inputs, **optional)


def _inputs(body: Body, node: Apply) -> tuple[list, dict[str, TensorType]]:
    """The types of an op's inputs, those given by name apart."""
    inputs = [body.types[i] if isinstance(i, int) else i.value for i in node.inputs]
    return inputs, {name: body.types[wire] for name, wire in node.optional}


def _count(nodes: tuple[Node, ...], known: dict[int, int]) -> int:
    """How many uses of ops the nodes come to; bodies are counted once."""
    total = 0
    for node in nodes:
        match node:
            case Repeat():
                total += node.count * _count(node.nodes, known)
            case When() | Recur():
                total += _count(node.nodes, known)
            case Call():
                if id(node.body) not in known:
                    known[id(node.body)] = _count(node.body.nodes, known)
                total += known[id(node.body)]
            case _:
                total += 1
    return total
