"""Reads which revision of a git repository a folder is checked out at, from the repository's files.

No git is run: a repository's settings may name programs that git would start, and a spec may come from anywhere.
"""

from __future__ import annotations

import re
from pathlib import Path

from netspec.diagnostics.base import Mistake
from netspec.files import read_start

_REVISION = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REF = re.compile(r"ref: (refs/[^\s\x00-\x1f]{1,200})")
MOST_BYTES = 4 << 20
"""Bytes of the list of packed references that are looked through."""


def find_revision(folder: Path) -> str | None:
    """The commit that HEAD names in the repository around a folder; None where there is none, or its files are not as git writes them.

    Whether files differ from that commit is not looked at: a run keeps the text of its spec.
    """
    try:
        place = folder.resolve()
        root = next((p / ".git" for p in (place, *place.parents) if (p / ".git").exists()), None)
        return None if root is None else _read_head(_git_folder(root))
    except (OSError, ValueError, Mistake):
        return None


def _git_folder(place: Path) -> Path:
    """The folder of a repository; of a worktree or submodule `.git` is a file that names it."""
    if place.is_dir():
        return place
    return place.parent / _text(place).removeprefix("gitdir: ")


def _read_head(git: Path) -> str | None:
    """The commit of HEAD, which names it or a branch."""
    head = _text(git / "HEAD")
    if _REVISION.fullmatch(head):
        return head
    named = _REF.fullmatch(head)
    if named is None or ".." in named[1]:
        return None
    common = git / _text(git / "commondir") if (git / "commondir").exists() else git
    for place in (git, common):
        if (place / named[1]).is_file():
            found = _text(place / named[1])
            return found if _REVISION.fullmatch(found) else None
    return _find_packed(common / "packed-refs", named[1])


def _find_packed(path: Path, ref: str) -> str | None:
    """The commit of a branch in the file of packed references."""
    lines = read_start(path, MOST_BYTES).decode(errors="replace").splitlines() if path.is_file() else []
    found = next((line.split(" ")[0] for line in lines if line.endswith(f" {ref}")), "")
    return found if _REVISION.fullmatch(found) else None


def _text(path: Path) -> str:
    """The one line of a small file."""
    return read_start(path, 4096).decode().strip()
