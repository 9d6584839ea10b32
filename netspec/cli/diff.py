"""Compare two specs: layers, costs and settings that changed, and which checkpoints still load."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from netspec.cli.spec_options import add_overrides, add_plugins, overrides
from netspec.cli.terminal import report, say, write_exact, write_text
from netspec.diagnostics.base import Diagnostic, Mistake

if TYPE_CHECKING:
    from netspec.compile import Checked
    from netspec.tools.diff.difference import Difference
    from netspec.tools.revisions import Revision

HELP = "compare two specs, and say which checkpoints still load"
FORMATS = ("text", "json", "markdown")


def add_arguments(parser: ArgumentParser) -> None:
    before = "a spec or a folder: a path, or `git:REVISION:PATH`, as `git:main:models`; `git:REVISION`: `files` of [tool.netspec]"
    parser.add_argument("before", metavar="BEFORE", help=before)
    parser.add_argument("after", metavar="AFTER", nargs="?", help="another one (default: what BEFORE names in a revision, as it is now)")
    parser.add_argument("--format", choices=FORMATS, default="text", help="how the difference is written (default: text)")
    parser.add_argument("--exit-code", action="store_true", help="end with 1 where the specs do not mean the same, as `git diff` does")
    add_overrides(parser)
    add_plugins(parser)


def run(args: Namespace) -> int:
    from netspec.cli.diff_folders import compare_folders, find_folders
    from netspec.tools.revisions import PREFIX, split_name

    after = args.after if args.after is not None else split_name(args.before)[1]
    whole = args.before.startswith(PREFIX) and ":" not in args.before.removeprefix(PREFIX)
    if args.after is None and not (args.before.startswith(PREFIX) and (after or whole)):
        say("give two specs, or one of a revision: `netspec diff git:main:m.net` compares it with the file as it is")
        return 2
    try:
        folders = find_folders(args.before, after)
    except Mistake as mistake:
        write(args.format, None, [mistake.diagnostic])
        return report([mistake.diagnostic])
    if folders is not None:
        return compare_folders(args, folders)
    if args.after is None and whole:
        say("name what is compared, as `git:main:models`, or write `files` into [tool.netspec] of pyproject.toml")
        return 2
    sides = (check_side(args.before, overrides(args.set), args.plugins), check_side(after, overrides(args.set), args.plugins))
    found, problems = compare_sides((args.before, after), sides)
    write(args.format, found, problems)
    code = report(problems) if problems else 0
    return max(code, int(args.exit_code and found is not None and not found.same))


def compare_sides(names: tuple[str, str], sides: tuple[Checked, Checked]) -> tuple[Difference | None, list[Diagnostic]]:
    """What differs, and the problems of either side; a spec whose only problems are claims that fail is compared all the same."""
    from netspec.diagnostics.shapes.expansion import ExpectFailed
    from netspec.tools.diff.compare import compare
    from netspec.tools.diff.offered import compare_offered

    problems = list_errors(*sides)
    proved = [(side.file, side.typed) for side in sides if side.file is not None and side.typed is not None]
    if len(proved) < 2 or not all(isinstance(p, ExpectFailed) for p in problems):
        return None, problems
    before, after = proved
    return compare(before[1], after[1], names, compare_offered(before, after)), problems


def list_errors(*sides: Checked) -> list[Diagnostic]:
    """The problems that count: what is only a warning changes nothing of what a spec means."""
    return [p for side in sides for p in side.problems if p.severity == "error"]


def check_side(name: str, values: dict[str, str], plugins: Sequence[str], revision: Revision | None = None) -> Checked:
    """What is known of one of the two, in a revision that may have been found already; that it cannot be read is a problem too."""
    from netspec.compile import Checked, check_readable
    from netspec.source import Source
    from netspec.tools.revisions import PREFIX, read_revision, read_spec

    try:
        if not name.startswith(PREFIX):
            return check_readable(name, set=values, plugins=plugins)
        source, problems, beside = read_revision(name) if revision is None else read_spec(revision, name)
        if problems:
            return Checked(source, None, None, tuple(problems))
        return check_readable(source, set=values, plugins=plugins, imports=beside)
    except Mistake as mistake:
        return Checked(Source(name, ""), None, None, (mistake.diagnostic,))


def write(form: str, found: Difference | None, problems: Sequence[Diagnostic]) -> None:
    """The difference in a form, or in the forms for others the problems that stand in its place."""
    if form == "json":
        from netspec.tools.diff.json_form import write_json, write_json_problems

        write_exact((write_json_problems(problems) if found is None else write_json(found)) + "\n")
    elif form == "markdown":
        from netspec.tools.diff.markdown_form import write_markdown, write_markdown_problems

        write_exact((write_markdown_problems(problems) if found is None else write_markdown(found)) + "\n")
    elif found is not None:
        from netspec.tools.diff.text_form import write_text as to_text

        write_text(to_text(found))
