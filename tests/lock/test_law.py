"""A lock changes exactly when the meaning does."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from netspec.compile import check
from netspec.files import models_dir
from netspec.lock import Unreadable, compare, gather_facts, parse_lock, write_lock
from netspec.lock.comparison import flatten
from netspec.source import Source
from netspec.testing.checks import hold
from tests.lock.soak import run


def its_lock_is_read_as_it_was_written(path: Path) -> None:
    checked = check(path)
    assert checked.typed is not None
    facts = gather_facts(checked.typed)
    assert parse_lock(write_lock(facts).encode()) == facts and not compare(facts, facts).any


def test_locks_of_the_zoo() -> None:
    hold((its_lock_is_read_as_it_was_written,), *sorted(models_dir().glob("*.net")))


def test_random_edits() -> None:
    report = run(12, seed=0)
    assert not report.wrong, report.wrong
    assert report.edited > 5 and report.changed > 2, str(report)


def test_any_lock_can_be_compared() -> None:
    """A lock is edited by hand and by merges: a fact may stand at any place, and any place may be a text or a group."""
    typed = check(models_dir() / "digits.net").typed
    assert typed is not None
    now = gather_facts(typed)
    names = list(dict.fromkeys(name for way in flatten(now) for name in way))
    rng = Random(0)
    for _ in range(400):
        facts = json.loads(json.dumps(now))
        group = facts
        for _ in range(rng.randint(0, 3)):
            group = rng.choice([group, *(inner for inner in group.values() if isinstance(inner, dict))])
        group[rng.choice([*group, *names])] = rng.choice(["", "x gives y", {}, {rng.choice(names): "x"}, {"wiring": {"wiring": "x"}}])
        try:
            locked = parse_lock(json.dumps(facts).encode())
        except Unreadable:
            continue
        assert compare(locked, now).any or compare(locked, now).version or locked == now


LARGE = """netspec 1
model M {
  input image: f32[B, 8, 8, 1]
  x = image -> flatten -> dense(10)
  repeat 5_000 { x = x -> dense(10) -> dropout(0.1) }
  output logits = x
}
train M {
  data = digits() -> batch(32)
  optimizer = groups({"**/kernel": adamw(0.001, decay_mask="dense_1*/kernel"), else: sgd(0.1)})
  duration = 1 epoch
  loss = softmax_cross_entropy(logits, label)
}
"""


@pytest.mark.parametrize(("mask", "lines"), [('"**/kernel"', 130), ('"dense_1*/kernel"', 140)])
def test_ten_thousand_parameters_are_reviewed_on_a_page(mask: str, lines: int) -> None:
    """Those of a `repeat` stand together while the same happens to them; numbers that begin with 1 are in four stretches."""
    typed = check(Source("m.net", LARGE.replace('"dense_1*/kernel"', mask))).typed
    assert typed is not None
    facts = gather_facts(typed)
    assert write_lock(facts).count("\n") < lines
    assert facts["models"]["M"]["parameters"]["dense_1..5000/kernel"] == "f32[10, 10] by lecun_normal"
    trained = facts["trainings"]["M"]["parameters"]
    assert trained["dense_1..5000/bias"] == "else: sgd, rate 0.1, no decay"
    decayed, other = "**/kernel: adamw, rate 0.001, decay 0.0001", "**/kernel: adamw, rate 0.001, no decay"
    named = {"dense_1..5000/kernel": decayed} if mask == '"**/kernel"' else {"dense_20/kernel to dense_99/kernel": other}
    assert trained.items() >= named.items()
    assert facts["trainings"]["M"]["random"]["layers"] == {"dropout_0..4999": "dropout(0.1)"}


def test_what_happens_to_parameters() -> None:
    """Frozen, by several optimizers, with and without decay."""
    text = LARGE.replace("5_000", "3").replace("else: sgd(0.1)})", 'else: sgd(0.1)}) -> freeze("dense_0/**")')
    typed = check(Source("m.net", text)).typed
    assert typed is not None
    trained = gather_facts(typed)["trainings"]["M"]["parameters"]
    assert trained["dense_0/kernel"] == trained["dense_0/bias"] == "frozen"
    assert trained["dense_1/kernel"] == "**/kernel: adamw, rate 0.001, decay 0.0001"
    assert trained["dense_2/kernel to dense_3/kernel"] == "**/kernel: adamw, rate 0.001, no decay"
