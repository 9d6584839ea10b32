"""`state` statements: what a cell keeps from one step to the next."""

from __future__ import annotations

from netspec.diagnostics.calls.recurrences import BadInitialState, StateNeverSet, StateOnlyConstant
from netspec.infer import types
from netspec.infer.bodies import variables
from netspec.infer.frame import Frame
from netspec.infer.instance import STATE
from netspec.infer.types import have_same_type
from netspec.infer.values import UNKNOWN, Tensor, Unknown
from netspec.ir import Port, State
from netspec.syntax import tree


def declare_state(frame: Frame, node: tree.State) -> None:
    """`state h: f32[B, F] = zeros`: reading it gives the previous step's value."""
    frame.env[node.name] = UNKNOWN
    type_, init = types.read_type(frame, node.type), variables.read_initializer(frame, node)
    if type_ is None or init is None:
        return
    if not init.same:
        frame.report(StateOnlyConstant(at=node.init.span, name=node.name))
        return
    tensor = frame.named_wire(node.name, type_, node.name_span)
    frame.env[node.name] = tensor
    frame.states.append((State(node.name, type_, init), tensor, node.name_span))


def make_state_ports(frame: Frame) -> tuple[list[Port], list[Port]] | None:
    """The input and output ports of a body's states; None when one never gets its next value."""
    before, after = [], []
    for state, tensor, span in frame.states:
        last = frame.env.get(state.name, UNKNOWN)
        if isinstance(last, Unknown):
            return None
        if not isinstance(last, Tensor) or last.wire == tensor.wire or not have_same_type(frame, state.type, last.type):
            if isinstance(last, Tensor) and last.wire != tensor.wire:
                problem = BadInitialState(at=span, op=state.name, wanted=str(state.type), found=f"{last.type} after a step")
                frame.report(problem)
            else:
                frame.report(StateNeverSet(at=span, name=state.name))
            return None
        before.append(Port(STATE + state.name, tensor.wire, span))
        after.append(Port(STATE + state.name, last.wire, span))
    return before, after
