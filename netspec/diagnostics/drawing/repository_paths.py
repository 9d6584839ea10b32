"""Finds what a code host calls a file: its path from the root of the repository, wherever in it the command runs. Floor 0."""

from __future__ import annotations

import os

WORKSPACE = "GITHUB_WORKSPACE"
"""The variable with the folder that GitHub puts a repository into, also where it has no `.git`."""


def path_in_repository(path: str) -> str:
    """A file by its path from the root of the repository around the working folder; one outside of it by its absolute path."""
    try:
        here = os.getcwd()
        whole, root = os.path.normpath(os.path.join(here, path)), find_root(here)
        return _below(whole, root) or _below(os.path.realpath(whole), root) or whole
    except (OSError, ValueError):  # the folder is gone, or no file can be called so
        return path


def find_root(folder: str) -> str:
    """The nearest folder above with a `.git`, which is a file in submodules and worktrees; else GitHub's where this one is in it; else this
    one."""
    above = folder
    while not os.path.lexists(os.path.join(above, ".git")):
        if above == os.path.dirname(above):
            workspace = os.path.realpath(os.environ.get(WORKSPACE) or folder)
            return workspace if _below(folder, workspace) else folder
        above = os.path.dirname(above)
    return above


def _below(path: str, root: str) -> str:
    """A path from a folder that it lies in; "" for any other."""
    if os.path.splitdrive(path)[0] != os.path.splitdrive(root)[0]:
        return ""
    below = os.path.relpath(path, root)
    return "" if below.split(os.sep)[0] == os.pardir else below
