"""Defines a compiled spec: pure, jitted functions around a state, which Python users, the trainer and the exporters hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, Self

from netspec.diagnostics.running.weights import ArrayMismatch, NothingToTrain
from netspec.diagnostics.spec_error import SpecError, raise_spec_errors
from netspec.ir import Body, Objective, ServePlan, TrainPlan, Typed
from netspec.kernels.choice import AUTOMATIC, LOWERINGS, Chooser, Chosen
from netspec.kernels.family import Variant
from netspec.lazy import jax, jnp, np
from netspec.library.base import Array, Clock
from netspec.lower import parameter_average, serve_arrays
from netspec.lower import step_functions as steps
from netspec.lower.batch_statistics import Result, finish_sums, merge
from netspec.lower.clock import bind_clock, derive_clock
from netspec.lower.constant_fills import find_fills
from netspec.lower.devices import DataParallel, OneDevice, all_devices
from netspec.lower.empty_batch import answer_nothing, is_empty
from netspec.lower.exported_prediction import PLATFORMS, Artifact, export_prediction
from netspec.lower.forward_pass import Forward
from netspec.lower.frozen_buffers import find_frozen
from netspec.lower.gradient_source import Source, find_source, is_finite
from netspec.lower.id_limits import require_ids
from netspec.lower.initial_values import host_seed, initialise, trace_initial, traced_key
from netspec.lower.input_arrays import accept, copy_of, refuse_unknown, shape_of, sign_arrays, to_host, to_numpy
from netspec.lower.kernel_choices import chosen_kernels
from netspec.lower.layout import BUFFERS, PARAMS, Layout
from netspec.lower.objective import EXAMPLE_WEIGHTS, Statistics
from netspec.lower.precision import PRECISIONS, Precision, in_full_width, is_traced, is_wide, own_width, require_width
from netspec.lower.random_draws import EVAL_STEP, step_key, take_key
from netspec.lower.repeat_lowering import CHOICES
from netspec.lower.sequence_lengths import require_lengths
from netspec.lower.several_steps import take_several
from netspec.lower.step_gauge import Gauge, Reading, choose_watched, read_numbers
from netspec.lower.step_guard import StepGuard
from netspec.lower.training_state import State
from netspec.lower.updates import make_guard, make_update
from netspec.lower.variables import are_arrays, as_leaf, collections_of, require_dict, require_state
from netspec.proofs.id_bounds import Bounds, find_bounds
from netspec.shape import TensorType
from netspec.source import Span

Variables = State | Mapping[str, Any]
"""A state; or {"params": …, "buffers": …}; or the parameters alone, where a model has no buffers. Both are flat, as a state has them
(`state.params`), or nested dicts by logical path, as `unpack` gives them."""
Phase = Literal["train", "eval", "serve"]
PHASES: tuple[Phase, ...] = ("train", "eval", "serve")


@dataclass(frozen=True, eq=False, repr=False)
class Program:
    """A model, and how to train it where the spec says so. Make one with `Program.of`.

    `train_step` donates its state: the arrays of the state passed in are gone afterwards. Problems of what is passed in are `SpecError`s.
    """

    typed: Typed
    plan: TrainPlan | None
    model: Body
    layout: Layout
    clock: Clock | None = None
    repeat: str | None = None
    """"scan", "unroll", or None for the compiler's choice."""
    precision: str = "f32"
    lowering: str = AUTOMATIC
    """"automatic", or "portable": references of kernels only."""
    variants: tuple[Variant, ...] = ()
    """Variants of kernels that plugins add."""
    foreign: Mapping[str, Any] = field(default_factory=dict)
    """Optimizers from Python, with optax's protocol, by the names of the updates that they take the place of ("" stands alone)."""

    @classmethod
    def of(
        cls,
        typed: Typed,
        train: str | None = None,
        model: str | None = None,
        repeat: str | None = None,
        precision: str | None = None,
        lowering: str | None = None,
        variants: tuple[Variant, ...] = (),
    ) -> Program:
        """The program of a `train` section, the first one of that name and model; without any, of the model of that name or the first."""
        plan = next((t for t in typed.trains if train in (None, t.name) and model in (None, t.model.name)), None)
        body = plan.model if plan else typed.models[model] if model else next(iter(typed.models.values()))
        if lowering not in (None, *LOWERINGS):
            raise ValueError(f"`lowering` is one of {', '.join(LOWERINGS)}, and not {lowering!r}")
        precision, lowering = precision or (plan.precision if plan else "f32"), lowering or (plan.lowering if plan else AUTOMATIC)
        return cls(typed, plan, body, Layout.of(body), None, repeat, precision, lowering, variants)

    def at(self, clock: Clock | None = None, /, *, steps_per_epoch: int | None = None, total_steps: int | None = None) -> Self:
        """The same program with its schedules bound to the length of an epoch and of the training, in steps: for a loop of one's own, where
        the spec's `duration` counts epochs or a schedule does. `fit` finds out by itself.

        `total_steps` is that of the spec's `duration` when absent. A `Clock` has both. Raises ValueError for what is no number of steps,
        and `SpecError` for a spec without `train`.
        """
        if isinstance(clock, Clock) and steps_per_epoch is None and total_steps is None:
            return replace(self, clock=clock)
        if clock is not None or steps_per_epoch is None:
            raise ValueError("`at` takes the number of steps of an epoch, as `at(steps_per_epoch=44)`, or one `netspec.Clock`")
        self._objective("train")
        assert self.plan is not None
        return replace(self, clock=bind_clock(self.plan, steps_per_epoch, total_steps))

    def with_optimizer(self, optimizer: Any, update: str = "") -> Self:
        """The same program, trained by a gradient transformation with optax's protocol (`optax.adam(1e-3)`) in place of the spec's.

        It sees parameters by logical path, those of a `repeat` layer by layer. `update` names the one it is for, where a spec has several.
        """
        names = [u.name for u in self.plan.updates] if self.plan else []
        if update not in names or not (hasattr(optimizer, "init") and hasattr(optimizer, "update")):
            raise ValueError(f"`optimizer` has `init` and `update`, as optax's have, and `update` is one of {names}")
        return replace(self, foreign={**self.foreign, update: optimizer})

    def __repr__(self) -> str:
        trained = f", trained by {self.plan.name}" if self.plan and self.plan.name != self.model.name else ""
        inputs = ", ".join(f"{name}: {kind}" for name, kind in self.model.input_types().items())
        return f"<Program {self.model.name}({inputs}) -> {', '.join(self.model.output_types())}{trained}>"

    # --- states ------------------------------------------------------------------------------------------------------

    @own_width
    def init(self, seed: int | None = None) -> State:
        """The state before the first step. Without a seed, that of the spec. Raises TypeError for a seed that is no number on the host."""
        return self._state(initialise(self.layout, self._seed if seed is None else host_seed(seed), self._precision))

    @own_width
    def init_traced(self, key: Any) -> State:
        """The state before the first step, drawn by a key of JAX's: under `jax.jit`, `jax.vmap` (members of an ensemble) and
        `jax.eval_shape`. Values have the same distributions as those of `init`, but are others. Raises TypeError for what is no key."""
        return self._state(trace_initial(self.layout, traced_key(key), self._precision))

    @own_width
    def pack(self, tree: Variables) -> State:
        """The state before the first step that has these weights (nested dicts by logical path, as `unpack` gives them). Raises `SpecError`
        (weights-mismatch) that lists every path which is missing, unknown, or has another shape."""
        packed = self._packed(collections_of(tree))
        return self._state({name: {key: copy_of(x) for key, x in leaves.items()} for name, leaves in packed.items()})

    @own_width
    def averaged(self, state: State) -> State:
        """The state with the parameters that `apply`, `predict` and `eval_step` use: their moving average, where the spec has `ema`, or
        those that the optimizer has evaluated in place of the training ones, without its own state then, so that they stay."""
        state = self._own(state)
        if state.average:
            return state._replace(params=parameter_average.cast_average(state.average, state.params))
        if state.optimizer == () or not any(update.optimizer.evaluated for update in self._updates.values()):
            return state
        return state._replace(params=self._evaluated(state.params, state.optimizer), optimizer=())

    def unpack(self, state: State) -> dict[str, Any]:
        """{"params", "buffers"}: nested dicts of arrays by logical path, of NumPy unless they are traced; each layer of a `repeat` by
        itself. What `pack` takes, and what other libraries understand. They are the parameters that are trained: those that `predict` uses,
        where the spec has `ema`, are `unpack(averaged(state))`."""
        own = self._own(state)
        collections = {PARAMS: own.params, BUFFERS: own.buffers}
        return self.layout.unpack({name: {key: to_numpy(x) for key, x in leaves.items()} for name, leaves in collections.items()})

    def _state(self, leaves: Mapping[str, dict[str, Any]]) -> State:
        """The state of a training that begins, on the devices."""
        params, buffers, step = self._placement.state((leaves[PARAMS], leaves[BUFFERS], np.zeros((), np.int32)))
        mean = self._placement.state(parameter_average.begin_average(params)) if self.plan and self.plan.ema is not None else ()
        guard = self._placement.state(self._guard.begin()) if self._guard else ()
        return State(params, buffers, self._optimizer_init(params), step, mean, guard)

    def _packed(self, tree: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Leaves as they are stored, with the right shapes. Raises `SpecError`."""
        with raise_spec_errors():
            packed = self.layout.pack(tree)
        known = {PARAMS: self.layout.params, BUFFERS: self.layout.buffers}
        dtype = self._precision.stored
        return {
            name: {key: as_leaf(key, x, dtype(known[name][key].weight.dtype)) for key, x in leaves.items()}
            for name, leaves in packed.items()
        }

    # --- running -----------------------------------------------------------------------------------------------------

    @own_width
    def apply(
        self, variables: Variables, inputs: Mapping[str, Any] | None = None, /, *, phase: Phase = "eval", key: Any = None, **named: Any
    ) -> dict[str, Array]:
        """The model's outputs by name, arrays of JAX, in a phase: `apply(state, image=x)`, `apply(params, image=x, phase="train",
        key=key)`.

        Inputs are arrays of the types that the spec declares, by name, or in one dict (a model may have an input called `key`). In the
        phase "train" dropout drops, by numbers drawn from `key`, a key of JAX, and batch norm uses the batch's own statistics; what it
        would write into its buffers is lost (see `loss_and_buffers`). In "eval" and "serve" the spec's seed draws, unless there is a key.
        Of no examples outputs have none. Pure: works under `jax.jit`, `jax.grad` and `jax.vmap`. Raises `SpecError` for weights and inputs
        that do not fit and for a key that is missing, ValueError for another phase.
        """
        if inputs is not None and not isinstance(inputs, Mapping):
            name = next(iter(self.model.input_types()), "x")
            raise TypeError(f"inputs go by name, `apply(state, {name}=…)`, or in one dict, and not as a {type(inputs).__name__}")
        given = {**(inputs or {}), **named}
        if inputs is None and key is not None and "key" in self.model.input_types():
            given, key = {**given, "key": key}, None
        if phase not in PHASES:
            raise ValueError(f"`phase` is one of {', '.join(PHASES)}, and not {phase!r}")
        if is_empty(self.model, given):
            return {name: jnp.asarray(x) for name, x in self._nothing(given, phase).items()}
        run = {"eval": self._apply, "serve": self._predict}.get(phase) or self._apply_in_training
        with raise_spec_errors():
            leaves = self._leaves(variables, phase)
            return run(*leaves, self._inputs(given)) if key is None else run(*leaves, self._inputs(given), take_key(key, "`apply`"))

    def loss(
        self,
        variables: Variables,
        batch: Mapping[str, Any],
        *,
        buffers: Mapping[str, Any] | None = None,
        phase: Phase = "train",
        key: Any = None,
        update: str | None = None,
    ) -> Array:
        """The loss of the `train` section on one batch, a scalar, for gradients of one's own: `jax.grad(program.loss)(state.params,
        batch)`.

        `variables` are what is differentiated: the parameters alone, flat (`state.params`) or nested, with the `buffers` of a model that
        has some beside them; or a state, or both in one dict. `batch` has arrays by field, as `train_step` takes them but for the axis of
        `accumulate`. In the phase "train" `key`, a key of JAX, draws what dropout drops; "eval" drops nothing. `update` names the one whose
        loss is meant where a spec has several, else it is the sum of theirs. Pure: works under `jax.jit`, `jax.grad` and `jax.vmap`. Raises
        `SpecError` for weights and batches that do not fit, a key that is missing, a spec without `train`.
        """
        return self.loss_and_buffers(variables, batch, buffers=buffers, phase=phase, key=key, update=update)[0]

    @own_width
    def loss_and_buffers(
        self,
        variables: Variables,
        batch: Mapping[str, Any],
        *,
        buffers: Mapping[str, Any] | None = None,
        phase: Phase = "train",
        key: Any = None,
        update: str | None = None,
    ) -> tuple[Array, dict[str, Array]]:
        """(`loss`, the buffers as the pass leaves them, as `state.buffers` has them): the running statistics of batch norm, for
        `jax.value_and_grad(program.loss_and_buffers, has_aux=True)`."""
        objective = self._objective("train")
        if update is not None:
            assert self.plan is not None
            names = [u.name for u in self.plan.updates]
            if update not in names:
                raise ValueError(f"`update` is one of {names}, and not {update!r}")
            objective = next(u.objective for u in self.plan.updates if u.name == update)
        if phase not in PHASES:
            raise ValueError(f"`phase` is one of {', '.join(PHASES)}, and not {phase!r}")
        given = self.averaged(self._own(variables)) if isinstance(variables, State) and phase != "train" else variables
        with raise_spec_errors():
            packed = self._packed(collections_of(given, buffers))
            run = self._losses.setdefault((phase, update), self._placement.jit(steps.loss_of(self._forward, objective, phase)))
            arrays = self._batch(batch, objective)
            return run(packed[PARAMS], packed[BUFFERS], arrays, None if key is None else take_key(key, "`loss`"))

    @own_width
    def predict(self, state: Variables, /, **inputs: Any) -> dict[str, Any]:
        """The model's outputs by name, in the phase `serve`, as NumPy arrays (of JAX where the inputs are traced); of no examples those
        have none. Raises `SpecError` for weights and inputs that do not fit."""
        return self.predict_arrays(state, inputs)

    @own_width
    def predict_arrays(self, state: Variables, inputs: Mapping[str, Any], seed: int | None = None, first: int = 0) -> dict[str, Any]:
        """`predict` with the inputs as one mapping, of one batch, whose first example is number `first` of all. `seed` draws, else that of
        the spec."""
        if is_empty(self.model, inputs):
            return self._nothing(inputs, "serve")
        key = None if seed is None else step_key(seed, EVAL_STEP)
        outputs = self._predict(*self._leaves(state), self._inputs(inputs), key, np.uint32(first))
        return {name: to_host(x) for name, x in outputs.items()}

    @own_width
    def export(
        self,
        state: Variables | None = None,
        *,
        batch: str = "B",
        sizes: Mapping[str, int] | None = None,
        platforms: Sequence[str] = PLATFORMS,
    ) -> Artifact:
        """`predict` as an artifact of `jax.export` for any number of the size `batch`: `save` writes it, `jax.export.deserialize` reads it.

        With a state its weights are in the artifact, `call(image=…)`; without they are the first argument, as `unpack` gives them, `call(
        program.unpack(program.averaged(state)), image=…)`. Other open sizes of the inputs stay open too unless `sizes` has numbers for
        them. Raises `SpecError` for a size that the inputs do not have, and where an op needs a number; `ValueError` for a `batch` that is
        no name, or that `sizes` has a number for.
        """
        weights = None if state is None else self._leaves(state)
        return export_prediction(self._forward, weights, batch, sizes or {}, platforms)

    @own_width
    def decode(
        self,
        state: Variables,
        name: str | None = None,
        /,
        *,
        prefix_length: Any = None,
        seed: int | None = None,
        first_example: int = 0,
        examples: int = 1,
        **inputs: Any,
    ) -> dict[str, Any]:
        """What the `serve` section generates, the first of its lines or that of the input `name`, as NumPy arrays: under the input's name
        i32[B, limit], under NAME_length and NAME_score i32[B] and f32[B] (log-probability).

        `inputs` are the model's; the generated one is what sequences begin with, i32[B, P], of which `prefix_length`, i32[B], count. Inputs
        along the same positions must be given for all P + limit. `seed` is that of samples, the spec's when absent;
        `first_example` the index of the first one among all; `examples` their number where no array tells it.
        """
        return self.decode_arrays(state, name, inputs, prefix_length, seed, first_example, examples)

    @own_width
    def decode_arrays(
        self,
        state: Variables,
        name: str | None,
        inputs: Mapping[str, Any],
        prefix_length: Any = None,
        seed: int | None = None,
        first_example: int = 0,
        examples: int = 1,
    ) -> dict[str, Any]:
        """`decode` with the inputs as one mapping, so that they may be called anything, `seed` too."""
        plan = serve_arrays.choose_plan(self.serves, self.model.name, name)
        if any(shape_of(x)[:1] == (0,) for x in inputs.values()):
            return serve_arrays.answer_nothing(plan)
        arrays, begin = serve_arrays.accept_inputs(plan, inputs, prefix_length, self._precision, examples)
        require_lengths(self.model, self.model.input_types(), arrays)
        arrays = self._place(arrays, self.model.input_types())
        words = np.uint32((self._seed if seed is None else seed) & 0xFFFF_FFFF), np.uint32(first_example)
        run = self._decoders.setdefault(plan.feeds, self._placement.jit(serve_arrays.build_answer(plan, self._forward)))
        begun = self._placement.batch({"tokens": begin.tokens, "lengths": begin.lengths}, ("tokens", "lengths"))
        return serve_arrays.to_host(run(*self._leaves(state), arrays, begun["tokens"], begun["lengths"], *words))

    @property
    def serves(self) -> tuple[ServePlan, ...]:
        """What the file generates with this model."""
        return tuple(plan for plan in self.typed.serves if plan.model is self.model)

    @own_width
    def train_step(self, state: State, batch: Mapping[str, Any]) -> tuple[State, Statistics]:
        """One step. The batch's arrays are by field, and beside them f32[B] `"example weights"` where some count differently, such as 0
        for those that only fill it up; a field that the spec's `weights` names is a factor of its own. Where the spec says
        `accumulate = k` each array holds k batches along a first axis of its own.

        The statistics are those of the loss's terms and metrics before the update; `merge` adds them up, `finish` gives numbers.
        """
        with raise_spec_errors():
            own = require_state(self.layout, state, batch)
            self._require_optimizer(own)
            arrays = self._batch(batch, self._objective("train"), self.plan.accumulate if self.plan else 1)
            traced = any(map(is_traced, jax.tree.leaves((own, arrays))))
            return (self._train_traced if traced else self._train)(own, arrays)

    @own_width
    def observed_step(self, state: State, batch: Mapping[str, Any], gauge: Gauge) -> tuple[State, Statistics, Any]:
        """`train_step`, and what `reading` makes numbers of: what the gauge measures of the step."""
        with raise_spec_errors():
            return self._observed(gauge)(state, self._batch(batch, self._objective("train"), self.plan.accumulate if self.plan else 1))

    @own_width
    def observed_steps(
        self, state: State, batch: Mapping[str, Any], count: int, gauge: Gauge, stacked: bool
    ) -> tuple[State, Statistics, Any]:
        """`count` times `observed_step` in one call, on the same batch or on the first of as many as are `stacked`: see `take_several`."""
        with raise_spec_errors():
            together = self.plan.accumulate if self.plan else 1
            arrays = self._batches(batch) if stacked else self._batch(batch, self._objective("train"), together)
            return self._several(gauge, stacked)(state, arrays, np.int32(count))

    @property
    def may_take_several(self) -> bool:
        """Whether several steps may be one call: where this was measured, and where nothing looks at each of them."""
        one = isinstance(self._placement, OneDevice) and jax.default_backend() == "cpu"
        return one and self.lowering == AUTOMATIC and self._guard is None

    @own_width
    def compile_step(self, state: State, batch: Mapping[str, Any], gauge: Gauge) -> tuple[Callable[..., Any], Any]:
        """(a compiled step on batches of these sizes, what XLA says of the memory that it takes). Nothing runs."""
        arrays = self._batch(batch, self._objective("train"), self.plan.accumulate if self.plan else 1)
        compiled = self._observed(gauge).lower(state, arrays).compile()
        return compiled, compiled.memory_analysis()

    def reading(self, gauge: Gauge, seen: Any) -> Reading:
        """The learning rate, the length of the gradient and whatever else was measured of a step; it is waited for."""
        return read_numbers(gauge, {name: update.gradient.chosen for name, update in self._updates.items()}, seen)

    def gauge(self, patterns: Collection[str] = ()) -> Gauge:
        """What measures steps, and the parameters with these logical paths one by one. Raises `Mistake` for a pattern that matches none."""
        trained = [u.paths for u in self.plan.updates] if self.plan else []
        known = [path for leaf in self.layout.leaves().values() for path in leaf.paths]
        return Gauge(choose_watched(patterns, [path for path in known if any(own is None or path in own for own in trained)]))

    @own_width
    def eval_step(self, state: State, batch: Mapping[str, Any], first: int = 0) -> Statistics:
        """The statistics of one batch of an evaluation; `first` is the index of its first example in the whole evaluation."""
        number = first if is_traced(first) else np.uint32(first)
        return self._eval(*self._leaves(state), self._batch(batch, self._objective("eval")), number)

    @own_width
    def finish(self, statistics: Statistics, objective: str = "train") -> dict[str, Result]:
        """What summed statistics of `train` or `eval` steps mean: `loss` and every metric, as numbers or nested lists of them; of those
        that are traced, arrays."""
        self._objective("train")
        if objective not in self._finish:
            raise ValueError(f'`finish` takes the statistics of "train" or "eval", and not of {objective!r}')
        return finish_sums(self._finish[objective], statistics)

    merge = staticmethod(merge)

    @own_width
    def first_nan(self, batch: Mapping[str, Any], state: State | None = None) -> Span | None:
        """Where the model makes the first NaN from a batch, before any update unless there is a state; None where it makes none."""
        state = state or self.init()
        inputs = self._inputs({name: batch[name] for name in self.model.input_types() if name in require_dict(batch)})
        return self._forward.first_nan(state.params, state.buffers, inputs)

    @own_width
    def find_gradient_source(self, batch: Mapping[str, Any], state: State | None = None) -> Source | None:
        """The op whose gradient is infinite or NaN on a batch, though the loss is a number, before any update unless there is a state; None
        where none is.

        A batch is looked at op by op only when its gradient, computed as a whole, is no number.
        """
        state = state or self.init()
        arrays = self._batch(batch, self._objective("train"))
        for name, update in self._updates.items():
            if not bool(self._gradient_tests[name](state.params, state.buffers, arrays)):
                return find_source(update.gradient, state.params, state.buffers, arrays)
        return None

    @cached_property
    def _gradient_tests(self) -> dict[str, Callable[..., Any]]:
        """Whether the gradients of each update are finite."""
        return {name: self._placement.jit(is_finite(update.gradient)) for name, update in self._updates.items()}

    @property
    def symbols(self) -> tuple[str, ...]:
        """The free dims of what a training step takes, of the model's inputs where nothing is trained."""
        return tuple(sorted({symbol for kind in self.step_types.values() for symbol in kind.symbols()}))

    @own_width
    def kernels(self, sizes: Mapping[str, int]) -> tuple[Chosen, ...]:
        """What a training step computes with when its symbols have these sizes, without training an evaluation. Nothing is compiled."""
        forward = replace(self._forward, kernels=Chooser(self.lowering, self.variants))
        gradients = [replace(update.gradient, forward=forward) for update in self._updates.values()]
        return chosen_kernels(forward, gradients, self.step_types, sizes)

    @property
    def step_types(self) -> dict[str, TensorType]:
        """The types of the batch's fields that a training step reads, those of the data where they say more than the model."""
        read = (update.objective.fields() for update in self.plan.updates) if self.plan else ()
        types = {name: kind for each in (*read, self.model.input_types()) for name, kind in each.items()}
        known = self.plan.data.fields if self.plan else {}
        return {name: known.get(name, kind) for name, kind in types.items()}

    def _leaves(self, variables: Variables, phase: str = "eval") -> tuple[dict[str, Any], dict[str, Any]]:
        """Parameters and buffers of a state, its average where it is not trained, or of arrays by path."""
        if isinstance(variables, State):
            own = self._own(variables)
            return (own if phase == "train" else self.averaged(own)).params, own.buffers
        packed = self._packed(collections_of(variables))
        return packed[PARAMS], packed[BUFFERS]

    def _own(self, state: State) -> State:
        """The state, when its leaves are those of this program's model."""
        with raise_spec_errors():
            return require_state(self.layout, state)

    def _require_optimizer(self, state: State) -> None:
        """Raises `SpecError` for a state that another optimizer has left, or that is none."""
        if not self.plan:
            return
        numbers = are_arrays((state.optimizer, state.step, state.average, state.guard))
        same = numbers and jax.tree.structure(state.optimizer) == self._optimizer_structure
        if not same or set(state.guard) != set(self._guard.begin() if self._guard else ()):
            expected, repair = "a state of this program's optimizer", "keep its weights and begin anew: `program.pack(state)`"
            raise SpecError([ArrayMismatch(field="state", expected=expected, found="one of another", repair=repair)])

    @cached_property
    def _optimizer_structure(self) -> Any:
        """The tree of the optimizers' state, without arrays."""
        params = {key: jax.ShapeDtypeStruct(s.shape, self._precision.stored(s.weight.dtype)) for key, s in self.layout.params.items()}
        return jax.tree.structure(jax.eval_shape(self._moments, params))

    def _inputs(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Inputs as the program takes them. Raises `SpecError` for those that do not fit."""
        types = self.model.input_types()
        refuse_unknown(given, types)
        arrays = accept(types, given, self._precision, self.model.facts)
        require_lengths(self.model, types, arrays)
        require_ids(self._id_bounds[""], types, arrays, on_device=True)
        return self._place(arrays, types)

    def _nothing(self, given: Mapping[str, Any], phase: str) -> dict[str, Any]:
        """The outputs for no examples. Raises `SpecError` for inputs that would not fit if there were one."""
        refuse_unknown(given, self.model.input_types())
        return answer_nothing(self.model, given, self._precision, phase)

    def _batch(self, batch: Mapping[str, Any], objective: Objective, count: int = 1) -> dict[str, Any]:
        """The arrays that an objective and the model take, of `count` batches along an axis in front where that is not 1.

        Of arrays that are on the device no number is looked at: those of another batch with the same shapes and dtypes, which fitted, are
        taken as they are.
        """
        signature = sign_arrays(batch)
        known = self._fitting.get((id(objective), count, signature)) if signature else None
        if known is not None:
            names, counted = known
            return self._placement.batch({name: batch[name] for name in names}, counted, 0 if count == 1 else 1)
        arrays, counted = self._checked_batch(batch, objective, count)
        if signature and all(array is batch[name] for name, array in arrays.items()):
            self._fitting[id(objective), count, signature] = tuple(arrays), counted
        return self._placement.batch(arrays, counted, 0 if count == 1 else 1)

    def _batches(self, stacked: Mapping[str, Any]) -> dict[str, Any]:
        """What steps take of several batches along a first axis; the first is looked at as `_batch` does, and the others are like it."""
        signature = sign_arrays(stacked)
        dtypes = self._fitting_stacks.get(signature)
        if dtypes is None:
            one = {name: x[0] for name, x in stacked.items()}
            arrays = self._batch(one, self._objective("train"), self.plan.accumulate if self.plan else 1)
            dtypes = self._fitting_stacks[signature] = {name: array.dtype for name, array in arrays.items()}
        return {name: x if (x := stacked[name]).dtype == dtype else x.astype(dtype) for name, dtype in dtypes.items()}

    @cached_property
    def _fitting_stacks(self) -> dict[Any, dict[str, Any]]:
        """What steps take of several batches, by their signature: names and dtypes."""
        return {}

    @cached_property
    def _fitting(self) -> dict[Any, tuple[tuple[str, ...], list[str]]]:
        """What a step takes of batches of these shapes and dtypes, and which of it counts examples; by objective, number of batches, and
        signature."""
        return {}

    def _checked_batch(self, batch: Mapping[str, Any], objective: Objective, count: int) -> tuple[dict[str, Any], list[str]]:
        """The arrays of a batch, in their own dtypes, and the names of those that count examples. Raises `SpecError`."""
        types = {**objective.fields(), **self.model.input_types()}
        require_dict(batch, types)
        if EXAMPLE_WEIGHTS in batch and self.model.batch is not None:
            types[EXAMPLE_WEIGHTS] = TensorType("f32", [self.model.batch])
        stacked = types if count == 1 else {name: t.with_shape((count, *t.shape)) for name, t in types.items()}
        arrays = accept(stacked, batch, self._precision, self.model.facts)
        require_lengths(self.model, stacked, arrays)
        bounds = self._id_bounds["train" if objective is self._objective("train") else "eval"]
        require_ids(bounds, stacked, arrays, [arrays[name] for name in (EXAMPLE_WEIGHTS, objective.weights) if name in arrays])
        return arrays, self._counted(arrays, types)

    def _place(self, arrays: dict[str, Any], types: Mapping[str, TensorType]) -> dict[str, Any]:
        """Arrays on the devices, divided along the axis of examples."""
        return self._placement.batch(arrays, self._counted(arrays, types), 0)

    def _counted(self, arrays: Mapping[str, Any], types: Mapping[str, TensorType]) -> list[str]:
        """The names of the arrays whose first axis counts examples."""
        batch = self.model.batch
        return [n for n in arrays if types[n].rank and batch is not None and types[n].shape[0] == batch]

    @cached_property
    def _id_bounds(self) -> dict[str, list[Bounds]]:
        """Which ids, labels and indices can be used: by the model alone, in training and in evaluations."""
        objectives = {"": [], **({"train": [self.plan.objective], "eval": [self.plan.eval.objective]} if self.plan else {})}
        return {name: find_bounds(self.model, used) for name, used in objectives.items()}

    # --- compiled once -----------------------------------------------------------------------------------------------

    @property
    def _seed(self) -> int:
        return self.plan.seed if self.plan else 0

    @property
    def _precision(self) -> Precision:
        return PRECISIONS[self.precision]

    def _objective(self, which: str) -> Objective:
        """What is measured in training or evaluation. Raises `SpecError` for a spec without `train`."""
        if self.plan is None:
            raise SpecError([NothingToTrain(model=self.model.name)])
        return self.plan.objective if which == "train" else self.plan.eval.objective

    @cached_property
    def _placement(self) -> OneDevice | DataParallel:
        return all_devices()

    def width(self) -> AbstractContextManager[Any]:
        """In it JAX computes in the width that the program's numbers have."""
        return in_full_width(self._wide)

    def require_width(self, given: Any) -> None:
        """Raises `SpecError` for arrays of a trace that runs in 32 bits, where the program's numbers have 64."""
        require_width(self.model.name, self._wide, given)

    def send(self, arrays: Any) -> Any:
        """Arrays on the device, in their own width."""
        with self.width():
            return jax.device_put(arrays)

    @cached_property
    def _wide(self) -> bool:
        return is_wide(self.model, self._precision)

    @cached_property
    def _forward(self) -> Forward:
        frozen = find_frozen(self.layout, self.plan.updates, self.foreign) if self.plan and self.layout.buffers else {}
        kernels = Chooser(self.lowering, self.variants)
        return Forward(self.model, self.layout, self._precision, CHOICES[self.repeat], self._seed, kernels, frozen=frozen)

    @cached_property
    def _updates(self) -> dict[str, steps.Update]:
        """The optimizers at work, by the names of their updates."""
        if (plan := self.plan) is None:
            return {}
        clocks = {u.name: self.clock or derive_clock(plan, u.span) for u in plan.updates}
        foreign, guard = self.foreign, self._guard
        return {u.name: make_update(u, self._forward, clocks[u.name], plan.accumulate, foreign.get(u.name), guard) for u in plan.updates}

    @cached_property
    def _guard(self) -> StepGuard | None:
        """What leaves out steps that are no numbers, where the spec wants it."""
        return make_guard(self.plan, self._precision, self.foreign) if self.plan else None

    def _optimizer_init(self, params: Mapping[str, Any]) -> Any:
        """The optimizers' first states, on the devices."""
        with raise_spec_errors():
            if not self.plan:
                return ()
            fills = None if any(map(is_traced, params.values())) else find_fills(self._begin_moments, params)
            if fills is None:
                return self._moments(params)
            return jax.tree.map(lambda x: self._placement.state(np.array(x, order="C")), fills)

    def _begin_moments(self, params: Mapping[str, Any]) -> Any:
        return steps.strip_weak_types(steps.first_moments(self._updates, params))

    @cached_property
    def _moments(self) -> Callable[..., Any]:
        """The optimizers' first states: one compiled program for all tensors, since JAX would compile one for each shape otherwise."""
        return self._placement.jit(self._begin_moments)

    @cached_property
    def _evaluated(self) -> Callable[..., Any]:
        return self._placement.jit(lambda params, moments: steps.evaluate_params(self._updates, params, moments))

    @cached_property
    def _train(self) -> Callable[..., Any]:
        self._objective("train")
        return self._placement.jit(self._step, donate_argnums=(0,))

    @cached_property
    def _train_traced(self) -> Callable[..., Any]:
        """The same inside of a trace, whose gradients may need the state that the step begins with: it keeps it."""
        return self._placement.jit(self._step)

    @property
    def _step(self) -> Callable[..., Any]:
        """One step of training, not compiled."""
        step = self._measured_step(self._updates)
        return lambda state, batch: step(state, batch)[:2]

    def _measured_step(self, updates: Mapping[str, steps.Update]) -> Callable[..., Any]:
        return steps.training_step(updates, self.plan.ema if self.plan else None, self.layout.averages(), self._guard)

    def _observed(self, gauge: Gauge) -> Callable[..., Any]:
        """One step of training under a gauge; `seen` are its measurements, and the guard's counts."""
        if gauge not in self._observed_steps:
            self._observed_steps[gauge] = self._placement.jit(self._observing(gauge), donate_argnums=(0,))
        return self._observed_steps[gauge]

    def _several(self, gauge: Gauge, stacked: bool) -> Callable[..., Any]:
        """Several such steps."""
        if (gauge, stacked) not in self._several_steps:
            steps = take_several(self._observing(gauge), stacked)
            self._several_steps[gauge, stacked] = self._placement.jit(steps, donate_argnums=(0,))
        return self._several_steps[gauge, stacked]

    def _observing(self, gauge: Gauge) -> Callable[[State, Mapping[str, Any]], Any]:
        """One step of training under a gauge, not compiled."""
        step = self._measured_step({name: replace(update, gauge=gauge) for name, update in self._updates.items()})

        def observed(state: State, batch: Mapping[str, Any]) -> Any:
            moved, statistics, seen = step(state, batch)
            return moved, statistics, (seen, moved.guard)

        return observed

    @cached_property
    def _observed_steps(self) -> dict[Gauge, Callable[..., Any]]:
        """Compiled steps by what measures them."""
        return {}

    @cached_property
    def _several_steps(self) -> dict[tuple[Gauge, bool], Callable[..., Any]]:
        """Compiled programs of several steps by what measures them, and whether each has a batch of its own."""
        return {}

    @cached_property
    def _eval(self) -> Callable[..., Any]:
        return self._placement.jit(steps.evaluation_step(self._forward, self._objective("eval")))

    @cached_property
    def _apply(self) -> Callable[..., Any]:
        return self._placement.jit(steps.outputs(self._forward, "eval"))

    @cached_property
    def _apply_in_training(self) -> Callable[..., Any]:
        return self._placement.jit(steps.outputs(self._forward, "train"))

    @cached_property
    def _losses(self) -> dict[tuple[str, str | None], Callable[..., Any]]:
        """The losses by phase and update."""
        return {}

    @cached_property
    def _predict(self) -> Callable[..., Any]:
        return self._placement.jit(steps.outputs(self._forward, "serve"))

    @cached_property
    def _decoders(self) -> dict[str, Callable[..., Any]]:
        return {}

    @cached_property
    def _finish(self) -> dict[str, Callable[..., Any]]:
        evaluation = steps.build_finish(self._forward, self._objective("eval"))
        return {"train": self._placement.jit(steps.build_finish_all(self._updates)), "eval": self._placement.jit(evaluation)}
