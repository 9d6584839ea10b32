"""One use of an op or block: the `Call` as written, the `Signature` of what it calls, and what was `Bound` to it."""

from __future__ import annotations

from netspec.infer.frame import Frame
from netspec.infer.values import BlockValue, Given, OpValue, SharedInstance
from netspec.ir import Segment
from netspec.library.shelf.index import Entry
from netspec.record import field, record
from netspec.source import NOWHERE, Span
from netspec.syntax import tree

Callee = OpValue | BlockValue | SharedInstance


@record(frozen=False)
class Call:
    """One use of a callee: where it stands, what flows in before the arrow, its label."""

    callee: Callee
    span: Span
    """The call's text, for carets."""
    inputs: list[tuple[str | None, Given]] = field(default_factory=list)
    chained: bool = False
    args: tuple[tree.Arg, ...] = ()
    label: str | None = None
    label_span: Span = NOWHERE

    @property
    def value(self) -> OpValue | BlockValue:
        return self.callee.value if isinstance(self.callee, SharedInstance) else self.callee

    @property
    def name(self) -> str:
        return self.value.name

    def segment(self, frame: Frame) -> Segment:
        if isinstance(self.callee, SharedInstance):
            return self.callee.segment
        return frame.label(self.label, self.label_span) if self.label else frame.count(self.name)


@record(frozen=False)
class Bound:
    """A call's inputs and arguments, sorted out. `tensors` has those of a variadic op, or one per required input; `optional` by name."""

    tensors: list[Given] = field(default_factory=list)
    optional: dict[str, Given] = field(default_factory=dict)
    args: dict[str, Given] = field(default_factory=dict)
    broken: bool = False
    """A problem was reported while binding."""


@record
class Signature:
    """What a callee takes, whether op or block."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    params: tuple[str, ...]
    variadic: bool = False
    collects: str = ""
    """The parameter that collects further named arguments, as the sizes of `rearrange(x, "b (h d) -> b h d", h=4)`."""

    def text(self) -> str:
        return ", ".join(self.params)


def signature_of(value: OpValue | BlockValue) -> Signature:
    if isinstance(value, BlockValue):
        definition = value.definition
        return Signature(tuple(i.name for i in definition.inputs), (), tuple(p.name for p in definition.params))
    entry: Entry = value.entry
    required = tuple(name for name, optional in entry.inputs if not optional)
    optional = tuple(name for name, optional in entry.inputs if optional)
    return Signature(required, optional, tuple(a[0] for a in entry.signature), entry.variadic, entry.open_arguments)
