"""Holds the laws that every op and every kernel keeps, for the authors of plugins: `check_op(FastConv)` in a test of theirs. Above
`compile`.

netspec's own ops are held to the same functions, by its own tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from netspec.diagnostics.spec_error import raise_spec_errors
from netspec.kernels.family import Variant
from netspec.library.base import Callable as OpOnTensors
from netspec.library.base import Example, Op
from netspec.testing import apply_laws, built_op_laws, checks, stretch_laws, text_laws
from netspec.testing.case import Case, has_apply, phases
from netspec.testing.kernel_laws import kernel_breaches
from netspec.testing.temporary_shelf import extend_with_package

__all__ = ["check_kernel", "check_op", "check_plugin"]

Oracle = Callable[..., Any]
"""`oracle(op, weights, *inputs)`: the results of an op in eval, in plain NumPy and f64; `weights` are parameters and buffers by name."""


def check_op(cls: type[Op], *, oracle: Oracle | None = None) -> None:
    """Hold an op's class against every law that it can be held against. Raises AssertionError with all laws that it breaks, and where.

    Of all ops: a docstring, descriptions, examples, a schema, and text and JSON that are read as the op again. Of ops that compute, for
    each of their examples: `shape` is what `apply` does, also with a symbol for the batch; initial values fit; compiling changes nothing;
    the gradient is the slope, in f64; bf16 gives bf16; examples of a batch do not meet unless `mixes_examples` says so, and where they do
    not, any batch is traced; a `step` of its own gives stretch by stretch what `apply` gives of all; and with `oracle` the results are the
    oracle's to 1e-5.
    """
    with extend_with_package(cls):
        broken = [f"- {law}: {' '.join(why.split())}" for law, why in breaches(cls, oracle)]
    if broken:
        raise AssertionError(f"{cls.op_name()} breaks {len(broken)} {'law' if len(broken) == 1 else 'laws'}:\n" + "\n".join(broken))


def check_kernel(variant: Variant) -> None:
    """Hold a variant of a kernel against its reference, for each sample of the family and of its own that it is chosen for. Raises
    AssertionError with all laws that it breaks.

    Results have the reference's types, and its values and gradients to rounding, in f32, bf16 and f64. A variant for other backends than
    the present one cannot run here: of it only the types are compared.
    """
    broken = [f"- {law}: {' '.join(why.split())}" for law, why in kernel_breaches(variant)]
    if broken:
        laws = "law" if len(broken) == 1 else "laws"
        raise AssertionError(f"{variant.family.name} by {variant.name} breaks {len(broken)} {laws}:\n" + "\n".join(broken))


@raise_spec_errors()
def check_plugin(name: str, *, oracles: Mapping[str, Oracle] | None = None) -> None:
    """`check_op` of every op of an installed plugin and `check_kernel` of every variant; oracles by the ops' names without the plugin's.
    One report for all of them. Raises `SpecError` for a plugin that is not there or fails to load."""
    from netspec.library.shelf import plugins

    broken: list[str] = []
    given = dict(oracles or {})
    for cls in plugins.load(name).classes:
        try:
            check_op(cls, oracle=given.pop(cls.op_name().removeprefix(f"{name}."), None))
        except AssertionError as error:
            broken.append(str(error))
    for variant in plugins.load(name).kernels:
        try:
            check_kernel(variant)
        except AssertionError as error:
            broken.append(str(error))
    if given:
        broken.append(f"{name} has no op called {', '.join(given)}, for which there is an oracle")
    if broken:
        raise AssertionError("\n".join(broken))


def breaches(cls: type[Op], oracle: Oracle | None) -> Iterator[tuple[str, str]]:
    """Each law that the class breaks, with the example and what is wrong."""
    yield from _run_laws(text_laws.CLASS_LAWS, cls, "")
    for example in cls.examples():
        yield from _run_laws(text_laws.EXAMPLE_LAWS, example, f"{example.op}: ")
        if isinstance(example.op, OpOnTensors) and stretch_laws.looks_back(example.op):
            yield from _find_step_breaches(example)
        for training in phases(example.op) if isinstance(example.op, OpOnTensors) else ():
            yield from _find_breaches(example, training, oracle)


def _find_step_breaches(example: Example) -> Iterator[tuple[str, str]]:
    """Where a step of its own is not what the op computes of the whole."""
    law = stretch_laws.stretch_by_stretch_is_the_whole
    try:
        rows = list(stretch_laws.rows_with_step(example))
    except Exception as error:
        yield checks.law_name(law), f"{example.op}: {checks.error_text(error)}"
        return
    for row in rows:
        yield from _run_laws([law], row, f"{row[0]}: ")


def _find_breaches(example: Example, training: bool, oracle: Oracle | None) -> Iterator[tuple[str, str]]:
    """The laws of what an op computes that it breaks with one example."""
    direct = has_apply(type(example.op))
    try:
        subject = Case(example, training) if direct else built_op_laws.Built(example, training)
    except Exception as error:
        yield "examples can be made", f"{example.op}: {checks.error_text(error)}"
        return
    yield from _run_laws(apply_laws.LAWS if direct else built_op_laws.LAWS, subject, f"{subject}: ")
    if direct and oracle is not None and not training:
        yield from _run_laws([lambda c: apply_laws.agrees_with_its_oracle(c, oracle)], subject, f"{subject}: ", "agrees with its oracle")


def _run_laws(these: Any, subject: Any, where: str, name: str = "") -> Iterator[tuple[str, str]]:
    """The laws that are broken, each with where, and what it says."""
    for law, error in checks.find_breaches(these, subject):
        yield name or law, where + checks.error_text(error)
