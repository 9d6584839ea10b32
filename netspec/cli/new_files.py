"""Carries out `netspec new`. Floor 6."""

from __future__ import annotations

import os
from collections.abc import Iterator

from netspec.cli.configuration import NAME as PROJECT
from netspec.cli.configuration import read_configuration, require_appendable
from netspec.cli.lock_files import gather, lock_path
from netspec.cli.terminal import write_line
from netspec.compile import check
from netspec.diagnostics.base import Mistake
from netspec.files import make_folder, read_bytes, refuse_existing, rewrite, write_atomic
from netspec.lock import write_lock
from netspec.source import Source
from netspec.tools.repository_files import HOOKS, WORKFLOW, name_model, write_hooks, write_spec, write_table, write_workflow

GUARDED = "this repository is guarded already: leave out `--ci`, and lock the new spec with `netspec lock`"


def write_new(path: str, guarded: bool) -> int:
    """Writes a spec, and what guards it; 0. Raises `Mistake`, before anything is written, where one of its files is there already."""
    model = name_model(os.path.basename(path).removesuffix(".net"))
    text = write_spec(model, path)
    files = {path: text, **(guards(path, text) if guarded else {})}
    for file in files:
        refuse_existing(file, GUARDED) if file == WORKFLOW else refuse_existing(file)
    before, after = add_table(path) if guarded else (b"", "")
    for file, content in files.items():
        make_folder(os.path.dirname(file) or ".")
        write_atomic(file, content)
    if after:
        rewrite(PROJECT, before, after) if os.path.lexists(PROJECT) else write_atomic(PROJECT, after)
    for line in tell_written(path, [*files, *([PROJECT] if after else [])], guarded):
        write_line(line)
    return 0


def guards(path: str, text: str) -> dict[str, str]:
    """The files that guard a spec, those that may be other tools' too where there are none."""
    lock = {lock_path(path): write_lock(gather(check(Source(path, text))))}
    hooks = {} if os.path.lexists(HOOKS) else {HOOKS: write_hooks()}
    return {**lock, WORKFLOW: write_workflow(place_of(path)), **hooks}


def place_of(path: str) -> str:
    """What is checked: the folder of the spec, or in the repository's own the spec alone."""
    return os.path.dirname(path) or path


def add_table(path: str) -> tuple[bytes, str]:
    """What pyproject.toml holds, and what it is to hold: a table besides; "" where it has one. Raises `Mistake` where none can be added."""
    before = read_bytes(PROJECT) if os.path.lexists(PROJECT) else b""
    if not require_appendable(PROJECT, before):
        return before, ""
    text = before.decode("utf-8")
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    return before, f"{text}{gap}{write_table(place_of(path))}"


def tell_written(path: str, files: list[str], guarded: bool) -> Iterator[str]:
    """What was written, what was left, and what to type next."""
    yield from (f"wrote {file}" for file in files)
    if guarded:
        yield from (f"left {file} as it is: it is there; docs/ci.md says what to add" for file in (PROJECT, HOOKS) if file not in files)
    lock = f"netspec lock {path}; " if not guarded and asks_for_locks() else ""
    yield f"next: {lock}netspec {'check' if guarded else f'check {path}'}; netspec train {path}"
    if guarded:
        yield "after each change that is meant: netspec lock"


def asks_for_locks() -> bool:
    """The repository wants a lock beside each spec; one whose table is wrong says so at its first check."""
    try:
        return read_configuration().locked
    except Mistake:
        return False
