"""Defines the problems of images that are cut into blocks or patches."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import divisors
from netspec.record import record
from netspec.shape import Dim, TensorType


@record
class UnevenBlocks(Diagnostic):
    """Blocks or patches lie side by side and cover the image, so their size divides the image's."""

    op: str
    argument: str
    axis: int
    size: Dim
    block: int
    input: TensorType

    def message(self) -> str:
        return f"`{self.op}` cuts axis {self.axis} of {self.input} into pieces of {self.block}, which {self.size} is no multiple of."

    def help(self) -> str | None:
        if not self.size.is_constant:
            return None
        size = self.size.value
        near = min(divisors(size), key=lambda n: abs(n - self.block))
        return f"take pieces of {near}, or change the size with `pad`, a slice or `resize` first"
