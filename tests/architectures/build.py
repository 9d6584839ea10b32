"""Specs of a folder as programs, small enough to run, with inputs for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from netspec.compile import Checked, check
from netspec.cost import cost
from netspec.ir.paths import parameters
from netspec.ir.verify import verify_all
from netspec.lower.program import Program
from netspec.shape import Dim
from netspec.source import Source
from netspec.syntax.parser import parse
from netspec.syntax.printer import print_file


def clean(path: Path, **overrides: str) -> Checked:
    """A spec without a problem or warning, whose typed form is sound."""
    checked = check(path, overrides=overrides)
    assert checked.problems == ()
    assert checked.typed is not None
    verify_all(checked.typed)
    return checked


def counts(path: Path, **overrides: str) -> dict[str, int]:
    """Trainable parameters of each model; the cost table and the list of paths agree on them."""
    found = {}
    for name, body in clean(path, **overrides).typed.models.items():  # type: ignore[union-attr]
        listed = sum(int(np.prod([Dim.of(n).value for n in weight.shape])) for weight in parameters(body).values())
        assert cost(body)[0] == listed
        found[name] = listed
    return found


def reformatted(path: Path) -> str:
    """What the formatter makes of a spec."""
    file, problems = parse(Source(str(path), path.read_text(encoding="utf-8")))
    assert file is not None and problems == []
    return print_file(file)


def small(path: Path, model: str | None = None, **overrides: str) -> Program:
    """The program of a spec with these values for params of its model."""
    return Program.of(clean(path, **overrides).typed, model=model)  # type: ignore[arg-type]


def numbers(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def ids(*shape: int, below: int, seed: int = 0) -> Any:
    """Whole numbers from 1 up to `below`."""
    return np.random.default_rng(seed).integers(1, below, shape).astype("int32")


def inputs(program: Program, below: int, **sizes: int) -> dict[str, Any]:
    """Random inputs for these sizes of the free dims."""
    made = {}
    for seed, (name, kind) in enumerate(program.model.input_types().items()):
        shape = [dim.substitute(sizes).value for dim in kind.shape]
        made[name] = numbers(*shape, seed=seed) if kind.is_float else ids(*shape, below=below, seed=seed)
    return made


def drawn(program: Program) -> dict[str, Any]:
    """Weights of order 0.3 by logical path, biases and all, so that every one of them counts."""
    tree, rng = program.unpack(program.init()), np.random.default_rng(7)

    def draw(node: Any) -> Any:
        if isinstance(node, dict):
            return {name: draw(value) for name, value in node.items()}
        return (0.3 * rng.standard_normal(node.shape)).astype(node.dtype)

    return {**tree, "params": draw(tree["params"])}
