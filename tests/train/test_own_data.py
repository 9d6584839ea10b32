"""Training on a user's own data: from Python, from a file that `--data` names, from files of the data folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import netspec
from netspec.cli.main import main
from netspec.diagnostics.running.weights import NothingToTrain
from netspec.diagnostics.spec_error import SpecError
from netspec.library.data.datasets.user_data import choose_held_out
from netspec.source import Source

SPEC = """netspec 1

model M {{
  input x: f32[B, 3]
  output y = (x -> dense(1))[:, 0]
}}

train M {{
  data      = {data} -> shuffle -> batch(16)
  loss      = mean_squared_error(y, price)
  optimizer = adam(0.05)
  duration  = 3 epochs
  {more}
}}
"""
FIELDS = "fields={x: f32[3], price: f32[]}"
RNG = np.random.default_rng(0)
X = RNG.normal(size=(100, 3))
DATA = {"x": X, "price": X @ [1.0, -2.0, 0.5] + 3}
TEST = {name: values[:30] for name, values in DATA.items()}


def program(data: str, more: str = "eval { every = 1 epoch }") -> Any:
    return netspec.compile(Source("houses.net", SPEC.format(data=data, more=more)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.savez(tmp_path / "houses.npz", **DATA)
    np.savez(tmp_path / "test.npz", **TEST)
    rows = [",".join(map(repr, [*row, price])) for row, price in zip(X.tolist(), DATA["price"].tolist(), strict=True)]
    (tmp_path / "houses.csv").write_text("\n".join(["x_0,x_1,x_2,price", *rows]) + "\n")
    return tmp_path


def losses(fit: Any) -> list[tuple[str, float]]:
    return [(r.split, r.loss) for r in fit.history]


def test_the_same_data_train_the_same_however_they_come(folder: Path) -> None:
    own = f"{FIELDS}, test=0.2"
    arrays = program(f"arrays({own})")
    given = losses(arrays.fit(DATA))
    assert [split for split, _ in given] == [*["train", "validation"] * 3, "test"] and given[-1][1] < given[1][1]
    assert losses(arrays.fit(folder=folder / "houses.npz")) == given
    assert losses(program(f'npz("houses.npz", {own})').fit(folder=folder)) == given
    assert losses(program(f'csv("houses.csv", {own})').fit(folder=folder)) == given


def test_a_second_file_is_the_test_part_as_one_that_is_handed_over(folder: Path) -> None:
    fit = program(f'npz("houses.npz", {FIELDS}, test="test.npz")').fit(folder=folder)
    given = program(f"arrays({FIELDS})").fit(DATA, test=TEST)
    assert losses(fit) == losses(given)
    divided = program(f"arrays({FIELDS}, test=0.5)")
    assert losses(divided.fit(DATA, test=TEST)) == losses(given)
    assert divided.evaluate(given.state, TEST) == pytest.approx(given.test)


def test_a_tenth_is_set_aside_unless_the_spec_says_otherwise() -> None:
    assert {split for split, _ in losses(program(f"arrays({FIELDS})").fit(DATA))} == {"train", "validation"}
    assert {split for split, _ in losses(program(f"arrays({FIELDS}, validation=none)").fit(DATA))} == {"train"}
    given = program(f"arrays({FIELDS})").fit(DATA, validation=TEST).history
    assert [(r.step, r.split) for r in given[:2]] == [(6, "train"), (6, "validation")]


def test_batches_are_used_as_they_are() -> None:
    batches = [{name: values[i : i + 20] for name, values in DATA.items()} for i in range(0, 100, 20)]
    fit = program(f"arrays({FIELDS}, test=0.2)").fit(batches)
    assert [r.step for r in fit.history] == [5, 10, 15]


def test_the_field_that_weights_names_weighs_the_examples() -> None:
    data = "arrays(fields={x: f32[3], price: f32[], trust: f32[]})"
    weighed = program(data, "weights = trust")
    state = weighed.init(0)
    half = np.where(np.arange(100) < 30, 1.0, 0.0)
    found = weighed.evaluate(state, {**DATA, "trust": half})
    assert found == pytest.approx(program(f"arrays({FIELDS})").evaluate(state, TEST))
    plain, every = program(data, "weights = trust; eval { weights = none }"), program(f"arrays({FIELDS})").evaluate(state, DATA)
    assert plain.evaluate(state, {**DATA, "trust": half}) == pytest.approx(every)


@pytest.mark.parametrize(
    ("change", "slug"),
    [
        ({"x": X[:, :2]}, "array-mismatch"),
        ({"price": DATA["price"][:50]}, "array-mismatch"),
        ({"price": np.arange(100)}, "array-mismatch"),
        ({"x": np.where(X > 1, np.nan, X)}, "value-not-finite"),
    ],
)
@pytest.mark.parametrize("own", [FIELDS, f"{FIELDS}, test=0.2"])
def test_arrays_that_do_not_fit_are_refused(change: dict[str, Any], slug: str, own: str) -> None:
    with pytest.raises(SpecError, match=slug):
        program(f"arrays({own})").fit({**DATA, **change})


RAGGED = """netspec 1

model M {
  input tokens: i32[B, T]
  input length: i32[B]
  output logits = tokens -> embed(20, 8) -> mean(axis=1) -> dense(2)
}

train M {
  data = arrays(fields={tokens: i32[T], length: i32[], label: i32[]}, test=0.2) -> shuffle -> batch(8)
  loss = softmax_cross_entropy(logits, label)
  metric tokens_each = length
  optimizer = adam(0.01)
  duration = 1 epoch
}
"""


def test_sequences_of_different_length_are_lists() -> None:
    tokens = [list(range(1, 3 + i % 5)) for i in range(50)]
    fit = netspec.compile(Source("m.net", RAGGED)).fit({"tokens": tokens, "label": np.arange(50) % 2})
    aside = np.flatnonzero(choose_held_out(50, 0.2))
    assert fit.test["tokens_each"] == pytest.approx(np.mean([len(tokens[i]) for i in aside]))


SAMPLER = """netspec 1

model M {
  input x: f32[B, 3]
  y = x -> dense(2)
  output logits = y
  when serve { output sample = y + random_normal([B, 2]) }
}

train M {
  data = arrays(fields={x: f32[3], label: i32[]}) -> batch(4)
  loss = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.1)
  duration = 1 epoch
}
"""


def test_samples_differ_from_example_to_example_and_from_seed_to_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where more examples are predicted than a batch holds; the seed of the spec is the default."""
    x = np.zeros((10, 3), np.float32)
    made = netspec.compile(SAMPLER)
    fit = made.fit({"x": x, "label": np.zeros(10, int)}, out=tmp_path / "run")
    assert "<Program M(x: f32[B, 3]) -> logits, sample>, lines of history: 2>" in repr(fit)
    assert repr(netspec.load(tmp_path / "run")).startswith(f"<Loaded {str(tmp_path / 'run')!r} at step 2: <Program M(")
    samples = fit.predict(x=x)["sample"]
    assert len(np.unique(samples[:, 0])) == 10
    np.testing.assert_array_equal(samples, fit.predict(x=x)["sample"])
    np.savez(tmp_path / "x.npz", x=x)
    found = []
    for seed in (0, 1, 2):
        out = tmp_path / f"{seed}.npz"
        args = ["predict", str(tmp_path / "run"), "--input", str(tmp_path / "x.npz"), "--seed", str(seed), "--output", str(out)]
        assert main(args) == 0
        with np.load(out) as file:
            found.append(file["sample"])
    np.testing.assert_array_equal(found[0], samples)
    assert all(not np.isclose(left, right).any() for left, right in ((found[0], found[1]), (found[1], found[2])))
    capsys.readouterr()


def test_one_example_cannot_be_divided() -> None:
    with pytest.raises(SpecError, match="too-few-to-split"):
        program(f"arrays({FIELDS}, test=0.2)").fit({name: values[:1] for name, values in DATA.items()})


def test_a_spec_without_train_says_what_to_add() -> None:
    text = SPEC.split("train M")[0].format()
    with pytest.raises(SpecError) as caught:
        netspec.compile(Source("houses.net", text)).fit(DATA)
    [problem] = caught.value.diagnostics
    assert isinstance(problem, NothingToTrain) and "arrays(fields={x: f32[3], label: i32[]})" in (problem.help() or "")


def test_the_command_line_takes_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "houses.net").write_text(SPEC.format(data=f"arrays({FIELDS}, test=0.2)", more=""))
    out = str(folder / "run")
    assert main(["train", str(folder / "houses.net"), "--data", str(folder / "houses.npz"), "--out", out]) == 0
    assert main(["eval", out, "--data", str(folder / "houses.npz")]) == 0 and main(["eval", out]) == 0
    capsys.readouterr()
    assert main(["train", str(folder / "houses.net"), "--out", str(folder / "other")]) == 1
    assert "error[arrays-needed]" in capsys.readouterr().err


ROWS = [[1, 2], [3], [1, 2, 3], [1]]
LISTS: dict[str, Any] = {
    "lists": ROWS,
    "tuples": tuple(map(tuple, ROWS)),
    "arrays": [np.asarray(row) for row in ROWS],
    "arrays of JAX": [jnp.asarray(row) for row in ROWS],
    "an array of lists": np.asarray(ROWS, object),
    "lists of one length": [[1, 2]] * 4,
    "of every kind": [[1, 2], np.asarray([3]), (1,), jnp.asarray([2])],
    "lists of nothing among others": [[1, 2], [], [1], [2]],
    "arrays of nothing among others": [np.asarray([1, 2], np.int32), np.asarray([], np.int32), np.asarray([]), np.asarray([2])],
    "floats": [[1.0], [2.0, 3.0], [1.0], [1.0]],
    "nothing of another kind": [[1, 2], np.zeros((0, 3)), [1], [2]],
    "nothing but lists of nothing": [[], [], [], []],
    "an iterator": iter(ROWS),
}


def test_what_fit_takes_predict_takes_and_evaluate_too() -> None:
    """Lists of every form are taken by all of them, or refused by all of them with the type that the spec declares."""
    model = netspec.compile(RAGGED.replace("batch(8)", "batch(2)").replace(", test=0.2", ""))
    state, taken = model.init(0), []
    for form, tokens in LISTS.items():
        data = {"tokens": tokens, "label": [0, 1, 0, 1]}
        doors = (
            lambda data=data: model.fit(data),
            lambda data=data: model.fit([data]),
            lambda data=data: model.evaluate(state, data),
            lambda tokens=tokens: model.predict(state, tokens=tokens),
        )
        found = []
        for door in doors:
            try:
                door()
                found.append(True)
            except SpecError as error:
                assert "elements]" not in str(error), form
                found.append(False)
        assert len(set(found)) == 1, (form, found)
        taken += [form] if all(found) else []
    assert taken == list(LISTS)[:-4]


def test_a_sequence_of_nothing_has_length_0() -> None:
    """In the length that is counted, and in the mask that is made of it."""
    made = netspec.compile(RAGGED.replace(", test=0.2", ", validation=none"))
    fit = made.fit({"tokens": [[1, 2, 3], [], [4]] * 8, "label": [0, 1, 0] * 8})
    assert [line.metrics["tokens_each"] for line in fit.history] == pytest.approx([4 / 3] * len(fit.history), rel=0.2)
