"""Optimizers of optax in the place of the spec's: the same way as our own, with layers in stacks, in a run folder and after it."""

from __future__ import annotations

import jax
import numpy as np
import optax
import pytest

import netspec
from netspec.diagnostics.spec_error import SpecError
from netspec.source import Source

TEXT = """
netspec 1
model Rows {
  input x: f32[B, 6]
  h = x -> dense(8) -> tanh
  repeat 4 { h = h + (h -> layer_norm -> dense(8) -> tanh) }
  output y = (h -> dense(1))[:, 0]
}
train Rows {
  data = arrays(fields={x: f32[6], price: f32[]}) -> batch(16)
  loss = mean_squared_error(y, price)
  optimizer = OPTIMIZER
  duration = 2 epochs
}
"""


def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 6)).astype(np.float32)
    return {"x": x, "price": (x @ rng.normal(size=6)).astype(np.float32)}


def program(optimizer: str = "sgd(0.1)"):
    return netspec.compile(Source("rows.net", TEXT.replace("OPTIMIZER", optimizer)))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (
            'lamb(0.01, weight_decay=0.1, decay_mask="**/kernel")',
            optax.lamb(0.01, weight_decay=0.1, mask=lambda params: {p: p.endswith("kernel") for p in params}),
        ),
        ("clip_by_global_norm(0.1) -> adam(0.01)", optax.chain(optax.clip_by_global_norm(0.1), optax.adam(0.01))),
    ],
)
def test_is_the_same_as_ours(ours, theirs):
    """A stack of layers is trained layer by layer, and masks are by logical path."""
    one, other = program(ours).fit(data()), program().with_optimizer(theirs).fit(data())
    assert any(leaf.ndim == 3 for leaf in one.state.params.values())
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), one.state.params, other.state.params)


def test_gets_the_loss_where_it_asks_for_it():
    fit = program().with_optimizer(optax.polyak_sgd(max_learning_rate=0.1)).fit(data())
    assert fit.history[-1].loss < fit.history[0].loss


def test_its_run_is_read_without_it(tmp_path):
    own = program().with_optimizer(optax.adam(0.01))
    fit = own.fit(data(), out=tmp_path / "run")
    loaded = netspec.load(tmp_path / "run")
    x = data()["x"]
    np.testing.assert_array_equal(loaded.predict(x=x)["y"], fit.predict(x=x)["y"])
    assert loaded.evaluate(data())["loss"] == pytest.approx(own.evaluate(fit.state, data())["loss"])


def test_its_run_goes_on_with_it_only(tmp_path):
    own = program().with_optimizer(optax.adam(0.01))
    state = own.fit(data(), out=tmp_path / "run").state
    again = own.fit(data(), out=tmp_path / "run", resume=True).state
    assert int(again.step) == int(state.step)
    jax.tree.map(np.testing.assert_array_equal, again, state)
    with pytest.raises(SpecError, match="handed over from Python"):
        program().fit(data(), out=tmp_path / "run", resume=True)
    with pytest.raises(SpecError, match="checkpoint-mismatch"):
        program().with_optimizer(optax.sgd(0.01, momentum=0.9)).fit(data(), out=tmp_path / "run", resume=True)


def test_what_is_no_optimizer_is_refused():
    with pytest.raises(ValueError, match="`init` and `update`"):
        program().with_optimizer("adam")
    with pytest.raises(ValueError, match="one of"):
        program().with_optimizer(optax.adam(0.01), "critic")
