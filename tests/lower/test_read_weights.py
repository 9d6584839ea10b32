"""`d.kernel`: the weights of an instance as tensors, against the same network written by hand in JAX, gradients and all."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.compile import check
from netspec.ir.fingerprint import ir_hash
from netspec.ir.verify import verify_all
from netspec.source import Source
from netspec.syntax.spec_file import parse_spec
from netspec.syntax.twin import to_json
from tests.lower.specs import close, digits, paths, program

SPEC = """block Coder {
  param size: int
  input x: f32[B, D]
  output tanh(x -> dense(size))
}
model M {
  input image: f32[B, 8, 8, 1]
  x = image -> flatten
  shared code = dense(6)
  h = tanh(x -> code)
  back = h @ transpose(code.kernel) - code.bias @ transpose(code.kernel)
  shared inner = Coder(6)
  repeat 3 { h = h + (h -> inner) @ inner.dense_0.kernel }
  repeat 2 {
    shared own = dense(6)
    h = (h -> own) @ own.kernel
  }
  shared norm = batch_norm
  h = h -> norm
  output logits = h -> dense(10)
  output rebuilt = back + mean(norm.mean)
  output penalty = sum(square(code.kernel)) + sum(abs(inner.dense_0.bias))
}
train M {
  data = digits() -> batch(64)
  loss = softmax_cross_entropy(logits, label) + 0.1 * mean_squared_error(rebuilt, flatten(image)) + 0.01 * penalty
  optimizer = sgd(0.5)
  duration = 2 epochs
}
"""


def by_hand(p: dict[str, Any], image: Any, label: Any, running: Any) -> Any:
    """The loss of `SPEC` of a batch in training; `running` is the mean that `norm` has kept so far."""
    x = image.reshape(len(image), -1)
    h = jnp.tanh(x @ p["code/kernel"] + p["code/bias"])
    back = h @ p["code/kernel"].T - p["code/bias"] @ p["code/kernel"].T
    for _ in range(3):
        h = h + jnp.tanh(h @ p["inner/dense_0/kernel"] + p["inner/dense_0/bias"]) @ p["inner/dense_0/kernel"]
    for i in range(2):
        h = (h @ p[f"own_{i}/kernel"] + p[f"own_{i}/bias"]) @ p[f"own_{i}/kernel"]
    h = (h - h.mean(0)) / jnp.sqrt(h.var(0) + 1e-5) * p["norm/scale"] + p["norm/bias"]
    logits = h @ p["dense_0/kernel"] + p["dense_0/bias"]
    scores = -jnp.take_along_axis(jax.nn.log_softmax(logits), label[:, None], 1).mean()
    penalty = (p["code/kernel"] ** 2).sum() + abs(p["inner/dense_0/bias"]).sum()
    return scores + 0.1 * ((back + running.mean() - x) ** 2).mean() + 0.01 * penalty


@pytest.mark.parametrize("repeat", ["scan", "unroll"])
def test_training_is_that_of_the_network_by_hand(repeat: str) -> None:
    """Three steps of gradients, to rounding: those of a weight that a layer and an expression use are added up."""
    with jax.enable_x64(True), jax.numpy_rank_promotion("allow"):
        made = program(SPEC, repeat=repeat)
        state = made.init(1)
        mine = paths(made.unpack(state)["params"])
        assert len(mine) == 12, "reading a weight makes none"
        for step in range(3):
            batch = digits(8, step)
            moved = jax.grad(by_hand)(mine, batch["image"], batch["label"], made.unpack(state)["buffers"]["norm"]["mean"])
            state, _ = made.train_step(state, batch)
            mine = {path: x - 0.5 * moved[path] for path, x in mine.items()}
            close(made.unpack(state)["params"], nested(mine), 1e-9)


def nested(flat: dict[str, Any]) -> dict[str, Any]:
    """Arrays by path as nested dicts."""
    tree: dict[str, Any] = {}
    for path, x in flat.items():
        *way, last = path.split("/")
        here = tree
        for part in way:
            here = here.setdefault(part, {})
        here[last] = x
    return tree


def test_an_average_is_read_too_and_no_gradient_reaches_it() -> None:
    text = SPEC.replace("code = dense(6)\n", "code = dense(6)\n  shared slow = code.average(0.5)\n")
    text = text.replace("output rebuilt = back", "output rebuilt = back + 0 * (x -> slow)[:, :1] + mean(slow.kernel)")
    with jax.enable_x64(True):
        made = program(text)
        state = made.init(1)
        kernel = paths(made.unpack(state)["params"])["code/kernel"]
        plain, image = program(SPEC), digits(4)["image"]
        wanted = plain.apply(plain.init(1), image=image)["rebuilt"] + kernel.mean()
        np.testing.assert_allclose(made.apply(state, image=image)["rebuilt"], wanted, 1e-9, 1e-12)
        moved, _ = made.train_step(state, digits(8))
        now = made.unpack(moved)
        assert np.allclose(now["buffers"]["slow"]["kernel"], 0.5 * kernel + 0.5 * now["params"]["code"]["kernel"], 1e-12)


def test_the_twin_says_the_same_and_every_pass_holds() -> None:
    source = Source("spec.net", f"netspec 1\n{SPEC}")
    file, _ = parse_spec(source)
    assert file is not None
    text, problems = to_json(file)
    assert not problems
    found, twin = check(source), check(Source("spec.json", text))
    assert found.typed is not None and found.ok and twin.typed is not None and twin.ok
    verify_all(found.typed)
    assert ir_hash(found.typed) == ir_hash(twin.typed)
