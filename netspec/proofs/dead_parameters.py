"""Finds parameters that no loss of a training has a gradient with respect to: the slope is followed from the losses back through the model,
into calls and loops, and what it never meets does not learn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from netspec.diagnostics.base import Diagnostic
from netspec.ir import (
    OUTPUT,
    Apply,
    Aux,
    Body,
    Call,
    Node,
    Objective,
    Recur,
    Repeat,
    TrainPlan,
    Variable,
    When,
    list_bodies,
    pair_inputs,
    reads,
    regions,
    walk_nodes,
    writes,
)
from netspec.ir.paths import list_uses, weights_of
from netspec.library.base import Callable
from netspec.proofs.loss_slopes import follow
from netspec.record import field, record


def find_dead_parameters(plans: Iterable[TrainPlan]) -> list[Diagnostic]:
    """The layers that nothing trains, those below one name of the model once."""
    found = []
    for plan in plans:
        slope = Slope()
        ends = [slope.enter(plan.model, update.objective) for update in plan.updates]
        if any(ends) and any(
            is_learned(node) and id(node) not in slope.met for body in list_bodies(plan.model) for node in walk_nodes(body.nodes)
        ):
            found += list_dead(plan, slope)
    return found


def list_dead(plan: TrainPlan, slope: Slope) -> Iterator[Diagnostic]:
    """The problems of one training."""
    nodes: dict[str, Apply | Variable] = {}
    paths: dict[str, list[str]] = {}
    met = set()
    for path, body, node in list_uses(plan.model):
        if id(node) in slope.met:
            met.add(path)
        elif is_learned(node) and (leaves := list_leaves(path, body, node)):
            nodes[path], paths[path] = node, leaves
    dead = [path for path in nodes if path not in met]
    known = {leaf for path in dead for leaf in paths[path]}
    frozen = {leaf for update in plan.updates for leaf in update.optimizer.frozen(known)}
    left = [path for path in dead if not frozen.issuperset(paths[path])]
    for name in dict.fromkeys(path.split("/")[0] for path in left):
        below = [path for path in left if path.split("/")[0] == name]
        yield describe(plan, nodes[below[0]], [leaf for path in below for leaf in paths[path]])


def is_learned(node: Node) -> bool:
    """A use of an op that may have parameters of its own, or a weight; averages and buffers are none."""
    if isinstance(node, Variable):
        return not node.buffer and not node.kept and node.weight.dtype.startswith(("f", "bf"))
    return isinstance(node, Apply) and not node.kept and node.average is None and type(node.op).params is not Callable.params


def list_leaves(path: str, body: Body, node: Apply | Variable) -> list[str]:
    """The paths of the parameters of a use."""
    return [path] if isinstance(node, Variable) else [f"{path}/{name}" for name in weights_of(body, node)]


@record(frozen=False, eq=False)
class Slope:
    """The nodes that a loss has a slope with respect to."""

    met: set[int] = field(default_factory=set)
    known: dict[tuple[int, frozenset[int]], frozenset[int]] = field(default_factory=dict)
    exports: bool = False
    """What blocks export by `aux` is part of a loss."""

    def enter(self, model: Body, objective: Objective) -> bool:
        """Follow the slope of a training's loss; False where no output of the model moves it."""
        [loss] = [port.wire for port in objective.finish.outputs if port.name == "loss"]
        means = follow([loss], objective.finish.nodes, None)
        begun = [wire for m in objective.measurements if m.output in means and m.op.sloped for wire in m.reads]
        wires = follow(begun, objective.body.nodes, objective.body.types)
        names = {port.name.removeprefix(OUTPUT) for port in objective.body.inputs if port.wire in wires and port.name.startswith(OUTPUT)}
        ends = frozenset(port.wire for port in model.outputs if port.name in names and isinstance(port.wire, int))
        self.exports, self.known = bool(objective.auxiliaries), {}
        self.body(model, ends)
        return bool(ends)

    def body(self, body: Body, ends: frozenset[int]) -> frozenset[int]:
        """The inputs of a body that have a slope where these wires of it have one."""
        key = (id(body), ends)
        if key not in self.known:
            wanted = set(ends)
            self.nodes(body.nodes, body, wanted)
            self.known[key] = frozenset(port.wire for port in body.inputs if port.wire in wanted and isinstance(port.wire, int))
        return self.known[key]

    def nodes(self, nodes: Sequence[Node], body: Body, wanted: set[int]) -> None:
        """Add the wires that have a slope to `wanted`, from the last node to the first."""
        for node in reversed(nodes):
            if isinstance(node, Aux):
                self.want(body, wanted, [node.input] if self.exports else [])
            elif isinstance(node, Call):
                self.call(node, body, wanted)
            elif regions(node):
                self.region(node, body, wanted)
            elif not wanted.isdisjoint(writes(node)):
                self.met.add(id(node))
                self.want(body, wanted, reads(node) if isinstance(node, Apply) and node.op.sloped else ())

    def want(self, body: Body, wanted: set[int], wires: Iterable[object]) -> None:
        """Whole numbers have no slope."""
        wanted.update(wire for wire in wires if isinstance(wire, int) and body.types[wire].is_float)

    def call(self, node: Call, body: Body, wanted: set[int]) -> None:
        """The slope goes through a block, from its outputs to its inputs."""
        ports = zip(node.outputs, node.body.outputs, strict=False)
        ends = frozenset(port.wire for wire, port in ports if wire in wanted and isinstance(port.wire, int))
        if ends or self.exports:
            begun = self.body(node.body, ends)
            self.want(body, wanted, [outer for port, outer in pair_inputs(node) if port in begun])

    def region(self, node: Repeat | When | Recur | Node, body: Body, wanted: set[int]) -> None:
        """The slope goes round a loop until it meets nothing new; what other phases compute is taken as met."""
        if isinstance(node, When):
            self.want(body, wanted, [wire for out, wire in zip(node.outputs, node.otherwise, strict=True) if out in wanted])
        if isinstance(node, When) and node.phase != "train":
            self.met.update(map(id, walk_nodes(node.nodes)))
        before = -1
        while before < len(wanted):
            before = len(wanted)
            for region in regions(node):
                self.want(body, wanted, [end for wire, end in region.ends if wire in wanted])
                self.want(body, wanted, [end for wire, end in region.again if wire in wanted])
                self.nodes(region.nodes, body, wanted)
                self.want(body, wanted, [outer for wire, outer in region.begins if wire in wanted])


def describe(plan: TrainPlan, node: Apply | Variable, leaves: Sequence[str]) -> Diagnostic:
    from netspec.diagnostics.training.outputs import DeadParameters  # few specs have this problem

    what = node.op.op_name() if isinstance(node, Apply) else "weight"
    return DeadParameters(at=node.span, what=what, path=leaves[0], train=plan.name, count=len(leaves))
