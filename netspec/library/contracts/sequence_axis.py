"""Defines what decoding needs of a model: how each op treats the axis along which a sequence is generated.

A model that reads a sequence and says what comes next is *causal*: its output at position i knows no element after i, and stays what it is
when the sequence grows. `infer` proves that by asking every op on the way (`Callable.flow`) how a `Flow` passes through it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from netspec.diagnostics.base import Mistake
from netspec.record import record
from netspec.shape import Dim, Facts, TensorType

if TYPE_CHECKING:
    from netspec.library.shape_rules.windows import Windows


@record
class Flow:
    """What a tensor knows of the sequence that is generated."""

    axes: tuple[int, ...] = ()
    """The axes that run along its positions: what stands at position i is the same however long the sequence becomes."""
    reach: int | None = None
    """The element at position i depends on generated elements up to position i + reach, and reach is at most 0; None: on none of them."""


STILL = Flow()
"""The same at every position, and known before anything is generated."""


@record(eq=False)
class Passage:
    """One use of an op in a model that generates: what `Callable.flow` is asked about.

    `types` and `flows` are those of the inputs in order (a number of the spec stands for itself, and is still), `named` and `named_types`
    those of the optional ones. A rule returns the flow of the result (one for each of several), or refuses.
    """

    op: Any
    types: tuple[Any, ...]
    flows: tuple[Flow, ...]
    named: Mapping[str, Flow]
    named_types: Mapping[str, TensorType]
    results: tuple[TensorType, ...]
    positions: frozenset[str]
    """The symbols that the number of positions is made of."""
    facts: Facts

    # --- what a rule may ask -----------------------------------------------------------------------------------------

    @property
    def reach(self) -> int | None:
        """As far as any of the inputs reaches."""
        return furthest_reach(flow.reach for flow in (*self.flows, *self.named.values()))

    @property
    def moving(self) -> bool:
        """Some input runs along the positions."""
        return any(flow.axes for flow in (*self.flows, *self.named.values()))

    def counts(self, size: Dim | int) -> bool:
        """The size depends on the number of positions."""
        return not self.positions.isdisjoint(self.facts.normal(Dim.of(size)).symbols())

    def along(self, kind: TensorType) -> tuple[int, ...]:
        """The axes of a type whose size depends on the number of positions."""
        return tuple(axis for axis, size in enumerate(kind.shape) if self.counts(size))

    # --- what a rule may answer --------------------------------------------------------------------------------------

    def made(self, reach: int | None | str = "same", result: int = 0) -> Flow:
        """Position i of the result is made of position i of the inputs, and of what is still."""
        reach = self.reach if isinstance(reach, str) else reach
        axes = self.along(self.results[result])
        if reach is not None and reach > 0:
            self.refuse(f"position i of its result is made of position i + {reach} of its input")
        if reach is not None and len(axes) > 1:
            self.refuse("it pairs every position with every other one", certain=False)
        if reach is not None and self.moving and not axes:
            self.refuse("its result has no axis of positions any more", certain=False)
        return Flow(axes, reach)

    def keeps(self, *mixed: int, input: int = 0, why: str = "it mixes all positions") -> Flow:
        """Like `made`, after a refusal where a position axis of an input is among those that the op mixes (counted from 0 or the end)."""
        self.untouched(*mixed, input=input, why=why)
        return self.made()

    def untouched(self, *mixed: int, input: int = 0, why: str = "it mixes all positions") -> None:
        """Refuse where a position axis of an input is among these."""
        flow, kind = self.flows[input], self.types[input]
        if any(axis % kind.rank in flow.axes for axis in mixed):
            self.refuse(why)

    def all(self) -> tuple[Flow, ...]:
        """`made` for each of several results."""
        return tuple(self.made(result=place) for place in range(len(self.results)))

    def unknown(self) -> Flow | tuple[Flow, ...]:
        """For an op without a rule: it may do anything but touch an axis of positions."""
        if self.moving or any(map(self.along, self.results)):
            self.refuse("nothing is known of what it does along the positions", certain=False)
        return self.all() if len(self.results) > 1 else self.made()

    def windowed(self, windows: Windows) -> Flow:
        """Windows slide over the axes between the first and the last; along positions they may only look back."""
        reach = self.reach
        for axis in self.flows[0].axes:
            place = axis - 1
            if not 0 <= place < len(windows.size) or windows.stays(place):
                continue
            if windows.stride[place] != 1 or isinstance(windows.padding, str) or windows.padding[place][1] or windows.edge != "constant":
                front = '`padding="CAUSAL"`' if windows.argument == "kernel" else "`padding=[[2, 0]]`"
                self.refuse(f"along positions its windows need `stride=1` and padding in front only, with zeros, such as {front}")
            ahead = windows.spans[place] - 1 - windows.padding[place][0]
            if ahead + (reach or 0) > 0:
                self.refuse(f"its window reaches {ahead} further than the position it stands for: pad in front by the window's span less 1")
            reach = None if reach is None else reach + ahead
        self.untouched(-1)
        return self.made(reach)

    def refuse(self, why: str, repair: str = "", certain: bool = True) -> NoReturn:
        """Decoding cannot pass through this use. `repair` is an argument that would make it possible. Not `certain`: nothing is known."""
        from netspec.diagnostics.training.serving import NotCausal

        raise Mistake(NotCausal(op=self.op.op_name(), symbol=getattr(self.op, "symbol", ""), why=why, repair=repair, certain=certain))


def furthest_reach(reaches: Iterable[int | None]) -> int | None:
    """The largest, None counting as no reach at all."""
    return max((reach for reach in reaches if reach is not None), default=None)


def join_flows(one: Flow, other: Flow) -> Flow:
    """What holds of a tensor that may be either."""
    return Flow(tuple(sorted({*one.axes, *other.axes})), furthest_reach((one.reach, other.reach)))
