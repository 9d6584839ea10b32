"""Batches: which examples, how often, in what order; and data that does not fit."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from itertools import islice
from typing import Any

import jax
import numpy as np
import pytest

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.data.arrays import ValueNotFinite
from netspec.diagnostics.running.runs import EpochOfUnknownLength, NoMoreBatches
from netspec.diagnostics.spec_error import SpecError
from netspec.library.base import Duration
from netspec.library.data.transforms.steps import Batch, Normalize, Shuffle
from netspec.lower.batch_statistics import merge
from netspec.train.batch_stream import Position, stream
from netspec.train.feed import ArrayFeed, BatchFeed, feed_of
from netspec.train.prefetch import Prefetched
from netspec.train.tally import Tally
from netspec.train.timetable import timetable
from tests.train.runs import Points, plan

DATA = plan().data
ARRAYS = Points().load(None)


def feed(*transforms: Any, seed: int = 0) -> ArrayFeed:
    return ArrayFeed({**ARRAYS, "index": np.arange(50)}, replace(DATA, transforms=transforms), seed)


def indices(source: ArrayFeed, epoch: int, start: int = 0) -> list[int]:
    return [int(i) for batch in source.training(epoch, start) for i in batch["index"]]


def test_an_epoch_drops_the_last_partial_batch() -> None:
    source = feed(Shuffle(), Batch(size=8))
    assert source.steps_per_epoch == 6 and len(set(indices(source, 0))) == 48
    assert "example weights" not in next(source.training(0))


def test_padding_keeps_every_example() -> None:
    source = feed(Shuffle(), Batch(size=8, partial="pad"))
    kept = [int(i) for b in source.training(3) for i, w in zip(b["index"], b["example weights"], strict=True) if w]
    assert source.steps_per_epoch == 7 and sorted(kept) == list(range(50))


def test_the_order_depends_on_seed_and_epoch_only() -> None:
    chain = Shuffle(), Batch(size=8)
    assert indices(feed(*chain), 2) == indices(feed(*chain), 2)
    assert indices(feed(*chain), 2) != indices(feed(*chain), 3) != indices(feed(*chain, seed=1), 3)


def test_an_epoch_can_be_entered_at_any_batch() -> None:
    source = feed(Shuffle(), Batch(size=8))
    assert indices(source, 1, start=4) == indices(source, 1)[32:]


def test_an_evaluation_counts_every_example_once_in_the_order_of_the_data() -> None:
    batches = list(feed(Shuffle(), Batch(size=8)).evaluation())
    counted = [int(i) for b in batches for i, w in zip(b["index"], b["example weights"], strict=True) if w]
    assert counted == list(range(50)) and all(len(b["index"]) == 8 for b in batches)


def test_transforms_run_on_batches() -> None:
    source = feed(Normalize(mean=1.0, std=2.0, field="x"), Batch(size=8))
    np.testing.assert_array_equal(next(source.training(0))["x"], (ARRAYS["x"][:8] - 1) / 2)
    np.testing.assert_array_equal(next(source.evaluation())["x"], (ARRAYS["x"][:8] - 1) / 2)


def test_what_fills_a_batch_up_counts_nothing_whatever_a_field_is_called() -> None:
    last = list(feed_of({**ARRAYS, "weight": np.full(50, 0.5)}, DATA, 0).evaluation())[-1]
    weight = last["example weights"]
    assert weight.dtype == np.float32 and weight.tolist() == [1, 1, 0, 0, 0, 0, 0, 0] and "weight" not in last


# --- data that does not fit ------------------------------------------------------------------------------------------


def problems(data: Any) -> list[Diagnostic]:
    with pytest.raises(SpecError) as caught:
        feed_of(data, DATA, 0)
    return list(caught.value.diagnostics)


@pytest.mark.parametrize(
    ("change", "slug"),
    [
        ({"x": ARRAYS["x"][:, :3]}, "array-mismatch"),
        ({"x": ARRAYS["x"][:49]}, "array-mismatch"),
        ({"x": ARRAYS["x"].astype(np.int32)}, "array-mismatch"),
        ({"label": ARRAYS["label"].astype(np.float32)}, "array-mismatch"),
        ({"label": np.full(50, 2**40)}, "array-mismatch"),
    ],
)
def test_arrays_that_are_not_the_declared_fields(change: dict[str, Any], slug: str) -> None:
    assert [p.slug() for p in problems({**ARRAYS, **change})] == [slug]


def test_a_missing_field() -> None:
    assert [p.slug() for p in problems({"x": ARRAYS["x"]})] == ["missing-array"]


def test_the_first_record_that_is_no_number() -> None:
    x = ARRAYS["x"].copy()
    x[17, 2] = x[30, 0] = np.inf
    assert problems({**ARRAYS, "x": x}) == [ValueNotFinite(field="x", record=17, value=np.inf)]


def test_other_widths_of_the_same_kind_are_converted() -> None:
    made = feed_of({"x": ARRAYS["x"].astype(np.float64), "label": ARRAYS["label"].astype(np.int64)}, DATA, 0)
    assert {n: str(a.dtype) for n, a in next(made.training(0)).items()} == {"x": "float32", "label": "int32"}


# --- iterables -------------------------------------------------------------------------------------------------------


def batches(count: int, size: int = 8) -> list[dict[str, Any]]:
    return [{n: a[i : i + size] for n, a in ARRAYS.items()} for i in range(0, count * size, size)]


def test_an_iterable_that_uses_its_memory_again_is_copied() -> None:
    buffer = {n: a[:8].copy() for n, a in ARRAYS.items()}

    def source() -> Iterator[dict[str, Any]]:
        for value in (1.0, 2.0, 3.0):
            buffer["x"][:] = value
            yield buffer

    made = list(BatchFeed(source(), DATA).training(0))
    assert [float(b["x"][0, 0]) for b in made] == [1, 2, 3]


def test_a_last_batch_of_fewer_examples_is_padded_in_evaluation() -> None:
    made = list(BatchFeed(batches(7), DATA).evaluation())
    assert [len(b["x"]) for b in made] == [8] * 7 and sum(float(b["example weights"].sum()) for b in made) == 50


def test_a_list_starts_again_and_a_generator_that_ends_is_a_problem() -> None:
    again = [f.after for f in stream(BatchFeed(batches(2), DATA), Position(), 5)]
    assert again[-1] == Position(step=5, epoch=2, batch=1)
    with pytest.raises(Mistake) as caught:
        list(stream(BatchFeed((b for b in batches(2)), DATA), Position(), 5))
    assert caught.value.diagnostic == NoMoreBatches(step=2)


def test_epochs_of_unknown_length_need_steps() -> None:
    with pytest.raises(Mistake) as caught:
        timetable(plan(epochs=2), None)
    assert caught.value.diagnostic == EpochOfUnknownLength(setting="2 epochs")
    table = timetable(replace(plan(), duration=Duration(40, "step")), None)
    assert (table.clock.total_steps, table.evaluate) == (40, 40)


# --- prefetching -----------------------------------------------------------------------------------------------------


def test_prefetching_changes_nothing_but_runs_ahead() -> None:
    made: list[int] = []
    ready = Prefetched((made.append(i) or i for i in range(10)), lambda i: i * i)
    assert next(ready) == 0
    assert list(ready) == [i * i for i in range(1, 10)] and made == list(range(10))


def test_an_error_of_the_source_comes_after_the_items_before_it() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise KeyError("gone")

    ready = Prefetched(source(), lambda i: i)
    assert next(ready) == 1
    with pytest.raises(KeyError, match="gone"):
        next(ready)


def test_without_prefetching_nothing_is_ahead() -> None:
    made: list[int] = []
    ready = Prefetched((made.append(i) or i for i in range(5)), lambda i: i * i, depth=0)
    assert next(ready) == 0 and made == [0] and not ready.ready
    assert list(ready) == [1, 4, 9, 16] and next(ready, None) is None


def test_what_is_ready_is_known() -> None:
    gate = threading.Event()
    ready = Prefetched(iter(range(3)), lambda i: i if i < 1 else (gate.wait(5), i)[1])
    assert next(ready) == 0 and not ready.ready
    gate.set()
    while not ready.ready:
        time.sleep(0.001)
    assert next(ready) == 1


def test_leaving_early_ends_the_thread() -> None:
    ready = Prefetched(iter(range(1_000)), lambda i: i)
    assert list(islice(ready, 3)) == [0, 1, 2]
    ready.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("netspec-feed")]


def test_a_thread_ends_when_nobody_knows_of_it_any_more() -> None:
    ready = Prefetched(iter(range(1_000)), lambda i: i)
    assert next(ready) == 0
    thread = ready._thread
    assert thread is not None
    del ready
    thread.join(5)
    assert not thread.is_alive()


class Numbers:
    """A program whose statistics are their own numbers."""

    def finish(self, statistics: Any, objective: str) -> dict[str, Any]:
        return {"loss": float(np.sum(statistics["a"]))}


def test_a_tally_adds_up_as_merge_does() -> None:
    draw = np.random.default_rng(0)

    def drawn() -> dict[str, Any]:
        return {"a": np.float32(draw.normal()), "b": (draw.normal(size=3).astype(np.float32), np.int32(draw.integers(9)))}

    steps = [drawn() for _ in range(9)]
    tally = Tally(Numbers(), "train")  # type: ignore[arg-type]
    for number, statistics in enumerate(steps):
        tally.add(number, jax.device_put(statistics))
    wanted = reduce(merge, steps)
    assert [x.tobytes() for x in tally.leaves()] == [np.asarray(x).tobytes() for x in jax.tree.leaves(wanted)]
    again = Tally(Numbers(), "train", tally.leaves())  # type: ignore[arg-type]
    assert not again and again.peek() == {}
    again.add(9, steps[0])
    assert again.finish()["loss"] == wanted["a"] + np.float64(steps[0]["a"]) and not again and again.leaves() == []
    tally.add(10, {**steps[0], "a": np.float32(np.nan)})
    with pytest.raises(Mistake, match="loss"):
        tally.settle()
