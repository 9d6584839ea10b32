"""Finds budgets that guard nothing: their patterns are those of no spec. Floor 6."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from netspec.cli.configuration import Budget
from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.running.configuration import BudgetCoversNothing


def find_idle_budgets(budgets: Sequence[Budget], folders: Sequence[str] | None, paths: Sequence[str]) -> Iterator[Diagnostic]:
    """The budgets that cover none of the checked files, where a folder was looked at in which all of theirs would lie. `folders` None: all
    that the repository has was checked."""
    looked = None if folders is None else [os.path.realpath(folder) for folder in folders if os.path.isdir(folder)]
    for budget in budgets:
        if (looked is None or is_below(os.path.realpath(budget.begin()), looked)) and not any(map(budget.covers, paths)):
            yield BudgetCoversNothing(at=budget.place, pattern=budget.pattern)


def is_below(path: str, folders: Sequence[str]) -> bool:
    """A path is one of these folders or lies in one."""
    return any(path == folder or path.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)
