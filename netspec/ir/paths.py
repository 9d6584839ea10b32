"""Derives the logical paths of a model's parameters from its typed body alone: `dense_0/kernel`, `Bottleneck_3/conv_1/kernel`. Floor 2."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from netspec.ir.nodes import Apply, Aux, Body, Call, Node, Repeat, Segment, Variable
from netspec.ir.traversal import descend, fold
from netspec.library.base import Weight
from netspec.record import replace
from netspec.shape import TensorType

Places = list[tuple[str, tuple[int, ...]]]
"""Where a body stands, once per iteration of the repeats around it: the path to it, and the indices of its own repeats."""
ROOT: Places = [("", ())]


def parameters(body: Body) -> dict[str, Weight]:
    """Every trainable parameter by its path. A `repeat` gives one per iteration, shared instances give one for all their uses."""
    return dict(_find_known(body))


@lru_cache(maxsize=8)
def _find_known(body: Body) -> dict[str, Weight]:
    return {path: weight for node, owner, places in descend(body, ROOT, step_below) for path, weight in _leaves(node, owner, places)}


def kept_parameters(body: Body) -> dict[str, Weight]:
    """The same of averages, whose parameters are buffers."""
    found: dict[str, Weight] = {}
    for node, owner, places in descend(body, ROOT, step_below):
        if isinstance(node, Variable) and node.kept and not node.borrowed:
            found |= {path: node.weight for path in steps(places, node.segment)}
        elif isinstance(node, Apply) and node.kept:
            found |= {f"{path}/{name}": w for path in steps(places, node.segment) for name, w in kept_of(owner, node).items()}
    return found


def _leaves(node: Node, body: Body, places: Places) -> Iterator[tuple[str, Weight]]:
    if isinstance(node, Variable) and not node.buffer and not node.borrowed:
        yield from ((path, node.weight) for path in steps(places, node.segment))
    elif isinstance(node, Apply):
        weights = weights_of(body, node)
        yield from ((f"{path}/{name}", weight) for path in steps(places, node.segment) for name, weight in weights.items())


def auxiliaries(body: Body) -> dict[str, TensorType]:
    """Every value that the model's blocks export, by its path; types are in the model's symbols. Shared instances give one for all uses."""
    known: dict[int, bool] = {}

    def exports(node: Node, below: list[bool]) -> bool:
        return isinstance(node, Aux) or any(below)

    def below(node: Node, body: Body, places: Places) -> Places | None:
        silent = isinstance(node, Call) and not fold(node.body, exports, any, known)
        return None if silent else step_below(node, body, places)

    found = [(node, owner, places) for node, owner, places in descend(body, ROOT, below) if isinstance(node, Aux)]
    return {path: owner.types[node.input] for node, owner, places in found for path in steps(places, node.segment)}


def uses(body: Body) -> dict[str, tuple[Body, Apply] | Variable]:
    """Every use of an op, with the body that it stands in, and every `weight` and `buffer` statement, by path; shared ones once."""
    return {path: (owner, node) if isinstance(node, Apply) else node for path, owner, node in list_uses(body)}


def list_uses(body: Body) -> Iterator[tuple[str, Body, Apply | Variable]]:
    """The same one after the other, shared ones once for each use."""
    for node, owner, places in descend(body, ROOT, step_below):
        if isinstance(node, Apply) or (isinstance(node, Variable) and not node.borrowed):
            yield from ((path, owner, node) for path in steps(places, node.segment))


def count(body: Body) -> int:
    """How many op uses a model has when every repeat and call is written out; cheap for any count."""
    return fold(body, _count_uses, sum)


def _count_uses(node: Node, below: list[int]) -> int:
    return (node.count if isinstance(node, Repeat) else 1) * (sum(below) if below else 1)


def step_below(node: Node, body: Body, places: Places) -> Places:
    """Where a region, or the body that is called, stands."""
    if isinstance(node, Repeat):
        return [(path, (*loops, i)) for path, loops in places for i in range(node.count)]
    return [(path, ()) for path in steps(places, node.segment)] if isinstance(node, Call) else places


def steps(places: Places, segment: Segment) -> list[str]:
    """The paths one segment further."""
    return [f"{prefix}/{segment.name(loops)}" if prefix else segment.name(loops) for prefix, loops in places]


def weights_of(body: Body, node: Apply) -> dict[str, Weight]:
    """The parameters of one op use, by their names in the op."""
    return {} if node.kept else _list_weights(body, node)


def kept_of(body: Body, node: Apply) -> dict[str, Weight]:
    """Those of an average, which are buffers."""
    return _list_weights(body, node) if node.kept else {}


def _list_weights(body: Body, node: Apply) -> dict[str, Weight]:
    inputs, optional = body.op_inputs(node)
    return _in_full(node.op.params(*inputs, **optional), inputs)


def buffers_of(body: Body, node: Apply) -> dict[str, Weight]:
    """The buffers of one op use, by their names in the op."""
    inputs, optional = body.op_inputs(node)
    return _in_full(node.op.buffers(*inputs, **optional), inputs) | kept_of(body, node)


def _in_full(weights: dict[str, Weight], inputs: Iterable[object]) -> dict[str, Weight]:
    """What is f32 is kept in f64 by an op that works on f64."""
    if not any(isinstance(kind, TensorType) and kind.dtype == "f64" for kind in inputs):
        return weights
    return {name: replace(weight, dtype="f64") if weight.dtype == "f32" else weight for name, weight in weights.items()}
