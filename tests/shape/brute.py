"""Random facts and questions, answered by `Facts` and by trying every assignment of small integers.

`run(count, seed)` makes `count` random sets of facts and asks each a few questions. An answer is wrong when PROVED fails for an
assignment that satisfies the facts, or REFUTED holds for one. In half of the sets every symbol has an upper bound, so that trying all
assignments decides the question; there it is counted how often the solver said UNKNOWN although the question is decided.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product

from netspec.shape.dims import Dim
from netspec.shape.facts import NO_FACTS, PROVED, REFUTED, UNKNOWN, Facts, Verdict

OPS: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
REACH = 14
"""Assignments up to this number are tried where a symbol has no upper bound."""

Assignment = dict[str, int]
Fact = tuple[str, Dim, Dim]


@dataclass
class Report:
    """What a run found."""

    questions: int = 0
    decided: int = 0
    """Questions that trying all assignments of a bounded set decides."""
    undecided: int = 0
    """… of which the solver said UNKNOWN."""
    most_steps: int = 0
    wrong: list[str] = field(default_factory=list)
    open_questions: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        share = 100 * self.undecided / max(self.decided, 1)
        left_open = f"{self.undecided} of {self.decided} decidable ones ({share:.2f} %) left open"
        return f"{self.questions} questions, {len(self.wrong)} wrong, {left_open}, at most {self.most_steps} steps"


class World:
    """One random set of facts with the assignments that satisfy it."""

    def __init__(self, rng: random.Random, report: Report) -> None:
        self.rng, self.report = rng, report
        self.symbols = "HTW"[: rng.randint(1, 3)]
        self.bounded = rng.random() < 0.5
        self.facts: Facts = NO_FACTS
        self.given: list[Fact] = []
        highs = {s: rng.randint(2, REACH) if self.bounded else REACH for s in self.symbols}
        if self.bounded:
            for symbol, high in highs.items():
                self.facts = self.facts.bound(symbol, hi=high)
        self.all = [dict(zip(self.symbols, values, strict=True)) for values in product(*(range(1, highs[s] + 1) for s in self.symbols))]
        self.target = rng.choice(self.all)

    def constrain(self) -> None:
        """Require a random relation; mostly one that a fixed assignment satisfies, so that facts rarely contradict each other."""
        op, a, b = self.relation()
        x, y = a.evaluate(self.target), b.evaluate(self.target)
        if self.rng.random() < 0.9 and not OPS[op](x, y):
            a = a + (y - x) if op in ("==", "<=", ">=") else a + self.rng.choice([1, 2, 3]) * (1 if op == ">" else -1) + (y - x)
        recorded = self.facts.require(op, a, b)
        self.judge(recorded.verdict, op, a, b)
        if recorded.verdict is UNKNOWN:
            self.facts = recorded.facts
            self.given.append((op, a, b))
            self.all = [values for values in self.all if OPS[op](a.evaluate(values), b.evaluate(values))]

    def relation(self) -> Fact:
        rng = self.rng
        kind = rng.random()
        if kind < 0.35:
            n = rng.choice([2, 3, 4, 6, 8])
            return "==", self.dim(1) % n, Dim.of(rng.randrange(n))
        op = rng.choice(list(OPS))
        return op, self.dim(rng.randint(1, 3)), self.dim(rng.randint(0, 2)) if kind < 0.8 else Dim.of(rng.randint(0, 12))

    def dim(self, depth: int) -> Dim:
        """A random expression."""
        rng = self.rng
        if depth == 0 or rng.random() < 0.15:
            return Dim.symbol(rng.choice(self.symbols)) if rng.random() < 0.75 else Dim.of(rng.randint(-3, 6))
        left = self.dim(depth - 1)
        kind = rng.choice("++-**//%c")
        if kind in "/%c":
            n = rng.choice([2, 2, 3, 4, 5, 6])
            return left // n if kind == "/" else left % n if kind == "%" else left.ceildiv(n)
        right = self.dim(depth - 1)
        return left + right if kind == "+" else left - right if kind == "-" else left * right

    def ask(self) -> None:
        op, a, b = self.relation()
        if self.rng.random() < 0.4:
            b = self.rewritten(a)
        answer = self.facts.ask(op, a, b)
        self.report.most_steps = max(self.report.most_steps, answer.steps)
        self.judge(answer.verdict, op, a, b)
        self.check_normal(a)

    def rewritten(self, dim: Dim) -> Dim:
        """Something near to a dim or equal to it in a way that its normal form may not show."""
        n = self.rng.choice([2, 3, 4])
        return self.rng.choice([(dim // n) * n, dim // n + (dim + n - 1) // n, dim + self.rng.randint(-1, 2), (dim * n + n - 1) // n])

    def judge(self, verdict: Verdict, op: str, a: Dim, b: Dim) -> None:
        """Compare a verdict with the assignments."""
        self.report.questions += 1
        truths = {OPS[op](a.evaluate(values), b.evaluate(values)) for values in self.all}
        text = f"{a} {op} {b} given {[f'{x} {o} {y}' for o, x, y in self.given]} and {self.facts}"
        if (verdict is PROVED and False in truths) or (verdict is REFUTED and True in truths):
            self.report.wrong.append(f"{verdict.name}: {text}")
        if self.bounded and len(truths) == 1:
            self.report.decided += 1
            if verdict is UNKNOWN:
                self.report.undecided += 1
                self.report.open_questions.append(text)

    def check_normal(self, dim: Dim) -> None:
        """Rewriting under the facts keeps the value, and the range holds it."""
        normal, (low, high) = self.facts.normal(dim), self.facts.range(dim)
        for values in self.all:
            value = dim.evaluate(values)
            if normal.evaluate(values) != value:
                self.report.wrong.append(f"normal({dim}) = {normal} at {values} under {self.facts}")
                return
            if (low is not None and value < low) or (high is not None and value > high):
                self.report.wrong.append(f"range({dim}) = {low}..{high} at {values} under {self.facts}")
                return


def run(count: int, seed: int) -> Report:
    """Try `count` random sets of facts."""
    report = Report()
    rng = random.Random(seed)
    for _ in range(count):
        world = World(rng, report)
        for _ in range(rng.randint(0, 4)):
            world.constrain()
        for _ in range(3):
            world.ask()
    return report


if __name__ == "__main__":
    import sys

    found = run(int(sys.argv[1]), int(sys.argv[2]))
    print(found)
    print(*found.wrong[:10], *found.open_questions[:10], sep="\n")
