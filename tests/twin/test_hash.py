"""The fingerprint of a meaning: blind to writing, not to meaning."""

from __future__ import annotations

import pytest

from netspec.compile import check
from netspec.ir.fingerprint import ir_hash
from netspec.source import Source
from tests.infer.specs import in_train

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


def test_it_is_stable() -> None:
    """A change of this number breaks whoever has stored one."""
    assert hash_of(SPEC) == hash_of(SPEC) and len(hash_of(SPEC)) == 64


def test_a_later_setting_says_nothing_at_its_default() -> None:
    """Files without `lowering` keep the hash that they had before there was one."""
    loss = "  loss = softmax_cross_entropy(logits, label)"
    plain, automatic, portable = (
        hash_of("netspec 1\n" + in_train(loss + line)) for line in ("", "\n  lowering = automatic", "\n  lowering = portable")
    )
    assert plain == automatic != portable
