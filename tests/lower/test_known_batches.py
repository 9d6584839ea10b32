"""A batch like one that fitted is taken as it is; every other is looked at."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

import netspec
from netspec.lower.input_arrays import sign_arrays

SPEC = """netspec 1
model M {
  input x: f32[B, 3]
  output logits = x -> dense(4)
}
train M {
  data = arrays(fields={x: f32[3], label: i32[]}) -> batch(2)
  loss = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.1)
  duration = 2 steps
}
"""


def batch(rows: int = 2, width: int = 3, label: int = 3, kind: Any = np.float32) -> dict[str, Any]:
    return {"x": np.zeros((rows, width), kind), "label": np.full(rows, label, np.int32)}


def test_only_arrays_on_the_device_are_known_by_shape_and_dtype() -> None:
    held = jax.device_put(batch())
    assert sign_arrays(held) == sign_arrays(jax.device_put(batch(label=0)))
    assert sign_arrays(held) not in (sign_arrays(jax.device_put(batch(rows=3))), sign_arrays(jax.device_put(batch(kind=np.int32))))
    assert sign_arrays(batch()) is None and sign_arrays([held]) is None
    jax.eval_shape(lambda x: None if sign_arrays({"x": x}) is None else 1 / 0, held["x"])


def test_what_fitted_once_hides_no_batch_that_does_not() -> None:
    program = netspec.compile(SPEC)
    objective = program._objective("train")
    held = jax.device_put(batch())
    for _ in range(3):
        taken = program._batch({**held, "more": held["x"]}, objective)
        assert list(taken) == ["label", "x"] and all(taken[name] is held[name] for name in taken)
        assert list(program._batch(held, objective)) == ["label", "x"]
        sent = [jax.device_put(given) for given in (batch(width=4), batch(kind=np.int32))]
        for wrong in (*sent, batch(label=4), {"x": held["x"]}, batch(width=4)):
            with pytest.raises(netspec.SpecError):
                program._batch(wrong, objective)
    assert len(program._fitting) == 2
