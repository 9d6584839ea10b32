"""Generating sequences: a decoder's search over a model that is run on what it has generated so far.

`Rerun` runs the whole model at every step, on a buffer as long as the longest answer: what stands behind the present position does not
count, because the model is causal. Whatever keeps what is known of the past instead takes its place behind the same interface, `Steps`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from netspec.ir import ServePlan
from netspec.lazy import jax, jnp
from netspec.library.base import Array
from netspec.library.decoding import Decoded
from netspec.lower.draw import EVAL_STEP, draw, draw_key, step_key
from netspec.lower.forward import Forward

Arrays = Mapping[str, Array]


@dataclass(frozen=True)
class Beginning:
    """What sequences begin with: the first `lengths[b]` of `tokens[b]`, i32[B, P] and i32[B]."""

    tokens: Array
    lengths: Array


@dataclass(frozen=True, eq=False)
class Rerun:
    """A model on a buffer [sequences, positions], run anew for each element."""

    plan: ServePlan
    forward: Forward
    params: Arrays
    buffers: Arrays
    inputs: Arrays
    """All inputs but the fed one."""
    beginning: Beginning
    key: Any
    first: Any
    """The global index of the first example."""

    @property
    def examples(self) -> int:
        return self.beginning.tokens.shape[0]

    def begin(self, copies: int) -> tuple[Array, Array]:
        """The buffers, and how many elements each began with."""
        tokens, lengths = self.beginning.tokens, self.beginning.lengths
        given = jnp.arange(tokens.shape[1])[None, :] < lengths[:, None]
        rest = self.plan.positions(tokens.shape[1]) - tokens.shape[1]
        buffer = jnp.pad(jnp.where(given, tokens, 0), ((0, 0), (0, rest)))
        return jnp.repeat(buffer, copies, 0), jnp.repeat(lengths, copies, 0)

    def logits(self, carry: tuple[Array, Array], place: Array) -> Array:
        buffer, lengths = carry
        copies = buffer.shape[0] // self.examples
        inputs = {name: jnp.repeat(x, copies, 0) if self._counts_examples(name) else x for name, x in self.inputs.items()}
        inputs[self.plan.feeds] = buffer
        outputs, _ = self.forward("serve", self.params, self.buffers, inputs, first=self.first)
        at = lengths + place - (0 if self.plan.placed else 1)
        return jnp.take_along_axis(outputs[self.plan.reads], at[:, None, None], 1)[:, 0]

    def push(self, carry: tuple[Array, Array], place: Array, tokens: Array) -> tuple[Array, Array]:
        buffer, lengths = carry
        rows = jnp.arange(buffer.shape[0])
        return buffer.at[rows, lengths + place].set(tokens.astype(buffer.dtype), mode="drop"), lengths

    def pick(self, carry: tuple[Array, Array], rows: Array) -> tuple[Array, Array]:
        return carry[0][rows], carry[1][rows]

    def noise(self, place: Array, size: int) -> Array:
        examples = jnp.arange(self.examples, dtype=jnp.uint32) + jnp.asarray(self.first).astype(jnp.uint32)
        return draw(gumbel, draw_key(self.key, f"serve/{self.plan.feeds}", (place,)), (self.examples, size), examples)

    def _counts_examples(self, name: str) -> bool:
        kind = self.plan.model.input_types()[name]
        return kind.rank > 0 and kind.shape[0] == self.plan.type.shape[0]


def gumbel(key: Any, shape: tuple[int, ...]) -> Array:
    return jax.random.gumbel(key, shape, jnp.float32)


def decoding(plan: ServePlan, forward: Forward) -> Callable[..., Decoded]:
    """(params, buffers, inputs without the fed one, beginning, seed, index of the first example) -> the answers. Pure."""

    def decode(params: Arrays, buffers: Arrays, inputs: Arrays, beginning: Beginning, seed: Any, first: Any) -> Decoded:
        length = plan.positions(beginning.tokens.shape[1])
        whole = {name: x[plan.cut(name, length)] for name, x in inputs.items()}
        steps = Rerun(plan, forward, params, buffers, whole, beginning, step_key(seed, EVAL_STEP), first)
        return plan.decoder.decode(steps)

    return decode
