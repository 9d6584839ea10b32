"""Goes on where only a fact about free sizes is missing, as if the model said it, and finds the statements that say all such facts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from netspec.diagnostics.base import Diagnostic, Mistake, Place, Repair
from netspec.diagnostics.shapes.proofs import CannotProve
from netspec.diagnostics.shapes.sizes import Relation, UnprovenSize
from netspec.infer.frame import Frame, World
from netspec.infer.repairs.rewriting import add_statement
from netspec.record import replace
from netspec.resolve.graph import Definition
from netspec.shape import DimTooComplex, TensorType
from netspec.shape.types import BATCH
from netspec.source import NOWHERE, Span

Types = tuple[TensorType, ...]
MOST = 8
"""Facts that one op may lack."""


def suppose(frame: Frame, problem: Diagnostic, again: Callable[[], TensorType | Types]) -> tuple[UnprovenSize, Types] | None:
    """The problem with all facts that the op lacks, and what it gives with them; None where that is no matter of bounds or divisors."""
    if not isinstance(problem, UnprovenSize) or not problem.at.end:
        return None
    before, assumed = frame.facts, len(frame.assumed)
    facts, found = [], problem
    while len(facts) < MOST and (fact := found.fact) is not None and is_of_a_size(fact) and record_fact(frame, fact, problem.at):
        facts.append(fact)
        try:
            types = again()
            further = tuple(facts[1:])
            return replace(problem, further=further), types if isinstance(types, tuple) else (types,)
        except Mistake as mistake:
            if not isinstance(mistake.diagnostic, UnprovenSize):
                break
            found = mistake.diagnostic
        except DimTooComplex:
            break
    frame.facts = before
    del frame.assumed[assumed:]
    return None


def is_of_a_size(fact: Relation) -> bool:
    """A bound, or a divisor: with it nothing else changes."""
    op, left, right, text = fact
    free = left.symbols() | right.symbols()
    return BATCH not in free and (op in (">=", "<=") or "%" in text) and len(free) > 0


def record_fact(frame: Frame, fact: Relation, at: Span) -> bool:
    """Take the fact over, as an `assume` does. False where it is known, or cannot hold."""
    op, left, right, text = fact
    found = frame.facts.require(op, left, right, at, text)
    if found.facts is frame.facts or found.left is not None:
        return False
    frame.facts = found.facts
    frame.assumed.append((op, left, right, at, text))
    return True


def propose_statements(world: World, problems: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The problems, with those that lack facts about one model's sizes joined, and with the statements that would say them."""
    first: dict[str, int] = {}
    kept: list[Diagnostic] = []
    for problem in problems:
        model = find_model(world, problem) if problem.statements_missing() else None
        if model is None:
            kept.append(problem)
            continue
        if isinstance(problem, CannotProve) and problem.trail:
            key = f"{model.name} {problem.trail[0].span.start}"
            if key in first:
                before = kept[first[key]]
                assert isinstance(before, CannotProve)
                kept[first[key]] = replace(before, further=(*before.further, problem.missing or problem.condition))
                continue
            first[key] = len(kept)
        if isinstance(problem, UnprovenSize) and problem.fact is not None and is_of_a_size(problem.fact):
            if model.name in first:
                kept[first[model.name]] = join(kept[first[model.name]], problem)  # type: ignore[arg-type]
                continue
            first[model.name] = len(kept)
        kept.append(problem)
    return [with_statements(world, problem) for problem in kept]


def join(first: UnprovenSize, other: UnprovenSize) -> UnprovenSize:
    """Two problems as one: what lacks facts about the same sizes."""
    assert other.fact is not None
    also = (*first.also, Place(other.at, f"here `{other.fact[-1]}`"))[:3] if other.at != first.at else first.also
    return replace(first, further=(*first.further, other.fact, *other.further), also=also)


def with_statements(world: World, problem: Diagnostic) -> Diagnostic:
    """The problem with the statements of its model that would mend it, last of what is proposed."""
    statements = list(problem.statements_missing())
    model = find_model(world, problem) if statements else None
    edits = add_statement(model.node, statements) if model is not None else ()
    if model is None or not edits:
        return problem
    shown = " and ".join(f"`{s}`" for s in statements)
    return replace(problem, ways=(*problem.ways, Repair(edits, f"write {shown} in `{model.name}`, behind its inputs")))


def find_model(world: World, problem: Diagnostic) -> Definition | None:
    """The model in which a problem stands, or whose use of a block led to it."""
    at = problem.trail[-1].span if problem.trail else problem.at
    if at is NOWHERE:
        return None
    for definition in world.graph.definitions.values():
        span = definition.node.span
        if definition.is_model and span.source is at.source and span.start <= at.start and at.end <= span.end:
            return definition
    return None
