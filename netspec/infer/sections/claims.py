"""Proves the claims of `expect` about a model's size, cost and outputs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache

from netspec.cost import Row, cost, rows
from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.diagnostics.names.unknown_names import UnknownName
from netspec.diagnostics.shapes.claims import ClaimAtForbiddenSize, ClaimNeedsSizes, UnknownClaim
from netspec.diagnostics.shapes.expansion import ExpectFailed, SizeOutOfRange
from netspec.diagnostics.shapes.proofs import BadOperands, TypeMismatch
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.infer import arithmetic, expressions, types
from netspec.infer.bodies.instances import find_model
from netspec.infer.calls.arguments import read_model_arguments
from netspec.infer.frame import Frame, World
from netspec.infer.values import Unknown, describe, is_number
from netspec.ir import Body
from netspec.limits import LIMITS
from netspec.record import record
from netspec.resolve.bodies import has_hole, output_name
from netspec.resolve.cycles import list_reachable
from netspec.resolve.graph import Bad, Definition
from netspec.shape import Dim, Facts, TensorType, Verdict
from netspec.source import NOWHERE, Span
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants

MEASURES = ("params", "flops", "activation_bytes")

Sizes = dict[str, Dim | int]


@lru_cache(maxsize=64)
def list_free_dims(body: Body) -> tuple[str, ...]:
    """The symbols in a model's types; kept, as each claim asks for them."""
    return tuple(sorted({s for t in body.types.values() for s in t.symbols()}))


@lru_cache(maxsize=64)
def list_rows(body: Body) -> list[Row]:
    """What each op of a model costs; kept, as several `expect`s may be about it."""
    return rows(body)


@record(eq=False)
class Claims:
    """The claims of one `expect`, held against its model."""

    frame: Frame
    body: Body
    definition: Definition

    @cached_property
    def whole(self) -> bool:
        """No problem was found in the model: what it lacks, it lacks as written."""
        return not has_problem(self.frame.world, self.definition)

    @cached_property
    def rows(self) -> list[Row]:
        """What each op of the model costs; reckoned once for all claims."""
        return list_rows(self.body)

    def check(self, claim: tree.Claim | tree.OutputClaim | tree.Hole) -> None:
        """Hold one claim."""
        if isinstance(claim, tree.Claim):
            self.measure(claim)
        elif isinstance(claim, tree.OutputClaim):
            self.output(claim)

    def measure(self, claim: tree.Claim) -> None:
        """`params == 824_458`, `flops <= 30M at B=1`."""
        name = claim.left.text if isinstance(claim.left, tree.Name) else ""
        if name not in MEASURES:
            near, outputs = nearest(name, MEASURES), tuple(self.body.output_types())
            ways = () if near else self.as_output(claim)
            text = claim.left.span.text
            self.frame.report(UnknownClaim(at=claim.left.span, name=text, near=near[0] if near else "", outputs=outputs, ways=ways))
            return
        limit = expressions.evaluate(self.frame, claim.right)
        if isinstance(limit, Unknown):
            return
        if not is_number(limit):
            text = limit.strip() if isinstance(limit, str) else ""
            ways = (Repair((Edit(claim.right.span, text),), text),) if re.fullmatch(r"[\d_.]+ ?[kMGT]?(iB)?", text) else ()
            self.frame.report(BadOperands(at=claim.right.span, op=claim.op, left=f"`{name}`", right=describe(limit), ways=ways))
            return
        self.hold(claim, name, limit)

    def as_output(self, claim: tree.Claim) -> tuple[Repair, ...]:
        """`logits.shape == [B, 10]` as the type of the output that it speaks of."""
        name = claim.left.parts[0] if isinstance(claim.left, tree.Name) else ""
        kind = self.body.output_types().get(name)
        return (Repair((Edit(claim.span, f"{name}: {kind}"),), f"{name}: {kind}"),) if kind is not None else ()

    def hold(self, claim: tree.Claim, name: str, limit: int | float) -> None:
        """Report a measure that is not within its limit, or that has no number without more sizes."""
        sizes = self.sizes(claim)
        if sizes is None:
            return
        found = at(sizes, cost(self.body)[MEASURES.index(name)])
        if isinstance(found, int) and arithmetic.COMPARISONS[claim.op](found, limit):
            return
        if not self.whole:
            return
        if isinstance(found, Dim):
            given, proposed = tuple(a.span.text for a in claim.at), propose_sizes(self.body.facts, sizes, sorted(found.symbols()))
            more = f"{', ' if given else ' at '}{', '.join(proposed)}"
            end = Span(claim.span.source, claim.span.end, claim.span.end)
            self.frame.report(
                ClaimNeedsSizes(
                    at=claim.span,
                    claim=name,
                    value=str(found),
                    symbols=tuple(sorted(found.symbols())),
                    given=given,
                    sizes=proposed,
                    ways=(Repair((Edit(end, more),), f"{claim.span.text}{more}"),) if proposed else (),
                )
            )
        else:
            self.fail(claim, name, found, limit, sizes)

    def sizes(self, claim: tree.Claim) -> Sizes | None:
        """The sizes that the claim names; None after a problem with one."""
        sizes: Sizes = {}
        for given in claim.at:
            size = self.size(given)
            if isinstance(size, Unknown):
                return None
            sizes[given.name] = size
        return sizes if self.are_allowed(claim, sizes) else None

    def are_allowed(self, claim: tree.Claim, sizes: Sizes) -> bool:
        """The model may have these sizes; those that it may not have are reported."""
        facts, allowed = self.body.facts, True
        for given in claim.at:
            recorded = facts.require("==", Dim.symbol(given.name), sizes[given.name])
            if recorded.verdict is Verdict.REFUTED:
                self.frame.report(self.forbidden(given, facts))
                allowed = False
            facts = recorded.facts
        return allowed

    def forbidden(self, given: tree.At, facts: Facts) -> ClaimAtForbiddenSize:
        """Why a size is none of the model's, and one that is."""
        told = [o for o in facts.origins(given.name) if not o.text.startswith("input ")]
        fact = told[-1] if told else None
        allowed = propose_sizes(facts, {}, [given.name])
        return ClaimAtForbiddenSize(
            at=given.span,
            model=self.definition.name,
            size=f"{given.name}={given.value.span.text}",
            fact=fact.text if fact else "",
            fact_at=fact.where if fact else NOWHERE,
            allowed=allowed[0] if allowed else "",
        )

    def size(self, given: tree.At) -> int | Unknown:
        """`B=1`: a dim that the model has, and its size."""
        symbols = list_free_dims(self.body)
        if given.name not in symbols:
            near = tuple(nearest(given.name, symbols))
            at = Span(given.span.source, given.span.start, given.span.start + len(given.name))
            ways = tuple(Repair((Edit(at, symbol),), symbol) for symbol in (near or symbols))
            return self.frame.report(UnknownName(at=at, name=given.name, noun="free dim", near=near, options=symbols, ways=ways))
        size = expressions.evaluate(self.frame, given.value)
        if isinstance(size, int) and 1 <= size <= LIMITS.axis_size:
            return size
        return self.frame.report(
            SizeOutOfRange(at=given.value.span, what=f"`{given.name}`", value=describe(size), limit="from 1 to 2**31 - 1")
        )

    def fail(self, claim: tree.Claim, name: str, found: int, limit: int | float, sizes: Sizes) -> None:
        """Report a claim that does not hold, with what the number is made of."""
        written = isinstance(claim.right, tree.Number | tree.Constant)
        repair = underscore(found) if claim.op == "==" and written else ""
        self.frame.report(
            ExpectFailed(
                at=claim.span,
                claim=claim.span.text,
                found=underscore(found),
                largest=self.largest(name, sizes),
                limit="" if written else underscore(limit),
                repair=repair,
                repair_at=claim.right.span,
            )
        )

    def largest(self, name: str, sizes: Sizes) -> tuple[str, ...]:
        """The five largest contributors."""

        def amount(row: Row) -> int:
            value = at(sizes, (row.params, row.flops, row.bytes)[MEASURES.index(name)])
            return value if isinstance(value, int) else 0

        found = sorted(((amount(r), r.path) for r in self.rows), key=lambda p: -p[0])[:5]
        return tuple(f"{path} {underscore(n)}" for n, path in found if n)

    def output(self, claim: tree.OutputClaim) -> None:
        """`logits: f32[B, 10]`."""
        found = self.body.output_types().get(claim.name)
        if found is None and (not self.whole or claim.name in map(output_name, self.definition.outputs)):
            return
        if found is None:
            outputs = tuple(self.body.output_types())
            near = nearest(claim.name, outputs)
            ways = tuple(Repair((Edit(claim.name_span, output),), output) for output in (near[:1] or outputs))
            self.frame.report(UnknownClaim(at=claim.name_span, name=claim.name, near=near[0] if near else "", outputs=outputs, ways=ways))
            return
        why = self.difference(claim, found)
        if why:
            self.frame.report(TypeMismatch(at=claim.type.span, wanted=claim.type.span.text, found=str(found), why=why, repair=str(found)))

    def difference(self, claim: tree.OutputClaim, found: TensorType) -> str | None:
        """Why an output is not of the claimed type, or None."""
        dtype, pattern = types.read_dtype(self.frame, claim.type), types.evaluate_dims(self.frame, claim.type.dims)
        if dtype is None or pattern is None:
            return None
        return f"elements are {found.dtype}" if dtype != found.dtype else types.explain_shape(self.frame, pattern, found.shape)


def check_claims(world: World, node: tree.Expect) -> bool:
    """Check every claim of a section; False where its model could not be proved."""
    definition = world.graph.definitions.get(node.model)
    if definition is None or not definition.is_model:
        return False
    frame = Frame(world, "expect", Facts())
    given = read_model_arguments(frame, definition, node.args)
    body = None if given is None else find_model(world, definition, given, node.name_span)
    if body is None:
        return False
    frame.facts = body.facts
    frame.env.update({symbol: Dim.symbol(symbol) for symbol in list_free_dims(body)})
    frame.sees(body)
    claims = Claims(frame, body, definition)
    for claim in node.claims:
        claims.check(claim)
    return True


def propose_sizes(facts: Facts, said: Sizes, symbols: list[str]) -> tuple[str, ...]:
    """The smallest size that each of the symbols may have beside those that are said, as `H=32`."""
    found = []
    for symbol, size in said.items():
        facts = facts.require("==", Dim.symbol(symbol), size).facts
    for symbol in symbols:
        asked = ((n, facts.require("==", Dim.symbol(symbol), n)) for n in range(1, LIMITS.proposed_size + 1))
        size, recorded = next(((n, r) for n, r in asked if r.verdict is not Verdict.REFUTED), (0, None))
        if recorded is not None:
            facts = recorded.facts
            found.append(f"{symbol}={size}")
    return tuple(found)


def at(sizes: Sizes, value: Dim | int) -> Dim | int:
    """The value at these sizes."""
    result = Dim.of(value).substitute(dict(sizes))
    return result.value if result.is_constant else result


def has_problem(world: World, definition: Definition) -> bool:
    """Some of the model, or of a block that it uses, could not be read or typed, so that its size and outputs are not all known."""
    return any(_examine(world, d) for d in list_reachable(world.graph, definition))


def _examine(world: World, definition: Definition) -> bool:
    """Whether a definition has a problem. Thousands of claims ask for it, and each makes another problem: none is looked at twice."""
    before = world.examined.get(id(definition))
    faulty, seen = before or (has_hole(definition.node.body) or _has_unbound(world, definition), 0)
    faulty = faulty or _has_reported(world.problems[seen:], definition)
    world.examined[id(definition)] = faulty, len(world.problems)
    return faulty


def _has_unbound(world: World, definition: Definition) -> bool:
    return any(isinstance(world.graph.meanings.get(id(node)), Bad) for node in descendants(definition.node))


def _has_reported(problems: Sequence[Diagnostic], definition: Definition) -> bool:
    """An error stands in the definition's text."""
    span = definition.node.span
    errors = [p.at for p in problems if p.severity == "error" and p.at.source is span.source]
    return any(span.start <= at.start and at.end <= span.end for at in errors)


def underscore(number: int | float) -> str:
    return f"{number:_}"
