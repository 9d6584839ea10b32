"""What a lock says of a training: each setting, each parameter, each source of random numbers."""

from __future__ import annotations

from typing import Any

from netspec.compile import check
from netspec.lock import gather_facts
from netspec.source import Source

GAN = """netspec 1
block Made {
  param size: int
  input x: f32[B, 16]
  output y = x -> dense(size) -> batch_norm -> dropout(0.2)
}
model M {
  input image: f32[B, 8, 8, 1]
  shared body = Made(16)
  x = image -> flatten -> first: dense(16) -> body -> body
  x = x -> gaussian_noise(0.1)
  output logits = x -> head: dense(10)
}
train M {
  data = digits() -> shuffle -> batch(32)
  let ce = softmax_cross_entropy(logits, label)
  update body { loss = ce; params = "body/**"; optimizer = clip_by_global_norm(1.0) -> adamw(cosine(0.001), weight_decay=0.01) }
  update rest { loss = ce; params = ["head/**", "first/**"]; optimizer = sgd(0.1) -> freeze("first/**"); every = 2 }
  duration = 3 epochs
  seed = 7
}
"""


def facts_of(text: str) -> dict[str, Any]:
    checked = check(Source("m.net", text))
    assert checked.ok and checked.typed is not None, [problem.message() for problem in checked.problems]
    return gather_facts(checked.typed)


def test_several_optimizers() -> None:
    """A schedule is a rate; what is frozen is not told of its optimizer; a shared block has one line."""
    training = facts_of(GAN)["trainings"]["M"]
    trained = "body: adamw, rate cosine(0.001), decay 0.01"
    assert training["parameters"] == {
        "first/kernel": "frozen",
        "first/bias": "frozen",
        "body/dense_0/kernel": trained,
        "body/dense_0/bias": trained,
        "body/batch_norm_0/scale": trained,
        "body/batch_norm_0/bias": trained,
        "head/kernel": "rest: sgd, rate 0.1, no decay",
        "head/bias": "rest: sgd, rate 0.1, no decay",
    }
    assert training["settings"]["update.body.optimizer"] == "clip_by_global_norm(1.0) -> adamw(cosine(0.001), weight_decay=0.01)"
    assert training["settings"]["update.rest.every"] == "2"
    assert training["loss and metrics"]["update.body.loss"] == "softmax_cross_entropy on logits, label"


def test_random_numbers() -> None:
    """The seed, what draws in the model by path, what draws in the data by its place in the chain."""
    random = facts_of(GAN)["trainings"]["M"]["random"]
    assert random["seed"] == "7" and random["initial values"] == "each parameter by sha256(seed, path)"
    assert random["layers"] == {"body/dropout_0": "dropout(0.2)", "gaussian_noise_0": "gaussian_noise(0.1)"}
    assert "transforms" not in random
    crops = facts_of(GAN.replace("shuffle ->", "shuffle -> random_crop(8, pad=1) ->"))["trainings"]["M"]["random"]["transforms"]
    assert list(crops) == ["1: random_crop"]


def test_defaults_inside_of_arguments() -> None:
    """Those of a schedule in an optimizer are there, and none of what is written."""
    defaults = facts_of(GAN)["defaults"]
    assert "cosine.end" in defaults["schedule"] and "adamw.b1" in defaults["optimizer"]
    assert "adamw.weight_decay" not in defaults["optimizer"] and "dropout.rate" not in defaults["layer"]


def test_what_follows_from_how_many_processes_decode_is_no_fact() -> None:
    assert facts_of(GAN.replace("seed = 7", "seed = 7\n  workers = 2")) == facts_of(GAN)
