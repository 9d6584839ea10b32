"""The optimised programs of training steps as texts to compare: `python -m tests.benchmarks.hlo --out DIR [FILE…]`; without files, the zoo.

A change of code that shall change no program is run before and after, and the two folders are compared: `diff -rq BEFORE AFTER`. What
only says where an instruction came from is left out, and names are numbered in the order in which they stand.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import numpy as np

import netspec
from netspec.compile import check
from netspec.files import models_dir
from netspec.ir import TrainPlan
from netspec.library.base import Clock
from netspec.shape.types import JAX_DTYPES

SIZES = {"B": 2, "E": 156, "S": 8, "T": 16}
"""What symbols of the batch's fields stand for; all others are 6."""
TABLES = ("FileNames", "FunctionNames", "FileLocations", "StackFrames")


def optimised(path: Path, train: str) -> str:
    """The compiled step of one `train` section, normalised."""
    model = netspec.compile(path, train).at(Clock(steps_per_epoch=10, total_steps=100))
    plan = model.plan
    assert plan is not None
    batch = model._batch(random_batch(plan), plan.objective, plan.accumulate)
    return normalised(model._train.lower(model.init(), batch).compile().as_text())


def random_batch(plan: TrainPlan) -> dict[str, np.ndarray]:
    """Small whole numbers, which are also good words, lengths and nodes."""
    rng = np.random.default_rng(0)
    lead = () if plan.accumulate == 1 else (plan.accumulate,)
    batch = {}
    for name, kind in plan.data.fields.items():
        shape = [d.substitute({s: SIZES.get(s, 6) for s in d.symbols()}).value for d in kind.shape]
        batch[name] = np.asarray(rng.integers(1, 4, (*lead, *shape)), JAX_DTYPES[kind.dtype])
    return batch


def normalised(text: str) -> str:
    """Without metadata, tables of source lines and the module's name; names numbered in order."""
    text = re.sub(rf"^({'|'.join(TABLES)})\n(?:\d+ .*\n)*", "", text, flags=re.M)
    text = re.sub(r", metadata=\{[^}]*\}", "", text)
    text = re.sub(r"^HloModule [^,]*", "HloModule step", text)
    numbers: dict[str, int] = {}
    return re.sub(r"%[\w.\-]+", lambda name: f"%{numbers.setdefault(name[0], len(numbers))}", text)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.hlo", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for path in args.files or sorted(models_dir().glob("*.net")):
        typed = check(path).typed
        for plan in typed.trains if typed else ():
            place = args.out / f"{path.parent.name}.{path.stem}.{plan.name}.txt"
            try:
                place.write_text(optimised(path, plan.name))
                print(place.name, flush=True)
            except Exception as error:
                print(f"{place.name}: {type(error).__name__}: {str(error)[:300]}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
