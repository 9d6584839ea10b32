"""Holds the laws of ops that the compiler builds of others, recurrences and those with `parts`. Their examples are compiled as models."""

from __future__ import annotations

from typing import Any

from netspec.cost import cost
from netspec.ir import Body
from netspec.lazy import jax, jnp, np
from netspec.library.base import Example
from netspec.lower.forward_pass import Forward
from netspec.lower.initial_values import initialise
from netspec.lower.layout import Layout
from netspec.lower.precision import PRECISIONS
from netspec.lower.repeat_lowering import CHOICES
from netspec.shape import Dim
from netspec.testing.checks import close, require, require_same
from netspec.testing.trial_scope import sample
from netspec.tools.reference_examples import prove_model, type_of, write_example


class Built:
    """An example as a model whose batch is a symbol, in eval or in training, with drawn weights and inputs."""

    def __init__(self, example: Example, training: bool = False) -> None:
        rng = np.random.default_rng(7)
        self.op: Any = example.op
        self.example = example
        self.training = training
        self.types = [type_of(text) for text in (*example.inputs, *example.named.values())]
        self.batch = self.types[0].shape[0].value
        self.body = prove_model(write_example(self.symbolic())[1])
        self.inputs = dict(zip(self.body.input_types(), [sample(t, rng) for t in self.types], strict=True))
        first = initialise(Layout.of(self.body), 0)
        self.initial, self.buffers = first["params"], first["buffers"]
        self.params = {key: (rng.standard_normal(w.shape) / 2).astype("float32") for key, w in self.initial.items()}
        self.jitted = jax.jit(self.run)

    def __str__(self) -> str:
        return f"{self.op} of {', '.join(map(str, self.types))}{' in training' if self.training else ''}"

    def symbolic(self) -> Example:
        """The example with B for the batch."""
        inputs = [text.replace(f"[{self.batch}", "[B", 1) for text in self.example.inputs]
        named = {name: text.replace(f"[{self.batch}", "[B", 1) for name, text in self.example.named.items()}
        return Example(self.op, tuple(inputs), named)

    def run(self, params: Any, inputs: Any, precision: str = "f32", first: Any = 0) -> dict[str, Any]:
        """The model's results by name. `first` is the place of the first example in the whole batch."""
        forward = Forward(self.body, Layout.of(self.body), PRECISIONS[precision], CHOICES[None], 0)
        return forward("train" if self.training else "eval", params, self.buffers, inputs, first=first)[0]


def bind_numbers(case: Built) -> Body:
    """The model with numbers for sizes."""
    return prove_model(write_example(case.example)[1])


# --- laws ------------------------------------------------------------------------------------------------------------


def types_are_what_is_computed(case: Built) -> None:
    """What is inferred with a symbol for the batch is what is inferred with its size, and what `jax.eval_shape` finds; costs too."""
    size = {"B": case.batch}
    inferred = {name: kind.substitute(size) for name, kind in case.body.output_types().items()}
    require_same(inferred, bind_numbers(case).output_types(), "with B", "with numbers")
    found = {name: (x.shape, x.dtype.name) for name, x in jax.eval_shape(case.run, case.params, case.inputs).items()}
    require_same(found, {n: (tuple(d.value for d in t.shape), t.jax_dtype) for n, t in inferred.items()}, "computed is", "inferred is")
    require_same(Dim.of(cost(case.body)[1]).substitute(size), Dim.of(cost(bind_numbers(case))[1]), "FLOPs with B", "with numbers")


def initial_values_are_finite(case: Built) -> None:
    """Every parameter begins with finite values."""
    for name, value in case.initial.items():
        require(np.isfinite(value).all(), f"{name} begins with numbers that are not finite")


def jit_changes_nothing(case: Built) -> None:
    """Compiled or step by step, the results are the same."""
    with jax.disable_jit():
        plain = case.run(case.params, case.inputs)
    require_close(case.jitted(case.params, case.inputs), plain)


def gradient_is_the_slope(case: Built) -> None:
    """The gradient along a random direction is the difference quotient, in f64."""
    rng = np.random.default_rng(1)
    with jax.enable_x64(True):
        point = jax.tree.map(lambda x: np.float64(x) if x.dtype == np.float32 else x, (case.params, case.inputs))
        direction = jax.tree.map(lambda x: rng.standard_normal(x.shape) if x.dtype == np.float64 else np.zeros(x.shape, x.dtype), point)

        def along(t: Any) -> Any:
            given = jax.tree.map(lambda x, d: x + t * d if x.dtype == np.float64 else x, point, direction)
            return sum(jnp.sum(jnp.sin(3 * y)) for y in case.run(*given, precision="f64").values())

        both = jax.jit(jax.value_and_grad(along))
        numeric = (both(1e-6)[0] - both(-1e-6)[0]) / 2e-6
        close(both(0.0)[1], numeric, 1e-6, 1e-7)


def bf16_differs_by_rounding(case: Built) -> None:
    """Computed in bf16 the results are those of f32, within some hundredths of the largest."""
    narrow = jax.jit(lambda p, x: case.run(p, x, "mixed(bf16)"))(case.params, case.inputs)
    for name, full in case.jitted(case.params, case.inputs).items():
        require_same(narrow[name].dtype, full.dtype, "stored as", "declared as")
        close(narrow[name], full, 0.05, 0.05 * np.abs(full).max())


def examples_do_not_meet(case: Built) -> None:
    """Row i of every result is made of rows i of the inputs, unless `mixes_examples` says otherwise."""
    if case.op.mixes_examples(case.training, *case.types):
        return
    own = {name for name, kind in case.body.input_types().items() if kind.rank and kind.shape[0] == Dim.of("B")}
    alone = jax.jit(lambda x, place: case.run(case.params, x, first=place))
    parts = [alone({n: x[i : i + 1] if n in own else x for n, x in case.inputs.items()}, np.uint32(i)) for i in range(case.batch)]
    require_close({name: np.concatenate([part[name] for part in parts]) for name in parts[0]}, case.jitted(case.params, case.inputs))


def any_batch_is_traced(case: Built) -> None:
    """Where rows do not meet, the model is traced for any batch, and gives what is inferred with B."""
    if case.op.mixes_examples(case.training, *case.types):
        return
    size: Any = jax.export.symbolic_shape("B")[0]
    inputs = {
        name: jax.ShapeDtypeStruct(tuple(dim.evaluate({"B": size}) for dim in kind.shape), kind.jax_dtype)
        for name, kind in case.body.input_types().items()
    }
    found = {name: x.shape for name, x in jax.eval_shape(case.run, case.params, inputs).items()}
    inferred = {name: tuple(dim.evaluate({"B": size}) for dim in kind.shape) for name, kind in case.body.output_types().items()}
    require_same(found, inferred, "computed is", "inferred is")


def require_close(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Require every result to be what is wanted, to 1e-5."""
    for name, right in wanted.items():
        close(found[name], right, 1e-5, 1e-5)


LAWS = (
    types_are_what_is_computed,
    initial_values_are_finite,
    jit_changes_nothing,
    gradient_is_the_slope,
    bf16_differs_by_rounding,
    examples_do_not_meet,
    any_batch_is_traced,
)
