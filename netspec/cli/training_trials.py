"""Carries out the trials of `netspec train` that write nothing: `--dry-run`, `--overfit-one-batch` and `--find-rate`. Floor 6."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from netspec.cli.spec_options import overrides
from netspec.cli.terminal import write_line


def run_dry(model: Any, args: Namespace, data: Path | None, out: Path) -> int:
    """Print what the training would be."""
    from netspec.train.dry_run import DryRun

    for line in DryRun(model, data, out, dict(pair for pairs in args.at for pair in pairs)).lines():
        write_line(line)
    return 0


def run_one_batch(model: Any, args: Namespace, data: Path | None) -> int:
    """Train on one batch; 1 where the model does not learn it."""
    from netspec.train.one_batch import overfit

    found = overfit(model, data, args.overfit_one_batch, write_line)
    write_line(found.verdict())
    return 0 if found.learned else 1


def run_find_rate(model: Any, args: Namespace, data: Path | None) -> int:
    """Print a sweep and what to type for the rate that it suggests; 1 where the loss falls at none."""
    from netspec.train.rate_finder import find_rate, suggest

    swept = find_rate(model, data)
    for row in swept.rows():
        write_line(row)
    if swept.best is None:
        write_line("the loss falls at none of these rates: look at the data and the loss, for example with `--overfit-one-batch`.")
        return 1
    rate = swept.rates[swept.best]
    found = suggest(model.plan, rate)
    write_line(f"suggested: {rate:.2g}, where the loss falls fastest")
    write_line(describe_suggestion(args, found))
    return 0


def describe_suggestion(args: Namespace, found: dict[str, str]) -> str:
    """The options that set the rates, where `--set` reaches them; else what to write."""
    from netspec.cli.training_commands import word_of
    from netspec.compile import check_readable

    checked = check_readable(args.file, set={**overrides(args.set), **found}, plugins=args.plugins)
    if any(problem.severity == "error" for problem in checked.problems):
        return "write it into the spec: " + ", ".join(f"{path.removeprefix('train.')} = {rate}" for path, rate in found.items())
    return "type: netspec train " + word_of(args.file) + "".join(f" --set {path}={rate}" for path, rate in found.items())
