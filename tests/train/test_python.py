"""`fit`, `evaluate`, `predict` and `load`, as Python users call them."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.diagnostics.running.runs import NothingToEvaluate
from netspec.diagnostics.spec_error import SpecError
from tests.train.runs import Points, happening, model, opened, steps

DATA = Points().load(None)
TEST = Points(count=21, seed=1).load(None)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    model().fit(out=out)
    return out


def test_fit_with_the_spec_s_data_and_with_the_same_arrays_is_the_same() -> None:
    ours, given = model().fit(), model().fit(DATA, validation=TEST)
    assert [r.loss for r in ours.history] == [r.loss for r in given.history]
    assert ours.metrics == given.metrics and set(ours.metrics) == {"loss", "accuracy"}
    assert ours.run is None


def test_fit_with_batches_evaluates_nothing_unless_told() -> None:
    batches = [{n: a[i : i + 8] for n, a in DATA.items()} for i in range(0, 48, 8)]
    history = model().fit(batches).history
    assert [(r.step, r.split) for r in history] == [(6, "train"), (12, "train"), (18, "train")]


def test_an_evaluation_does_not_depend_on_how_it_is_cut() -> None:
    fit = model().fit()
    whole = [{n: a for n, a in TEST.items()}]
    parts = [{n: a[i : i + 5] for n, a in TEST.items()} for i in range(0, 21, 5)]
    values = [fit.program.evaluate(fit.state, data) for data in (None, TEST, whole, parts)]
    assert values[0] == values[1]
    for other in values[2:]:
        assert other == pytest.approx(values[0], rel=1e-6)


def test_problems_of_data_are_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SpecError, match="missing-array"):
        model().fit({"x": DATA["x"]})


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Python's own answer to Ctrl-C, which a shell lets its background jobs ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_saves_and_interrupts(tmp_path: Path) -> None:
    with happening(7, lambda: signal.raise_signal(signal.SIGINT)), pytest.raises(KeyboardInterrupt):
        model().fit(out=tmp_path / "run")
    assert steps(tmp_path / "run")[-1] == 7


def test_sigterm_saves_and_goes_on_to_whoever_handles_it(tmp_path: Path) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        with happening(7, lambda: signal.raise_signal(signal.SIGTERM)):
            fit = model().fit(out=tmp_path / "run")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM] and fit.stop and int(fit.state.step) == 7
    assert steps(tmp_path / "run")[-1] == 7


@pytest.mark.usefixtures("ctrl_c")
def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    def twice() -> None:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        raise KeyboardInterrupt

    with happening(7, twice), pytest.raises(KeyboardInterrupt):
        model().fit(out=tmp_path / "run")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_signal_that_is_ignored_stays_so(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with happening(7, lambda: signal.raise_signal(signal.SIGINT)):
            fit = model().fit(out=tmp_path / "run")
    finally:
        signal.signal(signal.SIGINT, before)
    assert not fit.stop and int(fit.state.step) == 18


@pytest.mark.usefixtures("ctrl_c")
def test_without_a_run_folder_nothing_is_saved_and_ctrl_c_is_python_s() -> None:
    seen: list[object] = []

    def interrupt() -> None:
        seen.append(signal.getsignal(signal.SIGINT))
        signal.raise_signal(signal.SIGINT)

    with happening(2, interrupt), pytest.raises(KeyboardInterrupt):
        model().fit()
    assert seen == [signal.default_int_handler]


# --- loaded runs -----------------------------------------------------------------------------------------------------


def test_a_loaded_run_predicts_what_the_trained_model_does(run: Path) -> None:
    fit = model().fit()
    np.testing.assert_array_equal(opened(run, "last").predict(x=TEST["x"])["logits"], fit.predict(x=TEST["x"])["logits"])


@pytest.mark.parametrize("count", [1, 7, 8, 9, 50])
def test_any_number_of_examples(run: Path, count: int) -> None:
    loaded = opened(run)
    logits = loaded.predict(x=DATA["x"][:count])["logits"]
    assert isinstance(logits, np.ndarray) and logits.shape == (count, 3)
    one_by_one = np.concatenate([loaded.predict(x=DATA["x"][i : i + 1])["logits"] for i in range(count)])
    np.testing.assert_allclose(logits, one_by_one, rtol=1e-5, atol=1e-6)


def test_the_evaluation_of_the_last_checkpoint_is_the_last_line(run: Path) -> None:
    from tests.train.runs import lines

    last = lines(run)[-1]
    assert opened(run, "last").evaluate() == {"loss": last["loss"], **last["metrics"]}


@pytest.mark.parametrize(
    ("inputs", "slug"),
    [({"y": DATA["x"]}, "unknown-input"), ({}, "missing-array"), ({"x": DATA["x"][:, :2]}, "array-mismatch")],
)
def test_inputs_that_do_not_fit(run: Path, inputs: dict[str, Any], slug: str) -> None:
    with pytest.raises(SpecError) as caught:
        opened(run).predict(**inputs)
    assert slug in [p.slug() for p in caught.value.diagnostics]


def test_a_run_without_evaluation_data_says_so(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = opened(run)
    monkeypatch.setattr(type(loaded.program), "evaluation_feed", lambda *_, **__: None)
    with pytest.raises(SpecError) as caught:
        loaded.evaluate()
    assert caught.value.diagnostics == (NothingToEvaluate(run=str(run), parts=loaded.program.parts),)


def test_no_batches_are_a_problem() -> None:
    program = model()
    state = program.init()
    for call in (lambda: program.fit([]), lambda: program.evaluate(state, []), lambda: program.evaluate(state, iter(()))):
        with pytest.raises(SpecError, match="it is one of no batches"):
            call()
