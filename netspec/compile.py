"""Shows the flow of the compiler on one screen: source -> tree -> graph -> typed -> program -> run.

`check` goes as far as Typed: it imports no JAX, opens no file but the spec, collects every problem and never raises on a bad spec.
`compile` goes on to a program that can be trained, and raises `SpecError` with the same problems.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, TypeAlias

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.merging import merge_alike
from netspec.diagnostics.patience import Patience
from netspec.diagnostics.spec_error import SpecError
from netspec.limits import LIMITS
from netspec.record import field, record, replace
from netspec.source import NOWHERE, Source, Span
from netspec.syntax.tree import File

if TYPE_CHECKING:
    from netspec.ir import Typed
    from netspec.resolve.graph import Graph
    from netspec.resolve.imports import Project
    from netspec.train.trainable_model import Program
    from netspec.train.trained_run import Loaded

Spec: TypeAlias = str | PathLike[str] | Source
"""A path, or a text: a string that has a line break, or begins as a spec does (`netspec 1`, in JSON `{`), is a text, any other a path."""


class Unproved(Exception):
    """A part of a spec could not be proved, and no error says why: a bug in netspec, which must not pass as a clean spec."""

    def __init__(self, name: Span) -> None:
        super().__init__(f"line {name.line}: `{name.text}` could not be proved, and no error says why")


@record(eq=False)
class Checked:
    """What is known of a spec without running it."""

    source: Source
    file: File | None
    typed: Typed | None
    problems: tuple[Diagnostic, ...]
    imports: Mapping[str, str] = field(default_factory=dict)
    """Texts of the imported files by path relative to the spec's folder."""

    @property
    def ok(self) -> bool:
        """No errors; there may be warnings."""
        return all(p.severity != "error" for p in self.problems)


def check(
    spec: Spec,
    *,
    set: Mapping[str, Any] | None = None,
    train: str | None = None,
    imports: Mapping[str, str] | None = None,
    plugins: Sequence[str] | None = (),
    untrusted: bool = False,
    overrides: Mapping[str, Any] | None = None,
) -> Checked:
    """Everything that can be proved of a spec: a path, a text, or a `Source` (a text with a name). A string that has a line break, or
    begins with `netspec 1` or `{`, is a text, any other a path. Problems are values in the order of the text; that the file cannot be read
    is one.

    `set` has values by name or path, as `--set` takes them: numbers, truth values, lists and dicts of Python, or expressions of the
    language as strings, `{"classes": 100, "train.duration": "3 epochs"}`. `train` is the section that their `train.…` means.
    `imports` are the texts of imported files by path, where they are not to be read from disk (a run folder has them).
    `plugins` are the names of those whose ops the spec may use.
    `untrusted` refuses what the spec of a stranger may not do (`netspec.untrusted`). `overrides` is another name of `set`.

    Raises no problem; TypeError for arguments of other Python types, ValueError for `untrusted` with values, imports or plugins.
    """
    values = {**write_values(set), **write_values(overrides)}
    checked = check_named(name_spec(spec), values, train, imports, () if plugins is None else plugins, untrusted)
    return replace(checked, problems=in_python(checked.problems)) if set else checked


def in_python(problems: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The problems with what `set` says in words of Python, and not of the command line."""
    from netspec.diagnostics.running.overrides import say_in_python

    return tuple(map(say_in_python, problems))


def check_named(
    spec: Source | str,
    values: Mapping[str, str],
    train: str | None,
    imports: Mapping[str, str] | None,
    plugins: Sequence[str],
    untrusted: bool = False,
) -> Checked:
    """The same of a path, whatever it is called, or a text with a name."""
    try:
        return check_readable(spec, set=values, train=train, imports=imports, plugins=plugins, untrusted=untrusted)
    except Mistake as mistake:
        source = spec if isinstance(spec, Source) else Source(spec, "")
        return Checked(source, None, None, (mistake.diagnostic,))


def check_readable(
    spec: Source | str,
    *,
    set: Mapping[str, str] | None = None,
    train: str | None = None,
    imports: Mapping[str, str] | None = None,
    plugins: Sequence[str] = (),
    untrusted: bool = False,
) -> Checked:
    """The same for commands that cannot go on without the file. Raises `Mistake` when it cannot be read."""
    if isinstance(plugins, str) or not isinstance(plugins, Iterable) or not all(isinstance(name, str) for name in plugins):
        raise TypeError(f'`plugins` is a list of names, as `plugins=["acme"]`, and not {plugins!r}')
    if not isinstance(train, str | None):
        raise TypeError(f"`train` is the name of a section, and not a value of {type(train).__name__}")
    if untrusted:
        if set or imports or plugins:
            raise ValueError("an untrusted spec is checked as it is written, without `set`, imports of its own or plugins")
        return check_untrusted(spec)
    if plugins:
        return check_with(plugins, spec, set or {}, train, imports)
    from netspec.diagnostics.suggestions.nearest import limit_search
    from netspec.library.shelf.index import extend_shelf

    with extend_shelf(()), limit_search():
        return check_trusted(spec, set or {}, train, imports)


def name_spec(spec: Spec) -> Source | str:
    """A path as a string, or a text with a name. Raises TypeError for anything else."""
    if isinstance(spec, Source):
        return spec
    path = fspath(spec) if isinstance(spec, str | PathLike) else spec
    if not isinstance(path, str):
        raise TypeError(f"a spec is a path, a text or a `netspec.Source`, and not {type(spec).__name__}")
    if path is not spec or not ("\n" in path or path.lstrip().startswith(("netspec 1", "{"))):
        return path
    return Source("<text>.json" if path.lstrip().startswith("{") else "<text>", path)


def write_values(values: Mapping[str, Any] | None) -> dict[str, str]:
    """Values by name as texts of the language. Raises TypeError for what is no dict of values."""
    if values is None:
        return {}
    if not isinstance(values, Mapping) or not all(isinstance(name, str) for name in values):
        raise TypeError('`set` has values by name, as `{"classes": 100}`')
    try:
        return {name: text_of(value) for name, value in values.items()}
    except RecursionError:
        raise TypeError("a value of `set` holds itself, or has lists within lists without end") from None


def check_with(
    plugins: Sequence[str],
    spec: Source | str,
    overrides: Mapping[str, str],
    train: str | None,
    imports: Mapping[str, str] | None,
) -> Checked:
    """The same with these plugins on the shelf; that one is missing, or fails, is the only problem then."""
    from netspec.diagnostics.running.plugins import PluginProblem
    from netspec.diagnostics.suggestions.nearest import limit_search
    from netspec.library.shelf.plugins import enable_plugins

    try:
        with enable_plugins(plugins), limit_search():
            return check_trusted(spec, overrides, train, imports)
    except Mistake as mistake:
        if not isinstance(mistake.diagnostic, PluginProblem):
            raise
        source = spec if isinstance(spec, Source) else Source(spec, "")
        return Checked(source, None, None, (replace(mistake.diagnostic, at=Span(source, 0, 0)),))


def check_trusted(spec: Source | str, overrides: Mapping[str, str], train: str | None, imports: Mapping[str, str] | None) -> Checked:
    """The same with the ops that are on the shelf now; the repairs that its problems propose have been tried."""
    source, problems = read(spec)
    patience = Patience()
    checked = patience.watch(check_once)(source, [*problems], overrides, train, imports)
    return with_tried_repairs(checked, problems, lambda text, found: check_once(text, found, overrides, train, imports), patience)


def check_once(
    source: Source, problems: list[Diagnostic], overrides: Mapping[str, str], train: str | None, imports: Mapping[str, str] | None
) -> Checked:
    """The same of a text as it stands; what is wrong with it is added to `problems`, which are those of reading the file."""
    file = parse_source(source, problems)
    if file is None:
        return Checked(source, None, None, order_problems(problems))
    from netspec.resolve.imports import Project

    if overrides:
        from netspec.resolve.overrides import override

        file, unset = override(file, overrides, train)
        problems += unset
    checked = prove(source, file, problems, Project(source.path, imports), expects=not overrides)[0]
    if train is None or checked.typed is None or not checked.ok or checked.typed.train(train) is not None:
        return checked
    return replace(checked, problems=(*checked.problems, unknown_train(checked, train)))


def with_tried_repairs(
    checked: Checked, problems: list[Diagnostic], check: Callable[[Source, list[Diagnostic]], Checked], patience: Patience
) -> Checked:
    """What a check found in a text, with the repairs that hold when they are tried: no proposal leads to the next problem. `problems` are
    those of reading the file: of what cannot be read, nothing is tried. `patience` began with the check."""
    if not checked.problems or problems:
        return replace(checked, problems=tuple(merge_alike(checked.problems)))
    from netspec.diagnostics.nested import join_nested
    from netspec.diagnostics.trials import try_repairs

    found = merge_alike(join_nested(checked.source, checked.problems, lambda mended: check(mended, []).problems, patience))

    def again(mended: Source) -> Sequence[Diagnostic]:
        return merge_alike(check(mended, []).problems)

    tried = try_repairs(checked.source, found, again, patience)
    if checked.source.pointers is not None and checked.file is not None and any(problem.held is None for problem in tried):
        from netspec.syntax.twin_edits import text_of, translate_repairs

        text = text_of(checked.source, checked.file)
        if text is not None:
            known = with_tried_repairs(check(text, []), [], check, patience).problems
            tried = try_repairs(checked.source, translate_repairs(checked.source, tried, text, known), again, patience)
    return replace(checked, problems=order_problems(tried))


def check_untrusted(spec: Source | str) -> Checked:
    """The same within the limits for strangers: of time, of size, of the files that it may reach. Repairs are tried in what is left of
    the time."""
    from netspec import untrusted
    from netspec.deadline import OutOfTime, time_limit
    from netspec.diagnostics.suggestions.nearest import limit_search
    from netspec.library.shelf.index import extend_shelf

    with extend_shelf(()), limit_search():
        source, problems = read(spec) if isinstance(spec, Source) else untrusted.read(spec)
        found = [*problems]
        try:
            with time_limit(LIMITS.untrusted_seconds):
                patience = Patience()
                checked = patience.watch(check_limited)(source, found)
                try:
                    return with_tried_repairs(checked, problems, check_limited, patience)
                except OutOfTime:
                    return replace(checked, problems=tuple(merge_alike(checked.problems)))
        except OutOfTime as late:
            at = Span(source, 0, 0) if late.problem.at is NOWHERE else late.problem.at
            return Checked(source, None, None, order_problems([*found, replace(late.problem, at=at)]))


def check_limited(source: Source, problems: list[Diagnostic]) -> Checked:
    """The same of a text as it stands, with the ops that are on the shelf now, while the clock runs. What is wrong with the text is added
    to `problems`, which are those of reading the file. Raises OutOfTime."""
    from netspec import untrusted
    from netspec.diagnostics.text.characters import TooLarge
    from netspec.resolve.imports import Project
    from netspec.syntax.spec_file import is_spec

    if source.text and not is_spec(source):
        return Checked(Source(source.path, ""), None, None, (untrusted.refuse_other(source),))
    file = parse_source(source, problems)
    problems += [] if file is None else untrusted.find_too_long(file)
    if file is None or any(isinstance(p, TooLarge) for p in problems):
        return Checked(source, file, None, order_problems(problems))
    checked, graph = prove(source, file, problems, Project(source.path, untrusted=True))
    more = untrusted.find_too_many_parameters(graph, checked.typed) if checked.typed else []
    return replace(checked, problems=order_problems([*checked.problems, *more]))


def parse_source(source: Source, problems: list[Diagnostic]) -> File | None:
    """The tree of a spec; what is wrong with its text is added to the problems."""
    from netspec.syntax.spec_file import parse_spec_as_meant

    file, found = parse_spec_as_meant(source)
    problems += found
    return file


def prove(source: Source, file: File, problems: list[Diagnostic], project: Project, expects: bool = True) -> tuple[Checked, Graph]:
    """What is known of a file. Without `expects` its claims are left out: they are meant of the spec as written."""
    from netspec.infer import infer
    from netspec.resolve import resolve
    from netspec.resolve.allowances import suppress

    graph, names = resolve(file, source, project)
    problems += names
    typed, mistakes = infer(graph if expects else replace(graph, expects=()))
    found = order_problems(suppress(without_late([*problems, *news(mistakes, names)]), file, source, whole=expects))
    if typed.unproved and all(problem.severity != "error" for problem in found):
        raise Unproved(typed.unproved[0])
    return Checked(source, file, typed, found, project.texts()), graph


def compile(
    spec: Spec,
    train: str | None = None,
    *,
    set: Mapping[str, Any] | None = None,
    plugins: Sequence[str] | None = (),
    lowering: str | None = None,
) -> Program:
    """A program that can be trained, from a path, a text or a `Source` (see `check`), with the ops of these plugins.

    `train` is the name of a `train` section, the first when absent. `set` has values by name or path in the place of the spec's, as `check`
    takes them. `lowering` stands in the place of the spec's: "automatic", or "portable" for the references of kernels alone.

    Raises `SpecError` with the problems that `check` returns; TypeError and ValueError for arguments of other Python types or values.
    """
    try:
        return program(name_spec(spec), train, write_values(set), plugins=() if plugins is None else plugins, lowering=lowering)
    except SpecError as error:
        if not set:
            raise
        raise SpecError(in_python(error.diagnostics)) from None


def program(
    spec: Source | str,
    train: str | None,
    overrides: Mapping[str, str],
    imports: Mapping[str, str] | None = None,
    plugins: Sequence[str] = (),
    lowering: str | None = None,
) -> Program:
    """The same of a path, whatever it is called, or a text with a name, with values as texts of the language; `imports` as for `check`."""
    from netspec.diagnostics.running.weights import NoModel
    from netspec.library.shelf.plugins import find_kernels
    from netspec.lower.program import Program
    from netspec.train.recipe import Recipe
    from netspec.train.trainable_model import make_trainable

    checked = check_named(spec, overrides, train, imports, plugins)
    if not checked.ok or checked.typed is None:
        raise SpecError([p for p in checked.problems if p.severity == "error"])
    if not (checked.typed.models or checked.typed.trains):
        raise SpecError([NoModel(at=Span(checked.source, 0, 0))])
    kept = {**overrides, "train.lowering": lowering} if lowering and checked.typed.trains else overrides
    recipe = Recipe(checked.source.text, checked.source.path, kept, train, checked.imports, tuple(plugins))
    return make_trainable(Program.of(checked.typed, train, lowering=lowering, variants=find_kernels(plugins)), recipe)


def unknown_train(checked: Checked, name: str) -> Diagnostic:
    """The problem of a name that no `train` section has."""
    from netspec.diagnostics.running.overrides import UnknownTrain
    from netspec.diagnostics.suggestions.nearest import nearest

    names = tuple(plan.name for plan in checked.typed.trains) if checked.typed else ()
    return UnknownTrain(at=Span(checked.source, 0, 0), name=name, near=tuple(nearest(name, names)), options=names)


def load(run: str | PathLike[str], which: str | int = "best", *, plugins: Sequence[str] | None = ()) -> Loaded:
    """A finished run, from its folder alone: it asks for the plugins that it was trained with, besides these.

    `which` is the checkpoint: "best" (lowest evaluation loss), "last", or the number of its step. Raises `SpecError` when the folder is no
    run, or the checkpoint is missing, damaged, or of another spec.
    """
    from netspec.train import trained_run
    from netspec.train.recipe import Recipe

    def again(recipe: Recipe) -> Program:
        return program(
            Source(recipe.path, recipe.text), recipe.train, recipe.overrides, recipe.imports, (*recipe.plugins, *(plugins or ()))
        )

    return trained_run.load(run, which, compile=again)


def text_of(value: Any) -> str:
    """A Python value as an expression of the language; a string already is one. Raises TypeError for what has none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "none"}[value]
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(text_of, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}: {text_of(item)}' for name, item in value.items())}}}"
    if hasattr(value, "tolist"):  # numbers and arrays of NumPy
        return text_of(value.tolist())
    raise TypeError(f"a value is a number, a truth value, a list, a dict, or a string of the language, and not {type(value).__name__}")


def read(spec: Source | str) -> tuple[Source, list[Diagnostic]]:
    """A spec's text. Raises `Mistake` when the file cannot be read."""
    from netspec.files import read_bytes
    from netspec.syntax.source_reader import read_source, read_text

    if not isinstance(spec, Source):
        return read_source(spec, read_bytes(spec))
    source, problems = read_text(spec.path, spec.text)
    return (spec, problems) if source.text == spec.text else (source, problems)


def news(problems: list[Diagnostic], known: list[Diagnostic]) -> list[Diagnostic]:
    """The problems that were not found before at the same place."""
    before = {(p.slug(), p.at) for p in known}
    return [p for p in problems if (p.slug(), p.at) not in before]


def without_late(problems: list[Diagnostic]) -> list[Diagnostic]:
    """Without the lints that are no news beside an error."""
    wrong = any(problem.severity == "error" for problem in problems)
    return [problem for problem in problems if not (wrong and problem.late)]


def order_problems(problems: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    """By place in the text, errors before warnings of the same place."""
    return tuple(sorted(problems, key=lambda p: (p.at.source.path, p.at.start, p.severity)))
