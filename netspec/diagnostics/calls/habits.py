"""Defines the problems of calls and inputs that are written as another library reads them. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from netspec.diagnostics.base import Diagnostic, Edit
from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class ForeignOrder(Diagnostic):
    """A convolution is called with PyTorch's arguments: first the channels that come in. Here these are known, and the numbers mean
    something else."""

    severity: ClassVar[str] = "warning"

    op: str
    given: str
    """The numbers as they stand there."""
    meant: str
    takes: tuple[str, ...]
    """What they are here."""
    input: str

    def message(self) -> str:
        numbers = [number.strip() for number in self.given.split(",")]
        read = ", ".join(f"{name} {number}" for name, number in zip(self.takes, numbers, strict=False))
        return f"`{self.op}({self.given})` of {self.input} is {read}: it reads like PyTorch's (in, out, kernel)."

    def help(self) -> str:
        names = ", ".join(f"{name}={number.strip()}" for name, number in zip(self.takes, self.given.split(","), strict=False))
        return f"the channels that come in are known: write `{self.op}({self.meant})`; if it is meant, name what is unusual: `{names}`"

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(self.at, self.meant)]


@record(kw_only=True)
class ImageWithoutBatch(Diagnostic):
    """An image comes without an axis of examples: its rows are taken for examples, each a line of pixels."""

    severity: ClassVar[str] = "warning"

    name: str
    input: str
    op: str
    rows: str
    meant: str
    declared: Span = NOWHERE
    """Where its type is written."""

    def message(self) -> str:
        return f"`{self.name}` has no axis of examples: `{self.op}` reads {self.input} as {self.rows} examples with one axis of space."

    def help(self) -> str:
        return f"write `input {self.name}: {self.meant}`"

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(self.declared, self.meant)] if self.declared is not NOWHERE else []


@record(kw_only=True)
class ChannelsFirst(Diagnostic):
    """An image has its channels in front of its space, as PyTorch has them; here they stand last, and convolutions and pools take the first
    axes for space."""

    severity: ClassVar[str] = "warning"

    name: str
    input: str
    op: str
    channels: str
    """What is taken for the channels."""
    meant: str
    order: tuple[int, ...]
    declared: Span = NOWHERE
    """Where its type is written."""

    def message(self) -> str:
        read = f"`{self.op}` reads `{self.name}`, {self.input}, as [batch, space…, channels]"
        return f"{read}: it takes the last axis, {self.channels}, as channels."

    def help(self) -> str:
        turned = f"transpose({self.name}, {list(self.order)})"
        return f"write `input {self.name}: {self.meant}`, or turn what comes: `{turned}`"

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(self.declared, self.meant)] if self.declared is not NOWHERE else []
