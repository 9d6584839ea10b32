"""Finds the op that makes a gradient infinite or NaN where the loss is a number: the step is taken again op by op, and the first op on the
way back that gets a number and gives none is the source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from netspec.lazy import jax, jnp
from netspec.library.base import Array
from netspec.library.base import Callable as OpOnTensors
from netspec.lower.gradient import Gradient
from netspec.source import Span


@dataclass(frozen=True)
class Source:
    """An op whose gradient is no number, and where it stands."""

    op: OpOnTensors
    at: Span


@dataclass(eq=False)
class Watch:
    """Looks at what flows back through every op, and keeps the first that breaks it. The pass runs without `jit`, so that each is known."""

    found: Source | None = None
    broken: set[int] = field(default_factory=set)
    """Numbers of the uses whose results get what is no number already."""
    uses: int = 0

    def around(self, op: OpOnTensors, at: Span, compute: Callable[..., Any], inputs: Any, optional: Mapping[str, Any]) -> Any:
        """What `compute` makes of the inputs; the ways into and out of the op are looked at when the gradient passes."""
        self.uses += 1
        number, source = self.uses, Source(op, at)

        def behind(finite: bool) -> None:
            self.broken |= set() if finite else {number}

        def before(finite: bool) -> None:
            if not finite and number not in self.broken and self.found is None:
                self.found = source

        results = compute(*(_probe(x, before) for x in inputs), **{name: _probe(x, before) for name, x in optional.items()})
        return tuple(_probe(x, behind) for x in results) if isinstance(results, tuple) else _probe(results, behind)


def _probe(x: Any, tell: Callable[[bool], None]) -> Any:
    """The array itself, which tells whether its gradient is finite once that is known."""
    if not hasattr(x, "dtype") or not jnp.issubdtype(x.dtype, jnp.floating):
        return x

    def back(_: None, cotangent: Array) -> tuple[Array]:
        tell(bool(jnp.isfinite(cotangent).all()))
        return (cotangent,)

    same = jax.custom_vjp(lambda value: value)
    same.defvjp(lambda value: (value, None), back)
    return same(x)


def find_source(gradient: Gradient, params: Mapping[str, Array], buffers: Mapping[str, Array], batch: Mapping[str, Array]) -> Source | None:
    """The op that breaks the gradient of a step on one batch; None where nothing does, or the loss is no number itself."""
    watch = Watch()
    watched = replace(gradient, forward=replace(gradient.forward, watch=watch), accumulate=1)
    with jax.disable_jit():
        _, statistics, _ = watched(params, buffers, batch, 0)
        loss = gradient.loss(statistics)
    return watch.found if bool(jnp.isfinite(loss)) else None


def is_finite(gradient: Gradient) -> Callable[..., Array]:
    """(params, buffers, batch) -> whether every number of the gradient is finite, as one truth value."""

    def test(params: Mapping[str, Array], buffers: Mapping[str, Array], batch: Mapping[str, Array]) -> Array:
        grads = replace(gradient, accumulate=1)(params, buffers, batch, 0)[0]
        return jnp.stack([jnp.isfinite(x).all() for x in jax.tree.leaves(grads)]).all()

    return test
