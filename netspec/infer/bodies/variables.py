"""Elaborates `weight`, `buffer` and `state`: what a block has of its own, and what a cell keeps from one step to the next."""

from __future__ import annotations

from netspec.diagnostics.base import Edit, Mistake, Repair
from netspec.diagnostics.calls.arguments import BadArgument
from netspec.diagnostics.names.bindings import BufferMoves, BufferNotKept, OnlyInPhase
from netspec.diagnostics.shapes.expansion import FreeParameter, WeightNotTrained
from netspec.infer import expressions, types
from netspec.infer.bodies.statements import outputs_of
from netspec.infer.calls.construction import to_python
from netspec.infer.frame import Frame
from netspec.infer.instance import STATE
from netspec.infer.types import have_same_type
from netspec.infer.values import UNKNOWN, Given, Tensor, Unknown, Value, describe
from netspec.ir import Port, Segment, State, Variable, When, reads, walk_nodes, writes
from netspec.library.base import Initializer
from netspec.library.base import Weight as Parameter
from netspec.library.initializers.distributions import require_fit, require_values
from netspec.record import replace
from netspec.shape import TensorType
from netspec.source import Meant, Span
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants


def declare_variable(frame: Frame, node: tree.Weight | tree.Buffer) -> None:
    """`weight w: f32[D, 3] = normal(0.02)`: a parameter or buffer under its name."""
    frame.env[node.name] = UNKNOWN
    type_, made = types.read_type(frame, node.type), read_beginning(frame, node)
    if type_ is None or made is None or not shape_is_fixed(frame, node, type_):
        return
    begins, weight = None, made
    if isinstance(made, Initializer):
        weight = Parameter(type_.shape, made, type_.dtype)
        if not values_fit(frame, node, made, type_):
            return
    else:
        found, weight, begins = made
        if not begins_fit(frame, node, found, type_):
            return
    if isinstance(node, tree.Weight) and not type_.is_float:
        frame.report(
            WeightNotTrained(at=Span(node.span.source, node.span.start, node.span.start + len("weight")), name=node.name, kind=str(type_))
        )
        return
    tensor = frame.wire(type_, node.name_span)
    frame.wire_names[tensor.wire] = node.name
    frame.env[node.name] = tensor
    if isinstance(node, tree.Buffer):
        frame.buffers.add(node.name)
    segment = frame.label(node.name, node.name_span)
    frame.begun[tensor.wire] = (weight, begins or segment)
    frame.emit(Variable(weight, tensor.wire, segment, isinstance(node, tree.Buffer), span=node.span, begins=begins))


Beginning = tuple[Tensor, Parameter, Segment]
"""The weight or buffer as which another begins: its wire, what it is, and where its first value comes from."""


def read_beginning(frame: Frame, node: tree.Weight | tree.Buffer) -> Initializer | Beginning | None:
    """What a weight or buffer begins as: an initializer, or another weight or buffer of the body. None after a problem."""
    value = expressions.evaluate(frame, node.init, ("initializer",)) if isinstance(node.init, tree.Name) else None
    if isinstance(value, Tensor) and value.wire in frame.begun:
        return value, *frame.begun[value.wire]
    return read_initializer(frame, node, value)


def begins_fit(frame: Frame, node: tree.Weight | tree.Buffer, found: Tensor, type_: TensorType) -> bool:
    """What begins as another has its type; a problem is reported."""
    if have_same_type(frame, found.type, type_):
        return True
    name, wanted = node.init.span.text, f"a weight or buffer of the type {type_}"
    ways = (Repair((Edit(node.type.span, str(found.type)),), f"{node.name}: {found.type} = {name}"),)
    frame.report(BadArgument(at=node.init.span, op=node.name, name="=", value=f"`{name}`, {found.type}", expected=wanted, ways=ways))
    return False


def values_fit(frame: Frame, node: tree.Weight | tree.Buffer | tree.State, init: Initializer, type_: TensorType) -> bool:
    """The initializer fills the type, shape and elements; a problem is reported."""
    try:
        require_fit(init, node.name, type_.shape)
        require_values(init, node.name, type_)
    except Mistake as mistake:
        frame.world.report_mistake(mistake, node.init.span)
        return False
    return True


def read_initializer(frame: Frame, node: tree.Weight | tree.Buffer | tree.State, value: Value = None) -> Initializer | None:
    """The initializer that a declaration gives, perhaps evaluated before; None after a problem."""
    counting = find_counting(node.init)
    if counting is not None:
        frame.report(describe_counting(node.name, *counting))
        return None
    value = expressions.evaluate(frame, node.init, ("initializer",)) if value is None else value
    made = UNKNOWN if isinstance(value, Unknown) else to_python(frame, value)
    if isinstance(made, Initializer):
        return made
    if not isinstance(made, Unknown):
        from netspec.infer.calls.value_repairs import propose_values  # only specs with a problem need it

        wanted = f"{WANTED}, or the name of a weight or buffer," if isinstance(value, Tensor) else WANTED
        listed = isinstance(node.init, tree.ListExpr) and isinstance(made, list)
        repair = f"from_values({node.init.span.text})" if listed else ""
        problem = BadArgument(at=node.init.span, op=node.name, name="=", value=describe(value), expected=wanted, repair=repair)
        if isinstance(value, Tensor):
            problem = replace(problem, advice=COMPUTED)
        ways = () if listed else tuple(propose_values(frame, Given(value, node.init.span), "initializer", ""))
        frame.report(replace(problem, ways=(*ways, *write_drawn(node.init))))
    return None


def write_drawn(node: tree.Expr) -> list[Repair]:
    """`0.1 * random_normal([8, 4])`: draws of the running program, as the initializer that draws the same once."""
    edits = []
    for part in (node, *descendants(node)):
        if isinstance(part, tree.Call) and part.callee.text in DRAWN and part.span.source.pointers is None:
            named = {arg.name: arg.value.span.text for arg in part.args}
            texts = [arg.value.span.text for arg in part.args if arg.name is None]
            low, high = named.get("low", (texts[1:2] or ["0.0"])[0]), named.get("high", (texts[2:3] or ["1.0"])[0])
            if part.callee.text == "random_uniform" and low not in ("0", "0.0"):
                return []
            edits.append(Edit(part.span, DRAWN[part.callee.text].format(high=high)))
    return [Repair(tuple(dict.fromkeys(edits)), edits[0].text)] if edits else []


DRAWN = {"random_normal": "normal(1.0)", "random_uniform": "uniform({high})"}
"""What draws anew at every step -> the initializer that draws from the same distribution."""


COMPUTED = "it begins as a weight or buffer is, by the name alone; what a step makes of it is bound in `when train { … }`"
WANTED = "an initializer such as `normal(0.02)`"


def find_counting(node: tree.Expr) -> tuple[tree.Call, tree.Expr] | None:
    """`iota(n)`, a tensor, where an initial value is computed, perhaps in other elements: the call, and its count."""
    for part in descendants(node):
        if not isinstance(part, tree.Call) or not part.args:
            continue
        inner = part.args[0].value
        if part.callee.text == "cast" and isinstance(inner, tree.Call) and inner.callee.text == "iota" and len(inner.args) == 1:
            return part, inner.args[0].value
        if part.callee.text == "iota" and len(part.args) == 1:
            return part, inner
    return None


def describe_counting(name: str, call: tree.Call, count: tree.Expr) -> BadArgument:
    """The numbers from 0 are an initializer of their own."""
    last = str(int(count.value) - 1) if isinstance(count, tree.Number) else f"{count.span.text} - 1"
    found = f"the tensor `{call.span.text}`"
    return BadArgument(at=call.span, op=name, name="=", value=found, expected=WANTED, repair=f"linspace(0, {last})")


def shape_is_fixed(frame: Frame, node: tree.Weight | tree.Buffer, type_: TensorType) -> bool:
    """The shape has no free dim of the model."""
    free = sorted({s for d in type_.shape for s in frame.facts.normal(d).symbols()}) if frame.world.doubtful is None else []
    if free:
        what = "buffer" if isinstance(node, tree.Buffer) else "weight"
        frame.report(
            FreeParameter(
                at=node.type.span, op=frame.name, parameter=f"{what} `{node.name}`", shape=str(type_), symbols=tuple(free), name=node.name
            )
        )
    return not free


def bind_written(frame: Frame, since: int = 0) -> None:
    """At the end of a body, a region, or a pass of a `for`: its buffers whose name was bound anew get that value in the next step.

    Those of a pass stand among the nodes of what is around it, from the number `since` on, and are done with when it ends.
    """
    for place, node in enumerate(frame.nodes[since:], since):
        if isinstance(node, Variable) and node.buffer and node.output not in frame.settled:
            frame.settled.add(node.output)
            last = frame.env.get(frame.wire_names.get(node.output, ""))
            if isinstance(last, Tensor) and last.wire != node.output:
                frame.nodes[place] = replace(node, written=last.wire)
                if frame.phases.get(last.wire, "train") != "train":
                    frame.report(OnlyInPhase(at=node.span, name=frame.wire_names[last.wire], phase=frame.phases[last.wire]))
                elif frame.phase and frame.phase[-1] != "train":
                    frame.report(BufferNotKept(at=node.span, name=frame.wire_names[node.output], phase=frame.phase[-1]))
                elif not frame.phase and moves_elsewhere(frame, last.wire):
                    at, name = frame.origins.get(last.wire) or node.span, frame.wire_names[node.output]
                    frame.report(BufferMoves(at=at, name=name, ways=write_in_training(at, name)))


def write_in_training(at: Span, name: str) -> tuple[Repair, ...]:
    """The line that binds a buffer anew, in `when train`; nothing where it is no line of its own."""
    text = at.source.text
    start, end = text.rfind("\n", 0, at.start) + 1, text.find("\n", at.start)
    line = text[start:end].strip() if end >= 0 else ""
    own = at.source.pointers is None and line.startswith(f"{name} =") and not line.endswith(("{", "(", "[", "->", ",", "="))
    whole = line.count("(") == line.count(")") and line.count("[") == line.count("]") and "#" not in line and ";" not in line
    if not (own and whole) or isinstance(at, Meant) or text[end:].lstrip().startswith(("->", "else")):
        return ()
    first = start + len(text[start:end]) - len(text[start:end].lstrip())
    span = Span(at.source, first, first + len(line))
    return (Repair((Edit(span, f"when train {{ {line} }}"),), f"write it in training alone: `when train {{ {line} }}`"),)


def moves_elsewhere(frame: Frame, wire: int) -> bool:
    """Is a buffer's next value, made in every phase, also what the body goes on with? Then an evaluation sees its own batch in it."""
    maker = next((node for node in frame.nodes if wire in writes(node)), None)
    if maker is None or any(isinstance(node, When) for node in walk_nodes((maker,))):
        return False
    ends = (value.wire for _, value, _, _ in outputs_of(frame) if isinstance(value, Tensor))
    return wire in ends or any(wire in reads(node) for node in walk_nodes(tuple(frame.nodes)) if not isinstance(node, Variable))


def declare_state(frame: Frame, node: tree.State) -> None:
    """`state h: f32[B, F] = zeros`: reading it gives the previous step's value."""
    frame.env[node.name] = UNKNOWN
    type_, init = types.read_type(frame, node.type), read_initializer(frame, node)
    if type_ is None or init is None:
        return
    if not init.same:
        from netspec.diagnostics.calls.recurrences import StateOnlyConstant  # only specs with this problem need it

        frame.report(StateOnlyConstant(at=node.init.span, name=node.name))
        return
    if not values_fit(frame, node, init, type_):
        return
    tensor = frame.named_wire(node.name, type_, node.name_span)
    frame.env[node.name] = tensor
    if not frame.loops and not frame.phase and not frame.of_model:  # else it is misplaced, which is reported
        frame.states.append((State(node.name, type_, init), tensor, node.name_span))


def make_state_ports(frame: Frame) -> tuple[list[Port], list[Port]] | None:
    """The input and output ports of a body's states; None when one never gets its next value."""
    before, after = [], []
    for state, tensor, span in frame.states:
        last = frame.env.get(state.name, UNKNOWN)
        if isinstance(last, Unknown):
            return None
        if not isinstance(last, Tensor) or last.wire == tensor.wire or not have_same_type(frame, state.type, last.type):
            from netspec.diagnostics.calls.recurrences import BadInitialState, StateNeverSet  # only specs with this problem need it

            if isinstance(last, Tensor) and last.wire != tensor.wire:
                problem = BadInitialState(at=span, op=state.name, wanted=str(state.type), found=f"{last.type} after a step")
                frame.report(problem)
            else:
                frame.report(StateNeverSet(at=span, name=state.name))
            return None
        before.append(Port(STATE + state.name, tensor.wire, span))
        after.append(Port(STATE + state.name, last.wire, span))
    return before, after
