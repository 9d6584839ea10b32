"""Generates sequences: a decoder searches over a model that is run on what it has generated so far.

`Rerun` runs the whole model at every step, on a buffer as long as the longest answer: what stands behind the present position does not
count, because the model is causal. `decoding_cache.Cached` runs it on the new position alone; both stand behind one interface, `Steps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from netspec.ir import ServePlan
from netspec.kernels.random_bits import random_bits
from netspec.lazy import jnp
from netspec.library.base import Array
from netspec.lower.forward_pass import Forward
from netspec.lower.random_draws import draw_key

Arrays = Mapping[str, Array]


@dataclass(frozen=True)
class Beginning:
    """What sequences begin with: the first `lengths[b]` of `tokens[b]`, i32[B, P] and i32[B]."""

    tokens: Array
    lengths: Array


@dataclass(frozen=True, eq=False)
class Buffered:
    """A model that generates, and the buffer [sequences, positions] of what there is so far: what all ways to run it share."""

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

    @property
    def positions(self) -> int:
        return self.plan.positions(self.beginning.tokens.shape[1])

    def begun(self) -> Array:
        """The buffer at first, of the examples."""
        tokens, lengths = self.beginning.tokens, self.beginning.lengths
        given = jnp.arange(tokens.shape[1])[None, :] < lengths[:, None]
        return jnp.pad(jnp.where(given, tokens, 0), ((0, 0), (0, self.positions - tokens.shape[1])))

    def written(self, buffer: Array, lengths: Array, place: Array, tokens: Array) -> Array:
        """The buffer with the answer's elements number `place`."""
        return buffer.at[jnp.arange(buffer.shape[0]), lengths + place].set(tokens.astype(buffer.dtype), mode="drop")

    def noise(self, place: Array, size: int) -> Array:
        """Noise of a position; every example draws by its own number, whatever the batch."""
        examples = jnp.arange(self.examples, dtype=jnp.uint32) + jnp.asarray(self.first).astype(jnp.uint32)
        kernels = self.forward.kernels.at(f"serve/{self.plan.feeds}", differentiated=False)
        key = draw_key(self.key, f"serve/{self.plan.feeds}", (place,))
        return random_bits(kernels, key, examples, shape=(self.examples, size), kind="gumbel")

    def counts_examples(self, name: str) -> bool:
        """The first axis of an input counts examples."""
        kind = self.plan.model.input_types()[name]
        return kind.rank > 0 and kind.shape[0] == self.plan.type.shape[0]


class Rerun(Buffered):
    """Runs the whole model anew for each element."""

    def begin(self, copies: int) -> tuple[Array, Array]:
        """The buffers, and how many elements each began with."""
        return jnp.repeat(self.begun(), copies, 0), jnp.repeat(self.beginning.lengths, copies, 0)

    def logits(self, carry: tuple[Array, Array], place: Array) -> tuple[Array, tuple[Array, Array]]:
        """What the model says at a place, computed for all positions anew."""
        buffer, lengths = carry
        copies = buffer.shape[0] // self.examples
        inputs = {name: jnp.repeat(x, copies, 0) if self.counts_examples(name) else x for name, x in self.inputs.items()}
        inputs[self.plan.feeds] = buffer
        outputs, _ = self.forward("serve", self.params, self.buffers, inputs, first=self.first)
        at = lengths + place - (0 if self.plan.placed else 1)
        return jnp.take_along_axis(outputs[self.plan.reads], at[:, None, None], 1)[:, 0], carry

    def push(self, carry: tuple[Array, Array], place: Array, tokens: Array) -> tuple[Array, Array]:
        return self.written(*carry, place, tokens), carry[1]

    def pick(self, carry: tuple[Array, Array], rows: Array) -> tuple[Array, Array]:
        return carry[0][rows], carry[1][rows]
