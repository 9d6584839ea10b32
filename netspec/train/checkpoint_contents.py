"""Defines what a checkpoint holds: the program's state, the sums of metrics not yet written, and where the run stood."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.checkpoints import CheckpointMismatch, RunOfAnotherSpec
from netspec.lazy import jax, np
from netspec.library.base import Array
from netspec.train.batch_stream import Position
from netspec.train.early_stopping import Course
from netspec.train.leaves import describe_leaves, differences, flatten_tree, unflatten_tree
from netspec.train.manifest import Manifest
from netspec.train.run_folder import RunFolder

if TYPE_CHECKING:
    from netspec.lower.program import Program

_STATISTICS = "statistics/"
_OPTIMIZER = ".optimizer"


@dataclass(frozen=True)
class Resumed:
    """Where a session begins."""

    state: Any
    position: Position = Position()
    statistics: list[Array] | None = None
    """Leaves of the sum of training statistics since the last written line."""
    evaluated: int = 0
    """The step of the last evaluation."""
    score: float | None = None
    """That of the last evaluation by what is best; better when it is lower."""
    course: Course = Course()
    """How the evaluations went."""
    saved: tuple[int, int] | None = None
    """Step and last evaluation of the checkpoint this comes from."""
    seconds: float = 0.0


def copy_tensors(state: Any, statistics: list[Array]) -> dict[str, Array]:
    """Everything of a checkpoint that is a tensor, by name, in memory of its own: the next step may use that of the state again."""
    tensors = {**flatten_tree(state), **{f"{_STATISTICS}{i}": leaf for i, leaf in enumerate(statistics)}}
    return {name: np.array(tensor) for name, tensor in tensors.items()}


def facts_of(position: Position, seed: int, evaluated: int, score: float | None, course: Course, seconds: float) -> dict[str, Any]:
    """Everything else. `score` is that of exactly this step's parameters, or None."""
    known = score if score is not None and math.isfinite(score) else None
    went = {name: value if math.isfinite(value) else None for name, value in course.__dict__.items()}
    return {**position.__dict__, "seed": seed, "evaluated": evaluated, "score": known, **went, "seconds": seconds}


def restore_checkpoint(program: Program, folder: RunFolder, step: int) -> Resumed:
    """The checkpoint of a step, verified and compared with the program and the folder's spec. Raises `Mistake`."""
    return resume_from(program, folder, step, *folder.store.restore(step))


def restore_chosen(program: Program, folder: RunFolder, which: str) -> tuple[int, Resumed]:
    """The checkpoint that "best", "last" or a number means, and its step. Raises `Mistake`."""
    step, arrays, manifest = folder.store.restore_chosen(which)
    return step, resume_from(program, folder, step, arrays, manifest)


def resume_from(program: Program, folder: RunFolder, step: int, arrays: Mapping[str, Array], manifest: Manifest) -> Resumed:
    """What was read of a checkpoint, as a program takes it. Raises `Mistake` where it belongs to another one."""
    require_own_spec(folder, manifest)
    unused = (_STATISTICS, _OPTIMIZER) if lacks_optimizer(program) else (_STATISTICS,)
    tensors = {name: a for name, a in arrays.items() if not name.startswith(unused)}
    sums = [a for name, a in arrays.items() if name.startswith(_STATISTICS)]
    return _read_resumed(_match_tensors(program, tensors, str(folder.store.path(step))), sums, manifest)


def require_own_spec(folder: RunFolder, manifest: Manifest) -> None:
    """Raises `Mistake` for a checkpoint that is of no spec which the run has or had."""
    if manifest.spec not in folder.digests:
        digests = f"the digest {manifest.spec[:12]}, the folder's has {folder.recipe.digest[:12]}"
        found = f"checkpoint {manifest.step} belongs to a spec with {digests}"
        raise Mistake(RunOfAnotherSpec(run=str(folder.path), differences=(found,)))


class Forgotten:
    """Stands for an optimizer from Python in a program that is read to predict: nothing is known of its state."""

    def init(self, params: Any) -> tuple[()]:
        return ()

    def update(self, updates: Any, state: tuple[()], params: Any) -> tuple[Any, tuple[()]]:
        raise ValueError("the optimizer of this run was handed over from Python: give it to `with_optimizer` to train on")


def lacks_optimizer(program: Program) -> bool:
    """Whether an optimizer was handed over from Python in training, and is not here."""
    return any(isinstance(optimizer, Forgotten) for optimizer in program.foreign.values())


def _match_tensors(program: Program, tensors: Mapping[str, Array], path: str) -> Any:
    """The state with the stored tensors, which must be those that this program has. Raises `Mistake`."""
    template = program.init()
    found = differences(describe_leaves(flatten_tree(template)), describe_leaves(tensors))
    if found:
        raise Mistake(CheckpointMismatch(path=path, differences=found))
    with program.width():
        return jax.tree.map(_place_tensor, template, unflatten_tree(template, tensors))


def _place_tensor(ours: Any, stored: Array) -> Any:
    """The stored tensor where the program has its own."""
    return jax.device_put(stored, ours.sharding if ours.committed else None)


def _or_none_yet(score: float | None) -> float:
    """A score; infinity where there was none yet."""
    return math.inf if score is None else score


def _read_resumed(state: Any, sums: list[Array], manifest: Manifest) -> Resumed:
    """Where the run stood, from the manifest's facts."""
    facts = manifest.facts
    return Resumed(
        state=state,
        position=Position(facts["step"], facts["epoch"], facts["batch"]),
        statistics=sums or None,
        evaluated=facts["evaluated"],
        score=facts["score"],
        course=Course(_or_none_yet(facts["best"]), _or_none_yet(facts["reached"]), facts["waited"], facts["stopped"]),
        saved=(manifest.step, facts["evaluated"]),
        seconds=facts["seconds"],
    )
