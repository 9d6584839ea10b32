"""Checks the arrays that a program is given to generate from, and makes what it gives back: arrays outside, `decode` inside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from netspec.diagnostics.running.weights import ArrayMismatch, BeginningNeeded, NothingToDecode
from netspec.diagnostics.spec_error import SpecError
from netspec.ir import ServePlan
from netspec.lazy import jax, jnp, np
from netspec.library.base import Array
from netspec.lower.decoding_cache import build_decoding
from netspec.lower.forward_pass import Forward
from netspec.lower.generation import Beginning
from netspec.lower.input_arrays import accept, describe, refuse_unknown
from netspec.lower.precision import Precision
from netspec.shape import TensorType

LENGTH, SCORE = "_length", "_score"
"""Behind an answer's name: how many elements it has, and the logarithm of its probability."""


def choose_plan(plans: Sequence[ServePlan], model: str, name: str | None) -> ServePlan:
    """The plan that generates an input, or the first. Raises `SpecError`."""
    found = next((plan for plan in plans if name in (None, plan.feeds)), None)
    if found is None:
        raise SpecError([NothingToDecode(model=model, name=name or "", answers=tuple(plan.feeds for plan in plans))])
    return found


def accept_inputs(
    plan: ServePlan, inputs: Mapping[str, Any], length: Any, precision: Precision, count: int
) -> tuple[dict[str, Array], Beginning]:
    """The arrays a plan runs on, in the dtypes of the program. Raises `SpecError` for those that do not fit.

    The fed input's array, where there is one, is what each sequence begins with, its first `length[b]` elements. `count` is the number of
    examples where no array tells it.
    """
    types = plan.model.input_types()
    refuse_unknown(inputs, types)
    others = {name: _array(name, types[name], x) for name, x in inputs.items() if name != plan.feeds}
    beginning = _accept_beginning(plan, inputs.get(plan.feeds), length, _examples(plan, others, count))
    size = plan.positions(beginning.tokens.shape[1])
    buffer = np.zeros((beginning.tokens.shape[0], size), types[plan.feeds].jax_dtype)
    cut = {name: x[plan.cut(name, size)] if x.ndim == types[name].rank else x for name, x in others.items()}
    accepted = accept(types, {**cut, plan.feeds: buffer}, precision, plan.model.facts)
    return {name: x for name, x in accepted.items() if name != plan.feeds}, beginning


def _array(name: str, kind: Any, value: Any) -> Any:
    """A value as an array. Raises `SpecError` for lists that are none."""
    try:
        return value if hasattr(value, "shape") else np.asarray(value)
    except (ValueError, TypeError, OverflowError):  # NumPy's words for them
        found = "a list whose items have different lengths or kinds"
        raise SpecError([ArrayMismatch(field=name, expected=str(kind), found=found)]) from None


def _examples(plan: ServePlan, others: Mapping[str, Any], count: int) -> int:
    """As many as the first other input has that counts examples."""
    types, batch = plan.model.input_types(), plan.type.shape[0]
    sizes = [x.shape[0] for name, x in others.items() if types[name].rank and types[name].shape[0] == batch and x.ndim]
    return batch.value if batch.is_constant else sizes[0] if sizes else count


def _accept_beginning(plan: ServePlan, tokens: Any, length: Any, examples: int) -> Beginning:
    """What sequences begin with: what is given, else `start`, else nothing, where the model can begin with nothing."""
    start = plan.decoder.start
    if tokens is not None:
        tokens = _array(plan.feeds, plan.model.input_types()[plan.feeds], tokens)
        if tokens.ndim != 2 or not np.issubdtype(tokens.dtype, np.integer):
            expected = str(plan.model.input_types()[plan.feeds])
            raise SpecError([ArrayMismatch(field=plan.feeds, expected=expected, found=describe(tokens))])
    elif start is not None:
        tokens = np.full((examples, 1), start, np.int32)
    elif plan.placed:
        tokens = np.zeros((examples, 0), np.int32)
    else:
        raise SpecError([BeginningNeeded(feeds=plan.feeds)])
    return Beginning(tokens.astype(np.int32), _lengths(plan, tokens, length))


def _lengths(plan: ServePlan, tokens: Any, length: Any) -> Any:
    """How much of each beginning is given. Raises `SpecError` for lengths that it does not have."""
    count, longest = tokens.shape
    if length is None:
        length = np.full((count,), longest, np.int32)
    length = _array("prefix_length", "i32[B]", length)
    least = 0 if plan.placed else 1
    if length.shape != (count,) or not np.issubdtype(length.dtype, np.integer):
        raise SpecError([BeginningNeeded(feeds=plan.feeds, why=f"its lengths are {describe(length)}, not i32[{count}]")])
    if count and not (least <= length.min() and length.max() <= longest):
        why = f"its lengths run from {length.min()} to {length.max()}, not from {least} to {longest}"
        raise SpecError([BeginningNeeded(feeds=plan.feeds, why=why)])
    return length.astype(np.int32)


def build_answer(plan: ServePlan, forward: Forward) -> Callable[..., dict[str, Array]]:
    """(params, buffers, inputs, tokens, lengths, seed, first) -> the answers, their lengths and scores by name."""
    decode = build_decoding(plan, forward)

    def answer(params: Any, buffers: Any, inputs: Any, tokens: Array, lengths: Array, seed: Any, first: Any) -> dict[str, Array]:
        found = decode(params, buffers, inputs, Beginning(tokens, lengths), seed, first)
        return {plan.feeds: found.tokens, plan.feeds + LENGTH: found.length, plan.feeds + SCORE: found.score}

    return answer


def decode_batch(plan: ServePlan, forward: Forward, params: Any, buffers: Any, batch: Mapping[str, Array], first: Any) -> Array:
    """The answers for a batch of an evaluation, i32[B, limit]. Without `start` they begin with the batch's own first element."""
    own, start = jnp.asarray(batch[plan.feeds]), plan.decoder.start
    count = own.shape[0]
    tokens = jnp.full((count, 1), start, jnp.int32) if start is not None else own[:, : 0 if plan.placed else 1].astype(jnp.int32)
    beginning = Beginning(tokens, jnp.full((count,), tokens.shape[1], jnp.int32))
    inputs = {name: batch[name] for name in plan.model.input_types() if name != plan.feeds}
    _require_long_enough(plan, inputs, plan.positions(tokens.shape[1]))
    return build_decoding(plan, forward)(params, buffers, inputs, beginning, forward.seed, first).tokens


def _require_long_enough(plan: ServePlan, inputs: Mapping[str, Array], size: int) -> None:
    """Inputs beside the fed one are known for every position. Raises `SpecError`."""
    types = plan.model.input_types()
    length = types[plan.feeds].shape[1]
    for name in plan.beside:
        for dim, found in zip(types[name].shape, inputs[name].shape, strict=True):
            if dim == length and found < size:
                expected = str(TensorType(types[name].dtype, [size if d == length else d for d in types[name].shape]))
                raise SpecError([ArrayMismatch(field=name, expected=expected, found=describe(inputs[name]))])


def answer_nothing(plan: ServePlan) -> dict[str, Any]:
    """The answers for no examples."""
    none = np.zeros((0,), np.int32)
    return {plan.feeds: np.zeros((0, plan.decoder.limit), np.int32), plan.feeds + LENGTH: none, plan.feeds + SCORE: np.float32(none)}


def to_host(arrays: Mapping[str, Array]) -> dict[str, Any]:
    return {name: np.asarray(x) for name, x in jax.device_get(arrays).items()}
