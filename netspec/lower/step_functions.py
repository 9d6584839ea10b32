"""Makes the functions that a program jits: a training step, the measuring of a batch, and a model's outputs. All are pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netspec.ir import Objective
from netspec.lazy import jax, jnp, lax
from netspec.library.base import Array, Transformation
from netspec.lower import parameter_average
from netspec.lower.forward_pass import Forward
from netspec.lower.gradient import Gradient
from netspec.lower.layout import Followed
from netspec.lower.objective import Pass, Statistics, finish, measure, weigh_examples
from netspec.lower.random_draws import EVAL_STEP
from netspec.lower.serve_arrays import decode_batch
from netspec.lower.training_state import State

Batch = Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Update:
    """One optimizer at work: it runs in every `every`-th step."""

    gradient: Gradient
    optimizer: Transformation
    every: int = 1

    def __call__(self, state: State, moments: Any, batch: Batch) -> tuple[State, Any, Statistics]:
        """The state with its parameters moved and its buffers as the pass leaves them, the optimizer's own state, and statistics."""
        grads, statistics, buffers = self.gradient(state.params, state.buffers, batch, state.step, self._scale(moments))
        old = self.gradient.chosen.take(state.params)
        updates, moments = self.optimizer.update(grads, moments, old, **self._needed(state, batch, statistics))
        new = {key: (p + updates[key]).astype(p.dtype) for key, p in old.items()}
        return state._replace(params=self.gradient.chosen.put(state.params, new), buffers=buffers), moments, statistics

    def _scale(self, moments: Any) -> Any:
        """The scale of the loss, where the optimizer wants one."""
        return None if self.optimizer.scaled is None else self.optimizer.scaled(moments)

    def evaluated(self, params: Batch, moments: Any) -> dict[str, Array]:
        """All parameters, with the chosen ones as the optimizer has them evaluated."""
        chosen = self.gradient.chosen
        return chosen.put(params, self.optimizer.evaluated(chosen.take(params), moments)) if self.optimizer.evaluated else dict(params)

    def _needed(self, state: State, batch: Batch, statistics: Statistics) -> dict[str, Any]:
        """What the optimizer needs besides gradients: see `Transformation.needs`."""

        def again(params: Batch) -> tuple[dict[str, Array], Statistics]:
            """(gradients, statistics) of the same batch, with the same dropout, at other values of the chosen parameters."""
            return self.gradient(self.gradient.chosen.put(state.params, params), state.buffers, batch, state.step)[:2]

        known = {
            "value": lambda: self.gradient.loss(statistics),
            "value_fn": lambda: lambda params: self.gradient.loss(again(params)[1]),
            "grad_fn": lambda: lambda params: again(params)[0],
        }
        return {name: known[name]() for name in self.optimizer.needs}


def training_step(
    updates: Mapping[str, Update], decay: float | None = None, averages: Mapping[str, Followed] | None = None
) -> Callable[[State, Batch], tuple[State, Any]]:
    """(state, batch) -> (state after one step, statistics). `decay` is that of the average of the parameters; `averages` are the buffers
    that are averages of the model's own.

    An update called "" stands alone: the state's `optimizer` and the statistics are its own; several have one of each by their names.
    """

    def step(state: State, batch: Batch) -> tuple[State, Any]:
        moved, statistics = run_in_turn(updates, state, batch) if "" not in updates else run_single(updates[""], state, batch)
        if averages:
            moved = moved._replace(buffers=parameter_average.follow(averages, moved.buffers, moved.params))
        if decay is not None:
            moved = moved._replace(average=parameter_average.move_average(state.average, moved.params, decay, state.step))
        return strip_weak_types(moved._replace(step=state.step + 1)), statistics

    return step


def run_single(update: Update, state: State, batch: Batch) -> tuple[State, Statistics]:
    """The one update of a step."""
    moved, moments, statistics = update(state, state.optimizer, batch)
    return moved._replace(optimizer=moments), statistics


def run_in_turn(updates: Mapping[str, Update], state: State, batch: Batch) -> tuple[State, dict[str, Statistics]]:
    """Each on what the one before has left. The buffers are those that the first pass of the step leaves."""
    moments, statistics = dict(state.optimizer), {}
    ran: Any = False
    for name, update in updates.items():
        before = state.buffers
        state, moments[name], statistics[name], now = run_when_due(update, state, moments[name], batch)
        state = state._replace(buffers=choose_buffers(ran, before, state.buffers))
        ran = True if ran is True or now is True else jnp.logical_or(ran, now)
    return state._replace(optimizer=moments), statistics


def choose_buffers(ran: Any, before: Batch, after: Batch) -> dict[str, Array]:
    """Those before a pass where another one `ran` in this step already, else those after it. `ran` is a truth value, traced or not."""
    if isinstance(ran, bool):
        return dict(before if ran else after)
    return {key: jnp.where(ran, before[key], x) for key, x in after.items()}


def run_when_due(update: Update, state: State, moments: Any, batch: Batch) -> tuple[State, Any, Statistics, Any]:
    """The update where it is its turn, else everything as it was and no statistics; and whether it ran."""
    if update.every == 1:
        return *update(state, moments, batch), True
    now = (state.step + 1) % update.every == 0
    shapes = jax.eval_shape(update, state, moments, batch)[2]

    def run(state: State, moments: Any) -> Any:
        return strip_weak_types(update(state, moments, batch))

    def rest(state: State, moments: Any) -> Any:
        return strip_weak_types((state, moments, jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes)))

    return *lax.cond(now, run, rest, state, moments), now


def evaluation_step(forward: Forward, objective: Objective) -> Callable[..., Statistics]:
    """(params, buffers, batch, global index of its first example) -> the batch's statistics."""

    def step(params: Batch, buffers: Batch, batch: Batch, first: Array) -> Statistics:
        weight = weigh_examples(objective, batch)
        exports: dict[str, Array] | None = {} if objective.auxiliaries else None
        outputs, _ = forward("eval", params, buffers, batch, weight=weight, first=first, exports=exports)
        seen = Pass(forward.layout, params, exports or {})
        answers = {name: decode_batch(plan, forward, params, buffers, batch, first) for name, plan in objective.answers.items()}
        return measure(objective, forward.measuring("eval", weight), {**batch, **answers}, outputs, seen)

    return step


def outputs(forward: Forward, phase: str) -> Callable[..., dict[str, Array]]:
    """(params, buffers, inputs, key, global index of the first example) -> the model's outputs by name. In training there is no key but the
    one that is given."""
    step = None if phase == "train" else EVAL_STEP
    return lambda params, buffers, inputs, key=None, first=0: forward(phase, params, buffers, inputs, step=step, first=first, key=key)[0]


def loss_of(forward: Forward, objective: Objective, phase: str) -> Callable[..., tuple[Array, dict[str, Array]]]:
    """(params, buffers, batch, key) -> the loss of the batch, and the buffers as the pass leaves them."""
    step = None if phase == "train" else EVAL_STEP

    def loss(params: Batch, buffers: Batch, batch: Batch, key: Any = None) -> tuple[Array, dict[str, Array]]:
        weight = weigh_examples(objective, batch)
        exports: dict[str, Array] | None = {} if objective.auxiliaries else None
        found, updates = forward(phase, params, buffers, batch, step=step, key=key, weight=weight, exports=exports)
        statistics = measure(objective, forward.measuring(phase, weight), batch, found, Pass(forward.layout, params, exports or {}))
        return finish(objective, forward.measuring(phase, None), statistics)["loss"], {**buffers, **updates}

    return loss


def build_finish(forward: Forward, objective: Objective) -> Callable[[Statistics], dict[str, Array]]:
    """Statistics -> the finished numbers by name."""
    return lambda statistics: finish(objective, forward.measuring("eval", None), statistics)


def build_finish_all(updates: Mapping[str, Update]) -> Callable[[Any], dict[str, Array]]:
    """A training step's statistics -> its numbers. Of several updates: `loss`, the sum of theirs, each as `NAME.loss`, and the metrics."""
    finishers = {name: build_finish(u.gradient.forward, u.gradient.objective) for name, u in updates.items()}

    def numbers(statistics: Mapping[str, Statistics]) -> dict[str, Array]:
        found = {name: finish(statistics[name]) for name, finish in finishers.items()}
        losses = {f"{name}.loss": each.pop("loss") for name, each in found.items()}
        metrics = {key: x for each in found.values() for key, x in each.items()}
        return {"loss": total(list(losses.values())), **losses, **metrics}

    return finishers.get("", numbers)


def first_moments(updates: Mapping[str, Update], params: Batch) -> Any:
    """The state of the optimizer before the first step; of several one by the name of each."""
    found = {name: update.optimizer.init(update.gradient.chosen.take(params)) for name, update in updates.items()}
    return found.get("", found)


def evaluate_params(updates: Mapping[str, Update], params: Batch, moments: Any) -> dict[str, Array]:
    """The parameters as the optimizers have them evaluated."""
    for name, update in updates.items():
        params = update.evaluated(params, moments if name == "" else moments[name])
    return dict(params)


def total(parts: Sequence[Array]) -> Array:
    return sum(parts[1:], parts[0])


def strip_weak_types(tree: Any) -> Any:
    """The same arrays without weak types, with which JAX would compile the second step anew."""
    return jax.tree.map(lambda x: lax.convert_element_type(x, jnp.result_type(x)), tree)
