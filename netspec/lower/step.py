"""The functions that a program jits: a training step, the measuring of a batch, and a model's outputs. All are pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from netspec.ir import Objective
from netspec.lazy import jax, jnp, lax
from netspec.library.base import Array, Transformation
from netspec.lower.forward import Forward
from netspec.lower.objective import WEIGHT, Statistics, finish, measure
from netspec.lower.state import State

Batch = Mapping[str, Array]


def training_step(forward: Forward, objective: Objective, optimizer: Transformation) -> Callable[[State, Batch], tuple[State, Statistics]]:
    """(state, batch) -> (state after one update, the batch's statistics before it)."""
    differentiate = jax.value_and_grad(_loss(forward, objective), has_aux=True)

    def step(state: State, batch: Batch) -> tuple[State, Statistics]:
        (_, (statistics, buffers)), grads = differentiate(state.params, state.buffers, batch, state.step)
        updates, moved = optimizer.update(grads, state.optimizer, state.params)
        params = {key: (p + updates[key]).astype(p.dtype) for key, p in state.params.items()}
        return strong(State(params, {**state.buffers, **buffers}, moved, state.step + 1)), statistics

    return step


def _loss(forward: Forward, objective: Objective) -> Callable[..., Any]:
    def loss(params: Batch, buffers: Batch, batch: Batch, step: Array) -> tuple[Array, tuple[Statistics, dict[str, Array]]]:
        weight = batch.get(WEIGHT)
        outputs, updates = forward("train", params, buffers, batch, step=step, weight=weight)
        frame = forward.measuring("train", weight)
        statistics = measure(objective, frame, batch, outputs)
        return finish(objective, frame, statistics)["loss"], (statistics, updates)

    return loss


def evaluation_step(forward: Forward, objective: Objective) -> Callable[..., Statistics]:
    """(params, buffers, batch, global index of its first example) -> the batch's statistics."""

    def step(params: Batch, buffers: Batch, batch: Batch, first: Array) -> Statistics:
        weight = batch.get(WEIGHT)
        outputs, _ = forward("eval", params, buffers, batch, weight=weight, first=first)
        return measure(objective, forward.measuring("eval", weight), batch, outputs)

    return step


def outputs(forward: Forward, phase: str) -> Callable[[Batch, Batch, Batch], dict[str, Array]]:
    """(params, buffers, inputs) -> the model's outputs by name."""
    return lambda params, buffers, inputs: forward(phase, params, buffers, inputs)[0]


def finishing(forward: Forward, objective: Objective) -> Callable[[Statistics], dict[str, Array]]:
    """Statistics -> the finished numbers by name."""
    return lambda statistics: finish(objective, forward.measuring("eval", None), statistics)


def strong(tree: Any) -> Any:
    """The same arrays without weak types, with which JAX would compile the second step anew."""
    return jax.tree.map(lambda x: lax.convert_element_type(x, jnp.result_type(x)), tree)
