"""What netspec says about a spec, in the words of each kind of expected block."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from netspec.compile import Checked, check
from netspec.diagnostics.edits import repaired
from netspec.diagnostics.render import render_text
from netspec.source import Source
from netspec.syntax.printer import print_file
from netspec.tools.draw import draw_tree
from netspec.tools.draw_ir import draw_ir, draw_shapes

SPEC = "spec.net"
"""The file that a case's spec stands in."""


def _models(checked: Checked, draw: Callable) -> str:
    assert checked.typed is not None, render_text(checked.problems)
    return "\n\n".join(draw(model) for model in checked.typed.models.values())


ANSWERS: Mapping[str, Callable[[Checked], str]] = {
    "diagnostic": lambda checked: render_text(checked.problems),
    "tree": lambda checked: draw_tree(checked.file),
    "fmt": lambda checked: print_file(checked.file),
    "shapes": lambda checked: _models(checked, draw_shapes),
    "ir": lambda checked: _models(checked, draw_ir),
}


def answer(kind: str, checked: Checked) -> str:
    """The text of an expected block, with one line end at its end."""
    text = ANSWERS[kind](checked).rstrip("\n")
    return f"{text}\n" if text else ""


def problems_after_edits(source: Source) -> str:
    """The problems left when every edit that is proposed for the source was made."""
    return render_text(check(Source(source.path, repaired(source, check(source).problems))).problems)
