"""The cases about images, padding, frozen and shared layers, each with its right answer, and siblings of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import netspec
from netspec.compile import check
from netspec.source import Source

CASES = Path(__file__).parent


def problems(case: str) -> list[str]:
    """What is said of a case's spec."""
    folder, number = case.split("/")
    return [problem.slug() for problem in check(next((CASES / folder).glob(f"{number}-*.net"))).problems]


def said(text: str) -> list[str]:
    """What is said of a spec."""
    return [problem.slug() for problem in check(Source("m.net", f"netspec 1\n{text}")).problems]


def first_image(case: str) -> np.ndarray:
    """The first image of a case's first batch."""
    path = next((CASES / "reports").glob(f"{case}-*.net"))
    feed = netspec.compile(path).training_feed(path.parent)
    return np.asarray(next(iter(feed.training(0)))["image"])


def test_16_bits_are_divided_by_65535() -> None:
    found = np.unique(first_image("03").round(4))
    np.testing.assert_allclose(found[:6], [0.0, 0.0039, 0.0156, 0.0625, 0.25, 0.5], atol=1e-4)


def test_floats_are_as_they_are() -> None:
    found = np.unique(first_image("04"))
    np.testing.assert_allclose(found[[0, 1, 2, -1]], [0.0, 1 / 7, 2 / 7, 1.0], atol=1e-4)


def test_a_picture_is_turned_as_its_tag_says() -> None:
    image = first_image("05")[0, :, :, 0]
    sides = {"top": image[0], "bottom": image[-1], "left": image[:, 0], "right": image[:, -1]}
    assert max(sides, key=lambda side: sides[side].mean()) == "right"


def test_a_sequence_begins_once() -> None:
    assert problems("traps/16") == ["begins-twice"]


LM = """
model M {{
  dim T <= 32
  input tokens: i32[B, T]
  x = tokens -> embed(50, 16) -> self_attention(2, causal=true)
  output logits = x -> {layer} -> dense(50)
}}
serve M {{ tokens = greedy(logits, start=1, stop=2, limit=8) }}
"""


def test_a_window_of_one_sees_no_other_step() -> None:
    assert problems("traps/18") == []
    one = ("conv(16, 1)", "conv(16, 1, dilation=3)", 'conv(16, 1, padding="VALID")', "conv(16, [1], stride=[1])", "depthwise_conv(1)")
    for layer in (*one, "max_pool(1)", "avg_pool(1)", "min_pool(1, stride=1)", "lp_pool(1)", 'avg_pool(1, padding="SAME")'):
        assert said(LM.format(layer=layer)) == [], layer
    for layer in ("conv(16, 2)", 'avg_pool(3, stride=1, padding="SAME")', "conv(16, 3, dilation=2)"):
        assert said(LM.format(layer=layer)) == ["not-causal"], layer


def test_a_window_of_one_generates_what_the_whole_sequence_gives() -> None:
    program = netspec.compile(Source("m.net", f"netspec 1\n{LM.format(layer='conv(16, 1) -> max_pool(1)')}"))
    state = program.init()
    answer = program.decode(state, examples=2)["tokens"]
    tokens = np.concatenate([np.ones((2, 1), np.int32), answer[:, :-1]], axis=1)
    logits = np.asarray(program.apply(state, tokens=tokens)["logits"])
    ends = np.where((answer == 2).any(1), (answer == 2).argmax(1), answer.shape[1])
    for row, end in enumerate(ends):
        assert logits[row].argmax(-1)[: end + 1].tolist() == answer[row][: end + 1].tolist()
