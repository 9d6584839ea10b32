"""Holds what attention layers share: which keys a query may see, and the weighted mean of values.

Inside, tensors stand as [batch…, key heads, group, queries, keys]: each head of keys and values serves a group of query heads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Protocol

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.attention import UnevenKeyHeads, UnfitHeads, UnfitShape
from netspec.diagnostics.shapes.operands import UnequalDtypes
from netspec.kernels import attend as kernel
from netspec.kernels.attend import Rules
from netspec.library.base import Array, Flow, Function, In, Passage, Positive, Scope
from netspec.library.base.field_bounds import Field
from netspec.library.contracts.sequence_axis import furthest_reach
from netspec.library.shape_rules.requirements import need_equal, need_multiple
from netspec.library.shape_rules.sizes import count
from netspec.shape import Dim, Facts, TensorType, Verdict

MASK = In(
    "mask",
    "true where a query may see a key: [batch…, heads, queries, keys], without heads, queries too, or the batch; axes of 1 stretch",
    "bool",
    optional=True,
)
SEGMENTS = In("segments", "whole numbers [batch…, length]: a query sees only keys of its own segment", "int", optional=True)
SCORE_BIAS = In(
    "score_bias",
    "added to the scores, in the shapes of `mask`; where both fit, [n, queries, keys] is one for each head, a mask for each example",
    optional=True,
    rank=2,
)
AboveZero = Annotated[float, Field(gt=0)]


class Attending(Protocol):
    """The arguments that attention layers share."""

    @property
    def causal(self) -> bool: ...
    @property
    def window(self) -> Positive | None: ...
    @property
    def dropout(self) -> float: ...
    @property
    def alibi(self) -> bool: ...
    @property
    def scale(self) -> float | None: ...
    @property
    def soft_cap(self) -> float | None: ...


def rules_of(op: Attending) -> Rules:
    """Takes from an attention layer what says which keys a query may see and how scores are changed."""
    return Rules(op.causal, op.window, op.dropout, op.alibi, op.scale, op.soft_cap)


def _mask_shapes(batch: list[Dim], heads: Dim, queries: Dim, keys: Dim) -> tuple[tuple[Dim, ...], ...]:
    return (*batch, keys), (*batch, queries, keys), (*batch, heads, queries, keys)


def _bias_shapes(batch: list[Dim], heads: Dim, queries: Dim, keys: Dim) -> tuple[tuple[Dim, ...], ...]:
    return (*batch, heads, queries, keys), (heads, queries, keys)


OF_SCORES = {"mask": _mask_shapes, "score_bias": _bias_shapes}
"""The shapes that `apply` takes of what stretches over the scores."""


# --- shapes ----------------------------------------------------------------------------------------------------------
def require_heads(facts: Facts, op: str, query: TensorType, key: TensorType, value: TensorType) -> None:
    """Query, key and value go together. Raises `Mistake` for the first pair that does not."""
    for name, other in (("key", key), ("value", value)):
        if query.dtype != other.dtype:
            raise Mistake(UnequalDtypes(op, query, other, blame=name))
        if query.rank != other.rank:
            raise Mistake(UnfitHeads(op, "query", query, name, other, None, blame=name))
    leading = tuple(range(-query.rank, -3))
    _require_same(facts, op, ("query", query), ("key", key), (*leading, -1))
    _require_same(facts, op, ("key", key), ("value", value), (*leading, -3, -2))
    require_groups(facts, op, query.shape[-2], key.shape[-2], "key")


def _require_same(facts: Facts, op: str, one: tuple[str, TensorType], other: tuple[str, TensorType], axes: tuple[int, ...]) -> None:
    """Raises `Mistake` unless two inputs are proved to have equal sizes at these axes."""
    for axis in axes:
        problem = UnfitHeads(op, *one, *other, axis, blame=other[0])
        need_equal(facts, op, one[1].shape[axis], other[1].shape[axis], f"so that `{other[0]}` goes with `{one[0]}`", problem)


def require_groups(facts: Facts, op: str, heads: Dim, key_heads: Dim, blame: str) -> None:
    """The heads of the queries are a multiple of those of the keys."""
    problem, why = UnevenKeyHeads(op, heads, key_heads, blame=blame), "so that key heads serve equally many query heads"
    if key_heads.is_constant:
        need_multiple(facts, op, heads, key_heads.value, why, problem)
    else:
        need_equal(facts, op, heads, key_heads, why, problem)


def require_optional(facts: Facts, op: str, scores: tuple[Dim, ...], given: Mapping[str, TensorType]) -> None:
    """Masks, segments and biases fit scores of shape [batch…, heads, queries, keys]."""
    *batch, heads, queries, keys = scores
    shapes = {name: shapes(batch, heads, queries, keys) for name, shapes in OF_SCORES.items()}
    shapes |= {"segments": ((*batch, queries),), "key_segments": ((*batch, keys),)}
    for name, kind in given.items():
        require_shape(facts, op, name, kind, shapes[name], stretches=name in OF_SCORES)
    if "segments" in given and "key_segments" not in given:
        problem = UnfitShape(op, "segments", given["segments"], ((*batch, keys),), blame="segments")
        need_equal(facts, op, queries, keys, "so that `segments` can be those of the keys too", problem)


def lift_scores(facts: Facts, query: TensorType, key: TensorType, given: Mapping[str, TensorType]) -> dict[str, Function]:
    """How masks and biases get the axes that they leave out, where they have another shape than `require_optional` takes: the whole scores'
    without axes of the batch in front, without the heads, or of the keys alone."""
    named = {name: kind for name, kind in given.items() if name in OF_SCORES}
    if not named or query.rank < 4 or query.rank != key.rank:
        return {}
    *batch, queries, heads, _ = query.shape
    keys, count = key.shape[-3], len(batch)
    forms = (
        *(((*batch[out:], heads, queries, keys), tuple(range(out))) for out in range(1, count + 1)),
        *(((*batch[out:], queries, keys), (*range(out), count)) for out in range(count, -1, -1)),
        ((*batch, keys), (count, count + 1)),
    )
    lifted: dict[str, Function] = {}
    for name, kind in named.items():
        if not any(_stretches(facts, kind, shape) for shape in OF_SCORES[name](batch, heads, queries, keys)):
            missing = next((axes for shape, axes in forms if _stretches(facts, kind, shape)), None)
            if missing is not None:
                from netspec.library.functions.axes import ExpandDims  # few models leave axes out

                lifted[name] = ExpandDims(axis=missing)
    return lifted


def _stretches(facts: Facts, kind: TensorType, shape: tuple[Dim, ...]) -> bool:
    """The type is proved to have this shape, or sizes of 1 in it."""
    pairs = zip(kind.shape, shape, strict=False)
    return kind.rank == len(shape) and all(have == 1 or facts.compare("==", have, want) is Verdict.PROVED for have, want in pairs)


def require_shape(
    facts: Facts, op: str, name: str, found: TensorType, accepted: tuple[tuple[Dim, ...], ...], stretches: bool = False
) -> None:
    """The shape is the accepted one with as many axes; where it stretches, an axis may be 1 instead. Raises `Mistake` otherwise."""
    problem = UnfitShape(op, name, found, accepted, blame=name)
    wanted = next((shape for shape in accepted if len(shape) == found.rank), None)
    if wanted is None:
        raise Mistake(problem)
    for have, want in zip(found.shape, wanted, strict=True):
        if not (stretches and have == 1):
            need_equal(facts, op, have, want, f"so that `{name}` fits", problem)


def attend_flops(rules: Rules, query: TensorType, keys: Dim, value_size: Dim, biased: bool) -> Dim:
    """Scores, their softmax and the weighted mean, masked ones included."""
    scores = count(query.shape[:-1]) * keys
    extras = int(biased) + 2 * int(rules.alibi) + 3 * int(rules.soft_cap is not None)
    return scores * (2 * query.shape[-1] + 2 * value_size + 6 + extras)


def attention_flow(passage: Passage, rules: Rules, turned: bool = False) -> Flow:
    """What positions know behind an attention with query, key and value [batch…, length, heads, size], `turned` by their places or not."""
    query, key = passage.types[:2]
    for place in (0, 1, 2):
        passage.untouched(-1, -2, input=place)
    lengths = [kind.rank - 3 in flow.axes for kind, flow in zip(passage.types, passage.flows, strict=True)]
    if not any(lengths[1:]):
        if lengths[0] and (rules.placed or turned):
            passage.refuse("what a query sees depends on how many queries there are")
        return passage.made()
    if not rules.causal:
        passage.refuse("every position sees those after it", "causal=true")
    ahead = key.shape[-3] - query.shape[-3]
    if not all(lengths) or not ahead.is_constant:
        passage.refuse("its queries and keys are not the same positions")
    later = [None if flow.reach is None else flow.reach + ahead.value for flow in passage.flows[1:]]
    return passage.made(furthest_reach((passage.flows[0].reach, *later, *(flow.reach for flow in passage.named.values()))))


# --- values ----------------------------------------------------------------------------------------------------------
def attend(
    scope: Scope, rules: Rules, query: Array, key: Array, value: Array, optional: Mapping[str, Array], ahead: Array | None = None
) -> Array:
    """What the kernel `attend` says, with a share of the weights dropped in training.

    `ahead` [queries, keys] or [batch…, queries, keys] is by how many places a key stands behind its query, negative before it; absent,
    the last query stands at the last key.
    """
    given = dict(optional) if ahead is None else {**optional, "ahead": ahead}
    if scope.training and rules.dropout > 0:
        *batch, queries, heads, _ = query.shape
        keys, key_heads = key.shape[-3:-1]
        given["kept"] = scope.bernoulli(1 - rules.dropout, (*batch, key_heads, heads // key_heads, queries, keys))
    return kernel.attend(scope.kernels, query, key, value, given, rules=rules)
