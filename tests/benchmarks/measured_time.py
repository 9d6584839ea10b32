"""A training step that measures itself, as `fit` takes it, against the plain one: `python -m tests.benchmarks.measured_time [FILE…]`.

Both take the same batch in one process, in turns. The measured one is read as often as a run writes lines, which is not at all in here.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax

import netspec
from netspec.files import models_dir
from netspec.library.base import Clock
from netspec.train.synthetic_batch import choose_sizes, make_batch
from tests.benchmarks.interleave import interleave


def repeated(state: Any, step: Callable[[Any], Any], count: int) -> Callable[[], None]:
    """An action that takes `count` steps, from the state that the action before left, and waits for the device."""

    def act() -> None:
        nonlocal state
        for _ in range(count):
            state = step(state)
        jax.block_until_ready(jax.tree.leaves(state))

    return act


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.measured_time", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", default=[models_dir() / "digits.net", models_dir() / "mnist.net"])
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--steps", type=int, default=5, help="steps that are timed together")
    parser.add_argument("--watch", action="append", default=[], metavar="PATTERN")
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", help="a setting of the measured side")
    args = parser.parse_args()
    for path in args.files:
        clock = Clock(steps_per_epoch=100, total_steps=1000)
        changed = {name: f'"{value}"' for name, _, value in (text.partition("=") for text in args.set)}
        plain, measured = netspec.compile(path).at(clock), netspec.compile(path, set=changed).at(clock)
        assert plain.plan is not None
        batch, gauge = plain.send(make_batch(plain, plain.plan, choose_sizes(plain, plain.plan, {}))), measured.gauge(args.watch)
        ours = repeated(measured.init(), lambda state, m=measured, b=batch, g=gauge: m.observed_step(state, b, g)[0], args.steps)
        theirs = repeated(plain.init(), lambda state, p=plain, b=batch: p.train_step(state, b)[0], args.steps)
        print(path.name, interleave(ours, theirs, args.pairs, warm=2).line(f"measured, {args.steps} steps", "plain"), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
