"""Check specs without running them: syntax, names, shapes, costs, training settings.

What a repository asks for stands in the `[tool.netspec]` table of its pyproject.toml, the nearest one above the working folder.
"""

from __future__ import annotations

import gc
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from netspec.cli.configuration import NOTHING, list_places, read_configuration
from netspec.cli.demands import Demands, gather_demands
from netspec.cli.guard import note_file
from netspec.cli.spec_options import add_overrides, add_plugins, overrides
from netspec.cli.spec_paths import find_empty, spec_paths
from netspec.cli.terminal import report, say, tell, wants_color, width, write_line, write_text
from netspec.diagnostics.base import Diagnostic, Mistake

HELP = "check specs without running them"
PROVED = ("proved",)
"""What `--require` may ask for."""
Found = list[Sequence[Diagnostic]]
"""The problems of each file."""
Check = Callable[[str], Sequence[Diagnostic]]


def add_arguments(parser: ArgumentParser) -> None:
    from netspec.diagnostics.drawing.formats import FORMATS  # a check draws by it anyway

    files = "specs, or folders: the .net, .netspec and JSON specs in them (default: `files` of [tool.netspec] in pyproject.toml)"
    parser.add_argument("files", metavar="FILE", nargs="*", help=files)
    parser.add_argument("--format", choices=FORMATS, default="full", help="how problems are written (default: full)")
    parser.add_argument(
        "--output-file",
        metavar="FILE",
        help="write the problems into this file, whose folder is made, and only a line that counts them here",
    )
    parser.add_argument("--select", metavar="SLUG", action="append", default=[], help="of warnings only these; several with commas")
    parser.add_argument("--ignore", metavar="SLUG", action="append", default=[], help="without these warnings; several with commas")
    parser.add_argument("--require", choices=PROVED, help="`proved`: what a spec assumes of its sizes is an error too")
    parser.add_argument("--locked", action="store_true", help="each spec must be as the lock beside it says; see `netspec lock`")
    parser.add_argument("--statistics", action="store_true", help="count the problems by their names at the end")
    parser.add_argument("--watch", action="store_true", help="check again whenever a file has changed, until Ctrl-C")
    parser.add_argument("--jobs", metavar="N", type=int, help="processes that share the files (default: as many as pay)")
    parser.add_argument("--config", metavar="FILE", help="read [tool.netspec] from this file; `none`: from no file")
    parser.add_argument(
        "--fix",
        action="store_true",
        help="write the repairs into the files first, each of which was tried, and format the files; then say what is left",
    )
    parser.add_argument("--diff", action="store_true", help="show what `--fix` would change, and change nothing")
    parser.add_argument("--untrusted", action="store_true", help="enforce the limits for specs of strangers")
    add_overrides(parser)
    add_plugins(parser)


def run(args: Namespace) -> int:
    """Check the files; garbage is collected rarely meanwhile, since a check is short and most of it is importing."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 20)
    try:
        return check_files(args)
    except Mistake as mistake:  # of the command line or of pyproject.toml
        return report([mistake.diagnostic])
    finally:
        gc.set_threshold(*before)


Asked = tuple[Sequence[str], Demands]
"""What is checked, and what is asked of it."""


def check_files(args: Namespace) -> int:
    """Mends the files first where that is asked for; checks them and gives the exit code. Raises `Mistake` for a wrong configuration."""
    if refuse_together(args):
        return 2
    files, demands = asked = ask(args)
    return watch_files(args, asked) if args.watch and files else look(args, files, demands)


def ask(args: Namespace) -> Asked:
    """What the command line asks for, and pyproject.toml at the moment. Raises `Mistake` where either is wrong."""
    configuration = NOTHING if args.config == "none" else read_configuration(args.config)
    return args.files or configuration.files, gather_demands(args, configuration)


def watch_files(args: Namespace, asked: Asked) -> int:
    """Looks again after each change of the files, and of what pyproject.toml asks for; while that is wrong, at the files of before."""
    from netspec.cli.watch import Standing, watch

    places = [] if args.config == "none" else [args.config] if args.config else list(list_places())
    standing = Standing(places, lambda: ask(args), asked)

    def look_again() -> int:
        return report([standing.mistake.diagnostic]) if standing.mistake else look(args, *standing.read())

    return watch(lambda: standing.read()[0], look_again, also=places)


def refuse_together(args: Namespace) -> bool:
    """Options that contradict one another are given, which is said."""
    if (args.fix or args.diff) and (args.untrusted or args.set):
        say("`--fix` and `--diff` mend a file of one's own as it is written: without --untrusted and --set")
        return True
    if args.watch and (args.fix or args.diff or args.output_file):
        say("`--watch` looks and says: without --fix, --diff and --output-file")
        return True
    if args.jobs is not None and args.jobs < 1:
        say("`--jobs` is a number of processes, 1 or more")
        return True
    return False


def look(args: Namespace, files: Sequence[str], demands: Demands) -> int:
    """Looks at the files once; the exit code."""
    if not files:
        say("name a file or a folder, or write `files` into [tool.netspec] of pyproject.toml; see `netspec check --help`")
        return 2
    paths, about = list(spec_paths(files)), find_empty(files)
    if demands.budgets:
        from netspec.cli.idle_budgets import find_idle_budgets

        about += [idle for idle in find_idle_budgets(demands.budgets, args.files or None, paths) if demands.counts(idle)]
    if args.output_file is not None:
        from netspec.cli.replacing import require_report_place

        require_report_place(args.output_file, paths)
    if not (args.diff or args.fix):
        return check_each(args, paths, demands, about)
    from netspec.cli.fix import fix_file, show_fixes

    code = max([(show_fixes if args.diff else fix_file)(path, demands) for path in paths], default=0)
    return max(code, report(about) if about else 0) if args.diff else max(code, check_each(args, paths, demands, about))


def check_each(args: Namespace, paths: Sequence[str], demands: Demands, about: Sequence[Diagnostic] = ()) -> int:
    """Checks the files as they are, prints what is wrong with them, and `about` what was asked for, and gives the exit code."""
    from netspec.cli.repeated import drop_repeated

    found = find_all(paths, args.untrusted, overrides(args.set), demands, args.jobs)
    problems = [*about, *(problem for of_file in drop_repeated(paths, found) for problem in of_file)]
    code = _report(problems, args, paths)
    if args.statistics:
        _count(problems, args.format == "full" and not args.output_file)
    return code


def _report(problems: Sequence[Diagnostic], args: Namespace, paths: Sequence[str]) -> int:
    """Prints the problems in a format, or writes them into a file; the exit code that they come to."""
    from netspec.diagnostics.drawing.formats import render
    from netspec.diagnostics.drawing.text import summarize
    from netspec.diagnostics.running.files import choose_exit_code

    to_file = args.output_file is not None
    clean = f"No problems in {len(paths):,} file{'' if len(paths) == 1 else 's'}."
    color = wants_color(sys.stdout) and not to_file
    text = render(problems, args.format, color=color, width=100 if to_file else width(sys.stdout), files=paths)
    if not problems and args.format in ("full", "concise"):
        text = clean
    if to_file:
        from netspec.files import make_folder, write_atomic

        make_folder(os.path.dirname(args.output_file) or ".")
        write_atomic(args.output_file, text.rstrip("\n") + "\n" if text else "")
        write_line(f"{summarize(problems) if problems else clean} Written to {args.output_file}")
    elif text:
        write_text(text.rstrip("\n"))
    return choose_exit_code(problems)


def _count(problems: Sequence[Diagnostic], here: bool) -> None:
    """A line per kind of problem, the most frequent first: on the standard output `here`, else beside it, where no program reads."""
    from collections import Counter

    counts = Counter((problem.severity, problem.slug()) for problem in problems)
    lines = [f"{count:6,}  {severity}[{slug}]" for (severity, slug), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    for line in lines:
        write_line(line) if here else tell(line)


def find_all(paths: Sequence[str], untrusted: bool, values: Mapping[str, str], demands: Demands, jobs: int | None = None) -> Found:
    """The problems of each file; those of strangers are looked for in a process of its own, as they were written."""
    if untrusted and demands.plugins:
        from netspec.diagnostics.running.plugins import PluginRefused

        return [[PluginRefused(plugins=tuple(demands.plugins))]]
    if untrusted and values:
        from netspec.diagnostics.running.overrides import OverrideRefused

        return [[OverrideRefused(paths=tuple(values))]]
    return list(_check_apart(paths, partial(find_problems, untrusted=untrusted, values=values, demands=demands), untrusted, jobs))


def _check_apart(
    paths: Sequence[str], check: partial[Sequence[Diagnostic]], untrusted: bool, jobs: int | None
) -> Iterable[Sequence[Diagnostic]]:
    """The problems of the files one by one, looked for by as many processes as pay."""
    if untrusted:
        from netspec.cli.isolation import check_isolated

        return check_isolated(paths, check)
    if len(paths) < 2:
        return map(check, paths)
    from netspec.cli.parallel import check_shared, choose_jobs

    number = choose_jobs(len(paths), jobs)
    return map(check, paths) if number == 1 else check_shared(paths, check, number)


def find_problems(
    path: str, untrusted: bool = False, values: Mapping[str, str] | None = None, demands: Demands | None = None
) -> Sequence[Diagnostic]:
    """The problems of one file, among them that it cannot be read, and what it lacks of what is asked of it. Whatever is raised has a note
    with the file."""
    try:
        return _find_problems(path, untrusted, values, demands or Demands())
    except Exception as error:
        note_file(error, path)
        raise


def _find_problems(path: str, untrusted: bool, values: Mapping[str, str] | None, demands: Demands) -> Sequence[Diagnostic]:
    from netspec.compile import check_readable

    try:
        checked = check_readable(path, untrusted=untrusted, set=values, plugins=demands.plugins)
    except Mistake as missing:  # the file cannot be read; the others are checked all the same
        return [missing.diagnostic]
    other = demands.locked and values and not demands.locked_as_set
    return demands.held(path, checked, check_readable(path, plugins=demands.plugins) if other else None)
