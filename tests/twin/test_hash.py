"""The fingerprint of a meaning: blind to writing, not to meaning."""

from __future__ import annotations

import pytest

from netspec.compile import check
from netspec.files import models_dir
from netspec.ir.fingerprint import ir_hash
from netspec.source import Source
from tests.infer.specs import in_train
from tests.zoo.results import read_results, text_when_trained

SPEC = "netspec 1\nmodel M {\n  input x: f32[B, 8]\n  h = x -> dense(4) -> relu\n  output y = h -> dense(2)\n}\n"


def hash_of(text: str) -> str:
    checked = check(Source("m.net", text))
    assert checked.ok and checked.typed is not None
    return ir_hash(checked.typed)


@pytest.mark.parametrize(("before", "after"), [("h", "hidden"), ("-> relu", "-> relu  # why"), ("dense(4)", "dense(features=2 + 2)")])
def test_the_same_meaning(before: str, after: str) -> None:
    assert hash_of(SPEC.replace(before, after)) == hash_of(SPEC)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("dense(4)", "dense(5)"),
        ("relu", "gelu"),
        ("B, 8", "B, 9"),
        ("output y", "output z"),
        ("model M", "model N"),
        ("dense(4)", "a: dense(4)"),
    ],
)
def test_another_meaning(before: str, after: str) -> None:
    assert hash_of(SPEC.replace(before, after)) != hash_of(SPEC)


STORED = {
    "cifar10": "03c6b6b34e74265c733f6154f07f7e6bc5a9944e51cbf19981612cd83ddd6d5d",
    "mnist": "3e67c010642a221fe6f4f94ae98cd4a320226244e9cd16be3d8bb742df806ca3",
    "seq2seq": "7dc5ac6dda22424e7db13c07d8c2f63b2a32cb0ef3292be524cf466aa5a415c9",
}
"""Fingerprints as earlier versions of netspec wrote them: blocks in loops, a plain model, recurrences with serving."""

TEST_CHAIN = 'cifar10("test") -> normalize(mean=[0.4914, 0.4822, 0.4465], std=[0.2470, 0.2435, 0.2616]) -> batch(256)'
BEFORE = {"cifar10": ("  duration = 200 epochs\n", f"  duration = 200 epochs\n  eval {{ data = {TEST_CHAIN} }}\n")}
"""What a spec had when its fingerprint was stored: an evaluation of the test part."""


@pytest.mark.parametrize("name", STORED)
def test_it_is_stable(name: str) -> None:
    """A change of these numbers breaks whoever has stored one: a new field of the IR stays silent at its default (`_LATER`). Specs that
    are written otherwise now are taken as they were."""
    trained = {row["name"].split(".")[0]: text_when_trained(row) for row in read_results()}
    text = trained.get(name) or (models_dir() / f"{name}.net").read_text("utf-8")
    assert hash_of(text.replace(*BEFORE.get(name, ("", "")))) == STORED[name]


def test_a_later_setting_says_nothing_at_its_default() -> None:
    """Files without `lowering` keep the hash that they had before there was one."""
    loss = "  loss = softmax_cross_entropy(logits, label)"
    plain, automatic, portable = (
        hash_of("netspec 1\n" + in_train(loss + line)) for line in ("", "\n  lowering = automatic", "\n  lowering = portable")
    )
    assert plain == automatic != portable
