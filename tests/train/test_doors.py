"""The law of the doors from Python: whatever is handed over, only `SpecError` comes out, or TypeError and ValueError of ours for what is of
another Python type; `check` raises no problem at all. No error is JAX's."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import netspec
from netspec.testing.checks import hold

TEXT = """netspec 1

model M {
  input x: f32[B, 4]
  output y = (x -> dense(1))[:, 0]
}

train M {
  data = arrays(fields={x: f32[4], t: f32[]}, test=0.2) -> shuffle -> batch(4)
  loss = mean_squared_error(y, t)
  optimizer = sgd(0.1)
  duration = 1 epoch
}
"""
SERVED = """netspec 1

model S {
  input tokens: i32[B, T]
  output logits = tokens -> embed(9, 4) -> self_attention(2, causal=true) -> dense(9)
}

serve S { tokens = greedy(logits, start=1, stop=2, limit=5) }
"""
X = np.ones((8, 4), "f")
DATA = {"x": X, "t": np.ones(8, "f")}
ODD: tuple[Any, ...] = (None, 3, "none", "", [1], ("M",), object(), 2.5, b"m.net")
"""What is no model, section, key, folder, …: the right Python type among them is the name of nothing."""
Calls = dict[str, Callable[[], Any]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("doors")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("m.net").write_text(TEXT)
        Path("bad.net").write_text(TEXT.replace("dense", "dens"))
        Path("blocks.net").write_text("netspec 1\n\nblock A {\n  input x: f32[B]\n  output x + 1.0\n}\n")
        Path("binary.net").write_bytes(b"\xff\xfe\x00")
        Path("empty.net").write_text("")
        Path("folder.net").mkdir()
        yield folder


@pytest.fixture(scope="module")
def program(place: Path) -> netspec.Program:
    return netspec.compile("m.net")


def is_ours(error: BaseException) -> bool:
    """Raised by a line of netspec's, or by Python or NumPy under one; not by JAX."""
    frames = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    return "/jax/" not in frames[-1] and any("/netspec/" in name for name in frames)


def law(calls: Calls) -> None:
    """Each call returns, or raises what the page says."""

    def raises_what_is_said(name: str) -> None:
        try:
            calls[name]()
        except netspec.SpecError as error:
            assert str(error).strip() and not name.startswith("check"), "a problem was raised"
        except (TypeError, ValueError) as error:
            assert is_ours(error), f"an error of JAX: {error}"

    hold([raises_what_is_said], *calls)


def test_specs(place: Path) -> None:
    paths = [
        "none.net",
        "folder.net",
        "bad.net",
        "binary.net",
        "empty.net",
        "blocks.net",
        "m.net/x",
        "a" * 5000,
        "\0",
        "\ud800",
        "\ud800\n",
    ]
    texts = ["netspec 1\n", "netspec 2\nx", "{}", '{"a":', netspec.Source("a.net", "???"), netspec.Source("a.json", "{"), Path("none.net")]
    calls: Calls = {}
    for spec in (*paths, *texts, *ODD):
        calls[f"check {spec!r:.30}"] = lambda spec=spec: netspec.check(spec)
        calls[f"check {spec!r:.30} of a stranger"] = lambda spec=spec: netspec.check(spec, untrusted=True)
        calls[f"compile {spec!r:.30}"] = lambda spec=spec: netspec.compile(spec)
        calls[f"load {spec!r:.30}"] = lambda spec=spec: netspec.load(spec)
    law(calls)
    for spec in (*paths, *texts):
        assert netspec.check(spec).problems or spec in ("blocks.net", "netspec 1\n")


def test_values_and_names(place: Path) -> None:
    values = [*ODD, {"a": object()}, {1: 2}, {"nope": 1}, {"train.nope": 1}, {"train": 1}, {"": 1}, {"train.duration": "(("}]
    values += [{"train.seed": 10**40}, {"train.data.batch.size": 0}, {"\ud800": "\ud800"}, {"train.duration": float("nan")}]
    calls: Calls = {}
    for value in values:
        calls[f"set {value!r:.30}"] = lambda value=value: netspec.compile("m.net", set=value)
        calls[f"check with {value!r:.30}"] = lambda value=value: netspec.check("m.net", set=value)
    for value in ODD:
        calls[f"train {value!r:.20}"] = lambda value=value: netspec.compile("m.net", value)
        calls[f"check train {value!r:.20}"] = lambda value=value: netspec.check("m.net", train=value)
        calls[f"plugins {value!r:.20}"] = lambda value=value: netspec.compile("m.net", plugins=value)
        calls[f"check imports {value!r:.20}"] = lambda value=value: netspec.check("m.net", imports=value)
        calls[f"lowering {value!r:.20}"] = lambda value=value: netspec.compile("m.net", lowering=value)
    law(calls)


def test_arguments_of_a_program(program: netspec.Program) -> None:
    state, served = program.init(0), netspec.compile(SERVED)
    tokens = served.init(0)
    doors: dict[str, Callable[[Any], Any]] = {
        "finish": lambda v: program.finish((np.ones(2),), v),
        "finish of": lambda v: program.finish(v),
        "merge": lambda v: program.merge((np.ones(2),), v),
        "at": lambda v: program.at(v),
        "at steps": lambda v: program.at(steps_per_epoch=v),
        "with_optimizer": lambda v: program.with_optimizer(v),
        "init": lambda v: program.init(v),
        "init_traced": lambda v: program.init_traced(v),
        "loss key": lambda v: program.loss(state, DATA, key=v),
        "loss phase": lambda v: program.loss(state, DATA, phase=v),
        "loss update": lambda v: program.loss(state, DATA, update=v),
        "loss buffers": lambda v: program.loss(state.params, DATA, buffers=v),
        "apply phase": lambda v: program.apply(state, x=X, phase=v),
        "apply inputs": lambda v: program.apply(state, v),
        "export batch": lambda v: program.export(state, batch=v if v is not None else 3),
        "export sizes": lambda v: program.export(state, sizes=v if v is not None else 3),
        "export platforms": lambda v: program.export(state, platforms=v),
        "decode name": lambda v: served.decode(tokens, v if v is not None else 3),
        "decode lengths": lambda v: served.decode(tokens, prefix_length=v if v is not None else "a", tokens=[[1, 2]]),
        "fit folder": lambda v: program.fit(folder=v),
        "fit out": lambda v: program.fit(DATA, out=v or "m.net"),
        "fit validation": lambda v: program.fit(DATA, validation=v or 3),
        "evaluate folder": lambda v: program.evaluate(state, folder=v),
        "eval_step first": lambda v: program.eval_step(state, DATA, v),
        "convert_weights arrays": lambda v: netspec.convert_weights(program, v, {"dense_0": "a"}),
        "convert_weights places": lambda v: netspec.convert_weights(program, {"a.weight": np.ones((1, 4))}, v),
    }
    law({f"{name} {value!r:.20}": lambda value=value, door=door: door(value) for name, door in doors.items() for value in ODD})


def test_arrays(program: netspec.Program) -> None:
    state, served = program.init(0), netspec.compile(SERVED)
    tokens = served.init(0)
    arrays = [
        *ODD,
        np.ones((8, 3)),
        np.ones(4),
        np.ones((0, 4)),
        np.ones((8, 4), complex),
        np.array(["a"]),
        np.array([object()]),
        [[1, 2], [3]],
    ]
    arrays += [
        [[1, 2, 3, 4], ["a", 1, 2, 3]],
        np.full((8, 4), 1e300),
        np.ma.masked_array(X, X > 0),
        {"a": 1},
        set(),
        [[]],
        [None],
        range(4),
    ]
    arrays += [np.zeros((8, 4), "datetime64[s]"), np.zeros((8, 4), "V4"), np.ones((8, 4), "S3"), jax.random.key(0), float("nan"), (X, X)]
    doors: dict[str, Callable[[Any], Any]] = {
        "apply": lambda v: program.apply(state, x=v),
        "apply in training": lambda v: program.apply(state, x=v, phase="train"),
        "predict": lambda v: program.predict(state, x=v),
        "loss": lambda v: program.loss(state, {**DATA, "x": v}),
        "train_step": lambda v: program.train_step(program.pack(state), {**DATA, "x": v}),
        "eval_step": lambda v: program.eval_step(state, {**DATA, "x": v}),
        "fit": lambda v: program.fit({**DATA, "x": v}),
        "fit batches": lambda v: program.fit([{**DATA, "x": v}]),
        "evaluate": lambda v: program.evaluate(state, {**DATA, "x": v}),
        "decode": lambda v: served.decode(tokens, tokens=v),
    }
    law({f"{name} {value!r:.30}": lambda value=value, door=door: door(value) for name, door in doors.items() for value in arrays})


def test_states_and_batches(program: netspec.Program) -> None:
    state, data = program.init(0), DATA
    kernel, bias = np.ones((4, 1)), np.ones(1)
    states = [*ODD, {}, {"params": 3}, {"params": {}}, {"params": state.params, "buffers": 3}, {1: 2}, state.params["dense_0/kernel"]]
    states += [
        {"params": {"dense_0": {"kernel": k, "bias": bias}}} for k in (np.ones((3, 1)), None, "a", [["a"]] * 4, np.array([["a"]] * 4))
    ]
    states += [state._replace(params=None), state._replace(params={"dense_0/kernel": "x", "dense_0/bias": bias})]  # type: ignore[arg-type]
    states += [state._replace(optimizer="x"), state._replace(step="a"), state._replace(step=None), state._replace(optimizer=kernel)]
    batches = [
        *ODD,
        [],
        (X, X),
        {},
        {"x": X},
        {**data, "t": None},
        {**data, "t": np.ones(7)},
        {**data, "t": ["a"] * 8},
        {1: 2},
        state,
        [data],
    ]
    batches += [{**data, "example weights": "a"}, {**data, "example weights": np.ones(3)}]
    of_states: dict[str, Callable[[Any], Any]] = {
        "apply": lambda v: program.apply(v, x=X),
        "predict": lambda v: program.predict(v, x=X),
        "loss": lambda v: program.loss(v, data),
        "train_step": lambda v: program.train_step(v, data),
        "eval_step": lambda v: program.eval_step(v, data),
        "evaluate": lambda v: program.evaluate(v, data),
        "pack": lambda v: program.pack(v),
        "unpack": lambda v: program.unpack(v),
        "averaged": lambda v: program.averaged(v),
        "export": lambda v: program.export(v if v is not None else 3),
    }
    of_batches: dict[str, Callable[[Any], Any]] = {
        "loss": lambda v: program.loss(state, v),
        "train_step": lambda v: program.train_step(program.pack(state), v),
        "eval_step": lambda v: program.eval_step(state, v),
        "fit": lambda v: program.fit(v if v is not None else 3),
        "fit batches": lambda v: program.fit([v]),
        "evaluate": lambda v: program.evaluate(state, v if v is not None else 3),
    }
    calls = {f"{n} of the state {i}": lambda v=v, door=door: door(v) for n, door in of_states.items() for i, v in enumerate(states)}
    calls |= {f"{n} of the batch {i}": lambda v=v, door=door: door(v) for n, door in of_batches.items() for i, v in enumerate(batches)}
    law(calls)


def test_a_state_of_another_optimizer_is_told_from_one_of_this(program: netspec.Program) -> None:
    other = netspec.compile(TEXT, set={"train.optimizer.sgd.momentum": 0.9})
    with pytest.raises(netspec.SpecError, match=r"(?s)a state of this program's optimizer.*program.pack\(state\)"):
        other.train_step(program.init(0), DATA)
    assert int(other.train_step(other.pack(program.init(0)), DATA)[0].step) == 1
    with pytest.raises(netspec.SpecError, match=r"train_step\(state, batch\)"):
        program.train_step(DATA, program.init(0))  # type: ignore[arg-type]
