"""Programs of blocks whose meaning hangs on the phase, on their callers' sizes, or on other uses of the same instance."""

from __future__ import annotations

import numpy as np
import pytest

from netspec.compile import check
from netspec.diagnostics.spec_error import SpecError
from netspec.lower.program import Program
from netspec.source import Source


def of(text: str) -> Program:
    checked = check(Source("blocks.net", f"netspec 1\n{text}"))
    assert checked.ok and checked.typed is not None, [p.message() for p in checked.problems]
    return Program.of(checked.typed)


def test_a_shared_chain_is_its_layers_with_the_same_weights() -> None:
    p = of("""model M {
  input x: f32[B, 8]
  shared s = dense(5) -> tanh -> dense(8)
  repeat 2 { x = x -> s }
  output y = s(x)
}""")
    weights, x = p.init(0), np.linspace(-1, 1, 16, dtype=np.float32).reshape(2, 8)
    kernels = [np.asarray(weights.params[f"s/dense_{n}/kernel"]) for n in range(2)]
    assert len(weights.params) == 4 and not any(np.any(weights.params[f"s/dense_{n}/bias"]) for n in range(2))
    expected = x
    for _ in range(3):
        expected = np.tanh(expected @ kernels[0]) @ kernels[1]
    np.testing.assert_allclose(p.apply(weights, x=x)["y"], expected, rtol=1e-5, atol=1e-6)


def test_a_blocks_output_of_one_phase() -> None:
    """Twice the input goes on in training, its negative elsewhere."""
    p = of("""block Doubling {
  input x: f32[B, D]
  output same = -x
  when train { output more = 2.0 * x }
}
model M {
  input x: f32[B, 4]
  y, more = x -> Doubling
  when train { y = more }
  output y
  output more
}""")
    x = np.ones((2, 4), np.float32)
    trained, applied = p._forward("train", {}, {}, {"x": x}, step=0)[0], p.apply(p.init(0), x=x)
    assert set(applied) == {"y"} and set(trained) == {"y", "more"}
    np.testing.assert_array_equal(applied["y"], -x)
    np.testing.assert_array_equal(trained["y"], 2 * x)
    np.testing.assert_array_equal(trained["more"], 2 * x)


def test_what_a_block_assumes_is_checked_by_the_program() -> None:
    p = of("""block Halved {
  input x: f32[B, T, 8]
  assume T % 2 == 0
  output x -> reshape([B, T // 2, 16])
}
model M {
  input x: f32[B, S, 8]
  output y = x -> Halved
}""")
    assert p.apply(p.init(0), x=np.ones((2, 6, 8), np.float32))["y"].shape == (2, 3, 16)
    with pytest.raises(SpecError, match="`S` is 7"):
        p.apply(p.init(0), x=np.ones((2, 7, 8), np.float32))
