"""Writes everything that is derived, by one command: `python -m netspec.tools.generate [--check]`. Floor 5.

A derived file is a path and a function that gives its whole text; a derived region is a name and a function that gives the text between
two marks in a hand-written page:

    <!-- generated: NAME -->
    ...
    <!-- end -->

With `--check` nothing is written: the files that are not as they would be written are named, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from netspec.files import write_atomic
from netspec.tools import limits_table, reference

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "python -m netspec.tools.generate"

REPAIRS = (
    "The help of a problem is the next thing to type. Where it was tried on the whole file and held, an editor applies it by a click, and "
    "`netspec check FILE --fix` writes it, unless it is a guess: one that holds a value that only a person knows, or takes one of several "
    "ways that compute different things ([Repairs](../language.md#repairs))."
)
"""What is said of repairs before the list of problems."""

Text = Callable[[], str]


def parser_table() -> str:
    """netspec/syntax/_table.py: the parser's table."""
    from netspec.syntax.table_writer import table_text

    return table_text()


def shelf_index() -> str:
    """netspec/library/shelf/_index.py: where every op stands, so that naming one imports only its family."""
    from netspec.library.shelf.index_writer import text

    return text()


def json_schema() -> str:
    """grammar/netspec.schema.json: what `netspec schema` prints, for editors."""
    import json

    from netspec.syntax.twin_schema import schema

    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def json_example() -> str:
    """models/mnist.json: the twin of models/mnist.net."""
    from netspec.source import Source
    from netspec.syntax.parser import parse
    from netspec.syntax.twin import to_json

    file, _ = parse(Source("models/mnist.net", (ROOT / "models/mnist.net").read_text(encoding="utf-8")))
    assert file is not None
    return to_json(file)[0]


def problem_index() -> str:
    """docs/problems/README.md: all problems by phase, with links to their sections."""
    from netspec.diagnostics.pages import PHASES, introduce, split_page

    parts = [
        f"<!-- Written by `{COMMAND}` from the pages beside it. -->",
        "# Problems",
        "Every problem that netspec reports, by phase.",
        REPAIRS,
    ]
    for phase in PHASES:
        lines = [f"- [`{section.slug}`]({phase}.md#{section.slug}): {section.summary}" for section in split_page(phase)]
        parts += [f"## [{phase.capitalize()}]({phase}.md)", introduce(phase), "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def commands() -> str:
    """What `netspec --help` says."""
    return session("--help")


def problem() -> str:
    """What `netspec check` says about the README's first spec without its `flatten`."""
    return session("check digits.net", find_fenced("README.md", "net")[0].replace("flatten -> ", ""))


def show_deep() -> str:
    """What `netspec show` says about the README's second spec."""
    return session("show deep.net", find_fenced("README.md", "net")[1])


def find_fenced(page: str, language: str) -> list[str]:
    """The fenced blocks of a language in a page of the checkout."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def session(command: str, spec: str = "") -> str:
    """A fenced block with a command and what it prints, run in a folder where the file that it names last has this text."""
    arguments = command.split()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "120", "NO_COLOR": "1"}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, arguments[-1]).write_text(spec, encoding="utf-8")
        done = subprocess.run([sys.executable, "-m", "netspec", *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    return f"```text\n$ netspec {command}\n{done.stdout.rstrip()}\n```"


FOUNDATIONS: Mapping[str, Text] = {"netspec/library/shelf/_index.py": shelf_index, "netspec/syntax/_table.py": parser_table}
"""What netspec itself reads: the other texts come from specs that are checked with these, in a process that began with fresh ones."""

FILES: Mapping[str, Text] = {
    "grammar/netspec.schema.json": json_schema,
    "models/mnist.json": json_example,
    "docs/problems/README.md": problem_index,
    **{f"docs/reference/{name}": text for name, text in reference.PAGES.items()},
}
"""Path -> the function that gives the whole text."""

REGIONS: Mapping[str, Mapping[str, Text]] = {
    "README.md": {"problem": problem, "shown": show_deep, "commands": commands},
    "docs/language.md": {"limits": limits_table.of_every_spec, "limits of strangers": limits_table.of_strangers},
}
"""Path of a hand-written page -> name of a region -> the function that gives its text."""


def derive_files(root: Path) -> Iterator[tuple[Path, str]]:
    """Every derived file but the foundations, with the text that it should have."""
    for path, text in FILES.items():
        yield root / path, text()
    for path, regions in REGIONS.items():
        yield root / path, replace_regions((root / path).read_text(encoding="utf-8"), regions)


def replace_regions(page: str, regions: Mapping[str, Text]) -> str:
    """A page with the text of its regions replaced. Raises `LookupError` when the page lacks one."""
    for name, text in regions.items():
        pattern = re.compile(rf"(<!-- generated: {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not pattern.search(page):
            raise LookupError(f"there is no region `{name}`")
        body = f"{text().rstrip()}\n"
        page = pattern.sub(lambda m, body=body: m[1] + body + m[2], page)
    return page


def find_stale(root: Path) -> list[tuple[Path, str]]:
    """The derived files whose text is not what it should be, with that text: of the foundations, or when these are fresh of the others."""
    foundations = ((root / path, text()) for path, text in FOUNDATIONS.items())
    return keep_stale(foundations) or keep_stale(derive_files(root))


def keep_stale(files: Iterable[tuple[Path, str]]) -> list[tuple[Path, str]]:
    return [(path, text) for path, text in files if not path.is_file() or path.read_text(encoding="utf-8") != text]


def write(root: Path) -> list[Path]:
    """Write the stale files; which they were."""
    written = find_stale(root)
    for path, text in written:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text)
    return [path for path, _ in written]


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the stale derived files, or with `--check` only names them; the exit code is 1 where `--check` found any."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Write all derived files of the checkout.")
    parser.add_argument("--check", action="store_true", help="write nothing; name the stale files and exit with 1 if there are any")
    args = parser.parse_args(argv)
    if not (ROOT / "pyproject.toml").is_file():
        parser.error("derived files are written in a checkout, and this netspec is installed from a wheel")
    old = [path for path, _ in find_stale(ROOT)] if args.check else write(ROOT)
    for path in old:
        print(f"{'stale' if args.check else 'wrote'} {path.relative_to(ROOT)}", flush=True)
    if args.check and old:
        print(f"Run `{COMMAND}` to write them.")
    if not args.check and any(ROOT / path in old for path in FOUNDATIONS):
        return write_the_rest()
    return int(bool(args.check and old))


def write_the_rest() -> int:
    """The files that follow from new foundations, by a process that has not read the old ones."""
    return subprocess.run([sys.executable, "-m", "netspec.tools.generate"], cwd=ROOT).returncode


if __name__ == "__main__":
    raise SystemExit(main())
