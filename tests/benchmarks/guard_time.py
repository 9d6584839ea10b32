"""What it costs that bad steps are left out: `python -m tests.benchmarks.guard_time [FILE…] [--rule skip|rollback]`.

Both sides take the step that `netspec train` takes, on the same batch, in one process and in turns; one of them with `on_nonfinite = skip`,
which looks at every gradient and chooses between the old state and the new one.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import netspec
from netspec.files import models_dir
from netspec.library.base import Clock
from netspec.train.synthetic_batch import choose_sizes, make_batch
from tests.benchmarks.interleave import interleave
from tests.benchmarks.measured_time import repeated

CLOCK = Clock(steps_per_epoch=100, total_steps=1000)


def side(path: Path, rule: str, steps: int) -> Callable[[], None]:
    """An action that takes some steps under a rule."""
    program = netspec.compile(path, set={"train.on_nonfinite": f'"{rule}"'}).at(CLOCK)
    assert program.plan is not None
    batch = program.send(make_batch(program, program.plan, choose_sizes(program, program.plan, {})))
    gauge = program.gauge()
    return repeated(program.init(), lambda state: program.observed_step(state, batch, gauge)[0], steps)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.guard_time", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", default=[models_dir() / "digits.net", models_dir() / "mnist.net"])
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--steps", type=int, default=5, help="steps that are timed together")
    parser.add_argument("--rule", choices=("skip", "rollback"), default="skip")
    args = parser.parse_args()
    for path in args.files:
        guarded, plain = side(path, args.rule, args.steps), side(path, "stop", args.steps)
        print(path.name, interleave(guarded, plain, args.pairs, warm=2).line(f"{args.rule}, {args.steps} steps", "stop"), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
