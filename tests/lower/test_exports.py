"""`aux`: values from any depth, summed over instances, iterations and time steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
import pytest

from tests.lower.specs import digits, program

TRAIN = """train M {
  data = digits() -> batch(4)
  loss = softmax_cross_entropy(logits, label)
  LINES
  optimizer = sgd(0.1)
  duration = 20 steps
}
"""
LAYER = """block Layer {
  input x: f32[B, D]
  h = x -> dense(D) -> tanh
  aux size = mean(h * h, axis=-1)
  aux level = mean(h)
  output x + h
}
"""
DEEP = """block Pair {
  input x: f32[B, D]
  repeat 2 { x = x -> Layer }
  output x
}
model M {
  input image: f32[B, 8, 8, 1]
  x = image -> flatten -> dense(5)
  first = x -> Layer
  x = first -> top: Layer
  repeat 3 { x = x -> Pair -> Layer }
  output logits = x -> dense(10)
}
"""


@pytest.fixture(autouse=True)
def wide() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def numbers(spec: str, lines: list[str], train: bool = True, repeat: str | None = None, **extra: Any) -> tuple[dict[str, float], Any]:
    """What one step or evaluation measures, and the weights."""
    made = program(spec + TRAIN.replace("LINES", "\n  ".join(lines)), repeat=repeat)
    state, batch = made.init(1), {**digits(4), **extra}
    weights = made.unpack(state)
    found = made.finish(made.train_step(state, batch)[1]) if train else made.finish(made.eval_step(state, batch), "eval")
    return found, weights


def layer(weights: Any, x: Any) -> Any:
    return np.tanh(x @ weights["dense_0"]["kernel"] + weights["dense_0"]["bias"])


def sizes_by_hand(weights: Any, image: Any) -> dict[str, np.ndarray]:
    """The exported `size` of each instance in `DEEP`, [B]."""
    params = weights["params"]
    x = image.reshape(len(image), -1) @ params["dense_0"]["kernel"] + params["dense_0"]["bias"]
    order = ["Layer_0", "top", *(f"{name}" for i in range(3) for name in (f"Pair_{i}/Layer_0", f"Pair_{i}/Layer_1", f"Layer_{i + 1}"))]
    found = {}
    for path in order:
        inner = params
        for part in path.split("/"):
            inner = inner[part]
        h = layer(inner, x)
        found[path], x = (h * h).mean(-1), x + h
    return found


PATTERNS = {
    "**/size": lambda path: True,
    "Layer/size": lambda path: path.startswith("Layer_"),
    "top/size": lambda path: path == "top",
    "Pair_1/**": lambda path: path.startswith("Pair_1"),
    "Pair/Layer_1/size": lambda path: path.startswith("Pair") and path.endswith("Layer_1"),
    "Layer_2/size": lambda path: path == "Layer_2",
}


@pytest.mark.parametrize("repeat", ["scan", "unroll"])
def test_patterns_choose_instances_and_iterations(repeat: str) -> None:
    chosen = {p: w for p, w in PATTERNS.items() if p.endswith("size")}
    lines = [f'metric m{k} = aux("{pattern}")' for k, pattern in enumerate(chosen)]
    found, weights = numbers(LAYER + DEEP, lines, repeat=repeat)
    sizes = sizes_by_hand(weights, digits(4)["image"])
    for k, wanted in enumerate(chosen.values()):
        assert found[f"m{k}"] == pytest.approx(sum(s.mean() for path, s in sizes.items() if wanted(path)), rel=1e-10)


def test_a_scalar_counts_as_it_is_and_a_tensor_once_per_example() -> None:
    weight = np.array([1.0, 0.0, 1.0, 0.5])
    lines = ['metric size = aux("top/size")', 'metric level = aux("top/level")', 'metric most = max(aux("**/size"), axis=0)']
    found, weights = numbers(LAYER + DEEP, lines, **{"example weights": weight})
    sizes = sizes_by_hand(weights, digits(4)["image"])
    assert found["size"] == pytest.approx(np.average(sizes["top"], weights=weight), rel=1e-10)
    assert found["most"] == pytest.approx(sum(sizes.values()).max(), rel=1e-10)
    assert found["level"] != found["size"]


def test_a_loss_of_exported_values_has_their_gradient() -> None:
    loss = 'metric all = aux("**/size")'
    spec = LAYER + DEEP + TRAIN.replace("loss = softmax_cross_entropy(logits, label)", 'loss = aux("**/size")').replace("LINES", loss)
    made = program(spec, repeat="scan")
    state, batch = made.init(1), digits(4)
    weights = made.unpack(state)
    after = made.unpack(made.train_step(state, batch)[0])
    step, path = 1e-6, ("Pair_1", "Layer_0", "dense_0", "bias")
    totals = []
    for sign in (1, -1):
        moved = jax.tree.map(np.array, weights)
        bias = moved["params"][path[0]][path[1]][path[2]][path[3]]
        bias[2] += sign * step
        totals.append(sum(s.mean() for s in sizes_by_hand(moved, batch["image"]).values()))
    slope = (totals[0] - totals[1]) / (2 * step)
    old, new = (w["params"][path[0]][path[1]][path[2]][path[3]][2] for w in (weights, after))
    assert old - new == pytest.approx(0.1 * slope, rel=1e-5)


SHARED = """model M {
  input image: f32[B, 8, 8, 1]
  shared step = Layer()
  x = image -> flatten -> dense(5) -> step
  repeat 3 { x = x -> step }
  output logits = x -> dense(10)
}
"""


@pytest.mark.parametrize("repeat", ["scan", "unroll"])
def test_each_use_of_a_shared_instance_counts(repeat: str) -> None:
    found, weights = numbers(LAYER + SHARED, ['metric size = aux("step/size")'], repeat=repeat)
    params = weights["params"]
    x = digits(4)["image"].reshape(4, -1) @ params["dense_0"]["kernel"] + params["dense_0"]["bias"]
    total = 0.0
    for _ in range(4):
        h = layer(params["step"], x)
        total, x = total + (h * h).mean(), x + h
    assert found["size"] == pytest.approx(total, rel=1e-10)


OVER_TIME = """block Cell {
  input x: f32[B, F]
  state h: f32[B, F] = zeros
  h = tanh(h + x)
  aux size = sum(h, axis=-1)
  output h
}
model M {
  input image: f32[B, 8, 8, 1]
  steps = reshape(image, [B, 8, 8])
  lengths = cast(minimum(ceil(sum(image, axis=[1, 2, 3]) / 8), 8.0), i32)
  y = steps -> rnn(Cell(), lengths=LENGTHS)
  output logits = y -> flatten -> dense(10)
  output n = lengths
}
"""


@pytest.mark.parametrize("lengths", [True, False])
def test_time_steps_past_the_end_do_not_count(lengths: bool) -> None:
    spec = OVER_TIME if lengths else OVER_TIME.replace(", lengths=LENGTHS", "")
    found, _ = numbers(spec.replace("=LENGTHS", "=lengths"), ['metric size = aux("**/size")'])
    image = digits(4)["image"]
    total = np.zeros(4)
    ends = np.minimum(np.ceil(image.sum((1, 2, 3)) / 8), 8) if lengths else np.full(4, 8)
    h = np.zeros((4, 8))
    for t in range(8):
        h = np.where((t < ends)[:, None], np.tanh(h + image[:, t, :, 0]), h)
        total += np.where(t < ends, h.sum(-1), 0)
    assert (ends < 8).any() == lengths
    assert found["size"] == pytest.approx(total.mean(), rel=1e-10)


PHASED = """model M {
  input image: f32[B, 8, 8, 1]
  x = image -> flatten
  when train { aux size = mean(x, axis=-1) }
  for width in [3, 4] { aux wide = mean(x, axis=-1) * width }
  output logits = x -> dense(10)
}
"""


def test_phases_and_loops() -> None:
    lines = ['metric size = aux("size")', 'metric wide = aux("wide")', 'metric one = aux("wide_1")']
    (train, _), (evaluated, _) = numbers(PHASED, lines), numbers(PHASED, lines, train=False)
    mean = digits(4)["image"].mean()
    assert train["size"] == pytest.approx(mean) and evaluated["size"] == 0
    assert train["wide"] == evaluated["wide"] == pytest.approx(7 * mean)
    assert train["one"] == pytest.approx(4 * mean)
