"""`buffer t = w`, `weight v = w`: what begins as another weight or buffer has its first values to the bit, and goes its own way then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from netspec import compile
from netspec.compile import check
from netspec.ir.fingerprint import ir_hash
from netspec.source import Source
from tests.lower.specs import close, digits, paths, program
from tests.train.runs import killed_after

SPEC = """block Mix {
  param size: int
  input x: f32[B, D]
  weight w: f32[D, size] = glorot_uniform
  weight v: f32[D, size] = w
  buffer t: f32[D, size] = w
  buffer u: f32[D, size] = t
  t0 = t
  when train { t = 0.75 * t + 0.25 * w }
  output x @ w + x @ v + 0.1 * (x @ t0) + 0.1 * (x @ u)
}
model M {
  input image: f32[B, 8, 8, 1]
  x = image -> flatten -> Mix(6)
  repeat 3 { x = tanh(x -> Mix(6)) }
  for i in range(2) { x = tanh(x -> Mix(6)) }
  weight shift: f32[6] = normal(0.5)
  repeat 2 {
    buffer begun: f32[6] = shift
    x = x + begun
  }
  shared q = dense(10)
  shared target = q.average(0.5)
  output logits = x -> q
  output old = x -> target
  buffer copy: f32[6, 10] = q.kernel
  buffer of_target: f32[6, 10] = target.kernel
  output far = x @ copy + x @ of_target
}
train M {
  data = digits() -> shuffle -> batch(64)
  loss = softmax_cross_entropy(logits, label) + 0.1 * mean_squared_error(logits, old) + 0.1 * mean_squared_error(logits, far)
  optimizer = sgd(0.5)
  duration = 12 steps
  checkpoint { every = 4 steps }
}
"""
AS = {"v": "w", "t": "w", "u": "w"}


def pairs(tree: Any) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """What begins as another, with that, by path."""
    params, buffers = paths(tree["params"]), paths(tree["buffers"])
    known = {**params, **buffers}
    blocks = sorted({path.rpartition("/")[0] for path in params if path.startswith("Mix")})
    assert blocks == [f"Mix_{i}" for i in range(6)]
    found = [(f"{b}/{name}", known[f"{b}/{name}"], known[f"{b}/{other}"]) for b in blocks for name, other in AS.items()]
    found += [(f"begun_{i}", known[f"begun_{i}"], known["shift"]) for i in range(2)]
    return found + [(name, known[name], known["q/kernel"]) for name in ("copy", "of_target", "target/kernel")]


@pytest.mark.parametrize(("precision", "repeat"), [("f32", "scan"), ("mixed(bf16)", "unroll")])
def test_it_begins_as_the_other_to_the_bit(precision: str, repeat: str) -> None:
    made = program(SPEC, precision=precision, repeat=repeat)
    for state in (made.init(3), jax.jit(made.init_traced)(jax.random.key(5))):
        for path, mine, other in pairs(made.unpack(state)):
            assert mine.dtype == other.dtype and np.array_equal(mine, other) and mine.std() > 0, path
    first = paths(made.unpack(made.init(3))["params"])
    assert not np.array_equal(first["Mix_1/w"], first["Mix_2/w"]), "each iteration has its own"


def test_it_goes_its_own_way_then() -> None:
    """Three steps of what the spec writes to a buffer, by hand; one that nothing writes stays; a weight has gradients of its own."""
    with jax.enable_x64(True):
        made = program(SPEC)
        state = made.init(1)
        begun = paths(made.unpack(state)["buffers"])
        wanted = {path: x for path, x in begun.items() if path.endswith("/t")}
        for step in range(3):
            before = paths(made.unpack(state)["params"])
            state, _ = made.train_step(state, digits(8, step))
            wanted = {path: 0.75 * x + 0.25 * before[path[:-1] + "w"] for path, x in wanted.items()}
            now = paths(made.unpack(state)["buffers"])
            close({path: now[path] for path in wanted}, wanted, 1e-12)
        still = [path for path in now if path.endswith("/u") or path.startswith(("begun", "copy", "of_target"))]
        assert len(still) == 10 and all(np.array_equal(now[path], begun[path]) for path in still)
        params = paths(made.unpack(state)["params"])
        assert not np.array_equal(params["Mix_0/w"], params["Mix_0/v"] + 1e-9)


def test_a_block_whose_average_is_kept_begins_as_it() -> None:
    """In the average too, whose weights begin as those of its source, what begins as another begins as that."""
    text = SPEC.replace("shared q = dense(10)", "shared q = Mix(10)").replace("q.kernel", "q.w").replace("target.kernel", "target.w")
    made = program(text, precision="f32")
    known = made.unpack(made.init(2))
    everything = {**paths(known["params"]), **paths(known["buffers"])}
    for name in ("q/v", "q/t", "q/u", "target/w", "target/v", "target/t", "target/u", "copy", "of_target"):
        assert np.array_equal(everything[name], everything["q/w"]), name


def test_a_run_goes_on_with_it_to_the_bit(tmp_path: Path) -> None:
    """A run that is killed and resumed ends as one that was not."""
    made = compile(Source("spec.net", f"netspec 1\n{SPEC}"))
    whole = made.fit(out=tmp_path / "whole").state
    with killed_after(6):
        made.fit(out=tmp_path / "part")
    again = made.fit(out=tmp_path / "part", resume=True).state
    for name in ("params", "buffers"):
        mine, other = getattr(again, name), getattr(whole, name)
        assert mine.keys() == other.keys() and all(np.array_equal(mine[key], other[key]) for key in mine)


def test_the_fingerprint_knows_what_it_begins_as() -> None:
    def hashed(text: str) -> str:
        found = check(Source("spec.net", f"netspec 1\n{text}"))
        assert found.typed is not None
        return ir_hash(found.typed)

    assert hashed(SPEC) == hashed(SPEC.replace("t0", "t1"))
    assert hashed(SPEC) != hashed(SPEC.replace("buffer u: f32[D, size] = t", "buffer u: f32[D, size] = glorot_uniform"))
    assert hashed(SPEC) != hashed(SPEC.replace("= q.kernel", "= glorot_uniform"))
