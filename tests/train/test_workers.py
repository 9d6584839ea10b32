"""Worker processes: the same batches whatever their number, no JAX in them, errors as without them, and none that outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from argparse import ArgumentTypeError
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.cli.spec_options import WORKERS, choose_workers, count_workers
from netspec.compile import check
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.images import CorruptImage, ImageTooSmall
from netspec.diagnostics.running.workers import NotForWorkers, WorkerEnded
from netspec.library.data.columns import Lazy
from netspec.limits import LIMITS
from netspec.source import Source
from netspec.train.batch_stream import Position, stream
from netspec.train.feed import ArrayFeed
from netspec.train.workers import Workers, employ
from tests.train.pictures import COUNT, Made, Place, pictures

SPEC = """netspec 1
model M {{
  input image: f32[B, S, S, 3]
  output logits = image -> global_avg_pool -> dense(3)
}}
train M {{
  data = image_folder("train", size=3) -> {chain}
  loss = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.1)
  duration = 3 steps
}}
"""
CHAIN = "random_resized_crop(16) -> flip -> normalize(0.5, 0.25) -> shuffle -> batch(4)"
MIXED = (
    "repeat(2) -> center_crop(18, share=0.9) -> cache(40_000) -> random_crop(16) -> color_jitter(0.4, hue=0.1) -> mixup(0.4, classes=3)"
    " -> cutmix(1.0, rate=0.5) -> random_erasing -> shuffle -> batch(4)"
)


def feed(read: Any, chain: str = CHAIN, workers: Workers | None = None, size: int | None = None) -> ArrayFeed:
    checked = check(Source("m.net", SPEC.format(chain=chain)))
    assert checked.problems == () and checked.typed is not None
    plan = checked.typed.trains[0].data
    return ArrayFeed(pictures(read), replace(plan, batch=size) if size else plan, 7, workers=workers)


@pytest.fixture(scope="module")
def crews() -> Iterator[dict[int, Workers]]:
    """Processes that all tests use."""
    made = {count: Workers(count) for count in (1, 2, 4)}
    yield made
    for workers in made.values():
        workers.close()


def same(ours: list[Any], theirs: list[Any]) -> None:
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            assert one[name].dtype == other[name].dtype and np.asarray(one[name]).tobytes() == np.asarray(other[name]).tobytes(), name


@pytest.mark.parametrize("chain", [CHAIN, MIXED], ids=["plain", "mixed"])
def test_batches_do_not_depend_on_workers_prefetch_or_resume(chain: str, crews: dict[int, Workers]) -> None:
    """12 steps over more than two epochs, bit by bit, from the start and from a step in the middle of an epoch."""
    plain = feed(Made(), chain)
    wanted = [fed for fed in stream(plain, Position(), 12, send=lambda batch: batch, depth=0)]
    for count, workers in crews.items():
        for depth in (0, 2):
            source = feed(Made(), chain, workers=workers)
            found = list(stream(source, Position(), 12, send=lambda batch: batch, depth=depth))
            assert [fed.after for fed in found] == [fed.after for fed in wanted]
            same([fed.batch for fed in found], [fed.batch for fed in wanted])
            rest = list(stream(source, found[6].after, 12, send=lambda batch: batch, depth=depth))
            same([fed.batch for fed in rest], [fed.batch for fed in wanted[7:]])
        same(list(feed(Made(), chain, workers=workers).evaluation()), list(plain.evaluation()))
        assert len(crews[count]._workers) == count


@pytest.mark.parametrize("chain", [CHAIN, MIXED], ids=["plain", "mixed"])
def test_examples_do_not_depend_on_the_batch_size(chain: str) -> None:
    """All examples of an epoch, one after another, whatever batches they come in; those that are mixed with others as well."""
    found = []
    for size in (1, 4, 23):
        batches = list(feed(Made(), chain.replace("batch(4)", f'batch({size}, partial="pad")')).training(5))
        real = [batch["example weights"] > 0 for batch in batches]
        found.append({n: np.concatenate([b[n][r] for b, r in zip(batches, real, strict=True)]) for n in ("image", "label")})
    same(found[1:], [found[0], found[0]])


def test_what_is_cached_is_made_once_and_changes_nothing() -> None:
    """As much as there is room for; with a picture of 16 by 16 points, three channels and f32 that is 3,072 bytes, and 4 of its label."""
    read: list[int] = []

    def counted(index: int) -> Any:
        read.append(index)
        return Made()(index)

    whole = list(feed(Made(), "center_crop(16) -> flip -> shuffle -> batch(4)").training(1))
    for room, again in ((10**6, 0), (10 * 3076 + 100, 12)):
        source = feed(counted, f"center_crop(16) -> cache({room}) -> flip -> shuffle -> batch(4)")
        read.clear()
        list(source.training(0)), list(source.evaluation())
        assert set(read) == set(range(COUNT)) and len(read) <= 23 + (again and 2 * 13)
        seen, own = len(read), list(source.training(1))
        assert len(read) - seen <= again + 1 if again else len(read) == seen
        same(own, whole)


def test_an_epoch_of_repeated_data() -> None:
    """Each time all of them, in an order and with draws of their own."""
    source = feed(Made(side=16), "repeat(3) -> flip -> shuffle -> batch(23)")
    plain = feed(Made(side=16), "flip -> shuffle -> batch(23)")
    assert source.steps_per_epoch == 3 and plain.steps_per_epoch == 1
    assert [len(set(batch["label"].tolist())) for batch in source.training(0)] == [3, 3, 3]
    images = [np.sort(batch["image"].sum((1, 2, 3))) for batch in source.training(0)]
    assert all(np.allclose(one, images[0]) for one in images) and len(list(source.evaluation())) == 1
    assert len({batch["image"].tobytes() for epoch in (0, 1) for batch in source.training(epoch)}) == 6
    assert feed(Made(side=16), "take(8) -> batch(4)").plan.transforms[0].count_after(23) == 8


def test_the_processes_share_the_work_and_have_no_jax(crews: dict[int, Workers]) -> None:
    source = feed(Place(), "center_crop(2) -> batch(23)", crews[4])
    for _ in range(2):
        [batch] = source.training(0)
        made = {int(i[0, 0, 2]) % 4: int(i[0, 0, 0]) for i in batch["image"]}
        assert len(set(made.values())) == 4 and os.getpid() % 2**20 not in made.values()
        assert not batch["image"][..., 1].any()
        assert all(made[int(i[0, 0, 2]) % 4] == int(i[0, 0, 0]) for i in batch["image"]), "an example is always made by the same process"


def test_data_in_memory_start_no_process() -> None:
    with employ(2) as workers:
        arrays = {"image": np.ones((COUNT, 16, 16, 3), np.float32), "label": np.zeros(COUNT, np.int32)}
        list(replace(feed(Made(), "flip -> batch(4)", workers), arrays=arrays).training(0))
        assert workers is not None and not workers._workers


# --- what goes wrong -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("chain", ["center_crop(16) -> batch(23)", "center_crop(24) -> batch(23)"])
def test_an_error_is_the_same_as_without_workers(chain: str, crews: dict[int, Workers]) -> None:
    """Of several pictures that cannot be read the first in the batch is named; of those that are too small as well."""
    read = Made(broken=(9, 14, 21)) if "16" in chain else Made()
    seen = []
    for workers in (None, *crews.values()):
        with pytest.raises(Mistake) as caught:
            list(feed(read, chain, workers).training(0))
        seen.append(caught.value.diagnostic)
    assert seen == [seen[0]] * 4 and type(seen[0]) is (CorruptImage if "16" in chain else ImageTooSmall)
    assert len(list(feed(Made(), CHAIN, crews[2]).training(0))) == 5, "the processes go on"


def test_what_cannot_be_sent(crews: dict[int, Workers]) -> None:
    for read in (lambda index: np.ones((20, 20, 3), np.float32), Made(broken=(lambda: 0,))):  # type: ignore[arg-type]
        with pytest.raises(Mistake) as caught:
            next(feed(read, CHAIN, crews[1]).training(0))
        assert caught.value.diagnostic == NotForWorkers(fields=("image",)) and caught.value.diagnostic.help()


def test_a_process_that_ends() -> None:
    with employ(2) as workers:
        source = feed(Lazy(4, os._exit).read, "center_crop(16) -> batch(4)", workers)
        with pytest.raises(Mistake) as caught:
            next(source.training(0))
        assert isinstance(caught.value.diagnostic, WorkerEnded) and "with status" in caught.value.diagnostic.message()
    with employ(1) as workers:
        assert workers is not None
        source = feed(Made(), CHAIN, workers).training(0)
        next(source)
        workers._workers[0].process.send_signal(signal.SIGKILL)
        with pytest.raises(Mistake) as caught:
            list(source)
            list(feed(Made(), CHAIN, workers).training(1))
        assert "killed by SIGKILL" in caught.value.diagnostic.message()


PARENT = """
import sys, time
from netspec.train.workers import Workers
from tests.train.test_workers import feed, CHAIN
from tests.train.pictures import Made
workers = Workers(2)
next(feed(Made(), CHAIN, workers).training(0))
print(*(worker.process.pid for worker in workers._workers), flush=True)
time.sleep(60)
"""


def test_no_process_outlives_its_parent(root: Path) -> None:
    """Not even one that could tell nobody, as by SIGKILL. Two seconds, for processes to start."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, cwd=root) as parent:
        assert parent.stdout is not None
        children = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(children) == 2 and all(map(alive, children))
        parent.kill()
    deadline = time.monotonic() + 20
    while any(map(alive, children)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, children))


def alive(pid: int) -> bool:
    """Does a process run? One that ended and that nobody has asked for counts as gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


# --- how many --------------------------------------------------------------------------------------------------------
def test_numbers_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line before the spec, the spec before the environment; each from 0 to the limit."""
    monkeypatch.setenv(WORKERS, "3")
    assert [choose_workers(*given) for given in ((2, 4), (0, 4), (None, 4), (None, 0), (None, None))] == [2, 0, 4, 0, 3]
    monkeypatch.setenv(WORKERS, "many")
    with pytest.raises(Mistake) as caught:
        choose_workers(None, None)
    assert WORKERS in caught.value.diagnostic.message()
    assert count_workers(str(LIMITS.workers)) == LIMITS.workers
    for text in (str(LIMITS.workers + 1), "-1", "2.5", "", "²"):
        with pytest.raises(ArgumentTypeError):
            count_workers(text)
    for value, problems in ((LIMITS.workers, []), (0, []), (LIMITS.workers + 1, ["bad-setting"]), ("2.5", ["bad-setting"])):
        checked = check(Source("m.net", SPEC.format(chain=CHAIN).replace("duration", f"workers = {value}\n  duration")))
        assert [p.slug() for p in checked.problems] == problems
    plain = check(Source("m.net", SPEC.format(chain=CHAIN)))
    assert plain.typed is not None and plain.typed.trains[0].workers is None and plain.typed.trains[0].settings["workers"] == "none"
