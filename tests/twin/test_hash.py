"""The fingerprint of a meaning: blind to writing, not to meaning."""

from __future__ import annotations

import pytest

from netspec.compile import check
from netspec.files import models_dir
from netspec.ir.fingerprint import ir_hash, means_same
from netspec.library.base import Op
from netspec.library.shelf import index
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


def made(cls: type[Op], **values: object) -> Op:
    """An op whose arguments are not looked at."""
    op = object.__new__(cls)
    op.__dict__.update(dict.fromkeys(cls.arguments(), "one"), **values)
    return op


def test_every_argument_of_every_op_counts() -> None:
    """Whatever an argument is called: places and texts of the IR have names that arguments have too, and say nothing only there."""
    silent = [
        f"{entry.name}.{name}"
        for entry in index.all_entries()
        for cls in (index.load(entry),)
        for name in cls.arguments()
        if means_same(made(cls), made(cls, **{name: "two"}))
    ]
    assert not silent


def test_ops_of_plugins_that_have_one_name_are_others() -> None:
    cls = index.load("relu")
    ours, theirs = (type(cls.__name__, (cls,), {"namespace": name}) for name in ("acme", "other"))
    assert not means_same(made(cls), made(ours)) and not means_same(made(ours), made(theirs))


SIZES = "netspec 1\nmodel M {{\n  input x: f32[B, T]\n  input z: f32[B, S]\n{}\n  output y = x\n  output w = z\n}}\n"


def asking(*lines: str) -> str:
    return hash_of(SIZES.format("\n".join(f"  {line}" for line in lines)))


def test_what_is_asked_of_sizes_counts() -> None:
    """A program holds its arrays to it."""
    asked = ("require T % 4 == 0", "require T % 8 == 0", "dim T <= 64", "dim T <= 32", "require T >= 3", "assume S == T", "require S > T")
    assert len({asking(line) for line in ("", *asked)}) == len(asked) + 1
    assert asking("require T % 4 == 0", "dim S <= 9") == asking("dim S <= 9", 'require T % 4 == 0, "why"', "require S < 20")
    assert asking("assume S == T", "dim S <= 9") == asking("dim T <= 9", "assume T == S")
    assert asking("require T >= 1") == asking("")
