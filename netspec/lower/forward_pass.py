"""Runs one pass of a model in a phase, from inputs to outputs and new buffers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from netspec.ir import Body
from netspec.kernels.choice import Chooser
from netspec.lazy import jnp, np
from netspec.library.base import Array
from netspec.lower.frozen_buffers import Frozen
from netspec.lower.input_arrays import sizes_of
from netspec.lower.interpreter import evaluate, execute
from netspec.lower.layout import Layout
from netspec.lower.node_scope import Frame, Run
from netspec.lower.precision import Precision
from netspec.lower.random_draws import EVAL_STEP, step_key
from netspec.lower.repeat_lowering import Choice
from netspec.source import Span

Arrays = Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Forward:
    """A model ready to be traced."""

    model: Body
    layout: Layout
    precision: Precision
    choose: Choice
    seed: int
    kernels: Chooser = field(default_factory=Chooser)
    watch: Any = None
    """See `Run.watch`."""
    frozen: Frozen = field(default_factory=dict)
    """Buffers that a training leaves as they are."""

    def __call__(
        self,
        phase: str,
        params: Arrays,
        buffers: Arrays,
        inputs: Arrays,
        *,
        step: Any = EVAL_STEP,
        weight: Array | None = None,
        first: Any = 0,
        exports: dict[str, Array] | None = None,
        key: Any = None,
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """(outputs by name, new values of buffers by stored key). `first` is the global index of the batch's first example.

        Random numbers are drawn by the key, else by the seed and the step; with neither what draws is refused. `exports` is filled with
        the values of `aux` by stored key.
        """
        frame = replace(self.frame(phase, params, buffers, inputs, step, weight, first, key), exports=exports)
        outputs = evaluate(self.model, frame, self.precision.enter(inputs, self.model))
        return self.precision.leave(outputs, self.model), frame.updates

    def frame(
        self,
        phase: str,
        params: Arrays,
        buffers: Arrays,
        inputs: Arrays,
        step: Any = EVAL_STEP,
        weight: Array | None = None,
        first: Any = 0,
        key: Any = None,
    ) -> Frame:
        """What the model's body is run in, on these inputs."""
        sizes = sizes_of(self.model.input_types(), {port.name: jnp.asarray(inputs[port.name]) for port in self.model.inputs})
        key = key if key is not None or step is None else step_key(self.seed, step)
        examples, frozen = self._examples(inputs, first), self.frozen if phase == "train" else {}
        run = Run(phase, self.precision, self.layout, self.choose, key, self.kernels, weight, sizes, self.watch, examples, frozen)
        return Frame(run, params, buffers)

    def first_nan(self, params: Arrays, buffers: Arrays, inputs: Arrays) -> Span | None:
        """Where the model makes the first NaN of a training pass over these inputs, op by op, or else the first infinity; None where it
        makes none."""
        return self._first(jnp.isnan, params, buffers, inputs) or self._first(jnp.isposinf, params, buffers, inputs)

    def _first(self, test: Callable[[Array], Array], params: Arrays, buffers: Arrays, inputs: Arrays) -> Span | None:
        """Where the model makes the first number that does not pass."""
        frame = self.frame("train", params, buffers, inputs)
        given = self.precision.enter(inputs, self.model)
        wires = {port.wire: given[port.name] for port in self.model.inputs if isinstance(port.wire, int)}
        for node in self.model.nodes:
            before = set(wires)
            execute((node,), self.model, frame, wires)
            if any(bool(test(wires[wire]).any()) for wire in wires.keys() - before):
                return getattr(node, "span", None)
        return None

    def _examples(self, inputs: Arrays, first: Any) -> Array | None:
        """Global indices of the batch's examples: as many as the leading dim of the first input that has one."""
        sizes = [np.shape(inputs[port.name])[0] for port in self.model.inputs if np.ndim(inputs[port.name])]
        return jnp.arange(sizes[0], dtype=jnp.uint32) + jnp.asarray(first).astype(jnp.uint32) if sizes else None

    def measuring(self, phase: str, weight: Array | None) -> Frame:
        """A frame for an objective: no parameters, full precision."""
        full = Precision(self.precision.storage, self.precision.storage)
        key = step_key(self.seed, EVAL_STEP)
        return Frame(Run(phase, full, Layout(self.model, {}, {}, {}), self.choose, key, self.kernels, weight, watch=self.watch))
