"""A user's script that touches all that `netspec` exports; pyright reads it in its strict mode (test_types.py). It is not run."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import jax
import numpy as np
import numpy.typing as npt

import netspec
from netspec import Checked, Clock, Diagnostic, Edit, Fit, Loaded, Program, Source, Span, SpecError, State
from netspec.diagnostics.edits import apply_edits, edits_of, repair_text

Batch = Mapping[str, npt.NDArray[np.float32]]


def problems_of(path: Path, width: int) -> list[str]:
    checked: Checked = netspec.check(path, set={"width": width, "rates": [0.1, 0.2]}, train="fast", plugins=["acme"])
    lines: list[str] = []
    for problem in checked.problems:
        place: Span = problem.at
        edits: list[Edit] = [*problem.edits()]
        lines.append(f"{place.line}:{place.column} {problem.slug()} {problem.severity} {problem.message()} {problem.help()} {len(edits)}")
        lines += [f"{second.span.text} {second.text}" for second in problem.places()]
    return lines if not checked.ok else [repair_text(checked.source, checked.problems)]


def repaired(source: Source, problem: Diagnostic) -> str:
    return apply_edits(source, edits_of(problem))


def compiled(text: str) -> Program:
    try:
        return netspec.compile(text, "fast", set={"train.duration": "3 epochs"}, lowering="portable")
    except SpecError as error:
        for problem in error.diagnostics:
            print(problem.message(), file=sys.stderr)
        raise


def trained(program: Program, data: Batch, folder: Path) -> Fit:
    fit = program.fit(data, validation=data, out=folder, resume=False, progress=True)
    assert fit.run is not None and fit.history[-1].step > 0 and not fit.stop
    print(fit.metrics["loss"], fit.predict(**data)["y"].shape, fit.program.evaluate(fit.state, data))
    return fit


def loop(program: Program, batches: list[Batch]) -> State:
    bound = program.at(steps_per_epoch=len(batches)).at(Clock(steps_per_epoch=3, total_steps=30))
    state: State = bound.init(seed=1)
    for batch in batches:
        state, statistics = bound.train_step(state, batch)
        print(bound.finish(bound.merge(statistics, statistics))["loss"])
    print(bound.finish(bound.eval_step(state, batches[0]), "eval"), int(state.step))
    return state


def gradients(program: Program, state: State, batch: Batch) -> dict[str, tuple[int, ...]]:
    def total(params: Mapping[str, Any]) -> Any:
        return program.loss(params, batch, buffers=state.buffers, key=jax.random.key(0))

    grads = cast(dict[str, Any], jax.grad(total)(state.params))  # pyright: ignore[reportUnknownMemberType]  # JAX's own type has holes
    loss, buffers = program.loss_and_buffers(state.params, batch, buffers=state.buffers, phase="eval")
    outputs = program.apply({"params": state.params, "buffers": buffers}, batch, phase="train", key=jax.random.key(1))
    named = program.apply(state, x=batch["x"])
    print(float(loss), [value.shape for value in outputs.values()], sorted(named), program.predict(state, x=batch["x"])["y"])
    return {path: grad.shape for path, grad in grads.items()}


def moved(program: Program, arrays: dict[str, npt.NDArray[np.float32]]) -> State:
    tree = program.unpack(program.init())
    assert set(tree) == {"params", "buffers"}
    packed = program.pack(netspec.convert_weights(program, arrays, {"dense_0": "fc"}, keep=["head/**"]))
    program.export(packed, sizes={"T": 8}).save("model.jax")
    return packed._replace(step=program.init_traced(jax.random.key(0)).step)


def opened(folder: Path) -> Iterator[float]:
    run: Loaded = netspec.load(folder, "last", plugins=[])
    print(run.step, run.program.unpack(run.state), run.decode("tokens", seed=3), netspec.__version__)
    yield run.evaluate(folder=folder)["loss"]
    yield float(run.predict(x=[[1.0, 2.0], [3.0]])["y"].sum())
