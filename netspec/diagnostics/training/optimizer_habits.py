"""Defines the lints about optimizers: a decay of norms, a pattern that counts layers. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from netspec.diagnostics.base import Diagnostic, Edit
from netspec.record import record
from netspec.source import Span


@record(kw_only=True)
class DecaysNorms(Diagnostic):
    """A weight decay that the spec writes is kept to no parameters, so that it pulls the scales of norms from 1 towards 0, and their biases
    with them: that weakens the norm, and regularizes nothing. Nothing is said of an optimizer's own small decay that nobody wrote, of a
    model without norms, nor where a pattern says which parameters decay, be it `"**"`."""

    severity: ClassVar[str] = "warning"
    late: ClassVar[bool] = True
    guesses: ClassVar[bool] = True

    op: str
    argument: str
    mask: str
    """The argument for a pattern of those that decay."""
    paths: tuple[str, ...]
    """The parameters of norms that decay."""
    kernels: bool
    """There are parameters called `kernel`."""

    def message(self) -> str:
        first, *others = self.paths
        more = f" and {len(others):,} more" if others else ""
        return f"`{self.argument}` of `{self.op}` pulls the parameters of norms towards 0 too: `{first}`{more}."

    def help(self) -> str:
        named = f'write `{self.mask}="**/kernel"` beside it' if self.kernels else f"say by `{self.mask}` which parameters decay"
        return f'{named}; `{self.mask}="**"` says that all are meant to'

    def own_edits(self) -> Sequence[Edit]:
        end = Span(self.at.source, self.at.end, self.at.end)
        return [Edit(end, f', {self.mask}="**/kernel"')] if self.kernels else []


@record(kw_only=True)
class CountedLayer(Diagnostic):
    """A pattern names a layer without a label by its number, which counts the uses of the op: a layer put in front of it takes the number,
    and the pattern then means another one, as a checkpoint from before does. Nothing is said of patterns for all of them, such as `conv`,
    nor of layers without a label that nothing names."""

    severity: ClassVar[str] = "warning"
    late: ClassVar[bool] = True

    pattern: str
    segment: str
    """The name with the number."""
    op: str

    def message(self) -> str:
        return f"`{self.pattern}` names a layer by its number: `{self.segment}` is whichever `{self.op}` comes at that place."

    def help(self) -> str:
        return f"give the layer a label, as in `-> head: {self.op}(…)`, and name that"
