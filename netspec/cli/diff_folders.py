"""Carries out `netspec diff` of folders, and of all that `files` of [tool.netspec] names. Floor 6."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator, Sequence

from netspec.cli.configuration import read_configuration
from netspec.cli.diff import check_side, compare_sides, list_errors
from netspec.cli.spec_options import overrides
from netspec.cli.spec_paths import SPEC_SUFFIXES, TWIN, spec_paths
from netspec.cli.terminal import report, say, write_exact, write_text
from netspec.compile import Checked
from netspec.record import record
from netspec.tools.diff import folder_forms
from netspec.tools.diff.compare import count_parameters
from netspec.tools.diff.folder import FolderDifference, SpecChange
from netspec.tools.revisions import PREFIX, Revision, open_revision, split_name


@record(eq=False)
class Side:
    """A folder, or several, in a revision or as they are."""

    name: str
    specs: dict[str, str]
    """Path, by which specs are matched -> what the spec is called."""
    revision: Revision | None = None


Folders = tuple[Side, Side, tuple[str, ...]]
"""Before, after, and the plugins that [tool.netspec] asks for."""


def find_folders(before: str, after: str) -> Folders | None:
    """The specs of both sides; None where a file is meant. Raises `Mistake` for a revision or a configuration that cannot be read."""
    names = (before, after)
    if all(is_whole(name) or not name for name in names):
        configuration = read_configuration()
        if not configuration.files:
            return None
        sides = [find_side(name or ".", open_side(name), configuration.files, named=True) for name in names]
        missing = {entry: entry for entry in map(os.path.normpath, configuration.files) if not any(_covers(entry, side) for side in sides)}
        if not sides[1].revision:
            sides[1].specs.update({entry: name for entry, name in missing.items() if not os.path.lexists(entry)})
        return sides[0], sides[1], configuration.plugins
    revisions = [None if is_whole(name) else open_side(name) for name in names]
    if not all(is_folder(name, revision) for name, revision in zip(names, revisions, strict=True)):
        return None
    sides = [find_side(name, revision, [path_of(name)]) for name, revision in zip(names, revisions, strict=True)]
    return sides[0], sides[1], ()


def _covers(entry: str, side: Side) -> bool:
    return any(path == entry or path.startswith(f"{entry}{os.sep}") for path in side.specs)


def is_whole(name: str) -> bool:
    """It is a revision without a path."""
    return name.startswith(PREFIX) and ":" not in name.removeprefix(PREFIX)


def path_of(name: str) -> str:
    return split_name(name)[1] if name.startswith(PREFIX) else name


def open_side(name: str) -> Revision | None:
    """The revision of a side; None for what lies in the working folder."""
    return open_revision(name, split_name(name)[0]) if name.startswith(PREFIX) and split_name(name)[0] else None


def is_folder(name: str, revision: Revision | None) -> bool:
    if revision is None:
        return not name.startswith(PREFIX) and os.path.isdir(name)
    return bool(path_of(name)) and revision.kind(path_of(name)) == "tree"


def find_side(name: str, revision: Revision | None, entries: Sequence[str], named: bool = False) -> Side:
    """The specs of files and folders; their paths are from the folder, or where they are `named` in a configuration from here."""
    found: dict[str, str] = {}
    for entry in entries:
        for path in list_specs(entry, revision):
            key = os.path.normpath(path) if named else os.path.relpath(path, entry)
            found[key] = path if revision is None else f"{PREFIX}{split_name(name)[0]}:{path}"
    return Side(name, found, revision)


def list_specs(entry: str, revision: Revision | None) -> Iterator[str]:
    """The specs that a file or a folder stands for. Symbolic links in folders are left out: a revision has no text of theirs."""
    if revision is None:
        folder = os.path.isdir(entry)
        yield from (path for path in spec_paths([entry]) if os.path.lexists(path) and not (folder and os.path.islink(path)))
        return
    entry = os.path.relpath(entry) if os.path.isabs(entry) else entry
    if revision.kind(entry) == "blob" and not revision.is_link(entry):
        yield entry
    for file in revision.list_files(entry) if revision.kind(entry) == "tree" else ():
        path = os.path.join(entry, file)
        if not any(part.startswith(".") for part in file.split("/")[:-1]) and is_spec(path, revision):
            yield path


def is_spec(path: str, revision: Revision) -> bool:
    """A file of a revision is a spec as one of the working folder is."""
    return path.endswith(SPEC_SUFFIXES) or (path.endswith(".json") and TWIN.match((revision.read(path) or b"")[:4096]) is not None)


def compare_folders(args: Namespace, folders: Folders) -> int:
    """Writes what became of each spec, and the problems of all; the exit code."""
    before, after, asked = folders
    if not before.specs and not after.specs:
        say(f"there is no spec in {before.name} and {after.name}")
    plugins = tuple(dict.fromkeys((*asked, *args.plugins)))
    values = overrides(args.set)
    paths = sorted({*before.specs, *after.specs})
    found = FolderDifference(before.name, after.name, tuple(compare_spec(path, before, after, values, plugins) for path in paths))
    if args.format == "text":
        write_text(folder_forms.write_text(found))
    else:
        form = folder_forms.write_json if args.format == "json" else folder_forms.write_markdown
        write_exact(form(found) + "\n")
    code = report(found.problems) if found.problems else 0
    return max(code, int(args.exit_code and not found.same))


def compare_spec(path: str, before: Side, after: Side, values: dict[str, str], plugins: Sequence[str]) -> SpecChange:
    """What became of one spec."""

    def look(side: Side) -> Checked:
        return check_side(side.specs[path], values, plugins, side.revision)

    if path not in after.specs:
        gone = look(before)
        return SpecChange(path, "removed", models=() if gone.typed is None else count_parameters(gone.typed))
    now = look(after)
    if path not in before.specs:
        models = () if now.typed is None else count_parameters(now.typed)
        return SpecChange(path, "added", models=models, problems=tuple(list_errors(now)))
    found, problems = compare_sides((before.specs[path], after.specs[path]), (look(before), now))
    status = "failed" if found is None else "same" if found.same else "changed"
    return SpecChange(path, status, found, problems=tuple(problems))
