"""Mutated specs, and the inputs that long runs of them have found."""

from __future__ import annotations

import time

import pytest

from tests.quick import thin
from tests.random_specs import words
from tests.random_specs.mutate import mutant, run
from tests.random_specs.trial import TooLong, alarm, attempt

HEAD = "netspec 1\nmodel M {\n  input x: f32[B, 8]\n"
TAIL = "\n  output y = x -> dense(4)\n}\n"


def test_mutants() -> None:
    """Their repairs are tried too, so each takes some 40 ms."""
    report = run(120, seed=0, limit=HANG)
    assert not report.wrong, report.wrong[:5]
    assert report.refused > 60 and report.accepted > 2 and len(report.slugs) > 30, str(report)


def test_mutants_are_the_same_for_the_same_seed() -> None:
    assert [mutant(3, n) for n in range(20)] == [mutant(3, n) for n in range(20)]


def test_an_endless_input_is_found() -> None:
    start = time.process_time()
    with pytest.raises(TooLong), alarm(0.05):
        while time.process_time() - start < 5:
            pass


def test_words_are_the_whole_text() -> None:
    for text in ('a -> b(1.5e3, "x\\"y")  # c\n\t[ñ]', '"open', "\x00\u202e"):
        assert "".join(words.split(text)) == text


HANG = 10
"""Seconds: a busy machine slows everything down; the soak holds the 2 seconds."""
FOUND = {
    "a body inside the brackets of a statement that cannot be read": (
        "netspec 1\nmodel M {\n  a y 0 if x > = l M {\n  input x: f32[B, 4]\nfor i in range(1_000) {\nx = concat(x, x)\n}\n\n}\n"
    ),
    "a number where a tensor is needed": "netspec 1\nmodel M { input x: f32[B, 4]\noutput y = 7 -> dense(3) }\n",
    "a million passes": HEAD + "for i in [1, 2, 3] { " * 30 + "x = x -> relu" + " }" * 30 + TAIL,
    "seven thousand nodes": HEAD + "for i in range(7_000) { x = x -> relu }" + TAIL,
    "a label among many uses": HEAD + "for i in range(3_000) { x = x -> relu }\n x = x -> relu_5: dense(8)" + TAIL,
    "a list that doubles": HEAD + "l = [1, 2]\nfor i in range(7_000) { l = l + l }" + TAIL,
    "lists in lists": HEAD + "l = [1]\nfor i in range(7_000) { l = [l, l, l] }" + TAIL,
    "a string that doubles": HEAD + 'l = "word"\nfor i in range(7_000) { l = l + l }' + TAIL,
    "sums of long ranges": HEAD + "for i in range(7_000) { l = sum(range(10_000)) }" + TAIL,
    "a polynomial of many terms": HEAD + "l = B\nfor i in range(7_000) { l = l * (B + 1) }" + TAIL,
    "powers of a polynomial": HEAD + "l = (B + 1) ** 8\nfor i in range(9) { l = l ** 8 }" + TAIL,
    "floors in floors": HEAD + "l = B\nfor i in range(7_000) { l = l * B // 2 + 3 }" + TAIL,
    "an argument that is looked at twice": HEAD + "y = " + "relu(" * 30 + "3" + ")" * 30 + TAIL,
    "an `if` behind an operator before an arrow": HEAD + "y = 2 + x ** if true { 1 } else { x } -> relu" + TAIL,
    "a dict before an operator and an arrow": HEAD + "y = {a: i, b: i} ** x -> relu" + TAIL,
    "two loops of a thousand": HEAD + "for i in range(1_000) { for j in range(1_000) { x = x" + " -> relu" * 9 + " } }" + TAIL,
    "a repair that looks for divisors": "netspec 1\nmodel M {\n  input x: f32[B, 999_999_999]\n  output y = x -> group_norm(8)\n}\n",
    "a first line with a brace that stays open": (
        "netspec if x { i } else { 1e-320 -320\n\nblock K {\n  output x}-> dense(4)\n}\nmodel M {\n}\n"
    ),
    "patterns over many parameters": (
        "netspec 1\nmodel M {\n  input image: f32[B, 8, 8, 1]\n  x = image -> flatten -> dense(10)\n"
        "  repeat 5_000 { x = x -> dense(10) }\n  output logits = x\n}\n"
        "train M {\n  data = digits() -> batch(32)\n  optimizer = sgd(0.1)\n  duration = 1 epoch\n"
        "  loss = softmax_cross_entropy(logits, label)" + ' + l2(params("**"))' * 90 + "\n}\n"
    ),
    "many claims about many nodes": (
        HEAD + "for i in range(3_500) { x = -x }" + TAIL + "expect M {\n" + "  params >= 0; flops >= 0 at B=1\n" * 500 + "}\n"
    ),
    "as many operators as there may be": HEAD + "y = " + " ** ".join(["2"] * 101) + " -> relu" + TAIL,
    "a cell as wide as a dim": "netspec 1\nmodel M {\n  input x: f32[B, T, 4]\n  output y = x -> lstm(T)\n}\n",
    "a layer before an optimizer": HEAD
    + "  output y = x -> dense(4)\n}\ntrain M {\n  data = digits() -> batch(32)\n  optimizer = layer_norm(0.1) -> sgd(0.1)\n}\n",
    "a version in other digits": "netspec \u2488\nmodel M {\n  input x: f32[B, 4]\n  output y = x -> relu\n}\n",
    "a version of five thousand digits": "netspec " + "9" * 5_000 + "\nmodel M {\n  input x: f32[B, 4]\n  output y = x -> relu\n}\n",
    "a power beyond every number": HEAD + "y = 1e300 ** 8.5" + TAIL,
    "an infinite target": HEAD
    + "  output y = x\n}\ntrain M {\n  data = digits() -> batch(32)\n  duration = 1 epoch\n  optimizer = sgd(0.1)\n"
    + "  loss = sigmoid_cross_entropy(image, -inf)\n}\n",
    "a billion windows": "netspec 1\nmodel M {\n  input x: f32[B, 6, T, 8]\n  output y = x -> adaptive_max_pool(999_999_999)\n}\n",
    "a distance of four billion": "netspec 1\nmodel M {\n  input x: i32[B, T]\n  output y = x -> relative_bias(3, max_distance=4GiB)\n}\n",
    "a million paths": HEAD + "for i in range(1_000) { repeat 1_000 as k { x = x -> dense(8) -> dense_0: dense(8) } }" + TAIL,
    "stages in loops": HEAD + "for i in range(7) { for k in range(1_000) { x = x" + " -> true and true" * 9 + " } }" + TAIL,
    "many updates of one name": HEAD
    + "  output y = x\n}\ntrain M {\n  data = digits() -> batch(32)\n"
    + "  update g { loss = mean(image - 1 * (2 + image)); params = [1, 2, 3]; optimizer = sgd(0.1) }\n" * 300
    + "}\n",
    "pieces of a huge axis": "netspec 1\nmodel M {\n  input x: f32[B, 999_999_999_999, 8, 4]\n  output y = x -> space_to_depth(7)\n}\n",
    "fifty thousand layers over time": "netspec 1\nmodel M {\n  input x: f32[B, T, 4]\n  output y = x -> lstm(8, layers=50_000)\n}\n",
    "many measures in many updates": HEAD
    + "  output y = x\n}\ntrain M {\n  data = digits() -> batch(32)\n"
    + "  metric a = accuracy(image, label)\n" * 100
    + '  update g { loss = softmax_cross_entropy(image, label); params = "**"; optimizer = sgd(0.1) }\n' * 200
    + "}\n",
    "loops of one name inside one another": HEAD + "  for i in [x, x] { for i in [x, x] { y = i -> relu } }" + TAIL,
    "a thousand calls inside one another, and no spec": HEAD + f"  a = {'relu(' * 1_000}x{')' * 1_000} ) x..{TAIL}",
    "layers that are called, inside one another": HEAD + f"  a = {'Dense(3)(' * 1_000}x{')' * 1_000}{TAIL}",
    "a hundred choices of Python": HEAD + f"  a = {'x if x else ' * 100}x{TAIL}",
    "ten thousand arrows behind a comment of C": HEAD + f"  a = x {'// x -> relu ' * 2_000}{TAIL}",
    "pools of what has no room, behind braces too many": "netspec 1\nmodel M {\n  input x: f32[B, H, W, 3]\n  for i in range(4) {\n"
    + "    x = x -> max_pool(2)\n  }\n" * 200
    + "  output y = x\n}\n",
    "a norm of a number": HEAD + "  a = sum(x) -> layer_norm" + TAIL,
    "low ranks of a number": HEAD + "  a = sum(x) -> lora(8, 2)" + TAIL,
    "classes of a number that lack their labels": HEAD + "  a = accuracy(sum(x))" + TAIL,
    "a param of the file without a value": "netspec 1\nparam h: int where h < 9\nmodel M {\n  input x: f32[B, 8]\n  a = dense(x, h)" + TAIL,
    "a function of Python whose parameter is a bracket": "netspec 1\ndef f(x, b[, c): return x + b[\nmodel M {\n  input x: f32[B, 8]"
    + TAIL,
    "many axes": f"netspec 1\nmodel M {{\n  input x: f32[{', '.join('1' * 9)}]{TAIL}",
    "many elements": "netspec 1\nmodel M {\n  input x: f32[B, 2**20, 2**20, 2]" + TAIL,
}
"""What such runs have shown once, by what was hostile in it."""
ACCEPTED = ("many claims about many nodes", "seven thousand nodes", "an `if` behind an operator before an arrow")
"""Those that are well-formed after all."""


BEYOND = {
    "expansion-too-large": ("a million passes", "sums of long ranges"),
    "size-out-of-range": ("a list that doubles", "lists in lists", "a string that doubles", "many axes", "many elements"),
    "size-too-complex": ("a polynomial of many terms", "powers of a polynomial", "floors in floors"),
}
"""By which limit some of them are refused."""


@pytest.mark.parametrize("name", thin(FOUND, 3))
def test_what_was_found_stays_repaired(name: str) -> None:
    """Nothing breaks, what is hostile is refused, and what would compute too much by its limit."""
    trial = attempt(FOUND[name].encode(), HANG)
    assert not trial.broken, trial.broken
    assert trial.accepted == (name in ACCEPTED)
    assert all(slug in trial.slugs for slug, names in BEYOND.items() if name in names), trial.slugs
