"""Begins a training with weights that were trained before: every name is matched or listed, and every shape compared."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.checkpoints import RunOfAnotherSpec
from netspec.diagnostics.running.weight_files import InitialWeightsDiffer, InitialWeightsNeeded
from netspec.lazy import np
from netspec.library.base import Array
from netspec.lower.path_tree import flatten, nest
from netspec.train.checkpoint_contents import Resumed, copy_tensors, facts_of
from netspec.train.path_maps import read_map, rename
from netspec.train.progress import Reporter
from netspec.train.run_folder import RunFolder

if TYPE_CHECKING:
    from netspec.lower.program import Program, Variables


@dataclass(frozen=True)
class Initial:
    """Weights to begin with."""

    tree: Mapping[str, Any]
    """As `pack` takes it."""
    record: Mapping[str, Any] = field(default_factory=dict)
    """What a run keeps of it: where they are from, what was taken, what was not."""
    lines: tuple[str, ...] = ()
    """The same for people."""
    names: Mapping[str, Any] = field(default_factory=dict)
    """What the numbers of the data were called that they were trained on: see `known_names`."""

    @property
    def source(self) -> str:
        return self.record["source"]


def match_weights(
    program: Program, arrays: Mapping[str, Array], source: str, maps: Sequence[str] = (), partial: bool = False, about: str = ""
) -> Initial:
    """The program's first weights, with the arrays (by logical path) in their places.

    `source` names where they are from, `maps` rename them first. Raises `Mistake` where one is missing, too many or of another shape; with
    `partial` what fits is taken, and only that nothing does is a problem.
    """
    names, dropped = rename(arrays, [read_map(text) for text in maps])
    first = {name: flatten(tree) for name, tree in program.unpack(program.init()).items()}
    wanted = {path: np.asarray(array) for tree in first.values() for path, array in tree.items()}
    fits = {path: old for path, old in names.items() if path in wanted and wanted[path].shape == arrays[old].shape}
    found = InitialWeightsDiffer(
        source=source,
        missing=tuple(f"{path} {list(array.shape)}" for path, array in wanted.items() if path not in names),
        unused=tuple(f"{old} {list(arrays[old].shape)}" for path, old in names.items() if path not in wanted),
        misshaped=tuple(_compare(path, arrays[old], wanted[path]) for path, old in names.items() if path in wanted and path not in fits),
        taken=len(fits),
        paths=tuple(wanted),
    )
    if not fits or (not partial and (found.missing or found.unused or found.misshaped)):
        raise Mistake(found)
    tree = {name: nest({path: arrays[fits[path]] if path in fits else x for path, x in own.items()}) for name, own in first.items()}
    return Initial(tree, _record(found, fits, arrays, maps, dropped), _describe(found, fits, arrays, dropped, about))


def hand_over(program: Program, weights: Variables) -> Initial:
    """The same of weights that a caller of Python has, which must be all of the model's. Raises `SpecError`."""
    tree = program.unpack(program.pack(weights))
    arrays = {path: np.asarray(array) for own in tree.values() for path, array in flatten(own).items()}
    return match_weights(program, arrays, "weights from Python")


def begin_anew(program: Program, run: RunFolder | None, initial: Initial | None, tell: Reporter) -> Resumed:
    """The state before the first step. In a run weights from elsewhere are its checkpoint of step 0: a kill does not lose them.

    Raises `Mistake` where a run that began with such weights is to begin again without them.
    """
    known = run.settings.get("initial") if run else None
    if initial is None:
        if run and known:
            raise Mistake(InitialWeightsNeeded(run=str(run.path), source=known["source"]))
        return Resumed(program.init())
    if run and (known or {}).get("digest") != initial.record["digest"]:
        before = f"those of {known['source']}" if known else "drawn by the seed"
        raise Mistake(RunOfAnotherSpec(run=str(run.path), differences=(f"first weights: were {before}, are those of {initial.source}",)))
    tell.note("\n".join(initial.lines))
    start = Resumed(program.pack(initial.tree))
    if run is None:
        return start
    facts = facts_of(start.position, program.plan.seed if program.plan else 0, 0, None, start.course, 0.0)
    run.store.save(0, copy_tensors(start.state, []), run.recipe.digest, facts)
    return replace(start, saved=(0, 0))


def _compare(path: str, theirs: Array, ours: Array) -> str:
    return f"{path} is {list(theirs.shape)}, {list(ours.shape)} in the model"


def _record(
    found: InitialWeightsDiffer, fits: Mapping[str, str], arrays: Mapping[str, Array], maps: Sequence[str], dropped: Sequence[str]
) -> dict[str, Any]:
    """What a run keeps of the weights that it begins with."""
    digest = hashlib.sha256()
    for path, old in sorted(fits.items()):
        array = np.ascontiguousarray(arrays[old])
        digest.update(f"{path}\0{array.dtype}{array.shape}\0".encode() + array.tobytes())
    return {
        "source": found.source,
        "digest": digest.hexdigest(),
        "maps": list(maps),
        "taken": {path: old for path, old in fits.items()},
        "left": [*found.missing, *found.misshaped],
        "unused": [*found.unused, *dropped],
    }


def _describe(
    found: InitialWeightsDiffer, fits: Mapping[str, str], arrays: Mapping[str, Array], dropped: Sequence[str], about: str
) -> tuple[str, ...]:
    """A line with what was taken, and one for everything that was not."""
    count = sum(arrays[old].size for old in fits.values())
    renamed = [f"  taken: {path} from {old}" for path, old in fits.items() if path != old]
    return (
        f"weights of {found.source}{about}: {len(fits):,} of {len(found.paths):,} arrays taken ({count:,} numbers)",
        *renamed,
        *(f"  left at its first value: {text}, not in it" for text in found.missing),
        *(f"  left at its first value: {text}" for text in found.misshaped),
        *(f"  not used: {text}" for text in (*found.unused, *dropped)),
    )
