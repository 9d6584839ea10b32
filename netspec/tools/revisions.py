"""Reads specs from revisions of the git repository around the current folder, `git:HEAD~1:models/m.net`, imports included. Floor 5.

Only `git rev-parse`, `git cat-file` and `git ls-tree` run, which start no other program: no filter, no pager, no hook. Nothing is fetched:
in a partial clone git would fetch what is missing, by a program that the repository's settings name (`ext::`), so no protocol is allowed.
"""

from __future__ import annotations

import os
import posixpath
import subprocess
from collections.abc import Iterator, Mapping

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.running.revisions import RevisionUnreadable
from netspec.record import record
from netspec.resolve.imports import GIVEN, LINK
from netspec.source import Source
from netspec.syntax.source_reader import read_source

PREFIX = "git:"
CAREFUL = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
_OPTIONS = ("--no-pager", "-c", "core.fsmonitor=false")


@record(eq=False)
class Revision:
    """A commit, and where the current folder lies in its repository."""

    commit: str
    prefix: str
    """Of the current folder below the repository's root, with a `/` at the end; "" at the root."""

    def read(self, path: str) -> bytes | None:
        """A file by its path from the current folder; None where the commit has none, it lies outside of the repository, or a symbolic link
        is there, whose text is the path that it leads to."""
        found = self._ask("cat-file", "blob", path=path)
        return None if found is None or (b"\n" not in found and self.is_link(path)) else found

    def is_link(self, path: str) -> bool:
        """Whether a symbolic link is there."""
        folder, name = posixpath.split(posixpath.normpath(to_git_path(path)))
        entries = (self._ask("ls-tree", "-z", "--full-tree", path=folder or ".") or b"").split(b"\0")
        return any(entry.startswith(b"120000") and entry.partition(b"\t")[2] == os.fsencode(name) for entry in entries)

    def kind(self, path: str) -> str:
        """ "tree" for a folder, "blob" for a file; "" where the commit has nothing there."""
        return (self._ask("cat-file", "-t", path=path) or b"").decode().strip()

    def list_files(self, folder: str) -> list[str]:
        """The files of a folder at any depth, by their paths from it; without symbolic links and submodules, which hold no text."""
        listed = (self._ask("ls-tree", "-r", "-z", "--full-tree", path=folder) or b"").split(b"\0")
        entries = (entry.partition(b"\t") for entry in listed)
        return [os.fsdecode(name) for about, _, name in entries if about.startswith(b"100")]

    def _ask(self, *words: str, path: str) -> bytes | None:
        """What a command of git says of a path of the commit; None where it has none."""
        inside = posixpath.normpath(posixpath.join(self.prefix, to_git_path(path)))
        if inside.startswith(("../", "/")) or inside == ".." or "\n" in inside:
            return None
        done = run_git(*words, f"{self.commit}:{'' if inside == '.' else inside}")
        return done.stdout if done.returncode == 0 else None


class RevisionTexts(Mapping[str, str]):
    """The files beside a spec of a revision, by their paths from its folder, each read when it is imported."""

    def __init__(self, revision: Revision, folder: str) -> None:
        self.revision, self.folder = revision, folder
        self.known: dict[str, str | None] = {}

    def __getitem__(self, path: str) -> str:
        if path.startswith((LINK, GIVEN)):
            raise KeyError(path)
        if path not in self.known:
            data = self.revision.read(posixpath.join(self.folder, path))
            self.known[path] = None if data is None else data.decode("utf-8", "replace")
        text = self.known[path]
        if text is None:
            raise KeyError(path)
        return text

    def __iter__(self) -> Iterator[str]:
        return (path for path, text in self.known.items() if text is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def read_revision(name: str) -> tuple[Source, list[Diagnostic], RevisionTexts]:
    """The spec that `git:REVISION:PATH` names, what is wrong with its text, and what stands beside it. Raises `Mistake`."""
    revision, path = split_name(name)
    if not (revision and path):
        raise Mistake(_refuse(name, "it is not `git:REVISION:PATH`", "write for instance `git:HEAD~1:models/m.net`"))
    return read_spec(open_revision(name, revision), name)


def read_spec(found: Revision, name: str) -> tuple[Source, list[Diagnostic], RevisionTexts]:
    """The same of a revision that was found already. Raises `Mistake`."""
    revision, path = split_name(name)
    data = found.read(path)
    if data is None and found.is_link(path):
        raise Mistake(_refuse(name, f"in revision `{revision}` it is a symbolic link", "give the path that it leads to"))
    if data is None:
        reason = f"revision `{revision}` has no file `{path}`"
        raise Mistake(_refuse(name, reason, f"see what it has: `git ls-tree -r --name-only {revision}`; paths are from the current folder"))
    source, problems = read_source(name, data)
    return source, problems, RevisionTexts(found, posixpath.dirname(to_git_path(path)))


def split_name(name: str) -> tuple[str, str]:
    """(revision, path) of `git:REVISION:PATH`; "" for what is left out."""
    revision, _, path = name.removeprefix(PREFIX).partition(":")
    return revision, os.path.relpath(path) if os.path.isabs(path) else path


def to_git_path(path: str) -> str:
    return path.replace(os.sep, "/")


def open_revision(name: str, revision: str) -> Revision:
    """The commit that a revision means. Raises `Mistake` where there is no git, no repository or no such revision."""
    try:
        place = run_git("rev-parse", "--show-prefix")
    except OSError as error:
        raise Mistake(_refuse(name, f"git cannot be run ({error.strerror})", "install git, or give two files")) from None
    if place.returncode:
        said = place.stderr.decode(errors="replace").strip().split("\n")[0].removeprefix("fatal: ").rstrip(".")
        raise Mistake(_refuse(name, f"git says `{said}`", "run the command in a folder of the repository"))
    found = run_git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found.returncode:
        near = "see which there are: `git branch -a`, `git log --oneline`; a shallow clone gets more by `git fetch --unshallow`"
        raise Mistake(_refuse(name, f"there is no revision `{revision}`", near))
    return Revision(found.stdout.decode().strip(), place.stdout.decode(errors="surrogateescape").strip("\n"))


def run_git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Runs git without anything that could start another program. Raises OSError where it cannot be run."""
    return subprocess.run(["git", *_OPTIONS, *arguments], capture_output=True, env={**os.environ, **CAREFUL}, stdin=subprocess.DEVNULL)


def _refuse(name: str, reason: str, repair: str) -> RevisionUnreadable:
    return RevisionUnreadable(name=name, reason=reason, repair=repair)
