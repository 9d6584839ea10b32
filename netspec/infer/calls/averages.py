"""Elaborates `shared target = q.average(0.99)`: an instance like `q` whose weights are the moving averages of those of `q`."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.diagnostics.calls.arguments import BadArgument, TooManyArguments
from netspec.diagnostics.calls.instances import AverageOfSteps, AverageWithoutName
from netspec.diagnostics.names.unknown_names import UnknownArgument
from netspec.infer import expressions
from netspec.infer.frame import Frame
from netspec.infer.values import UNKNOWN, Given, SharedChain, SharedInstance, Unknown, describe, is_number
from netspec.ir import Apply, Average, Body, Call, Node, Segment, Variable, map_nodes
from netspec.record import replace
from netspec.source import Span
from netspec.syntax import tree

AVERAGE, DECAY = "average", "decay"
USUAL = 0.99
RATES = ("tau", "rate", "step_size", "alpha")
"""What others call the share of the new, 1 - decay."""


def is_average(frame: Frame, node: tree.Expr) -> bool:
    """`q.average(…)` of a shared instance `q`, or the same without its parentheses."""
    name = node.callee if isinstance(node, tree.Call) else node
    if not isinstance(name, tree.Name) or name.parts[1:] != (AVERAGE,):
        return False
    return isinstance(frame.env.get(name.parts[0]), SharedInstance | SharedChain)


def make_average(frame: Frame, node: tree.Call | tree.Name, label: str, at: Span) -> SharedInstance | SharedChain | Unknown:
    """The instance that `shared label = q.average(0.99)` binds; unknown after a problem with its argument."""
    name = node.callee if isinstance(node, tree.Call) else node
    assert isinstance(name, tree.Name)
    decay = read_decay(frame, name, node)
    segment, other = frame.label(label, at), frame.env[name.parts[0]]
    if isinstance(decay, Unknown):
        return UNKNOWN
    begins = other.segment if other.average is None else other.average.begins
    return replace(other, segment=segment, average=Average(other.segment, decay, begins))


def read_decay(frame: Frame, name: tree.Name, node: tree.Call | tree.Name) -> float | Unknown:
    """The one argument, a number from 0 to below 1."""
    given: Given | None = None
    for arg in node.args if isinstance(node, tree.Call) else ():
        value = Given(expressions.evaluate(frame, arg.value), arg.value.span)
        if arg.name not in (None, DECAY):
            return frame.report(describe_period(name, node, arg, value) or describe_other_name(name, arg, value))
        if given is not None:
            twice = DECAY if arg.name else ""
            return frame.report(TooManyArguments(at=arg.span, op=name.text, signature=DECAY, twice=twice))
        given = value
    if given is not None and isinstance(given.value, Unknown):
        return UNKNOWN
    if given is None or not is_number(given.value) or not 0 <= given.value < 1:
        return frame.report(describe_bad_decay(name, node, given))
    return float(given.value)


def describe_other_name(name: tree.Name, arg: tree.Arg, given: Given) -> Diagnostic:
    """An argument with another library's name: some mean the decay, others what it leaves."""
    text = given.span.text
    if arg.name in RATES and is_number(given.value) and 0 < given.value <= 1:
        text = f"{1 - given.value:.6g}"
    return UnknownArgument(at=arg.span, op=name.text, name=str(arg.name), near=(f"{DECAY}={text}",), options=(DECAY,))


def describe_period(name: tree.Name, node: tree.Call | tree.Name, arg: tree.Arg, given: Given) -> Diagnostic | None:
    """`q.average(0, every=100)`: a copy of now and then, where an average moves a little at every step. None for any other argument."""
    if not isinstance(node, tree.Call) or not is_number(given.value) or given.value < 1:
        return None
    decay = 1 - 1 / given.value
    all_args = node.args[0].span.to(node.args[-1].span)
    way = Repair((Edit(all_args, f"{decay:.6g}"),), f"{name.text}({decay:.6g})")
    often = given.span.text
    how = f"an average moves at every step; what is as old as a copy of every {often} steps keeps 1 - 1/{often} of its own"
    return UnknownArgument(at=arg.span, op=name.text, name=str(arg.name), how=f"{how}: `{way.words}`", ways=(way,), options=(DECAY,))


def describe_bad_decay(name: tree.Name, node: tree.Call | tree.Name, given: Given | None) -> Diagnostic:
    """No decay, or one that is none."""
    expected = "a number from 0 to below 1, what it keeps of its own in a step,"
    if given is None:
        repair = f"{name.text}({USUAL})"
        return BadArgument(at=node.span, op=name.text, name=DECAY, value="nothing", expected=expected, repair=repair)
    try:
        meant = float(given.value)
    except (TypeError, ValueError):
        meant = USUAL
    repair = f"{meant:.6g}" if 0 <= meant < 1 else str(USUAL)
    return BadArgument(at=given.span, op=name.text, name=DECAY, value=describe(given.value), expected=expected, repair=repair)


def describe_binding(node: tree.Binding) -> Diagnostic:
    """`t = q.average(0.9)`, without `shared`."""
    (target,), written = node.targets, node.value.span.text
    start = Span(node.span.source, target.span.start, target.span.start)
    name = written.partition(".")[0]
    repairs = (Edit(start, "shared "),)
    return AverageWithoutName(at=node.value.span, name=name, written=written, target=target.name, named=repairs)


def describe_stage(frame: Frame, name: tree.Name, instance: SharedInstance | SharedChain, args: tuple[tree.Arg, ...]) -> Diagnostic:
    """`x -> q.average(0.9)`: it is named in a line below that of `q`."""
    text, first = name.span.source.text, name.parts[0]
    end = text.find(")", args[-1].span.end) + 1 if args else name.span.end
    use = Span(name.span.source, name.span.start, end)
    written = use.text if args else f"{name.text}({USUAL})"
    label = f"{first}_{AVERAGE}"
    made = frame.labels.get((instance.segment.base, instance.segment.numbers))
    at = text.find("\n", made.end) if made is not None and made.source is name.span.source else -1
    begin = text.rfind("\n", 0, at) + 1
    line, below = text[begin:at], text[at + 1 :].lstrip()
    whole = line.lstrip().startswith("shared ") and line.count("(") == line.count(")") and not below.startswith("->")
    fits = at >= 0 and whole and label not in frame.env
    indent = line[: len(line) - len(line.lstrip())]
    repairs = (Edit(Span(use.source, at, at), f"\n{indent}shared {label} = {written}"), Edit(use, label)) if fits else ()
    return AverageWithoutName(at=use, name=first, written=written, target=label, named=repairs)


def keep_nodes(frame: Frame, since: int, instance: SharedInstance | SharedChain, span: Span) -> bool:
    """Make buffers of the weights of what a use of an average has emitted, from the node number `since` on; False after a problem."""
    found = False
    for place, node in enumerate(frame.nodes[since:], since):
        if isinstance(node, Apply | Call) and node.segment == instance.segment:
            found, frame.nodes[place] = True, keep(frame, node, instance.average)
    if not found:
        frame.report(AverageOfSteps(at=span, name=name_of(instance.segment)))
    return found


def name_of(segment: Segment) -> str:
    return segment.base


def keep(frame: Frame, node: Apply | Call, average: Average | None) -> Apply | Call:
    """The node of an average."""
    if isinstance(node, Apply):
        return replace(node, kept=True, average=average)
    return replace(node, body=keep_body(frame, node.body), average=average)


def keep_body(frame: Frame, body: Body) -> Body:
    """The body with buffers in the place of weights, the same for all uses."""
    known, key = frame.world.instances, (AVERAGE, id(body))
    if key not in known:
        known[key] = (map_nodes(body, keep_inner), body)
    return known[key][0]


def keep_inner(node: Node) -> Node:
    """A node in the body of an average."""
    if isinstance(node, Apply):
        return replace(node, kept=True)
    return replace(node, buffer=True, kept=True) if isinstance(node, Variable) and not node.buffer else node
