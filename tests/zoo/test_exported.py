"""Every model of the zoo as an artifact of `jax.export`: a file in, and for any batch the same prediction out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from netspec import SpecError
from netspec.compile import compile
from netspec.diagnostics.running.exports import SizeNotOpen
from netspec.files import models_dir
from netspec.lower.exported_prediction import PLATFORMS
from netspec.shape import Dim
from tests.quick import thin

ZOO = sorted(models_dir().glob("*.net"))
WITHOUT_BATCH = {"karate": "E", "karate_gcn": "E"}
"""Models of one graph: their inputs leave open how many edges there are, and nothing else."""
SMALL: dict[str, dict[str, Any]] = {
    "cifar10": {"k": 1, "n": 1},
    "imagenet_resnet50": {"stages": [1, 1, 1, 1], "classes": 10},
    "lm1b": {"vocab": 50, "d": 16, "heads": 2, "mlp": 32, "layers": 2},
    "seq2seq": {"hidden": 16},
    "tagger": {"Tagger.vocab": 60, "Tagger.tags": 5, "train.data.conllu.tags": 5},
}
"""The same networks with fewer or smaller layers, so that compiling them is quick; the others are small as they are."""
LENGTH = 12
CALLED = [pytest.param(path, marks=[pytest.mark.slow] if path.stem == "tagger" else [], id=path.stem) for path in ZOO]
"""The tagger's width is no parameter."""


def named(path: Path) -> str:
    return path.stem


def inputs(program: Any, sizes: dict[str, int]) -> dict[str, np.ndarray]:
    """Inputs of a model: numbers, or ids that every vocabulary, length and graph has."""
    rng = np.random.default_rng(0)
    kinds = {name: (tuple(d.evaluate(sizes) for d in kind.shape), kind) for name, kind in program.model.input_types().items()}
    return {
        name: (rng.standard_normal(shape) if kind.is_float else rng.integers(1, 5, shape)).astype(kind.jax_dtype)
        for name, (shape, kind) in kinds.items()
    }


def symbols(program: Any) -> set[str]:
    return {symbol for kind in program.model.input_types().values() for symbol in kind.symbols()}


@pytest.mark.parametrize("path", thin(CALLED, 3))
def test_a_file_predicts_what_the_program_predicts(path: Path, tmp_path: Path) -> None:
    """With the weights in it, and with weights as its argument, for two batches and lengths, none of which it was made for. In f32, as bf16
    is rounded elsewhere wherever XLA fuses otherwise."""
    program, batch = replace(compile(path, set=SMALL.get(path.stem)), precision="f32"), WITHOUT_BATCH.get(path.stem, "B")
    state = program.init()
    program.export(state, batch=batch).save(tmp_path / "whole")
    program.export(batch=batch).save(tmp_path / "without")
    whole, without = (jax.export.deserialize(bytearray((tmp_path / name).read_bytes())) for name in ("whole", "without"))
    for size, length in ((2, LENGTH), (5, LENGTH - 3)):
        given = inputs(program, {symbol: size if symbol == batch else length for symbol in symbols(program)})
        wanted = program.predict(state, **given)
        agree(whole.call(**given), wanted)
    agree(without.call(program.unpack(state), **given), wanted)


def agree(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert found.keys() == wanted.keys()
    for name, right in wanted.items():
        np.testing.assert_allclose(found[name], right, 1e-5, 1e-5)


@pytest.mark.parametrize("path", ZOO, ids=named)
def test_a_whole_model_is_exported_for_every_platform_without_a_device(path: Path) -> None:
    """Tracing and lowering take neither weights nor their memory; every open size stays open."""
    program, batch = compile(path), WITHOUT_BATCH.get(path.stem, "B")
    found = jax.export.deserialize(bytearray(program.export(batch=batch).serialize()))
    assert found.platforms == PLATFORMS
    sizes = dict(zip(names := sorted(symbols(program)), jax.export.symbolic_shape(", ".join(names)), strict=True))
    _, given = jax.tree.unflatten(found.in_tree, found.in_avals)
    types = program.model.input_types()
    assert {name: str(x.shape) for name, x in given.items()} == {name: said(types[name], sizes) for name in types}
    results = jax.tree.unflatten(found.out_tree, found.out_avals)
    assert {name: str(x.shape) for name, x in results.items()} == {n: said(t, sizes) for n, t in program.model.output_types().items()}


def said(kind: Any, sizes: dict[str, Any]) -> str:
    return str(tuple(dim.evaluate(sizes) for dim in kind.shape))


@pytest.mark.parametrize("name", WITHOUT_BATCH)
def test_a_model_of_one_graph_has_no_batch_to_stay_open(name: str) -> None:
    with pytest.raises(SpecError) as caught:
        compile(models_dir() / f"{name}.net").export()
    (problem,) = caught.value.diagnostics
    assert isinstance(problem, SizeNotOpen) and problem.open == ("E",)


def test_the_list_of_models_without_batch_is_complete() -> None:
    batches = {path.stem: compile(path).model.batch for path in ZOO}
    assert {name for name, batch in batches.items() if batch != Dim.symbol("B")} == set(WITHOUT_BATCH)
