"""`shared target = q.average(0.9)`: it begins as `q` and follows it, whatever `q` is made of; in checkpoints it is a buffer like others."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from netspec.compile import check
from netspec.ir.fingerprint import ir_hash
from netspec.lower.program import Program
from netspec.source import Source
from tests.lower.specs import close, digits, paths, program

SPEC = """block Layer {
  input x: f32[B, D]
  weight gain: f32[D] = ones
  output x + (x -> layer_norm -> dense(D) -> tanh) * gain
}
block Q {
  input image: f32[B, 8, 8, 1]
  x = image -> flatten -> dense(6) -> batch_norm
  repeat 4 { x = x -> Layer }
  output x -> dense(10)
}
model M {
  input image: f32[B, 8, 8, 1]
  shared q = Q
  shared slow = q.average(0.9)
  shared slower = slow.average(0.75)
  output logits = image -> q
  output teacher = image -> slow
  output old = image -> slower
}
train M {
  data = digits() -> batch(8)
  loss = softmax_cross_entropy(logits, label) + 0.1 * mean_squared_error(logits, teacher)
  optimizer = sgd(0.5)
  duration = 2 epochs
}
"""
SHARED = {
    "a layer": "shared q = dense(10)\n  x = image -> flatten",
    "a chain": "shared q = dense(6) -> relu -> dense(10)\n  x = image -> flatten",
    "a layer used in a loop": "shared q = dense(64)\n  x = image -> flatten\n  repeat 5 { x = x -> q -> tanh }",
}


def kept(made: Program, state: Any, name: str) -> dict[str, np.ndarray]:
    """The buffers of an instance that are averages, by their path in it."""
    own = paths(made.unpack(state)["params"]["q"])
    return {path: x for path, x in paths(made.unpack(state)["buffers"][name]).items() if path in own}


@pytest.mark.parametrize("repeat", ["scan", "unroll"])
def test_averages_begin_as_what_they_follow_and_follow_it(repeat: str) -> None:
    """To rounding the recurrence of the definition, over three steps; an average of an average follows what the first has become."""
    with jax.enable_x64(True):
        made = program(SPEC, repeat=repeat)
        state = made.init(3)
        own = paths(made.unpack(state)["params"]["q"])
        slow, slower = kept(made, state, "slow"), kept(made, state, "slower")
        assert own.keys() == slow.keys() == slower.keys() and len(own) == 26
        close(slow, own, 0)
        close(slower, own, 0)
        for step in range(3):
            state, _ = made.train_step(state, digits(8, step))
            now = paths(made.unpack(state)["params"]["q"])
            slow = {path: 0.9 * x + 0.1 * now[path] for path, x in slow.items()}
            slower = {path: 0.75 * x + 0.25 * slow[path] for path, x in slower.items()}
            close(kept(made, state, "slow"), slow, 1e-12)
            close(kept(made, state, "slower"), slower, 1e-12)
            assert all(not np.array_equal(slow[path], now[path]) for path in now)


def test_averages_move_inside_of_a_trace() -> None:
    """A step under `jit` and under `vmap` leaves the buffers that it leaves alone."""
    with jax.enable_x64(True):
        made = program(SPEC)
        alone, _ = made.train_step(made.init(1), digits(8))
        jitted, _ = jax.jit(made.train_step)(made.init(1), digits(8))
        many = jax.tree.map(lambda x: x[None], made.init(1))
        mapped, _ = jax.vmap(made.train_step, in_axes=(0, None))(many, digits(8))
        close(dict(jitted.buffers), dict(alone.buffers), 1e-12)
        close({key: x[0] for key, x in mapped.buffers.items()}, dict(alone.buffers), 1e-12)
        begun = made.init(1).buffers
        assert any(not np.array_equal(begun[key], x) for key, x in jitted.buffers.items() if key.startswith("slow"))


def test_an_average_computes_what_its_source_would_with_its_weights() -> None:
    """Outputs of `slow`, and of `q` with the weights and statistics of `slow` put in its place."""
    with jax.enable_x64(True):
        made = program(SPEC)
        state, _ = made.train_step(made.init(1), digits(8))
        tree, averages = made.unpack(state), kept(made, state, "slow")
        moved = {"params": {"q": averages}, "buffers": {**tree["buffers"], "q": tree["buffers"]["slow"]}}
        put: dict[str, Any] = {"params": nest(moved["params"]["q"]), "buffers": tree["buffers"]}
        statistics = {path: x for path, x in paths(tree["buffers"]["slow"]).items() if path not in averages}
        put["buffers"] = {**tree["buffers"], "q": nest(statistics)}
        image = digits(4, 7)["image"]
        found = made.apply({"params": {"q": put["params"]}, "buffers": put["buffers"]}, image=image)
        np.testing.assert_allclose(found["logits"], made.apply(state, image=image)["teacher"], rtol=1e-12)


def nest(flat: dict[str, np.ndarray]) -> dict[str, Any]:
    """Arrays by path as nested dicts."""
    tree: dict[str, Any] = {}
    for path, x in flat.items():
        *above, last = path.split("/")
        here = tree
        for part in above:
            here = here.setdefault(part, {})
        here[last] = x
    return tree


@pytest.mark.parametrize("case", SHARED)
def test_layers_and_chains_have_averages(case: str) -> None:
    """Also used in a loop, traced from a key, packed and unpacked; no gradient reaches the average, the optimizer does not know it."""
    body = f"""model M {{
  input image: f32[B, 8, 8, 1]
  {SHARED[case]}
  shared slow = q.average(0.5)
  h = x -> q
  repeat 4 {{ h = h + mean(x -> slow, axis=-1, keepdims=true) }}
  output logits = h -> dense(10)
}}
"""
    made = program(body + SPEC[SPEC.index("train M") :].replace("+ 0.1 * mean_squared_error(logits, teacher)", ""))
    state = made.init_traced(jax.random.key(1))
    own, slow = (paths(made.unpack(state)[kind][name]) for kind, name in (("params", "q"), ("buffers", "slow")))
    close(slow, own, 0)
    packed = made.pack(made.unpack(state))
    assert packed.buffers.keys() == state.buffers.keys() and not any(key.startswith("slow") for key in state.params)
    after, _ = made.train_step(made.init(1), digits(8, dtype=np.float32))
    now = paths(made.unpack(after)["params"]["q"])
    began = paths(made.unpack(made.init(1))["params"]["q"])
    close(paths(made.unpack(after)["buffers"]["slow"]), {path: (began[path] + now[path]) / 2 for path in now}, 1e-6)


def test_the_fingerprint_knows_what_an_average_follows() -> None:
    def hashed(text: str) -> str:
        found = check(Source("spec.net", f"netspec 1\n{text}"))
        assert found.typed is not None and found.ok
        return ir_hash(found.typed)

    texts = [SPEC, SPEC.replace("q.average(0.9)", "q.average(0.8)"), SPEC.replace("slow.average(0.75)", "q.average(0.75)")]
    assert len({hashed(text) for text in texts}) == 3
