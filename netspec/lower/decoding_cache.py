"""Derives a cache for decoding from the model, so that what it says of a new element is computed at that position alone.

What does not depend on the answer is computed once, the elements that a sequence begins with pass in one stretch, and then each new one is
a stretch of its own. Examples stand at places of their own, so each runs by itself under `vmap`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from netspec.ir import ServePlan
from netspec.lazy import jax, jnp, lax
from netspec.library.base import Array
from netspec.library.contracts.stretch_steps import Stretch
from netspec.library.decoders.protocol import Decoded
from netspec.lower.forward_pass import Forward
from netspec.lower.generation import Arrays, Beginning, Buffered, Rerun
from netspec.lower.node_scope import Frame
from netspec.lower.precomputation import Kept, precompute
from netspec.lower.random_draws import EVAL_STEP, step_key
from netspec.lower.stretch_interpreter import Past, advance
from netspec.lower.stretch_plan import Part, derive_part

Carry = tuple[Array, Array, Past]
"""The buffers, how many elements each began with, and what the model remembers of each sequence."""


@dataclass(frozen=True, eq=False)
class Cached(Buffered):
    """Runs the model on what is new."""

    part: Part

    @cached_property
    def ready(self) -> tuple[Frame, Kept]:
        """The frame of the whole sequence, and what is known beforehand."""
        model = self.plan.model
        inputs = {**self.inputs, self.plan.feeds: self.begun()}
        frame = self.forward.frame("serve", self.params, self.buffers, inputs, first=self.first)
        given = self.forward.precision.enter(inputs, model)
        wires = {p.wire: given[p.name] for p in model.inputs if isinstance(p.wire, int) and p.name != self.plan.feeds}
        return frame, precompute(self.part, frame, wires)

    def begin(self, copies: int) -> Carry:
        """What all but the last of the elements that there are leave behind."""
        buffer, lengths = self.begun(), self.beginning.lengths
        size = max(self.beginning.tokens.shape[1], 1)
        _, past = self.run(buffer[:, :size], jnp.zeros_like(lengths), jnp.maximum(lengths - 1, 0), None)
        return jax.tree.map(lambda x: jnp.repeat(x, copies, 0), (buffer, lengths, past))

    def logits(self, carry: Carry, place: Array) -> tuple[Array, Carry]:
        """Runs the last element, and where the output has a place of its own, that place."""
        buffer, lengths, past = carry
        at = lengths + place - (0 if self.plan.placed else 1)
        start = jnp.maximum(lengths + place - 1, 0)
        size = min(2 if self.plan.placed else 1, self.positions)
        tokens = jax.vmap(lambda row, first: lax.dynamic_slice_in_dim(row, first, size))(buffer, start)
        kept = at - start if self.plan.placed else jnp.ones_like(start)
        said, past = self.run(tokens, start, kept, past)
        return jnp.take_along_axis(said, (at - start)[:, None, None], 1)[:, 0], (buffer, lengths, past)

    def push(self, carry: Carry, place: Array, tokens: Array) -> Carry:
        """The carry with one more element of each sequence."""
        buffer, lengths, past = carry
        return self.written(buffer, lengths, place, tokens), lengths, past

    def pick(self, carry: Carry, rows: Array) -> Carry:
        """The carry of some sequences, as a search keeps them."""
        return jax.tree.map(lambda x: x[rows], carry)

    # --- stretches ---------------------------------------------------------------------------------------------------

    def run(self, tokens: Array, start: Array, kept: Array, past: Past) -> tuple[Array, Past]:
        """Elements [sequences, n] from the places `start` -> what the model says at each, [sequences, n, V], and what it remembers."""
        _, (rows, common) = self.ready
        given = jax.tree.map(lambda x: x.reshape(self.examples, -1, *x.shape[1:]), (tokens, start, kept, past))
        copies = jax.vmap(lambda rows, given: self.one((rows, common), *given), (None, 0))
        made = jax.vmap(copies)(rows, given)
        return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), made)

    def one(self, kept_values: Kept, tokens: Array, start: Array, kept: Array, past: Past) -> tuple[Array, Past]:
        """One sequence: elements [n] -> [n, V]."""
        frame, model, size = self.ready[0], self.plan.model, tokens.shape[0]
        batch, length = model.input_types()[self.plan.feeds].shape
        sizes = {**frame.run.sizes, str(batch): 1, str(length): size}
        here = replace(frame, run=replace(frame.run, sizes=sizes, examples=None))
        wires = {p.wire: tokens[None] for p in model.inputs if isinstance(p.wire, int) and p.name == self.plan.feeds}
        after = advance(self.part, here, wires, kept_values, past, Stretch(start, kept, size, self.positions))
        output = next(p for p in model.outputs if p.name == self.plan.reads)
        said = self.forward.precision.leave({output.name: wires[output.wire]}, model)[output.name]  # type: ignore[index]
        return said[0], after


def build_decoding(plan: ServePlan, forward: Forward) -> Callable[..., Decoded]:
    """(params, buffers, inputs without the fed one, beginning, seed, index of the first example) -> the answers. Pure."""
    part = derive_part(plan)

    def decode(params: Arrays, buffers: Arrays, inputs: Arrays, beginning: Beginning, seed: Any, first: Any) -> Decoded:
        length = plan.positions(beginning.tokens.shape[1])
        whole = {name: x[plan.cut(name, length)] for name, x in inputs.items()}
        given = (plan, forward, params, buffers, whole, beginning, step_key(seed, EVAL_STEP), first)
        return plan.decoder.decode(Rerun(*given) if isinstance(part, str) else Cached(*given, part))

    return decode
