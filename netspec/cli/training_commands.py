"""Carries out `netspec train`, `eval` and `predict` once their arguments are read, so that reading them needs no JAX. Floor 6."""

from __future__ import annotations

import io
import os
import shlex
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from netspec.cli import training_trials
from netspec.cli.own_process import prepare_process
from netspec.cli.spec_options import choose_workers, overrides
from netspec.cli.terminal import report, say, write_text
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.arrays import BadArchive
from netspec.diagnostics.drawing.cells import escape
from netspec.diagnostics.running.predictions import PredictionInputs
from netspec.diagnostics.running.runs import InputsUnreadable
from netspec.diagnostics.running.weight_files import NoInitialWeights
from netspec.files import describe_missing, refuse_existing, write_atomic
from netspec.lazy import np
from netspec.source import Source, Span


def run_train(args: Namespace) -> int:
    """Train a spec into a run folder; 0, or 130 and 143 when a signal ended it after saving."""
    from netspec.compile import program
    from netspec.train.known_names import find_names, require_same_names
    from netspec.train.learned_vocabularies import read_learned
    from netspec.train.loggers.shelf import find_loggers
    from netspec.train.profile import NAME, Profile, seconds_of_process
    from netspec.train.progress import reporter
    from netspec.train.run_folder import find_free, plugins
    from netspec.train.trainable_model import Program

    if idle := find_idle(args):
        say(idle)
        return 2
    profile = Profile()
    profile.start["Python, imports"] = seconds_of_process()
    loggers = find_loggers(args.loggers)
    before = plugins(args.out) if args.resume and args.out else ()
    model = program(args.file, args.train, overrides(args.set), _kept_imports(args), plugins=(*before, *args.plugins))
    assert isinstance(model, Program)
    prepare_process()
    data = Path(args.data) if args.data else None
    name = model.plan.name if model.plan else model.model.name
    out = Path(args.out) if args.out else find_free(name)
    if args.profile:
        profile.folder = out / NAME
        profile.watch_compiler()
    profile.mark("reading and proving the spec")
    gauge = watch_parameters(model, args.watch)
    if args.dry_run:
        return training_trials.run_dry(model, args, data, out)
    if args.overfit_one_batch:
        return training_trials.run_one_batch(model, args, data)
    if args.find_rate:
        return training_trials.run_find_rate(model, args, data)
    initial = find_initial(model, args)
    feeds = model.feeds(None, None, data, read_learned(out, model.plan) if args.resume else None)
    if initial is not None:
        initial = require_same_names(initial, find_names(model.plan, feeds.train.learned), args.other_names)
    workers = choose_workers(args.workers, model.plan.workers if model.plan else None)
    profile.mark("loading the data")
    parts = {"test_feed": feeds.test, "initial": initial, "gauge": gauge, "workers": workers, "loggers": loggers, "profile": profile}
    try:
        fit = model.train(feeds.train, feeds.validation, data, out, args.resume, reporter(), **parts)
        write_text(summarize_fit(fit, out, args))
    finally:
        if args.profile and profile.steps:
            write_text("\n".join(profile.lines()))
    return fit.stop.exit_code


def find_idle(args: Namespace) -> str:
    """What is wrong with options of which one would be left unused, in words; "" where all are of use."""
    trials = {"--dry-run": args.dry_run, "--overfit-one-batch": args.overfit_one_batch, "--find-rate": args.find_rate}
    trial = next((name for name, given in trials.items() if given), None)
    given = {"--resume": args.resume, "--init-from": args.init_from, "--profile": args.profile}
    if trial and (option := next((name for name in given if given[name]), None)):
        return f"`{trial}` begins anew and `{option}` would be left unused; leave one of the two out."
    if args.resume and args.init_from and args.out and has_checkpoint(Path(args.out)):
        return f"`{args.out}` goes on from its own checkpoint and `--init-from` would be left unused; leave it out, or `--resume`."
    return ""


def has_checkpoint(out: Path) -> bool:
    """Whether a folder is a run that can go on."""
    from netspec.train.run_folder import SETTINGS, open_run

    return (out / SETTINGS).exists() and bool(open_run(out).store.steps())


def watch_parameters(model: Any, patterns: Sequence[str]) -> Any:
    """What is measured of the steps. Raises `Mistake` for a pattern of `--watch` that matches no parameter."""
    gauge = model.gauge()
    for pattern in patterns:
        source = Source("--watch", pattern)
        with at_place(Span(source, 0, len(pattern))):
            gauge = replace(gauge, watched=gauge.watched | model.gauge([pattern]).watched)
    return gauge


@contextmanager
def at_place(span: Span) -> Iterator[None]:
    """A `Mistake` inside is laid there."""
    from netspec.record import replace as changed

    try:
        yield
    except Mistake as mistake:
        raise Mistake(changed(mistake.diagnostic, at=span)) from None


def find_initial(model: Any, args: Namespace) -> Any:
    """The weights that a training is to begin with: those that a run predicts with, or of a file."""
    from netspec.train.initial_weights import match_weights

    if not args.init_from:
        options = {"--map": args.maps, "--partial": args.partial, "--other-names": args.other_names}
        if option := next((name for name, given in options.items() if given), None):
            raise Mistake(NoInitialWeights(option=option))
        return None
    arrays, about, names = read_source(Path(args.init_from), args.plugins)
    return replace(match_weights(model, arrays, args.init_from, args.maps, args.partial, about), names=names)


def read_source(path: Path, plugins: list[str]) -> tuple[dict[str, Any], str, Any]:
    """The arrays of a run, of one of its checkpoints, or of a file, by logical path, of which step they are, and what its data's numbers
    are called."""
    from netspec.train.known_names import KEY, find_names, read_names
    from netspec.train.weight_files import read_weights

    if not path.is_dir():
        if not os.path.lexists(path):
            raise Mistake(describe_missing(path))
        arrays, about = read_weights(path)
        return arrays, f", step {about['step']}" if "step" in about else "", read_names(about.get(KEY))
    import netspec

    one = path.parent.name == CHECKPOINTS and path.name.isdecimal()
    loaded = netspec.load(path.parent.parent if one else path, path.name if one else "best", plugins=plugins)
    return loaded.weights().arrays, f", step {loaded.step:,}", find_names(loaded.program.plan, loaded.program.learned)


CHECKPOINTS = "checkpoints"
"""The folder of a run's checkpoints, each of which can be named by itself."""


def _kept_imports(args: Namespace) -> Mapping[str, str] | None:
    """The texts that the spec imports, where it is the one that the resumed run keeps: they are kept with it."""
    from netspec.train.run_folder import SETTINGS, open_run

    if not (args.resume and args.out and os.path.exists(os.path.join(args.out, SETTINGS))):
        return None
    recipe = open_run(args.out).recipe
    return recipe.imports if os.path.realpath(recipe.path) == os.path.realpath(args.file) else None


def summarize_fit(fit: Any, out: Path, args: Namespace) -> str:
    """What each part of the data gave, where the run is, and what to type next."""
    from netspec.train.metric_tables import tables
    from netspec.train.progress import numbers

    if fit.stop:
        options = [("--data", args.data), *(("--set", text) for text in args.set), ("--train", args.train), ("--out", str(out))]
        options += [("--log", name) for name in args.loggers]
        words = [f" {name} {word_of(value)}" for name, value in options if value]
        return f"stopped and saved in {out}; go on with: netspec train {word_of(args.file)}{''.join(words)} --resume"
    several = tables(fit.program, fit.test or fit.metrics)
    space = "\n" if several else ""
    lines = "\n".join(f"{name}: {numbers(values)}{where}" for name, values, where in measured(fit))
    wait = f"waited for data: {fit.data_wait:.1%} of the training time"
    return f"{lines}{several}{space}\n{wait}\nrun folder: {out}\nnext: netspec eval {word_of(str(out))}"


def measured(fit: Any) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """What each part gave: the best checkpoint's evaluation, and the test part by the same; without an evaluation the training. Where the
    test part was evaluated all along, it says of how many numbers this is the best."""
    best = next((r.checkpoint for r in fit.history if r.checkpoint is not None), fit.best)
    during = [r for r in fit.history if r.checkpoint is None]
    rows = [r for r in during if r.split != "train" and r.step == best] or [r for r in during if r.split != "train"] or during
    where = f"  (the best, step {best:,})" if rows and rows[-1].split != "train" and rows[-1].step == best else ""
    if rows:
        chosen = where.replace("the best,", f"the best of {sum(r.split == 'test' for r in during)},") if rows[-1].split == "test" else where
        yield rows[-1].split, rows[-1].values, chosen
    if fit.test:
        yield "test", fit.test, where


def word_of(text: str) -> str:
    """A text as one word of the command line, which a shell takes as it is and argparse for no option."""
    return shlex.quote(os.path.join(".", text) if text.startswith("-") else text)


def run_eval(args: Namespace) -> int:
    """Evaluate a checkpoint of a run and print its numbers."""
    import netspec
    from netspec.train.metric_tables import tables
    from netspec.train.progress import numbers

    prepare_process()
    run = netspec.load(args.run, args.which, plugins=args.plugins)
    plan = run.program.plan
    workers = choose_workers(args.workers, plan.workers if plan else None)
    part, values = run.measure(part=args.part, folder=args.data, workers=workers)
    report(run.changed_data(args.data))
    write_text(f"{part}, step {run.step}: {numbers(values)}{tables(run.program, values)}")
    return 0


_OTHER_FORMS = (".csv", ".tsv", ".jsonl", ".json", ".txt", ".conllu")
"""How no file of arrays ends."""


def run_predict(args: Namespace) -> int:
    """Apply a run to files, or to arrays in one; the answers go to a file, or to the terminal."""
    import netspec

    if bool(args.files) == bool(args.input):
        raise Mistake(PredictionInputs(both=bool(args.input)))

    if args.input and args.output and args.output.lower().endswith(_OTHER_FORMS):
        say(f"`{args.output}` would hold arrays, as `--input` gives them, which nothing reads under such a name; end it in .npz.")
        return 2
    if args.overwrite and not args.output:
        say("`--overwrite` would be left unused; name a file with `--output`.")
        return 2
    if args.output:
        require_place(args)
    prepare_process()
    if args.files:
        return _predict_files(args)
    run = netspec.load(args.run, args.which, plugins=args.plugins)
    arrays = read_arrays(Path(args.input))
    decodes = bool(run.program.serves) and not args.outputs
    outputs = _generate(run, arrays, args) if decodes or args.answer else _predict(run, arrays, args.seed)
    if args.output:
        write_answers(args, ".npz", pack_arrays(outputs))
    write_text("\n".join(f"{escape(name)}: {a.dtype}{list(a.shape)}" + _range(a) for name, a in outputs.items()))
    return 0


def require_place(args: Namespace) -> None:
    """Raises `Mistake` where answers have no place: something stands there, or, with `--overwrite`, something else than answers may."""
    from netspec.cli.replacing import require_no_source, require_replaceable

    if not args.overwrite:
        refuse_existing(args.output, "choose another name with `--output`, or say `--overwrite`")
        return
    require_replaceable(args.output, "--overwrite")
    require_no_source(args.output, "--overwrite", [*args.files, *([args.input] if args.input else [])])


def write_answers(args: Namespace, form: str, content: bytes) -> None:
    """Writes answers to a new file, or with `--overwrite` over answers that have the same columns. Raises `Mistake`."""
    from netspec.cli.replacing import refuse
    from netspec.files import open_file
    from netspec.train.predictions.answer_files import find_columns

    if os.path.lexists(args.output) and os.path.getsize(args.output):
        columns = find_columns(form, io.BytesIO(content))
        with open_file(args.output) as file:
            same = find_columns(form, file) == columns
        if not columns or not same:
            refuse(args.output, "--overwrite", f"it has not the columns {', '.join(columns)}" if columns else "it may be data")
    write_atomic(args.output, content)


def _predict_files(args: Namespace) -> int:
    """What a run says of the examples in files."""
    import netspec
    from netspec.train.predictions.answer_files import pack_answers, require_form
    from netspec.train.predictions.answer_table import draw_answers

    run = netspec.load(args.run, args.which, plugins=args.plugins)
    dataset = run.program.plan.data.dataset if run.program.plan else None
    if args.output:
        require_form(args.output, dataset)
    rows = run.predict_files(*args.files, top=args.top, outputs=args.outputs, answer=args.answer, seed=args.seed)
    if args.output:
        write_answers(args, os.path.splitext(args.output)[1], pack_answers(args.output, rows, dataset, args.files))
    write_text(f"answers: {len(rows):,}, in {escape(args.output)}" if args.output else draw_answers(rows))
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
    from netspec.library.data.datasets.npz_archive import pack_archive

    return pack_archive({name: a.astype(np.float32) if a.dtype.kind == "V" else a for name, a in arrays.items()})
