"""Texts that mutation starts from: the zoo, the samples of the language, the manual, the literate pages, the pages of problems."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from random import Random

from netspec.files import models_dir
from tests.literate import add_header, cases
from tests.problems.pages import specs
from tests.random_specs.generate import random_spec

SPEC = re.compile(r"^```net[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TESTS = Path(__file__).resolve().parents[1]


@cache
def small() -> tuple[str, ...]:
    """The specs of the problems' pages, of the literate pages, and of the manual."""
    shown = [text for _, text in specs("bad", "good")]
    pages = [case.spec.content() for page in sorted((TESTS / "spec").glob("*.md")) for case in cases(page.read_text(encoding="utf-8"))]
    manual = (TESTS.parent / "docs" / "language.md").read_text(encoding="utf-8")
    told = [add_header(found[1]) for found in SPEC.finditer(manual)]
    return (*shown, *told, *(text.decode("utf-8", "replace") for text in pages))


@cache
def whole() -> tuple[str, ...]:
    """Specs of whole models."""
    found = [*sorted(models_dir().glob("*.net")), *sorted((TESTS / "syntax" / "samples").glob("*.net"))]
    return tuple(path.read_text(encoding="utf-8") for path in found)


def pick(rng: Random) -> str:
    """A text of the corpus: mostly a small one, so that a mutation is likely to matter."""
    chance = rng.random()
    if chance < 0.5:
        return rng.choice(small())
    return rng.choice(whole()) if chance < 0.75 else random_spec(rng, largest=8)
