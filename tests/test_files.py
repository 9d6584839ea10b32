"""Files: found in a checkout, read, written whole or not at all, whichever step fails."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from pathlib import Path

import pytest

from netspec import files
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.files import AlreadyExists, BrokenInstallation, NoSuchFile, ReadFailed, WriteFailed
from netspec.files import (
    append_line,
    data_file,
    make_folder,
    models_dir,
    new_folder,
    read_bytes,
    refuse_existing,
    sha256_file,
    write_atomic,
)
from tests.train.full_disks import failing


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def fails(error: type, call: object, *args: object) -> object:
    """The diagnostic that a call must end with."""
    with pytest.raises(Mistake) as caught:
        call(*args)  # type: ignore[operator]
    assert isinstance(caught.value.diagnostic, error)
    return caught.value.diagnostic


def test_netspecs_own_files_are_found() -> None:
    assert data_file("grammar/netspec.lark").is_file()
    assert (models_dir() / "mnist.net").is_file()
    assert fails(BrokenInstallation, data_file, "grammar/other.lark").path == "grammar/other.lark"


def test_a_package_in_site_packages_does_not_take_folders_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netspec/grammar").mkdir(parents=True)
    (tmp_path / "models").mkdir()
    monkeypatch.setattr(files, "_PACKAGE", tmp_path / "netspec")
    assert data_file("grammar") == tmp_path / "netspec/grammar"
    fails(BrokenInstallation, models_dir)


def test_written_content_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_atomic(path, "ä\n")
    assert read_bytes(path) == "ä\n".encode()
    write_atomic(path, b"\x00" * 100_000)
    assert sha256_file(path) == hashlib.sha256(b"\x00" * 100_000).hexdigest()
    assert names(tmp_path) == ["a.txt"]


STEPS = {
    "open": "creating the file",
    "write": "writing the content",
    "fsync": "flushing it to the disk",
    "replace": "renaming it into place",
}


@pytest.mark.parametrize("call", STEPS)
@pytest.mark.parametrize("before", [None, b"old"])
def test_a_failing_write_names_its_step_and_leaves_what_was_there(
    call: str, before: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    if before is not None:
        path.write_bytes(before)
    with monkeypatch.context() as patch:
        patch.setattr(files.os, call, full_disk)
        problem = fails(WriteFailed, write_atomic, path, b"new")
    assert (problem.step, problem.path, problem.reason) == (STEPS[call], str(path), "No space left on device")
    assert names(tmp_path) == ([] if before is None else ["a.txt"])
    assert before is None or path.read_bytes() == before


@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_or_device_is_never_replaced(linked: bool, tmp_path: Path) -> None:
    """Root may rename over `/dev/null`, and the whole machine would write into a file from there on."""
    os.mkfifo(tmp_path / "pipe")
    path = tmp_path / "pipe"
    if linked:
        path = tmp_path / "link"
        path.symlink_to(tmp_path / "pipe")
    before, kind = names(tmp_path), os.lstat(path).st_mode
    problem = fails(WriteFailed, write_atomic, path, b"new")
    assert problem.reason == "it is a named pipe, not a file" and (names(tmp_path), os.lstat(path).st_mode) == (before, kind)


@pytest.mark.parametrize("place", ["new", "empty", "new/inside/folders"])
def test_a_folder_is_there_whole_or_not_at_all(place: str, tmp_path: Path) -> None:
    """Whichever call of the system fails: what stood there stands there, and the problem names files by their own names."""
    home = tmp_path / "home"
    (home / "empty").mkdir(parents=True)
    target, before = home / place, everything(home)
    with failing(home, "", 0) as seen:
        fill(target)
    whole = everything(home)
    assert [path for path in whole if path not in before and path != place] and not [path for path in whole if ".tmp" in path]
    for call, number in [(call, number) for call, count in seen.items() for number in range(count)]:
        shutil.rmtree(home)
        (home / "empty").mkdir(parents=True)
        with failing(home, call, number):
            try:
                fill(target)
            except Mistake as mistake:
                problem = mistake.diagnostic
                assert isinstance(problem, WriteFailed) and problem.path.startswith(str(target)) and ".tmp" not in problem.path
                assert everything(home) == before, (call, number)
            else:  # a folder that could not be flushed
                assert call == "fsync" and everything(home) == whole


def test_an_interrupt_leaves_nothing_of_a_folder(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "a" / "b") as folder:
        write_atomic(folder / "one", b"1")
        raise KeyboardInterrupt
    assert names(tmp_path) == []


def fill(target: Path) -> None:
    with new_folder(target) as folder:
        make_folder(folder / "inner")
        write_atomic(folder / "inner" / "one", b"1")
        write_atomic(folder / "two", "2")


def everything(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home)) for path in home.rglob("*"))


def full_disk(*args: object, **named: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_every_byte_passes_one_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "write_all", full_disk)
    fails(WriteFailed, write_atomic, tmp_path / "a", b"new")
    problem = fails(WriteFailed, append_line, tmp_path / "log", "line")
    assert problem.message() == f"cannot write `{tmp_path / 'log'}`: No space left on device (while adding a line)."


def test_short_writes_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(files.os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    write_atomic(tmp_path / "a", b"0123456789")
    assert (tmp_path / "a").read_bytes() == b"0123456789"


def test_an_interrupt_while_writing_leaves_no_debris(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "write_all", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "a", b"new")
    assert names(tmp_path) == []


def test_writing_into_a_missing_folder(tmp_path: Path) -> None:
    problem = fails(WriteFailed, write_atomic, tmp_path / "no/a", b"x")
    assert problem.reason == "No such file or directory" and problem.exit_code == 2


def test_lines_are_added(tmp_path: Path) -> None:
    append_line(tmp_path / "log", "one")
    append_line(tmp_path / "log", "two")
    assert (tmp_path / "log").read_text() == "one\ntwo\n"


def test_a_missing_file_offers_those_beside_it(tmp_path: Path) -> None:
    (tmp_path / "mnist.net").touch()
    problem = fails(NoSuchFile, read_bytes, tmp_path / "mnits.net")
    assert problem.message() == f"there is no file `{tmp_path / 'mnits.net'}`; did you mean `{tmp_path / 'mnist.net'}`?"
    assert fails(NoSuchFile, sha256_file, tmp_path / "no/such").near == ()


def test_a_folder_cannot_be_read(tmp_path: Path) -> None:
    assert fails(ReadFailed, read_bytes, tmp_path).reason == "Is a directory"
    assert fails(ReadFailed, sha256_file, tmp_path).reason == "Is a directory"


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    refuse_existing(tmp_path / "new")
    refuse_existing(make_folder(tmp_path / "empty/folder"))
    assert fails(AlreadyExists, refuse_existing, tmp_path / "empty", "give --resume").help() == "give --resume"
    (tmp_path / "file").touch()
    fails(AlreadyExists, refuse_existing, tmp_path / "file")
    assert fails(WriteFailed, make_folder, tmp_path / "file").step == "making the folder"
