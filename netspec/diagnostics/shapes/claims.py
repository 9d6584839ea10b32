"""Defines the problems of the claims that `expect` makes. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit
from netspec.record import record


@record(kw_only=True)
class UnknownClaim(Diagnostic):
    """`expect` can speak of `params`, `flops`, `activation_bytes` and the model's outputs."""

    name: str
    near: str = ""
    outputs: tuple[str, ...] = ()

    def message(self) -> str:
        return f"`expect` knows no `{self.name}`"

    def help(self) -> str | None:
        known = "`params`, `flops` and `activation_bytes`" + (
            f", and the outputs {', '.join(f'`{o}`' for o in self.outputs)}" if self.outputs else ""
        )
        return f"did you mean `{self.near}`?" if self.near else f"it knows {known}"

    def edits(self) -> Sequence[Edit]:
        return [Edit(self.at, self.near)] if self.near else []


@record(kw_only=True)
class ClaimNeedsSizes(Diagnostic):
    """FLOPs and bytes depend on the sizes that are free in the model; a claim says at which it holds."""

    claim: str
    value: str
    symbols: tuple[str, ...]
    given: tuple[str, ...] = ()
    """The sizes that are said, as `B=1`."""

    def message(self) -> str:
        free = " and ".join(f"`{s}`" for s in self.symbols)
        return f"`{self.claim}` is {self.value}, and {free} has no number here"

    def help(self) -> str | None:
        return f"say at which size: `… at {', '.join((*self.given, *(f'{s}=1' for s in self.symbols)))}`"
