"""The work of a check grows with the size of a spec, not with its square: calls of functions are counted, which no load of the machine
changes. `python -m tests.benchmarks.growth` measures the same texts by time.
"""

from __future__ import annotations

import cProfile
import math

import pytest

from netspec.diagnostics import trials
from netspec.diagnostics.suggestions import nearest
from netspec.limits import LIMITS
from netspec.record import replace
from netspec.syntax import parser
from netspec.testing.checks import hold, require
from tests.benchmarks.growth import BOMBS, FILES, Bomb, work

TEXTS = {**BOMBS, **FILES}
MOST = 1.1
"""The largest exponent; a square has 2."""
SHARE, PARTS = 256, 4


def calls(bomb: Bomb, size: int) -> int:
    """How many functions are called to check a text of this size and to draw what is wrong with it."""
    text = bomb.text(size)
    profile = cProfile.Profile()
    profile.enable()
    work(bomb.path, text)
    profile.disable()
    return sum(entry.callcount for entry in profile.getstats())


def exponent(bomb: Bomb, size: int) -> float:
    """From what the second and third doubling add: what every check costs, and what the first ones of a kind cost, fall out of it."""
    work(bomb.path, bomb.text(size))  # what is imported at the first use is no work of a text
    counts = [calls(bomb, size << k) for k in range(3)]
    return math.log2(max(counts[2] - counts[1], 1) / max(counts[1] - counts[0], 1))


def its_work_grows_with_its_size(name: str) -> None:
    size = max(TEXTS[name].largest // SHARE, 8)
    found = exponent(TEXTS[name], size)
    require(found < MOST or exponent(TEXTS[name], 4 * size) < MOST, f"the exponent is {found:.2f}")


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_growth(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hints end early here, as they do in a text that is hundreds of times as long: names that are compared, forms of other languages, and
    repairs that are tried, each of which is bounded by a limit of its own."""
    monkeypatch.setattr(nearest, "LIMITS", replace(LIMITS, compared_names=LIMITS.compared_names // SHARE))
    monkeypatch.setattr(trials, "LIMITS", replace(LIMITS, repair_tries=0))
    monkeypatch.setattr(parser, "LIMITS", replace(LIMITS, translated_characters=0))
    hold([its_work_grows_with_its_size], *list(TEXTS)[part::PARTS])


def test_hints_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many names are compared, and of those that come later nothing is proposed; a person's file is far from it."""
    from netspec.compile import check
    from netspec.source import Source

    monkeypatch.setattr(nearest, "LIMITS", replace(LIMITS, compared_names=1_000))
    slips = ["dense"[:place] + letter + "dense"[place:] for letter in "bcfghijklmopqrtuvwxyz" for place in range(1, 6)][:100]
    lines = "".join(f"  a{n} = x -> {slip}({n + 1})\n" for n, slip in enumerate(slips))
    problems = check(Source("m.net", f"netspec 1\nmodel M {{\n  input x: f32[B, 8]\n{lines}  output y = x\n}}\n")).problems
    proposed = [bool(p.near) for p in problems if p.slug() == "unknown-name"]  # type: ignore[attr-defined]
    assert 1 < sum(proposed) < 10 and proposed == sorted(proposed, reverse=True) and len(proposed) == 100
