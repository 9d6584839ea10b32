"""Problems of generating sequences. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class BeginningNeeded(Diagnostic):
    """A sequence cannot be generated from nothing: either the decoder has a `start`, or the caller gives the first elements, or the model
    moves its input to the right itself (`shift_right`)."""

    feeds: str
    why: str = ""

    def message(self) -> str:
        return f"`{self.feeds}` has no beginning to go on from{f': {self.why}' if self.why else ''}"

    def help(self) -> str | None:
        return f"give the array `{self.feeds}`, the first elements of each sequence, or the decoder a `start`"


@record(kw_only=True)
class NothingToDecode(Diagnostic):
    """A program was asked for generated sequences, but no `serve` section of its spec generates any, or not that one."""

    model: str
    name: str = ""
    answers: tuple[str, ...] = ()

    def message(self) -> str:
        what = f"`{self.name}`" if self.name else "anything"
        return f"no `serve {self.model}` generates {what}" + (f", only {', '.join(f'`{a}`' for a in self.answers)}" if self.answers else "")
