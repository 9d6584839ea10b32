"""Carries out `netspec export` and `netspec checkpoints` once their arguments are read. Floor 6."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from netspec.cli.terminal import report, say, write_text
from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.drawing.cells import escape
from netspec.diagnostics.running.weight_files import OutputNeeded
from netspec.files import refuse_existing, write_atomic


def run_export(args: Namespace) -> int:
    """Write the weights of a run's checkpoint to a file of a format."""
    import netspec
    from netspec.train.weight_files import SUFFIXES, pack_weights

    path = Path(args.output or f"{Path(args.run).resolve().name}{SUFFIXES[args.to]}")
    if path.suffix.lower() in {*SUFFIXES.values()} - {SUFFIXES[args.to]}:
        say(f"`{path}` would hold what `--to {args.to}` writes, which nothing reads under such a name; end it in {SUFFIXES[args.to]}.")
        return 2
    refuse_existing(path, "choose another name with `--output`, or remove the file")
    loaded = netspec.load(args.run, args.which, plugins=args.plugins)
    weights = loaded.weights()
    content = pack_weights(weights, args.to)
    write_atomic(path, content)
    count = sum(array.size for array in weights.arrays.values())
    kept = ", ".join(f"{name} {value[:12]}" for name, value in weights.about.items() if name in ("spec", "step"))
    note = f" ({kept} in its metadata)" if args.to != "flax" else " (the format has no place for metadata)"
    lines = [
        f"wrote {path}: {len(weights.params):,} parameters and {len(weights.buffers):,} buffers, {count:,} numbers, {len(content):,} bytes",
        f"of step {loaded.step:,} of {args.run}, {weights.about['weights']}{note}",
    ]
    write_text("\n".join(map(escape, lines)))
    return 0


# --- checkpoints -----------------------------------------------------------------------------------------------------


def run_checkpoints(args: Namespace) -> int:
    """List a run's checkpoints, or verify, average or remove some."""
    from netspec.train.run_folder import open_run

    run = open_run(args.run)
    if args.average:
        return _average(run, args)
    if args.prune:
        return _prune(run, args.prune)
    found = _verify(run) if args.verify else {}
    write_text("\n".join(_list(run, args.verify, found)))
    return report(tuple(found.values()))


def _verify(run: Any) -> dict[int, Diagnostic]:
    """What is wrong with checkpoints, by step."""
    from netspec.train import manifest
    from netspec.train.checkpoint_contents import require_own_spec

    wrong: dict[int, Diagnostic] = {}
    for step in run.store.steps():
        try:
            require_own_spec(run, manifest.verify_folder(run.store.path(step)))
        except Mistake as mistake:
            if step in run.store.steps():  # else the process that trains into the run has removed it meanwhile
                wrong[step] = mistake.diagnostic
    return wrong


def _list(run: Any, verified: bool, wrong: dict[int, Diagnostic]) -> Iterator[str]:
    """A line for each checkpoint: step, what its evaluation gave, best, size, and when it was written."""
    from netspec.tools.text_drawing import draw_columns

    found, names = _values(run), list(dict.fromkeys(("loss", chosen_by(run))))
    rows = []
    for step in run.store.steps():
        with suppress(FileNotFoundError):  # the process that trains into the run has removed it
            rows.append((*_row(run, step, names, found.get(step, {})), *(["damaged" if step in wrong else "whole"] if verified else [])))
    if not rows:
        yield f"{escape(str(run.path))} has no checkpoint yet"
        return
    heads = ("step", *map(escape, names), "", "size", "written", *(["verified"] if verified else []))
    yield draw_columns(heads, rows)


def chosen_by(run: Any) -> str:
    """The result of evaluations by which the best checkpoint is chosen: the metric of the spec's `best = max(metric)`."""
    import re

    setting = run.settings["settings"].get("best", {"value": ""})["value"]
    return ["loss", *re.findall(r"[\w.]+", setting)][-1]


def _values(run: Any) -> dict[int, Mapping[str, Any]]:
    """What each evaluation of the training gave, as far as its lines can be read."""
    try:
        return {r.step: r.values for r in run.log.records() if r.split != "train" and r.checkpoint is None}
    except Mistake:
        return {}


def _row(run: Any, step: int, names: Sequence[str], values: Mapping[str, Any]) -> tuple[str, ...]:
    """What a listing says of a checkpoint; of one whose manifest cannot be read, that it is damaged."""
    import time

    from netspec.train import manifest

    folder = run.store.path(step)
    size = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
    written = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(folder.stat().st_mtime))
    try:
        manifest.read(folder)
    except Mistake:
        folder.stat()
        return f"{step:,}", "damaged", *[""] * len(names), _bytes(size), written
    shown = (f"{values[name]:.4f}" if isinstance(values.get(name), int | float) else "" for name in names)
    return f"{step:,}", *shown, "best" if step == _best(run) else "", _bytes(size), written


def _best(run: Any) -> int | None:
    """The best checkpoint, as far as manifests can be read."""
    try:
        return run.store.best()
    except Mistake:
        return None


def _bytes(size: int) -> str:
    """A size as people read it."""
    value, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def _prune(run: Any, keep: int) -> int:
    """Removes all but the newest and the best, and what a process that was killed has left, while nobody trains into the run."""
    from netspec.train.run_lock import hold_lock

    with hold_lock(run.path):
        if run.store.folder.exists():
            run.store.recover()
        removed = replace(run.store, keep=keep).prune()
    steps = ", ".join(f"{step:,}" for step in run.store.steps())
    what = f"removed the checkpoints of the steps {', '.join(f'{step:,}' for step in removed)}" if removed else "nothing to remove"
    write_text(f"{what}; kept: {steps or 'none'}")
    return 0


def _average(run: Any, args: Namespace) -> int:
    """Writes the mean of the newest checkpoints, as a run of its own or as a file of weights."""
    from netspec.train.checkpoint_average import average_last, write_run
    from netspec.train.weight_files import SUFFIXES

    if not args.output:
        raise Mistake(OutputNeeded(run=args.run, count=args.average))
    path = Path(args.output)
    refuse_existing(path, "choose another name with `--output`")
    steps, arrays, manifest = average_last(run, args.average)
    named = f"the mean of the checkpoints of the steps {', '.join(f'{step:,}' for step in steps)}"
    if not path.suffix or path.suffix.lower() not in SUFFIXES.values():
        write_run(run, path, steps, arrays, manifest)
        write_text(f"wrote {escape(str(path))}, a run with {named}\nnext: netspec eval {escape(str(path))}")
        return 0
    _write_mean(path, steps, arrays, manifest, args)
    write_text(f"wrote {escape(str(path))}: {named}")
    return 0


def _write_mean(path: Path, steps: Any, arrays: Any, manifest: Any, args: Namespace) -> None:
    """The mean as a file of weights, layer by layer."""
    import netspec
    from netspec.train.checkpoint_contents import resume_from
    from netspec.train.weight_files import find_kind, pack_weights

    loaded = netspec.load(args.run, steps[-1], plugins=args.plugins)
    state = resume_from(loaded.program, loaded.folder, steps[-1], arrays, manifest).state
    weights = replace(loaded, state=state).weights()
    about = {**weights.about, "mean of steps": ", ".join(map(str, steps))}
    write_atomic(path, pack_weights(replace(weights, about=about), find_kind(path)))
