"""Holds specs against what a repository asks of them beside having no errors: warnings, proofs, budgets. Floor 6."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from netspec.cli.configuration import Budget, Configuration
from netspec.cli.warning_names import require_warnings, split_slugs
from netspec.diagnostics.base import Diagnostic
from netspec.record import record, replace

if TYPE_CHECKING:
    from netspec.compile import Checked


@record
class Demands:
    """What is asked of each spec."""

    select: frozenset[str] = frozenset()
    """Of warnings only these count; none: all."""
    ignore: frozenset[str] = frozenset()
    """Warnings that do not count."""
    proved: bool = False
    """Nothing may be assumed of sizes."""
    budgets: tuple[Budget, ...] = ()
    plugins: tuple[str, ...] = ()
    locked: bool = False
    """Each spec is as the lock beside it says."""
    locked_by: str = ""
    """The pyproject.toml that asks for it, where the command line does not."""
    locked_as_set: bool = False
    """What `--set` made of it is held against the lock, not what is written."""
    formatted: bool = True
    """`--fix` formats what it mends, and what needs no mending."""

    def held(self, path: str, checked: Checked, locked: Checked | None = None) -> list[Diagnostic]:
        """The problems of a checked file that count, and what it lacks of what is asked of it; `locked` is what the lock is of, where that
        is another reading of it."""
        found = [problem for problem in checked.problems if self.counts(problem)]
        if self.proved:
            found += find_assumed(checked)
        if checked.typed is not None and checked.ok:
            from netspec.proofs.budgets import find_over

            found += find_over(checked.typed, [(budget.limits, budget.place) for budget in self.budgets if budget.covers(path)])
        if self.locked:
            from netspec.cli.lock_files import Asked, find_drift

            asked = Asked(configuration=self.locked_by)
            found += [problem for problem in find_drift(path, locked or checked, asked) if self.counts(problem)]
        return found

    def counts(self, problem: Diagnostic) -> bool:
        """Errors always count; of warnings those that are chosen."""
        slug = problem.slug()
        return problem.severity == "error" or (slug not in self.ignore and (not self.select or slug in self.select))


def find_assumed(checked: Checked) -> Iterator[Diagnostic]:
    """What a file and those that it imports assume of their sizes."""
    from netspec.diagnostics.shapes.budgets import Assumed
    from netspec.source import Source
    from netspec.syntax.spec_file import parse_spec_as_meant
    from netspec.syntax.tree import Assume
    from netspec.syntax.tree_walk import descendants

    files = [checked.file] if checked.file is not None else []
    folder = os.path.dirname(checked.source.path)
    imported = [Source(os.path.normpath(os.path.join(folder, path)), text) for path, text in checked.imports.items()]
    files += [file for source in imported if (file := parse_spec_as_meant(source)[0]) is not None]
    for file in files:
        yield from (
            Assumed(at=node.span, condition=node.span.text.removeprefix("assume").strip())
            for node in descendants(file)
            if isinstance(node, Assume)
        )


def demands_of(configuration: Configuration) -> Demands:
    """What pyproject.toml asks for."""
    return Demands(
        select=configuration.select,
        ignore=configuration.ignore,
        proved=configuration.require == "proved",
        budgets=configuration.budgets,
        plugins=configuration.plugins,
        locked=configuration.locked,
        locked_by=configuration.path if configuration.locked else "",
        formatted=configuration.format,
    )


def gather_demands(args: Namespace, configuration: Configuration) -> Demands:
    """What the command line asks for, in the place of the same setting of pyproject.toml or beside it. Raises `Mistake` for a warning that
    there is not."""
    select, ignore = (frozenset(slug for text in given for slug in split_slugs(text)) for given in (args.select, args.ignore))
    for option, slugs in (("--select", select), ("--ignore", ignore)):
        require_warnings(option, slugs)
    asked = demands_of(configuration)
    plugins = tuple(dict.fromkeys((*asked.plugins, *args.plugins)))
    return replace(
        asked,
        select=select or asked.select,
        ignore=ignore | asked.ignore,
        proved=asked.proved or args.require == "proved",
        plugins=plugins,
        locked=asked.locked or args.locked,
        locked_by="" if args.locked else asked.locked_by,
        locked_as_set=args.locked,
    )
