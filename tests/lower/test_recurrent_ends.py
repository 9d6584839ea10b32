"""What happens at the ends of recurrences: dropout between layers, lengths beyond a sequence, weights from elsewhere, refusals."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from netspec.compile import check
from netspec.diagnostics.spec_error import SpecError
from netspec.ir import Apply, Call
from netspec.source import Source
from tests.lower.test_recurrent_layers import LENGTHS, X, compiled, weights_of

# --- dropout between layers ----------------------------------------------------------------------------------------------


def test_dropout_stands_between_layers_only() -> None:
    call = next(n for n in compiled("output y = x -> gru(3, layers=3, dropout=0.5)").model.nodes if isinstance(n, Call))
    kinds = [n.op.op_name() for n in call.body.nodes if isinstance(n, Apply)]
    assert kinds == ["dropout", "dropout"]


def test_dropout_is_off_outside_of_training() -> None:
    dropping, plain = (compiled(f"output y = x -> gru(3, layers=2{rest})") for rest in (", dropout=0.9", ""))
    tree = {"params": weights_of(plain), "buffers": {}}
    np.testing.assert_array_equal(dropping.apply(tree, x=X)["y"], plain.apply(tree, x=X)["y"])


# --- lengths -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("values", "said"), [([6, 7, 4], "example 1 has 7 steps"), ([-1, 6, 6], "example 0 has -1 steps")])
@pytest.mark.parametrize(
    "call", ["gru(3, reverse=true, lengths=n)", "lstm(3, layers=2, lengths=n)", "bidirectional(gru_cell(3), lengths=n)"]
)
def test_lengths_are_held_against_the_sequence(call: str, values: list[int], said: str) -> None:
    model = compiled(f"output y = x -> {call}", lengths=True)
    with pytest.raises(SpecError) as caught:
        model.predict(model.init(0), x=X, n=np.array(values, np.int32))
    (problem,) = caught.value.diagnostics
    assert (problem.slug(), said in problem.message()) == ("length-out-of-range", True)


def test_lengths_of_an_array_of_jax_end_with_the_sequence() -> None:
    """They are not looked at, but make no numbers out of nothing."""
    model = compiled("output y = x -> gru(3, reverse=true, lengths=n)", lengths=True)
    tree = {"params": weights_of(model), "buffers": {}}
    full, beyond = (model.apply(tree, x=X, n=jax.numpy.full(3, n, "int32"))["y"] for n in (6, 9))
    np.testing.assert_array_equal(full, beyond)


def test_a_length_of_none_keeps_the_first_state() -> None:
    model = compiled("y, last = x -> gru(3, lengths=n, return_state=true)\noutput h = last.h", lengths=True)
    h = model.predict(model.init(0), x=X, n=np.zeros(3, np.int32))["h"]
    np.testing.assert_array_equal(h, np.zeros((3, 3)))


# --- PyTorch -------------------------------------------------------------------------------------------------------------

ROWS = {"lstm": "ifgo", "gru": "rzn"}
"""The gates in the order of the blocks of rows of PyTorch's `weight_ih_l0`."""


def torch_weights(kind: str, layers: int, features: int, size: int) -> dict[str, np.ndarray]:
    """Weights named and shaped as those of `torch.nn.LSTM` and `GRU`."""
    rng, rows = np.random.default_rng(2), len(ROWS[kind]) * features
    shapes = {"weight_ih": (rows, size), "weight_hh": (rows, features), "bias_ih": (rows,), "bias_hh": (rows,)}
    found = {}
    for layer in range(layers):
        for way in ("", "_reverse"):
            shapes["weight_ih"] = (rows, size if layer == 0 else 2 * features)
            found |= {f"{name}_l{layer}{way}": rng.normal(size=shape) / 2 for name, shape in shapes.items()}
    return found


def from_torch(kind: str, torch: dict[str, np.ndarray], end: str) -> dict[str, Any]:
    """One layer and direction in our form."""
    parts = {name: np.split(torch[f"{name}_{end}"], len(ROWS[kind])) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    tree: dict[str, Any] = {}
    for k, gate in enumerate(ROWS[kind]):
        tree[f"i{gate}"] = {"kernel": parts["weight_ih"][k].T}
        tree[f"h{gate}"] = {"kernel": parts["weight_hh"][k].T}
        ih, hh = parts["bias_ih"][k], parts["bias_hh"][k]
        if kind == "lstm":
            tree[f"h{gate}"]["bias"] = ih + hh
        elif gate == "n":
            tree["in"]["bias"], tree["hn"]["bias"] = ih, hh
        else:
            tree[f"i{gate}"]["bias"] = ih + hh
    return jax.tree.map(np.float32, tree)


def torch_runs(kind: str, w: dict[str, np.ndarray], x: np.ndarray, end: str) -> np.ndarray:
    """The equations of PyTorch's documentation, with both biases, over [B, T, in]."""
    features = w[f"weight_hh_{end}"].shape[1]
    h = c = np.zeros((len(x), features))
    steps = []
    for t in range(x.shape[1]):
        given = np.split(x[:, t] @ w[f"weight_ih_{end}"].T + w[f"bias_ih_{end}"], len(ROWS[kind]), axis=1)
        past = np.split(h @ w[f"weight_hh_{end}"].T + w[f"bias_hh_{end}"], len(ROWS[kind]), axis=1)
        if kind == "lstm":
            i, f, o = (1 / (1 + np.exp(-(given[k] + past[k]))) for k in (0, 1, 3))
            c = f * c + i * np.tanh(given[2] + past[2])
            h = o * np.tanh(c)
        else:
            r, z = (1 / (1 + np.exp(-(given[k] + past[k]))) for k in (0, 1))
            h = (1 - z) * np.tanh(given[2] + r * past[2]) + z * h
        steps.append(h)
    return np.stack(steps, axis=1)


@pytest.mark.parametrize("kind", ROWS)
def test_weights_of_pytorch(kind: str) -> None:
    """`num_layers=2, bidirectional=True` is `bidirectional(…, layers=2)`: each layer sees both directions of the one below."""
    torch = torch_weights(kind, 2, 5, 4)
    wanted = X.astype("float64")
    for layer in range(2):
        ahead = torch_runs(kind, torch, wanted, f"l{layer}")
        back = torch_runs(kind, torch, wanted[:, ::-1], f"l{layer}_reverse")[:, ::-1]
        wanted = np.concatenate([ahead, back], axis=-1)
    model = compiled(f"output y = x -> bidirectional({kind}_cell(5), layers=2)")
    ends = {f"layer_{k}": {"forward": f"l{k}", "backward": f"l{k}_reverse"} for k in range(2)}
    tree = {layer: {way: from_torch(kind, torch, end) for way, end in ways.items()} for layer, ways in ends.items()}
    found = model.apply({"params": {"bidirectional_0": tree}, "buffers": {}}, x=X)["y"]
    np.testing.assert_allclose(found, wanted, 1e-5, 1e-5)


# --- refusals ------------------------------------------------------------------------------------------------------------

REFUSED = [
    ("bidirectional(dense(4))", "not-a-cell", "the layer `dense`"),
    ("bidirectional(lstm(4, return_state=true))", "not-a-cell", "its own `return_state`"),
    ("bidirectional(lstm(4, reverse=true))", "not-a-cell", "goes backwards"),
    ("bidirectional(bidirectional(gru_cell(4)))", "not-a-cell", "the layer `bidirectional`"),
    ("rnn(lstm(4))", "not-a-cell", "the layer `lstm`"),
    ('bidirectional(gru_cell(4), merge="max")', "bad-argument", "merge"),
    ("lstm(4, activation=softmax)", "bad-argument", "element by element"),
    ("lstm(4, layers=2, initial={h: h0})", "bad-initial-state", "`h_0`: f32[B, 4]"),
    ("lstm(4, initial={h_0: h0})", "bad-initial-state", "`h_0`"),
    ("gru(3, initial={h: h0})", "bad-initial-state", "`h`: f32[B, 3]"),
    ("gru(4, initial=h0)", "bad-initial-state", "a carry"),
    ("bidirectional(gru_cell(4), initial={h: h0})", "bad-initial-state", "`forward.h`"),
    ("bidirectional(gru_cell(4), initial={forward: 3})", "bad-initial-state", "`forward`"),
    ("lstm_cell(4)", "cell-outside-time", "lstm_cell"),
]


@pytest.mark.parametrize(("call", "slug", "said"), REFUSED)
def test_refusals(call: str, slug: str, said: str) -> None:
    text = f"netspec 1\nmodel M {{\n  input x: f32[B, T, 4]\n  input h0: f32[B, 4]\n  output y = x -> {call}\n}}\n"
    (problem,) = [p for p in check(Source("m.net", text)).problems if p.severity == "error"]
    assert problem.slug() == slug
    assert said in f"{problem.message()} {problem.help()}"


def test_directions_of_unlike_features_are_not_added() -> None:
    text = 'netspec 1\nmodel M {\n  input x: f32[B, T, 4]\n  output y = x -> bidirectional(gru_cell(4), gru_cell(3), merge="sum")\n}\n'
    (problem,) = [p for p in check(Source("m.net", text)).problems if p.severity == "error"]
    assert problem.at.text.startswith("bidirectional")


def test_outputs_of_two_directions_keep_lengths_apart() -> None:
    """What stands past an example's length changes nothing before it, in either direction."""
    model = compiled("output y = x -> bidirectional(lstm_cell(3), layers=2, lengths=n)", lengths=True)
    tree = {"params": weights_of(model), "buffers": {}}
    inside = (np.arange(6)[None] < LENGTHS[:, None])[..., None]
    one, other = (model.apply(tree, x=np.where(inside, X, fill), n=LENGTHS)["y"] for fill in (0, 7))
    np.testing.assert_array_equal(np.where(inside, one, 0), np.where(inside, other, 0))
