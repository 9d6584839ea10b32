"""Makes the functions that a program jits: a training step, the measuring of a batch, and a model's outputs. All are pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netspec.ir import Objective
from netspec.lazy import jax, jnp, lax
from netspec.library.base import Array, Transformation
from netspec.library.gradients import widen
from netspec.lower import parameter_average
from netspec.lower.forward_pass import Forward
from netspec.lower.gradient import Gradient
from netspec.lower.layout import Followed
from netspec.lower.objective import Pass, Statistics, finish, measure, weigh_examples
from netspec.lower.random_draws import EVAL_STEP
from netspec.lower.serve_arrays import decode_batch
from netspec.lower.step_gauge import Gauge, RateReader
from netspec.lower.step_guard import StepGuard, holds_bad
from netspec.lower.training_state import State

Batch = Mapping[str, Array]
Seen = dict[str, Any]
"""What guard and gauge find in one update's step: whether it is `bad`, the loss `lost`; `learning_rate`, `gradient_norm`, `lengths`."""


@dataclass(frozen=True, eq=False)
class Update:
    """One optimizer at work: it runs in every `every`-th step."""

    gradient: Gradient
    optimizer: Transformation
    every: int = 1
    rates: RateReader | None = None
    guard: StepGuard | None = None
    gauge: Gauge | None = None

    def __call__(self, state: State, moments: Any, batch: Batch) -> tuple[State, Any, Statistics, Seen]:
        """The state with its parameters moved and its buffers as the pass leaves them, the optimizer's own state, statistics, and what
        guard and gauge find."""
        grads, statistics, buffers = self._gradient(state, batch, self._scale(moments))
        old = self.gradient.chosen.take(state.params)
        updates, after = self.optimizer.update(grads, moments, old, **self._needed(state, batch, statistics))
        new = {key: (p + updates[key]).astype(p.dtype) for key, p in old.items()}
        moved = state._replace(params=self.gradient.chosen.put(state.params, new), buffers=buffers)
        statistics, bad = self._judged(grads, new, statistics)
        return moved, after, statistics, {**bad, **self._measured(state, moments, after, grads, old, new)}

    def _gradient(self, state: State, batch: Batch, scale: Any) -> tuple[dict[str, Array], Statistics, dict[str, Array]]:
        """(gradients, statistics, buffers) at the parameters of a state. `scale` is that which an optimizer of its own wants."""
        guard = self.guard
        step = state.step if guard is None else guard.drawn(state)
        if guard is None or not guard.scaled or self.optimizer.scaled is not None:
            return self.gradient(state.params, state.buffers, batch, step, scale)
        scale = state.guard["scale"]
        grads, statistics, buffers = self.gradient(state.params, state.buffers, batch, step, scale)
        return unscale(grads, scale), statistics, buffers

    def _scale(self, moments: Any) -> Any:
        """The scale of the loss, where the optimizer wants one."""
        return None if self.optimizer.scaled is None else self.optimizer.scaled(moments)

    def _judged(self, grads: Batch, new: Batch, statistics: Statistics) -> tuple[Statistics, Seen]:
        """The statistics that count, and whether anything of the step is no number. One that scales sees to its gradients itself."""
        if self.guard is None:
            return statistics, {}
        lost = ~jnp.isfinite(self.gradient.loss(statistics))
        bad = lost | holds_bad(new if self.optimizer.scaled is not None else (grads, new))
        kept = jax.tree.map(lambda x: jnp.where(lost, jnp.zeros_like(x), x), statistics) if self.guard.drops else statistics
        return kept, {"bad": bad, "lost": lost}

    def _measured(self, state: State, before: Any, after: Any, grads: Batch, old: Batch, new: Batch) -> Seen:
        """What the gauge says of the step."""
        if self.gauge is None:
            return {}
        scale = self._scale(before)
        plain = grads if scale is None else unscale(grads, scale)
        rates = {} if self.rates is None else self.rates(state.step // self.every, before, after)
        return {"learning_rate": rates, **self.gauge.read(self.gradient.chosen, plain, old, new)}

    def evaluated(self, params: Batch, moments: Any) -> dict[str, Array]:
        """All parameters, with the chosen ones as the optimizer has them evaluated."""
        chosen = self.gradient.chosen
        return chosen.put(params, self.optimizer.evaluated(chosen.take(params), moments)) if self.optimizer.evaluated else dict(params)

    def _needed(self, state: State, batch: Batch, statistics: Statistics) -> dict[str, Any]:
        """What the optimizer needs besides gradients: see `Transformation.needs`."""

        def again(params: Batch) -> tuple[dict[str, Array], Statistics]:
            """(gradients, statistics) of the same batch, with the same dropout, at other values of the chosen parameters."""
            return self._gradient(state._replace(params=self.gradient.chosen.put(state.params, params)), batch, None)[:2]

        known = {
            "value": lambda: self.gradient.loss(statistics),
            "value_fn": lambda: lambda params: self.gradient.loss(again(params)[1]),
            "grad_fn": lambda: lambda params: again(params)[0],
        }
        return {name: known[name]() for name in self.optimizer.needs}


def training_step(
    updates: Mapping[str, Update],
    decay: float | None = None,
    averages: Mapping[str, Followed] | None = None,
    guard: StepGuard | None = None,
) -> Callable[[State, Batch], tuple[State, Any, dict[str, Seen]]]:
    """(state, batch) -> (state after one step, statistics, what guard and gauge find in each update). `decay` is that of the average of the
    parameters; `averages` are the buffers that are averages of the model's own.

    An update called "" stands alone: the state's `optimizer` and the statistics are its own; several have one of each by their names.
    """

    def step(state: State, batch: Batch) -> tuple[State, Any, dict[str, Seen]]:
        moved, statistics, seen = run_in_turn(updates, state, batch) if "" not in updates else run_single(updates[""], state, batch)
        if averages:
            moved = moved._replace(buffers=parameter_average.follow(averages, moved.buffers, moved.params))
        if decay is not None:
            moved = moved._replace(average=parameter_average.move_average(state.average, moved.params, decay, state.step))
        moved = strip_weak_types(moved._replace(step=state.step + 1))
        return guard.judge(state, moved, [own["bad"] for own in seen.values()]) if guard else moved, statistics, seen

    return step


def run_single(update: Update, state: State, batch: Batch) -> tuple[State, Statistics, dict[str, Seen]]:
    """The one update of a step."""
    moved, moments, statistics, seen = update(state, state.optimizer, batch)
    return moved._replace(optimizer=moments), statistics, {"": seen}


def run_in_turn(updates: Mapping[str, Update], state: State, batch: Batch) -> tuple[State, dict[str, Statistics], dict[str, Seen]]:
    """Each on what the one before has left. The buffers are those that the first pass of the step leaves."""
    moments, statistics, seen = dict(state.optimizer), {}, {}
    ran: Any = False
    for name, update in updates.items():
        before = state.buffers
        state, moments[name], (statistics[name], seen[name]), now = run_when_due(update, state, moments[name], batch)
        state = state._replace(buffers=choose_buffers(ran, before, state.buffers))
        ran = True if ran is True or now is True else jnp.logical_or(ran, now)
    return state._replace(optimizer=moments), statistics, seen


def choose_buffers(ran: Any, before: Batch, after: Batch) -> dict[str, Array]:
    """Those before a pass where another one `ran` in this step already, else those after it. `ran` is a truth value, traced or not."""
    if isinstance(ran, bool):
        return dict(before if ran else after)
    return {key: jnp.where(ran, before[key], x) for key, x in after.items()}


def run_when_due(update: Update, state: State, moments: Any, batch: Batch) -> tuple[State, Any, tuple[Statistics, Seen], Any]:
    """The update where it is its turn, else everything as it was, no statistics and nothing measured; and whether it ran."""
    if update.every == 1:
        moved, after, statistics, seen = update(state, moments, batch)
        return moved, after, (statistics, seen), True
    now = (state.step + 1) % update.every == 0
    shapes = jax.eval_shape(update, state, moments, batch)[2:]

    def run(state: State, moments: Any) -> Any:
        return strip_weak_types(update(state, moments, batch))

    def rest(state: State, moments: Any) -> Any:
        return strip_weak_types((state, moments, jax.tree.map(add_nothing, shapes[0]), jax.tree.map(see_nothing, shapes[1])))

    moved, after, statistics, seen = lax.cond(now, run, rest, state, moments)
    return moved, after, (statistics, seen), now


def add_nothing(x: Any) -> Array:
    """A statistic of no examples."""
    return jnp.zeros(x.shape, x.dtype)


def see_nothing(x: Any) -> Array:
    """What is measured of a step that is not taken: NaN, and of truth values that they are not so."""
    return jnp.full(x.shape, jnp.nan if jnp.issubdtype(x.dtype, jnp.floating) else 0, x.dtype)


def unscale(grads: Batch, scale: Array) -> dict[str, Array]:
    """Gradients of the loss itself, of those of the loss times a scale."""
    return {key: widen(g) / scale.astype(widen(g).dtype) for key, g in grads.items()}


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
