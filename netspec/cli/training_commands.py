"""Carries out `netspec train`, `eval` and `predict` once their arguments are read, so that reading them needs no JAX. Floor 6."""

from __future__ import annotations

import os
import shlex
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netspec.cli.spec_options import overrides
from netspec.cli.terminal import report, write_text
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.arrays import BadArchive
from netspec.diagnostics.drawing.cells import escape
from netspec.diagnostics.running.runs import InputsUnreadable
from netspec.files import describe_missing, refuse_existing, write_atomic
from netspec.lazy import np


def run_train(args: Namespace) -> int:
    """Train a spec into a run folder; 0, or 130 and 143 when a signal ended it after saving."""
    from netspec.compile import program
    from netspec.train.learned_vocabularies import read_learned
    from netspec.train.loggers.shelf import find_loggers
    from netspec.train.progress import reporter
    from netspec.train.run_folder import find_free, plugins
    from netspec.train.trainable_model import Program

    loggers = find_loggers(args.loggers)
    before = plugins(args.out) if args.resume and args.out else ()
    model = program(args.file, args.train, overrides(args.set), _kept_imports(args), plugins=(*before, *args.plugins))
    assert isinstance(model, Program)
    data = Path(args.data) if args.data else None
    name = model.plan.name if model.plan else model.model.name
    out = Path(args.out) if args.out else find_free(name)
    feeds = model.feeds(None, None, data, read_learned(out, model.plan) if args.resume else None)
    fit = model.train(*feeds, data, out, args.resume, reporter(), loggers=loggers)
    write_text(summarize_fit(fit, out, args))
    return fit.stop.exit_code


def _kept_imports(args: Namespace) -> Mapping[str, str] | None:
    """The texts that the spec imports, where it is the one that the resumed run keeps: they are kept with it."""
    from netspec.train.run_folder import SETTINGS, open_run

    if not (args.resume and args.out and os.path.exists(os.path.join(args.out, SETTINGS))):
        return None
    recipe = open_run(args.out).recipe
    return recipe.imports if os.path.realpath(recipe.path) == os.path.realpath(args.file) else None


def summarize_fit(fit: Any, out: Path, args: Namespace) -> str:
    """The last evaluation, where the run is, and what to type next."""
    from netspec.train.metric_tables import tables
    from netspec.train.progress import numbers

    if fit.stop:
        options = [("--data", args.data), *(("--set", text) for text in args.set), ("--train", args.train), ("--out", str(out))]
        options += [("--log", name) for name in args.loggers]
        words = [f" {name} {word_of(value)}" for name, value in options if value]
        return f"stopped and saved in {out}; go on with: netspec train {word_of(args.file)}{''.join(words)} --resume"
    split = "test" if any(r.split == "eval" for r in fit.history) else "train"
    several = tables(fit.program, fit.metrics)
    space = "\n" if several else ""
    return f"{split}: {numbers(fit.metrics)}{several}{space}\nrun folder: {out}\nnext: netspec eval {word_of(str(out))}"


def word_of(text: str) -> str:
    """A text as one word of the command line, which a shell takes as it is and argparse for no option."""
    return shlex.quote(os.path.join(".", text) if text.startswith("-") else text)


def run_eval(args: Namespace) -> int:
    """Evaluate a checkpoint of a run and print its numbers."""
    import netspec
    from netspec.train.metric_tables import tables
    from netspec.train.progress import numbers

    run = netspec.load(args.run, args.which, plugins=args.plugins)
    values = run.evaluate(folder=args.data)
    report(run.changed_data(args.data))
    write_text(f"step {run.step}: {numbers(values)}{tables(run.program, values)}")
    return 0


def run_predict(args: Namespace) -> int:
    """Apply a run to arrays in a file; what its `serve` generates, or its outputs, go to a file, or a summary of them to the terminal."""
    import netspec

    if args.output:
        refuse_existing(args.output, "choose another name with `--output`, or remove the file")
    run = netspec.load(args.run, args.which, plugins=args.plugins)
    arrays = read_arrays(Path(args.input))
    decodes = bool(run.program.serves) and not args.outputs
    outputs = _generate(run, arrays, args) if decodes or args.answer else _predict(run, arrays, args.seed)
    if args.output:
        write_atomic(args.output, pack_arrays(outputs))
    write_text("\n".join(f"{escape(name)}: {a.dtype}{list(a.shape)}" + _range(a) for name, a in outputs.items()))
    return 0


def _predict(run: Any, arrays: dict[str, Any], seed: int | None) -> dict[str, Any]:
    """The outputs of the run's model, whose samples a seed draws."""
    from netspec.diagnostics.spec_error import raise_spec_errors
    from netspec.train.example_encoding import inputs_of
    from netspec.train.prediction import predict_all

    with raise_spec_errors():
        return predict_all(run.program, run.state, inputs_of(run.program, arrays), seed)


def _generate(run: Any, arrays: dict[str, Any], args: Namespace) -> dict[str, Any]:
    """What the run's `serve` makes of arrays, whatever they are called."""
    from netspec.train.prediction import PREFIX, generate_all

    length = arrays.get(PREFIX) if PREFIX not in run.program.model.input_types() else None
    inputs = {name: array for name, array in arrays.items() if length is None or name != PREFIX}
    return generate_all(run.program, run.state, inputs, args.answer, prefix_length=length, seed=args.seed)


def _range(array: Any) -> str:
    """Between which numbers an array lies, so that a person sees at once whether it is what was meant."""
    return f" from {array.min():.4g} to {array.max():.4g}" if array.size else ""


def read_arrays(path: Path) -> dict[str, Any]:
    """The arrays of an .npz file by name. Raises `Mistake` for a file that is none; never unpickles anything."""
    from netspec.library.data.datasets.npz_archive import read_all

    if not path.exists():
        raise Mistake(describe_missing(path))
    try:
        return read_all(path)
    except Mistake as mistake:
        bad = mistake.diagnostic
        if not isinstance(bad, BadArchive):
            raise
        array = f"its array `{bad.array}` cannot be read: " if bad.array else ""
        raise Mistake(InputsUnreadable(path=str(path), reason=f"{array}{bad.reason}")) from None


def pack_arrays(arrays: dict[str, Any]) -> bytes:
    """The arrays as the content of an .npz file."""
    import io

    buffer = io.BytesIO()
    plain: dict[str, Any] = {name: a.astype(np.float32) if a.dtype.kind == "V" else a for name, a in arrays.items()}
    np.savez(buffer, **plain)
    return buffer.getvalue()
