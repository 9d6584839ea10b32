"""Reads and compares the locks that stand beside specs. Floor 6."""

from __future__ import annotations

import os
from argparse import Namespace

from netspec.cli.configuration import NOTHING, read_configuration
from netspec.cli.spec_options import overrides
from netspec.cli.terminal import report
from netspec.compile import Checked, check_readable
from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.running.files import NoSuchFile
from netspec.diagnostics.running.locks import LockDrifted, LockMissing, LockOfAnotherVersion, LockUnreadable
from netspec.files import read_plain
from netspec.ir import Typed
from netspec.limits import LIMITS
from netspec.lock import Facts, Unreadable, compare, gather_facts, parse_lock
from netspec.record import record, replace
from netspec.source import Source, Span

SUFFIX = ".lock"


def lock_path(spec: str) -> str:
    """`models/m.net` -> `models/m.net.lock`."""
    return f"{spec}{SUFFIX}"


@record
class Asked:
    """Who asks for a lock."""

    option: str = "--locked"
    configuration: str = ""
    """The pyproject.toml, where no option does."""


def find_drift(path: str, checked: Checked, asked: Asked) -> list[Diagnostic]:
    """What is to be said of a spec against its lock: nothing of one that has errors, which have to be mended first."""
    return [] if checked.typed is None or not checked.ok else hold(path, checked.typed, checked.source, asked)


def hold(path: str, typed: Typed, source: Source, asked: Asked) -> list[Diagnostic]:
    """What differs between a proved spec and the lock beside it."""
    lock, at = lock_path(path), Span(source, 0, 0)
    try:
        if is_spare(path, typed):
            return []
        locked = read_lock(path, asked)
    except Mistake as mistake:
        return [replace(mistake.diagnostic, at=at)]
    now = gather_facts(typed)
    drift = compare(locked, now)
    if drift.any:
        return [LockDrifted(at=at, path=lock, spec=path, facts=drift.facts, version=drift.version)]
    return [LockOfAnotherVersion(at=at, path=lock, spec=path, version=drift.version, now=now["netspec"])] if drift.version else []


def is_spare(path: str, typed: Typed) -> bool:
    """There is nothing to lock, and no lock: a file of blocks for others means what those make of it, and theirs are the locks that say so.
    Raises `Mistake` with `LockUnreadable`."""
    return not (typed.models or typed.trains or typed.serves) and read_present(path) is None


def gather(checked: Checked) -> Facts:
    """The facts of a proved spec."""
    assert checked.typed is not None
    return gather_facts(checked.typed)


def read_lock(path: str, asked: Asked) -> Facts:
    """The lock of a spec. Raises `Mistake` with `LockMissing` or `LockUnreadable`."""
    content = read_present(path)
    if content is None:
        raise Mistake(LockMissing(path=lock_path(path), spec=path, option=asked.option, configuration=asked.configuration))
    return _parse(path, content)


def read_present(path: str) -> bytes | None:
    """The content of a spec's lock, None where there is none. Raises `Mistake` with `LockUnreadable` for what is no lock."""
    lock = lock_path(path)
    try:
        content = read_plain(lock, LIMITS.lock_bytes)
    except Mistake as mistake:
        if isinstance(mistake.diagnostic, NoSuchFile) and not os.path.islink(lock):
            return None
        raise Mistake(LockUnreadable(path=lock, spec=path, reason=mistake.diagnostic.message().rstrip("."))) from None
    if len(content) > LIMITS.lock_bytes:
        raise Mistake(LockUnreadable(path=lock, spec=path, reason=f"it has more than {LIMITS.lock_bytes:,} bytes"))
    _parse(path, content)
    return content


def _parse(path: str, content: bytes) -> Facts:
    try:
        return parse_lock(content)
    except Unreadable as error:
        raise Mistake(LockUnreadable(path=lock_path(path), spec=path, reason=str(error))) from None


def refuse_unlocked(args: Namespace) -> None:
    """Where locks are asked for, a spec that is to be trained must be as its lock says: in pyproject.toml as it is written, by `--locked`
    with what `--set` makes of it. Raises `Mistake`; a warning is told. Errors of the spec itself are left to its compilation."""
    configuration = NOTHING if args.locked else read_configuration()
    if not (args.locked or configuration.locked):
        return
    values = overrides(args.set) if args.locked else {}
    checked = check_readable(args.file, set=values, train=args.train, plugins=args.plugins)
    for problem in find_drift(args.file, checked, Asked(configuration=configuration.path)):
        if problem.severity == "error":
            raise Mistake(problem)
        report([problem])
