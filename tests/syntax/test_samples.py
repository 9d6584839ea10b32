"""The design's samples: they parse, and the formatter keeps their meaning, their comments and its own output."""

from __future__ import annotations

from pathlib import Path

import pytest

from netspec.syntax.tree_walk import all_comments, strip_parens
from tests.syntax.texts import SAMPLES, clean, formatted

FORMATTED = Path(__file__).parent / "formatted"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
def test_sample(path: Path, update: bool) -> None:
    text = path.read_text(encoding="utf-8")
    golden = FORMATTED / path.name
    once = formatted(text)
    if update:
        golden.write_text(once, encoding="utf-8")
    assert once == golden.read_text(encoding="utf-8")
    assert formatted(once) == once
    assert strip_parens(clean(once)) == strip_parens(clean(text))
    assert all_comments(clean(once)) == all_comments(clean(text))


def test_there_are_samples() -> None:
    assert len(SAMPLES) == 13
