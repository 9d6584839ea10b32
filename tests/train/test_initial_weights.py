"""A run that begins with weights from elsewhere, and the commands that list, average and export checkpoints."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from netspec.cli.main import main
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.checkpoints import RunOfAnotherSpec
from netspec.diagnostics.running.weight_files import InitialWeightsDiffer, InitialWeightsNeeded
from netspec.lower.path_tree import flatten
from netspec.train.feed import feed_from
from netspec.train.initial_weights import Initial, match_weights
from netspec.train.progress import Silent
from netspec.train.run_folder import open_run
from netspec.train.trainable_model import Fit
from netspec.train.weight_files import SUFFIXES, pack_weights, read_weights
from tests.train.runs import happening, killed_after, lines, model, opened, steps, tensors, train
from tests.train.test_command import SPEC


def first() -> dict[str, np.ndarray]:
    """Weights of the model by path, as another seed draws them."""
    program = model()
    return {path: np.asarray(a) for tree in program.unpack(program.init(99)).values() for path, a in flatten(tree).items()}


def begin(run: Path | None, initial: Initial | None, resume: bool = False) -> Fit:
    made = model()
    assert made.plan and made.plan.eval.data
    feeds = feed_from(None, made.plan.data, made.plan.seed), feed_from(None, made.plan.eval.data, made.plan.seed)
    return made.train(*feeds, None, run, resume, Silent(), initial=initial)


def differing(**changes: object) -> InitialWeightsDiffer:
    arrays = first()
    arrays = {name: a for name, a in {**arrays, **changes}.items() if a is not None}  # type: ignore[dict-item]
    with pytest.raises(Mistake) as caught:
        match_weights(model(), arrays, "there")
    problem = caught.value.diagnostic
    assert isinstance(problem, InitialWeightsDiffer)
    return problem


def test_every_name_is_matched_or_listed_and_every_shape_compared() -> None:
    found = differing(**{"dense_1/kernel": np.ones((6, 7), np.float32), "dense_1/bias": None, "other": np.ones(2)})
    assert found.missing == ("dense_1/bias [3]",) and found.unused == ("other [2]",)
    assert found.misshaped == ("dense_1/kernel is [6, 7], [6, 3] in the model",)
    assert (found.taken, len(found.paths)) == (len(first()) - 2, len(first()))
    assert "--partial" in (found.help() or "")


def test_with_partial_what_fits_is_taken_and_the_rest_is_said() -> None:
    arrays = {**first(), "dense_1/kernel": np.ones((6, 7), np.float32), "other": np.ones(2)}
    made = match_weights(model(), arrays, "there", partial=True)
    state = model().pack(made.tree)
    tree = flatten(model().unpack(state)["params"])
    np.testing.assert_array_equal(tree["dense_0/kernel"], arrays["dense_0/kernel"])
    np.testing.assert_array_equal(tree["dense_1/kernel"], flatten(model().unpack(model().init())["params"])["dense_1/kernel"])
    assert made.lines[1:] == (
        "  left at its first value: dense_1/kernel is [6, 7], [6, 3] in the model",
        "  not used: other [2]",
    )
    assert made.record["left"] == ["dense_1/kernel is [6, 7], [6, 3] in the model"] and made.record["unused"] == ["other [2]"]


def test_nothing_that_fits_is_a_problem_also_with_partial() -> None:
    with pytest.raises(Mistake) as caught:
        match_weights(model(), {"a": np.ones(2)}, "there", partial=True)
    assert isinstance(caught.value.diagnostic, InitialWeightsDiffer) and "--map" in (caught.value.diagnostic.help() or "")


@pytest.mark.slow
def test_a_run_that_begins_with_weights_is_the_same_after_a_kill(tmp_path: Path) -> None:
    initial = match_weights(model(), {f"old/{name}": a for name, a in first().items()}, "there", ["old/**=**"])
    begin(tmp_path / "whole", initial)
    with killed_after(2):
        begin(tmp_path / "run", initial)
    assert steps(tmp_path / "run") == [0]
    shutil.copytree(tmp_path / "run", tmp_path / "none")
    begin(tmp_path / "run", None, resume=True)
    assert (lines(tmp_path / "run"), tensors(tmp_path / "run")) == (lines(tmp_path / "whole"), tensors(tmp_path / "whole"))
    train(tmp_path / "other")
    assert tensors(tmp_path / "other") != tensors(tmp_path / "whole")
    kept = open_run(tmp_path / "run").settings["initial"]
    assert (kept["source"], kept["maps"], kept["taken"]["dense_0/bias"]) == ("there", ["old/**=**"], "old/dense_0/bias")
    shutil.rmtree(tmp_path / "none" / "checkpoints" / "0")
    with pytest.raises(Mistake) as caught:
        begin(tmp_path / "none", None, resume=True)
    assert caught.value.diagnostic == InitialWeightsNeeded(run=str(tmp_path / "none"), source="there")
    with pytest.raises(Mistake) as caught:
        begin(tmp_path / "none", match_weights(model(), {n: a + 1 for n, a in first().items()}, "elsewhere"), resume=True)
    assert isinstance(caught.value.diagnostic, RunOfAnotherSpec)
    begin(tmp_path / "none", initial, resume=True)
    assert tensors(tmp_path / "none") == tensors(tmp_path / "whole")


def test_weights_of_a_run_with_a_repeat_come_back_bit_for_bit_from_every_format(tmp_path: Path) -> None:
    train(tmp_path / "run", model(epochs=1))
    weights = opened(tmp_path / "run", "last").weights()
    assert weights.about["step"] == "6" and len(weights.params) > len(model().init().params)
    wanted = tensors(tmp_path / "run")
    for kind, suffix in SUFFIXES.items():
        path = tmp_path / f"w{suffix}"
        path.write_bytes(pack_weights(weights, kind))
        made = match_weights(model(), read_weights(path)[0], str(path))
        packed = model().pack(made.tree)
        found = {f".params[{name!r}]": np.asarray(a) for name, a in packed.params.items()}
        assert {n: f"{a.dtype}{a.shape}".encode() + a.tobytes() for n, a in found.items()} == {n: wanted[n] for n in found}, kind


def test_fit_begins_with_the_weights_that_it_is_given() -> None:
    program, seen = model(), {}
    weights = program.unpack(program.init(99))
    with happening(1, lambda: seen.update(done=True)):
        with_them = program.fit(initial=weights)
    again = program.fit(initial=program.init(99))
    np.testing.assert_array_equal(with_them.state.params["dense_0/kernel"], again.state.params["dense_0/kernel"])
    assert seen and not np.array_equal(with_them.state.params["dense_0/kernel"], program.fit().state.params["dense_0/kernel"])


@pytest.mark.slow
def test_export_init_from_and_checkpoints_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.net").write_text(SPEC)
    (tmp_path / "wide.net").write_text(SPEC.replace("dense(10)", "dense(12)"))

    def run(*words: str, code: int = 0) -> str:
        assert main([*words]) == code, capsys.readouterr().err
        out, err = capsys.readouterr()
        return err if code else out

    run("train", "small.net", "--out", "a")
    half, last = steps(tmp_path / "a")
    for kind, suffix in (("safetensors", ".safetensors"), ("npz", ".npz"), ("flax", ".msgpack")):
        assert f"wrote a{suffix}: 4 parameters and 0 buffers, 610 numbers" in run("export", "a", "--to", kind)
        assert "error[already-exists]" in run("export", "a", "--to", kind, code=2)
    read = [read_weights(tmp_path / f"a{suffix}")[0] for suffix in (".safetensors", ".npz", ".msgpack")]
    assert all(np.array_equal(read[0][name], other[name]) for other in read for name in read[0])
    ends = [
        run("train", "small.net", "--out", f"b{n}", "--init-from", source)
        for n, source in enumerate(("a", "a.npz", f"a/checkpoints/{last}"))
    ]
    assert all("4 of 4 arrays taken (610 numbers)" in end for end in ends)
    assert tensors(tmp_path / "b0") == tensors(tmp_path / "b1") == tensors(tmp_path / "b2")
    assert "dense_1/kernel is [8, 10], [8, 12] in the model" in run("train", "wide.net", "--out", "c", "--init-from", "a", code=1)
    assert "left at its first value: dense_1/bias" in run("train", "wide.net", "--out", "c", "--init-from", "a", "--partial")
    assert "goes on from its own checkpoint" in run("train", "wide.net", "--out", "c", "--init-from", "a", "--resume", code=2)
    assert "end it in .msgpack" in run("export", "a", "--to", "flax", "-o", "w.safetensors", code=2)
    assert "error[no-initial-weights]" in run("train", "wide.net", "--partial", code=1)

    listed = run("checkpoints", "b0", "--verify").splitlines()
    assert [line.split()[0] for line in listed[2:]] == ["0", str(half), str(last)] and all(line.endswith("whole") for line in listed[2:])
    assert f"the mean of the checkpoints of the steps {half}, {last}" in run("checkpoints", "b0", "--average", "last:2", "-o", "mean")
    run("checkpoints", "b0", "--average", "last:2", "-o", "mean.safetensors")
    mean, two = read_weights(tmp_path / "mean.safetensors")[0], [tensors_of(tmp_path / "b0", step) for step in (half, last)]
    np.testing.assert_array_equal(mean["dense_0/bias"], ((two[0].astype("f8") + two[1].astype("f8")) / 2).astype("f4"))
    assert f"step {last}: " in run("eval", "mean")
    assert "`netspec train small.net --init-from mean`" in run("train", "small.net", "--out", "mean", "--resume", code=1)
    assert "already-exists" in run("checkpoints", "b0", "--average", "last:2", "-o", "mean", code=2)
    assert "too-few-checkpoints" in run("checkpoints", "b0", "--average", "last:9", "-o", "more", code=1)
    assert "removed the checkpoints of the steps 0" in run("checkpoints", "b0", "--prune", "2")
    damaged = next(p for p in (tmp_path / "b0" / "checkpoints" / str(half)).rglob("*") if p.is_file() and p.name != "manifest.json")
    damaged.write_bytes(damaged.read_bytes() + b"x")
    assert str(damaged.relative_to(tmp_path)) in run("checkpoints", "b0", "--verify", code=1)


def tensors_of(run: Path, step: int) -> np.ndarray:
    return np.asarray(open_run(run).store.restore(step)[0][".params['dense_0/bias']"])
