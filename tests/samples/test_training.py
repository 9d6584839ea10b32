"""The samples' `train` sections do what they say: the graph is learned whole, the others take steps on small files of their formats."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import netspec
from netspec.library.data.datasets.cifar10 import FILES

HERE = Path(__file__).parent
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a few examples of MNIST, of CIFAR-10 and of a folder of photographs in several sizes."""
    home = tmp_path_factory.mktemp("data")
    for part in ("train", "t10k"):
        pixels = RNG.integers(0, 256, (12, 28, 28), np.uint8)
        (home / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 2051, 12, 28, 28) + pixels.tobytes())
        (home / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 2049, 12) + bytes(i % 10 for i in range(12)))
    for file in (name for names in FILES.values() for name in names):
        (home / file).write_bytes(RNG.integers(0, 10, (4, 3073), np.uint8).tobytes())
    for part in ("train", "val"):
        for i in range(8):
            folder = home / part / f"class{i % 2}"
            folder.mkdir(parents=True, exist_ok=True)
            height, width = RNG.integers(20, 60, 2)
            Image.fromarray(RNG.integers(0, 256, (height, width, 3), np.uint8)).save(folder / f"{i}.jpg")
    return home


def trained(name: str, data: Path, duration: str = "2 steps", **overrides: Any) -> Any:
    """A run in batches of 4, of this length, with these values of params and settings."""
    settings = {"train.duration": duration, "train.data.batch.size": 4, **overrides}
    return netspec.compile(HERE / f"{name}.net", set=settings).fit(folder=data)


def test_the_karate_club_is_told_apart() -> None:
    """Two labels of 34 are seen, and 20 steps are enough to know the others: at least 0.9, as published."""
    fit = netspec.compile(HERE / "karate.net").fit()
    losses = [record.loss for record in fit.history if record.split == "train"]
    assert len(losses) == 20 and losses[0] > 0.3 and losses[-1] < 0.01
    assert fit.metrics["accuracy"] >= 0.9


def test_the_autoencoder_learns(data: Path) -> None:
    """From 12 noisy pictures it learns what they share; the loss begins at 784 coins thrown, and is the sum of its two parts."""
    fit = trained("vae", data, "40 epochs")
    losses = [record.loss for record in fit.history if record.split == "train"]
    assert 500 < losses[0] < 600 and losses[-1] < losses[0] - 10
    assert fit.metrics["loss"] == pytest.approx(fit.metrics["reconstruction"] + fit.metrics["divergence"], rel=1e-4)


def test_two_networks_against_each_other(data: Path) -> None:
    fit = trained("gan", data)
    found = fit.metrics
    assert fit.history[-1].step == 2 and found["loss"] == pytest.approx(found["critic.loss"] + found["maker.loss"], rel=1e-5)
    assert found["maker.loss"] == pytest.approx(np.log(2), abs=0.3)


@pytest.mark.slow
def test_photographs_of_one_size(data: Path) -> None:
    """With weight decay in the loss: at chance, cross-entropy log 10, and more than that in all."""
    fit = trained("wrn", data, k=1, n=2, **{"train.eval.data.batch.size": 4})
    assert fit.history[-1].step == 2 and 0 <= fit.metrics["error"] <= 1
    assert 1.5 < fit.metrics["loss"] < 20


@pytest.mark.slow
def test_photographs_of_several_sizes(data: Path) -> None:
    sizes = {"train.data.batch.size": 2, "train.eval.data.batch.size": 4}
    fit = trained("resnet50", data, "1 steps", stages=[1, 1], classes=6, **sizes)
    assert fit.history[-1].step == 1 and 0 <= fit.metrics["top1"] <= fit.metrics["top5"] <= 1
    assert np.isfinite(fit.metrics["loss"])
