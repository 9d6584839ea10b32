"""Computes the gradient of one update's loss on a batch, or on several that count as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from netspec.ir import Objective
from netspec.lazy import jax, jnp, lax
from netspec.library.base import Array
from netspec.library.gradients.path_selection import Chosen
from netspec.lower.forward_pass import Forward
from netspec.lower.objective import Pass, Statistics, finish, measure, weigh_examples

Arrays = Mapping[str, Array]
Found = tuple[dict[str, Array], Statistics, dict[str, Array]]


@dataclass(frozen=True, eq=False)
class Gradient:
    """Of the loss of `objective` with respect to the chosen parameters; the others are constants."""

    forward: Forward
    objective: Objective
    chosen: Chosen
    accumulate: int = 1
    """Batches that count as one: arrays have them along a first axis of their own."""

    def __call__(self, params: Arrays, buffers: Arrays, batch: Arrays, step: Any, scale: Any = None) -> Found:
        """(gradients of the chosen parameters, statistics, all buffers after the pass). `scale` multiplies the loss."""
        if self.accumulate > 1:
            return self._accumulated(params, buffers, batch, step, scale)

        def loss(chosen: Arrays) -> tuple[Array, tuple[Statistics, dict[str, Array]]]:
            statistics, after = self.statistics(self.chosen.put(params, chosen), buffers, batch, step, 0)
            return self.scaled(statistics, scale), (statistics, after)

        (_, (statistics, after)), grads = jax.value_and_grad(loss, has_aux=True)(self.chosen.take(params))
        return grads, statistics, after

    def statistics(self, params: Arrays, buffers: Arrays, batch: Arrays, step: Any, first: Any) -> tuple[Statistics, dict[str, Array]]:
        """Statistics and buffers after a pass over one batch, whose first example has the global index `first`."""
        weight = weigh_examples(self.objective, batch)
        exports: dict[str, Array] | None = {} if self.objective.auxiliaries else None
        outputs, updates = self.forward("train", params, buffers, batch, step=step, weight=weight, first=first, exports=exports)
        seen = Pass(self.forward.layout, params, exports or {})
        statistics = measure(self.objective, self.forward.measuring("train", weight), batch, outputs, seen)
        return statistics, {**buffers, **updates}

    def loss(self, statistics: Statistics) -> Array:
        """The number that the update makes small."""
        return finish(self.objective, self.forward.measuring("train", None), statistics)["loss"]

    def scaled(self, statistics: Statistics, scale: Any) -> Array:
        """The loss times the scale that keeps small gradients from vanishing."""
        loss = self.loss(statistics)
        return loss if scale is None else loss * scale.astype(loss.dtype)

    def _accumulated(self, params: Arrays, buffers: Arrays, batch: Arrays, step: Any, scale: Any) -> Found:
        """As if all batches were one: what the loss makes of a sum of statistics is known before any gradient is taken.

        For a mean that is the sum of its weights, which depend on the fields only, so that XLA drops the first pass over the model.
        """
        firsts = jnp.arange(self.accumulate, dtype=jnp.uint32) * self._examples(batch)
        chosen = self.chosen.take(params)
        totals = self._totals(params, buffers, batch, step, firsts)
        cotangent = jax.grad(lambda statistics: self.scaled(statistics, scale), allow_int=True)(totals)

        def one(carry: tuple[dict, Any, dict], part: tuple[Arrays, Array]) -> Any:
            grads, sums, known = carry

            def run(own: Arrays) -> tuple[Statistics, dict[str, Array]]:
                return self.statistics(self.chosen.put(params, own), known, part[0], step, part[1])

            statistics, pull, after = jax.vjp(run, chosen, has_aux=True)
            (own,) = pull(cotangent)
            return (add(grads, own), add(sums, statistics), after), None

        empty = jax.tree.map(jnp.zeros_like, (chosen, totals))
        (grads, sums, after), _ = lax.scan(one, (*empty, dict(buffers)), (dict(batch), firsts))
        return grads, sums, after

    def _totals(self, params: Arrays, buffers: Arrays, batch: Arrays, step: Any, firsts: Array) -> Statistics:
        """The statistics of all parts of an accumulated batch, one part after another."""

        def one(sums: Any, part: tuple[Arrays, Array]) -> Any:
            return add(sums, self.statistics(params, buffers, part[0], step, part[1])[0]), None

        shapes = jax.eval_shape(lambda b: self.statistics(params, buffers, b, step, 0)[0], {name: x[0] for name, x in batch.items()})
        zeros = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes)
        return lax.scan(one, zeros, (dict(batch), firsts))[0]

    def _examples(self, batch: Arrays) -> int:
        """How many examples one of the batches has."""
        sizes = [batch[port.name].shape[1] for port in self.forward.model.inputs if batch[port.name].ndim > 1]
        return sizes[0] if sizes else 0


def add(left: Any, right: Any) -> Any:
    """Two trees of equal structure, added up."""
    return jax.tree.map(jnp.add, left, right)
