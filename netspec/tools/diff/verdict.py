"""Says what becomes of a checkpoint that was written before: what `--init-from`, `--partial`, `--map` and `--resume` will accept.

It holds to what training does (`train/initial_weights.py`, `train/run_folder.py`; a test compares the two): `--init-from` takes arrays by
logical path and shape, converts dtypes, takes buffers and begins the optimizer anew; `--resume` goes on only with the same training, its
length apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from netspec.cost import size_of
from netspec.diagnostics.base import Mistake
from netspec.ir import Body, TrainPlan, Variable
from netspec.ir.fingerprint import plan_hash
from netspec.ir.paths import buffers_of, parameters, uses
from netspec.library.base import Weight
from netspec.record import replace
from netspec.tools.diff.difference import ValueChange, Verdict
from netspec.tools.diff.layers import Layer, weight_text
from netspec.tools.diff.model_changes import Compared
from netspec.train.path_maps import read_map, rename

MOST_MAPS = 40
"""So many maps are proposed at most: nobody types more."""


Training = tuple[TrainPlan, TrainPlan]
"""A training of a model before and now."""


def judge(compared: Compared, trainings: Sequence[Training], reasons: Mapping[str, Sequence[str]]) -> Verdict:
    """The verdict on checkpoints of a model. `reasons` are what else changed in each of its trainings, by `train NAME`."""
    old, new = list_arrays(compared.before.model), list_arrays(compared.after.model)
    fits = [path for path, weight in new.items() if path in old and _shape(old[path]) == _shape(weight)]
    found = Verdict(
        kind="",
        arrays=len(new),
        numbers=sum(size_of(w.shape) for w in new.values()),
        fits=len(fits),
        taken=sum(size_of(new[path].shape) for path in fits),
        missing=tuple(f"{path} {weight_text(w)}" for path, w in new.items() if path not in old),
        unused=tuple(f"{path} {weight_text(w)}" for path, w in old.items() if path not in new),
        misshaped=tuple(_change(p, old, new) for p in new if p in old and _shape(old[p]) != _shape(new[p])),
        cast=tuple(_change(path, old, new) for path in fits if old[path].dtype != new[path].dtype),
    )
    found = _with_maps(found, compared, old, new)
    found = replace(found, kind=_name(found, len(old)))
    return _with_resume(found, compared, trainings, reasons)


def list_arrays(model: Body) -> dict[str, Weight]:
    """Every parameter and buffer of a model by logical path: what a checkpoint of it holds besides the optimizer."""
    found = dict(parameters(model))
    for path, use in uses(model).items():
        if isinstance(use, Variable):
            found |= {path: use.weight} if use.buffer else {}
        else:
            found |= {f"{path}/{name}": weight for name, weight in buffers_of(*use).items()}
    return found


def _shape(weight: Weight) -> tuple[str, ...]:
    return tuple(map(str, weight.shape))


def _change(path: str, old: Mapping[str, Weight], new: Mapping[str, Weight]) -> ValueChange:
    return ValueChange(path, weight_text(old[path]), weight_text(new[path]))


def _name(found: Verdict, before: int) -> str:
    """The verdict in a word."""
    if not found.arrays or not before:
        return "nothing to load"
    if not (found.missing or found.unused or found.misshaped):
        return "loads into other layers" if found.crossed else "loads"
    if found.whole:
        return "loads with --map"
    return "loads partially" if found.fits or found.mapped else "incompatible"


# --- what belongs elsewhere now --------------------------------------------------------------------------------------


def follow_arrays(compared: Compared) -> dict[str, str]:
    """Path before -> path now, for the arrays of layers that are the same layer."""
    found: dict[str, str] = {}
    for b, a in compared.matching.pairs.items():
        before, after = compared.before.layers[b], compared.after.layers[a]
        if before.kind != after.kind:
            continue
        for old, new in _pair_paths(before.paths, after.paths):
            found |= {_join(old, name): _join(new, name) for name in _held(before) if name in _held(after)}
    return found


def _pair_paths(before: Sequence[str], after: Sequence[str]) -> Iterable[tuple[str, str]]:
    """The paths of the iterations of a layer, in order; of a loop that is unrolled on one side those that are equal."""
    if len(before) != len(after) and 1 in (len(before), len(after)):
        return [(path, path) for path in before if path in after] or [(before[0], after[0])]
    return zip(before, after, strict=False)


def _held(layer: Layer) -> dict[str, Weight]:
    return {**layer.weights, **layer.buffers}


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if name else path


def _with_maps(found: Verdict, compared: Compared, old: Mapping[str, Weight], new: Mapping[str, Weight]) -> Verdict:
    """The verdict with the arrays that fit by name what is another layer now, and the maps that bring all where they belong."""
    belongs = {o: n for o, n in follow_arrays(compared).items() if o in old and n in new and _shape(old[o]) == _shape(new[n])}
    crossed = tuple((o, n) for o, n in belongs.items() if o != n and o in new and _shape(old[o]) == _shape(new[o]))
    found = replace(found, crossed=crossed)
    if all(o == n for o, n in belongs.items()):
        return found
    exact = [f"{o}={n}" for o, n in belongs.items() if o != n]
    short = _short_maps(belongs)
    for maps in (_wild_maps(short), short, exact):
        taken = _try_maps(maps, old, new)
        if taken is not None and all(taken.get(n) == o for o, n in belongs.items()) and len(maps) <= MOST_MAPS:
            fitting = [n for n, o in taken.items() if n in new and _shape(old[o]) == _shape(new[n])]
            whole = len(fitting) == len(new) == len(taken)
            return replace(found, maps=tuple(maps), mapped=len(fitting), whole=whole)
    return found


def _wild_maps(maps: Sequence[str]) -> list[str]:
    """Maps of the instances of a block as one: `DecoderLayer_*/**=Layer_*/**`."""
    found: dict[str, list[str]] = {}
    for text in maps:
        old, _, new = text.partition("=")
        ours, theirs = _INSTANCE.match(old), _INSTANCE.match(new)
        alike = ours is not None and theirs is not None and ours[2] == theirs[2]
        found.setdefault(f"{_INSTANCE.sub(_ANY, old)}={_INSTANCE.sub(_ANY, new)}" if alike else text, []).append(text)
    return [wild if len(texts) > 1 else texts[0] for wild, texts in found.items()]


_INSTANCE = re.compile(r"^([^/]*)_([0-9]+)/")
_ANY = r"\1_*/"


def _short_maps(belongs: Mapping[str, str]) -> list[str]:
    """One map for each group of arrays that moved together: `Encoder_0/**=Body_0/**`."""
    maps: dict[str, None] = {}
    for o, n in belongs.items():
        if o != n:
            ours, theirs = o.split("/"), n.split("/")
            while len(ours) > 1 and len(theirs) > 1 and ours[-1] == theirs[-1]:
                ours, theirs = ours[:-1], theirs[:-1]
            if len(ours) == len(o.split("/")):  # their last segments differ already
                maps[f"{o}={n}"] = None
            else:
                maps[f"{'/'.join(ours)}/**={'/'.join(theirs)}/**"] = None
    return list(maps)


def _try_maps(maps: Sequence[str], paths: Iterable[str], new: Mapping[str, Weight]) -> dict[str, str] | None:
    """Path now -> path before, as training renames arrays by these maps; None where it refuses them."""
    try:
        return rename(dict.fromkeys(paths), [read_map(text) for text in maps])[0]
    except Mistake:
        return None


# --- going on with the training --------------------------------------------------------------------------------------


def _with_resume(found: Verdict, compared: Compared, trainings: Sequence[Training], reasons: Mapping[str, Sequence[str]]) -> Verdict:
    """The verdict with what `--resume` does with runs of each training."""
    if not trainings:
        return replace(found, trains=False)
    changed = [(before, after) for before, after in trainings if plan_hash(before) != plan_hash(after)]
    if not changed:
        return replace(found, resumes=True)
    model = [] if compared.change.same else ["the model"]
    told = [reason for pair in changed for reason in _explain(pair, reasons, len(trainings) > 1, not model)]
    return replace(found, reasons=tuple(dict.fromkeys((*model, *told))))


def _explain(pair: Training, reasons: Mapping[str, Sequence[str]], several: bool, alone: bool) -> list[str]:
    """What changed of a training; of several each with its name. Where it is `alone` to blame it says at least what is left."""
    before, after = pair
    name = ["name"] if before.name != after.name else []
    own = list(dict.fromkeys((*name, *reasons.get(f"train {after.name}", ()))))
    own = own or (["what is measured"] if alone else [])
    return [f"{reason} of {after.name}" for reason in own] if several else own
