"""Every drawing of `drawings.md` is what `render_text` draws (`pytest --update` rewrites the page)."""

from __future__ import annotations

from pathlib import Path

import pytest

from netspec.diagnostics.drawing.text import render_text
from tests.diagnostics.drawings import DRAWINGS
from tests.literate import fenced

PAGE = Path(__file__).with_name("drawings.md")
HEAD = """# How problems are drawn

Each drawing is made by the function of its name in `drawings.py`; `pytest tests/diagnostics --update` draws them again.
"""


def page() -> str:
    drawn = (f"## {name}\n\n```text\n{render_text(make(), width=80)}\n```\n" for name, make in DRAWINGS.items())
    return "\n".join([HEAD, *drawn])


def test_the_page_has_every_drawing(update: bool) -> None:
    if update:
        PAGE.write_text(page(), encoding="utf-8")
    assert [heading for heading, _ in fenced(PAGE.read_text("utf-8"), "text")] == list(DRAWINGS)


@pytest.mark.parametrize("name", DRAWINGS)
def test_drawing(name: str) -> None:
    golden = dict(fenced(PAGE.read_text("utf-8"), "text"))
    assert render_text(DRAWINGS[name](), width=80) + "\n" == golden[name]


@pytest.mark.parametrize("name", DRAWINGS)
def test_no_drawing_can_steer_a_terminal(name: str) -> None:
    assert not set(render_text(DRAWINGS[name]())) & {*map(chr, range(32)), "\x7f", "\u202e", "\u200b"} - {"\n"}
