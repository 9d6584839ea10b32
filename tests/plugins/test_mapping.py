"""`map` over functions of a plugin: order and draws by (seed, epoch, index), in worker processes too, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netspec
from netspec.cli.main import main
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.mapped import MappedOtherwise
from netspec.source import Source
from netspec.train.feed import ArrayFeed
from netspec.train.workers import Workers, employ
from tests.train.pictures import Made, pictures
from tests.train.test_workers import same

SPEC = """netspec 1

model M {{
  input image: f32[B, {shape}]
  output logits = image -> flatten -> dense(3)
}}

train M {{
  data = {chain}
  loss = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.1)
  duration = 2 steps
}}
"""
FOLDER = 'image_folder("train", size=3) -> center_crop(16) -> {} -> shuffle -> batch(4)'
ARRAYS = "arrays(fields={{image: f32[4, 4, 1], label: i32[]}}) -> {} -> batch(4)"


def checked(chain: str, shape: str = "16, 16, 3") -> Any:
    return netspec.check(Source("m.net", SPEC.format(chain=chain, shape=shape)), plugins=["acme"])


def feed(maps: str, workers: Workers | None = None, shape: str = "16, 16, 3", size: int | None = None) -> ArrayFeed:
    found = checked(FOLDER.format(maps), shape)
    assert found.problems == () and found.typed is not None
    plan = found.typed.trains[0].data
    return ArrayFeed(pictures(Made()), replace(plan, batch=size) if size else plan, 7, workers=workers)


@pytest.mark.usefixtures("acme")
def test_batches_depend_on_neither_workers_nor_batch_size_nor_epoch_before() -> None:
    """Two seconds, for a process to start. It finds the functions where the plugin's module has them."""
    maps = 'map(acme.brightened(0.5)) -> flip -> map(acme.turned, ["image", "label"]) -> map(noise(0.1))'
    plain = [list(feed(maps).training(epoch)) for epoch in (0, 1)]
    with employ(2) as workers:
        for epoch in (1, 0):
            same(list(feed(maps, workers).training(epoch)), plain[epoch])
        same(list(feed(maps, workers).evaluation()), list(feed(maps).evaluation()))
    assert plain[0][0]["image"].dtype == np.float32 and not np.array_equal(plain[0][0]["image"], plain[1][0]["image"])
    joined = np.concatenate([batch["image"] for batch in plain[0]])
    np.testing.assert_array_equal(next(feed(maps, size=20).training(0))["image"], joined)
    rest = list(feed(maps).training(0, 3))
    same(rest, plain[0][3:])


@pytest.mark.usefixtures("acme")
def test_what_draws_is_left_out_in_evaluations_and_other_types_are_given() -> None:
    [batch] = feed("map(acme.brightened)", size=23).evaluation()
    [own] = feed("flip", size=23).evaluation()
    same([batch], [own])
    one, other = next(feed("map(acme.rows, gives={image: f32[16]})", shape="16").training(0)), next(feed("map(log1p)").training(0))
    assert one["image"].shape == (4, 16) and other["image"].shape == (4, 16, 16, 3)
    np.testing.assert_allclose(np.log1p(next(feed("flip", size=4).training(0))["image"]).sum(), other["image"].sum(), rtol=1e-5)


@pytest.mark.usefixtures("acme")
def test_a_value_of_another_type_names_function_and_field() -> None:
    with pytest.raises(Mistake) as caught:
        next(feed("map(acme.rows)").training(0))
    assert caught.value.diagnostic == MappedOtherwise(op="acme.rows", fields=("image",), expected="f32[16, 16, 3]", found="f32[16]")
    assert "gives={image: …}" in (caught.value.diagnostic.help() or "")


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(
    ("maps", "slug", "words"),
    [
        ("map(acme.brightend)", "unknown-name", "acme.brightened"),
        ("map(flip)", "wrong-kind", "of one example"),
        ('map(acme.turned, "image")', "bad-argument", "a list of 2 fields"),
        ('map(acme.rows, "picture")', "no-such-field", "picture"),
        ("map(acme.rows, gives={label: f32[2]})", "bad-argument", "none of them"),
        ("map(noise, gives={image: f32[4, 4, 1]})", "eval-data-needed", "map"),
        ("map(acme.brightened(by=true))", "bad-argument", "by"),
    ],
)
def test_what_a_check_refuses(maps: str, slug: str, words: str) -> None:
    problems = checked(ARRAYS.format(maps), "4, 4, 1").problems
    assert [p.slug() for p in problems] == [slug], problems
    assert words in problems[0].message() + str(problems[0].help())


def test_a_run_is_trained_and_loaded(acme: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    chain = ARRAYS.format('map(acme.brightened(0.3)) -> map(acme.turned, ["image", "label"])')
    data = {"image": np.random.default_rng(0).random((40, 4, 4, 1), np.float32), "label": np.arange(40, dtype=np.int32) % 3}
    text = SPEC.format(chain=chain, shape="4, 4, 1")
    fit = netspec.compile(text, plugins=["acme"]).fit(data, out="run")
    assert np.isfinite(fit.metrics["loss"])
    np.testing.assert_array_equal(netspec.load("run").predict(image=data["image"])["logits"].shape, (40, 3))


def test_what_fails_in_a_function_is_the_plugin_s_fault(
    acme: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.net").write_text(SPEC.format(chain=ARRAYS.format("map(acme.broken)"), shape="4, 4, 1"))
    np.savez("a.npz", image=np.zeros((40, 4, 4, 1), np.float32), label=np.zeros(40, np.int32))
    main(["train", "m.net", "--plugin", "acme", "--data", "a.npz", "--out", "run"])
    told = capsys.readouterr().err
    assert "error[plugin-fault]: the plugin `acme` failed in `broken`" in told and "Traceback" not in told
