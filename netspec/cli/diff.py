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

HELP = "compare two specs, and say which checkpoints still load"
FORMATS = ("text", "json", "markdown")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("before", metavar="BEFORE", help="a spec: a file, or `git:REVISION:PATH`, such as `git:main:models/m.net`")
    parser.add_argument("after", metavar="AFTER", nargs="?", help="another one (default: the file that BEFORE names in a revision)")
    parser.add_argument("--format", choices=FORMATS, default="text", help="how the difference is written (default: text)")
    parser.add_argument("--exit-code", action="store_true", help="end with 1 where the specs do not mean the same, as `git diff` does")
    add_overrides(parser)
    add_plugins(parser)


def run(args: Namespace) -> int:
    from netspec.tools.revisions import PREFIX

    after = args.after if args.after is not None else args.before.removeprefix(PREFIX).partition(":")[2]
    if args.after is None and not (args.before.startswith(PREFIX) and after):
        say("give two specs, or one of a revision: `netspec diff git:main:m.net` compares it with the file as it is")
        return 2
    sides = [check_side(name, overrides(args.set), args.plugins) for name in (args.before, after)]
    problems = [p for side in sides for p in (side.problems) if p.severity == "error"]
    return compare_sides(args, (args.before, after), sides, problems)


def compare_sides(args: Namespace, names: tuple[str, str], sides: Sequence[Checked], problems: Sequence[Diagnostic]) -> int:
    """Writes what differs, and the problems of either side; a spec whose only problems are claims that fail is compared all the same."""
    from netspec.diagnostics.shapes.expansion import ExpectFailed
    from netspec.tools.diff.compare import compare
    from netspec.tools.diff.offered import compare_offered

    proved = [(side.file, side.typed) for side in sides if side.file is not None and side.typed is not None]
    found = None
    if len(proved) == 2 and all(isinstance(p, ExpectFailed) for p in problems):
        before, after = proved
        found = compare(before[1], after[1], names, compare_offered(before, after))
    write(args.format, found, problems)
    code = report(problems) if problems else 0
    return max(code, int(args.exit_code and found is not None and not found.same))


def check_side(name: str, values: dict[str, str], plugins: Sequence[str]) -> Checked:
    """What is known of one of the two; that it cannot be read is a problem too."""
    from netspec.compile import Checked, check_readable
    from netspec.source import Source
    from netspec.tools.revisions import PREFIX, read_revision

    try:
        if not name.startswith(PREFIX):
            return check_readable(name, set=values, plugins=plugins)
        source, problems, beside = read_revision(name)
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
