"""The verdict of `netspec diff` on checkpoints is what training does: `--init-from`, `--partial`, `--map` and `--resume`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import netspec
from netspec.compile import check
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.checkpoints import RunOfAnotherSpec
from netspec.lower.path_tree import flatten
from netspec.testing.checks import hold
from netspec.tools.diff.compare import compare
from netspec.tools.diff.difference import Verdict
from netspec.train.initial_weights import match_weights
from netspec.train.run_folder import start_run
from tests.diff.pages import Pair, all_pairs


def verdict_of(pair: Pair) -> Verdict | None:
    """What diff says of the only model of a pair; None where the two are the same, or it has several models."""
    before, after = (check(name).typed for name in pair.write(Path()))
    assert before is not None and after is not None
    models = compare(before, after).models
    return models[0].verdict if len(models) == len(before.models or before.trains) == 1 else None


def takes(after: object, arrays: dict, maps: tuple[str, ...] = (), partial: bool = False) -> int | None:
    """How many arrays training takes; None where it refuses."""
    try:
        return len(match_weights(after, arrays, "before", maps, partial).record["taken"])  # type: ignore[arg-type]
    except Mistake:
        return None


TRIED: list[str] = []


def the_verdict_is_what_training_does(pair: Pair, folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        (folder / pair.id).mkdir()
        patch.chdir(folder / pair.id)
        found = verdict_of(pair)
        if found is None:
            return
        TRIED.append(pair.id)
        before, after = map(netspec.compile, pair.write(Path()))
        tree = before.unpack(before.init())
        arrays = {path: array for own in tree.values() for path, array in flatten(own).items()}
        whole = takes(after, arrays)
        assert (whole is not None) == (found.kind in ("loads", "loads into other layers"))
        assert (takes(after, arrays, partial=True) or 0) == found.fits
        if found.maps:
            assert takes(after, arrays, found.maps, partial=True) == found.mapped
            assert (takes(after, arrays, found.maps) is not None) == found.whole
        if found.trains:
            assert all(resumes(*programs) for programs in trainings(*pair.write(Path()))) == found.resumes


def trainings(before: str, after: str) -> Iterator[tuple[netspec.Program, netspec.Program]]:
    """The programs of each training of one name on both sides; of the first ones where no name is on both."""
    names = [[plan.name for plan in typed.trains] for typed in (check(before).typed, check(after).typed) if typed is not None]
    for name in [name for name in names[1] if name in names[0]] or [None]:
        yield netspec.compile(before, name), netspec.compile(after, name)


def resumes(before: netspec.Program, after: netspec.Program) -> bool:
    """Whether a run of the one is gone on with by the other."""
    assert before.plan is not None and after.plan is not None
    folder = f"runs/{before.plan.name}"
    start_run(folder, before.recipe, before.plan, None, resume=False)
    try:
        start_run(folder, after.recipe, after.plan, None, resume=True)
    except Mistake as mistake:
        assert isinstance(mistake.diagnostic, RunOfAnotherSpec)
        return False
    return True


def test_the_verdict_is_what_training_does(tmp_path: Path) -> None:
    pairs = all_pairs()
    hold((lambda pair: the_verdict_is_what_training_does(pair, tmp_path),), *pairs)
    assert len(TRIED) >= 40
