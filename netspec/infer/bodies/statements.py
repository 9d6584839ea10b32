"""The statements of a body, in order."""

from __future__ import annotations

from netspec.deadline import reached
from netspec.diagnostics.base import Mistake
from netspec.infer.frame import Frame
from netspec.shape import DimTooComplex
from netspec.syntax import tree


def run(frame: Frame, body: tuple[tree.Statement, ...]) -> None:
    """Elaborate statements; a problem in one does not stop the next."""
    elaborate = frame.world.elaborate.statements
    for statement in body:
        try:
            reached("proving this", statement.span)
            elaborate[type(statement)](frame, statement)
        except (Mistake, DimTooComplex) as mistake:
            frame.world.report_mistake(mistake, statement.span)
