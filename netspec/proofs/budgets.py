"""Holds the models of a file against the budgets of its repository: parameters, FLOPs and activation bytes of one forward pass. Floor 3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from netspec.cost import cost, rows
from netspec.diagnostics.shapes.budgets import BudgetNeedsSizes, OverBudget
from netspec.record import record
from netspec.shape import Dim
from netspec.source import Span

if TYPE_CHECKING:
    from netspec.ir import Body, Typed

MEASURES = {"max-params": "params", "max-flops": "flops", "max-activation-bytes": "activation_bytes"}
"""What a budget bounds, by its name in pyproject.toml: the measures of `expect`, in the order in which `cost` gives them."""


@record
class Limits:
    """What a model may cost at most."""

    largest: Mapping[str, int]
    """By the names of `MEASURES`."""
    sizes: Mapping[str, int]
    """At these sizes of free dims; the first axis of every input, which counts examples, is 1 where it is not among them."""


Problem = OverBudget | BudgetNeedsSizes


def find_over(typed: Typed, asked: Iterable[tuple[Limits, Span]]) -> list[Problem]:
    """The models of a file that cost more than they may by budgets, each with its place. What was measured is told once: by the smallest of
    the budgets that it breaks, and by the first of the trainings where it costs the same."""
    found: dict[object, Problem] = {}
    for limits, place in asked:
        for model, train in list_measured(typed):
            for problem in find_broken(model, train, limits, place):
                kept = found.setdefault(_measured(problem), problem)
                if isinstance(problem, OverBudget) and isinstance(kept, OverBudget) and problem.limit < kept.limit:
                    found[_measured(problem)] = problem
    return list(found.values())


def list_measured(typed: Typed) -> Iterator[tuple[Body, str]]:
    """The models of a file with their defaults, and under the names of the trainings those that have other params there."""
    known = {id(model) for model in typed.models.values()}
    yield from ((model, "") for model in typed.models.values())
    for plan in typed.trains:
        if id(plan.model) not in known:
            known.add(id(plan.model))
            yield plan.model, plan.name if plan.model.name in typed.models else ""


def find_broken(model: Body, train: str, limits: Limits, place: Span) -> Iterator[Problem]:
    """What a model breaks of one budget."""
    at, sizes = head_of(model.span), dict.fromkeys(batch_dims(model), 1) | dict(limits.sizes)
    for name, most in limits.largest.items():
        index = list(MEASURES).index(name)
        found = Dim.of(cost(model)[index]).substitute(sizes)
        if not found.is_constant:
            yield BudgetNeedsSizes(at=at, model=model.name, budget=name, symbols=tuple(sorted(found.symbols())), place=place)
        elif found.value > most:
            largest = list_largest(model, index, sizes)
            yield OverBudget(at=at, model=model.name, train=train, budget=name, found=found.value, limit=most, largest=largest, place=place)


def _measured(problem: Problem) -> object:
    """What a problem is of: an amount, or sizes that one budget lacks."""
    about = (problem.found,) if isinstance(problem, OverBudget) else (problem.symbols, problem.place.source.path, problem.place.start)
    return (problem.at.source.path, problem.at.start, problem.budget, about)


def head_of(span: Span) -> Span:
    """The first line of a definition."""
    line = span.text.split("\n", 1)[0].rstrip(" {")
    return Span(span.source, span.start, span.start + len(line)) if line else span


def batch_dims(model: Body) -> set[str]:
    """The symbols that count examples: the first dim of an input."""
    firsts = [kind.shape[0] for kind in model.input_types().values() if kind.shape]
    return {symbol for dim in firsts for symbol in Dim.of(dim).symbols()}


def list_largest(model: Body, measure: int, sizes: Mapping[str, int]) -> tuple[str, ...]:
    """The three ops that cost most, each with its number."""
    amounts = []
    for row in rows(model):
        amount = Dim.of((row.params, row.flops, row.bytes)[measure]).substitute(dict(sizes))
        if amount.is_constant and amount.value:
            amounts.append((amount.value, row.path))
    return tuple(f"{path} {amount:,}" for amount, path in sorted(amounts, key=lambda item: -item[0])[:3])
