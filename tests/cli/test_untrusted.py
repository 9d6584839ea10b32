"""`netspec check --untrusted`: each limit has a spec that breaks it and one just below that passes."""

from __future__ import annotations

import errno
import mmap
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from netspec.cli import isolation
from netspec.cli.main import main
from netspec.compile import check
from netspec.diagnostics.base import Diagnostic
from netspec.limits import LIMITS
from netspec.record import replace
from netspec.source import Source
from netspec.syntax.scanner import scan

Files = Mapping[str, str | bytes]


def spec(*lines: str, input: str = "f32[B, 8]") -> str:
    return "\n".join(["netspec 1", "model M {", f"input x: {input}", *lines, "output y = x -> relu", "}", ""])


def padded(size: int, text: str = "") -> str:
    """A spec, or another text, of so many bytes, made of comments."""
    text = text or spec()
    line = "# " + "a" * 997 + "\n"
    full, rest = divmod(size - len(text), len(line))
    return text + line * full + "#" * rest


def with_tokens(count: int) -> str:
    return spec() + "\n" * (count - len(scan(Source("m.net", spec())).tokens))


def importing(count: int, part: str = "netspec 1\n", folder: str = "") -> Files:
    """A spec that imports from so many files."""
    lines = "\n".join(f'import K as K{n} from "{folder}part{n}.net"' for n in range(count))
    block = "block K {\ninput x: f32[B, D]\noutput x -> relu\n}\n"
    return {"m.net": spec().replace("\n", f"\n{lines}\n", 1)} | {f"part{n}.net": part + block for n in range(count)}


def chained(depth: int) -> Files:
    """Files of which each imports the next."""
    block = "block K {\ninput x: f32[B, D]\noutput x -> relu\n}\n"
    parts = {f"part{n}.net": f'netspec 1\nimport K as L from "part{n + 1}.net"\n{block}' for n in range(depth - 1)}
    return {**importing(1), **parts, f"part{depth - 1}.net": f"netspec 1\n{block}"}


def one(text: str | bytes) -> Files:
    return {"m.net": text}


MIB, CONCAT = 1 << 20, "for i in range({}) {{ y = concat(" + ", ".join(["x"] * 100) + ") }}"
BEYOND: dict[str, tuple[str, Files, Files]] = {
    "bytes of a file": ("too-large", one(padded(MIB + 1)), one(padded(MIB))),
    "levels of imports": ("too-many-imports", chained(9), chained(8)),
    "imported files": ("too-many-imports", importing(65), importing(64)),
    "bytes of imported files": (
        "too-many-imports",
        importing(5, padded(MIB - 60, "netspec 1\n") + "\n"),
        importing(4, padded(MIB - 60, "netspec 1\n") + "\n"),
    ),
    "characters in a line": ("too-large", one(spec("#" * 10_001)), one(spec("#" * 10_000))),
    "characters in a name": ("too-large", one(spec("x" * 129 + " = x")), one(spec("_" + "x" * 127 + " = x"))),
    "characters in a string": (
        "too-large",
        one(spec(f'require true, "{"a" * 4_097}"')),
        one(spec(f'require true, "{"a" * 4_094}"')),
    ),
    "brackets inside one another": (
        "too-large",
        one(spec("_y = " + "(" * 64 + "1" + ")" * 64)),
        one(spec("_y = " + "(" * 63 + "1" + ")" * 63)),
    ),
    "words": ("too-large", one(with_tokens(200_001)), one(with_tokens(200_000))),
    "statements": ("too-large", one(spec(*["x = x"] * 19_998)), one(spec(*["x = x"] * 19_997))),
    "operators": ("too-large", one(spec("_y = 1" + " + 1" * 101)), one(spec("_y = 1" + " + 1" * 100))),
    "digits": ("too-large", one(spec(f"_y = {'9' * 19}")), one(spec(f"_y = {'9' * 18}"))),
    "passes of repeats": (
        "expansion-too-large",
        one(spec("repeat 101 { repeat 100 { x = x -> relu } }")),
        one(spec("repeat 100 { repeat 100 { x = x -> relu } }")),
    ),
    "nodes": ("expansion-too-large", one(spec("for i in range(8_001) { x = -x }")), one(spec("for i in range(7_999) { x = -x }"))),
    "computed values": (
        "expansion-too-large",
        one(spec(*["_y = range(9_000)"] * 34)),
        one(spec(*["_y = range(9_000)"] * 33)),
    ),
    "edges": ("expansion-too-large", one(spec(CONCAT.format(1_001))), one(spec(CONCAT.format(999)))),
    "axes": ("size-out-of-range", one(spec(input=f"f32[{', '.join('1' * 9)}]")), one(spec(input=f"f32[{', '.join('1' * 8)}]"))),
    "size of an axis": ("size-out-of-range", one(spec(input="f32[B, 2_147_483_648]")), one(spec(input="f32[B, 2_147_483_647]"))),
    "elements of a tensor": ("size-out-of-range", one(spec(input="f32[B, 2**20, 2**21]")), one(spec(input="f32[B, 2**20, 2**20]"))),
    "parameters": (
        "expansion-too-large",
        one(spec("x = x -> dense(10**6)", input="f32[B, 10**6]")),
        one(spec("x = x -> dense(10**6, bias=false)", input="f32[B, 10**6]")),
    ),
    "encoding": ("invalid-encoding", one(spec("# é").encode("latin-1")), one(spec("# é"))),
    "bidirectional controls": ("forbidden-character", one(spec("# a\u202eb")), one(spec("# ab"))),
    "control characters": ("forbidden-character", one(spec("# a\x1bb")), one(spec("# a\tb"))),
    "letters of names": ("unknown-character", one(spec("_é = x")), one(spec("_e = x"))),
    "the environment": ("unknown-character", one(spec("_y = $HOME")), one(spec('_y = "$HOME"'))),
    "absolute imports": ("import-outside", importing(1, folder="/"), importing(1)),
    "imports from above": (
        "file-refused",
        {**importing(1), **importing(1, folder="sub/../"), "sub/x": ""},
        {**importing(1, folder="sub/"), "sub/part0.net": importing(1)["part0.net"]},
    ),
}
"""What is limited: the problem, files that break the limit, files that keep it."""


def found(folder: Path, files: Files) -> list[str]:
    """The slugs of the errors of `m.net`."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    checked = check(str(folder / "m.net"), untrusted=True)
    assert checked.ok or all(p.at.line >= 1 for p in checked.problems)
    return [p.slug() for p in checked.problems if p.severity == "error"]


@pytest.mark.parametrize(("slug", "broken"), [(s, b) for s, b, _ in BEYOND.values()], ids=BEYOND)
def test_beyond_a_limit(slug: str, broken: Files, tmp_path: Path) -> None:
    assert slug in found(tmp_path, broken)


@pytest.mark.parametrize("kept", [k for *_, k in BEYOND.values()], ids=BEYOND)
def test_just_below(kept: Files, tmp_path: Path) -> None:
    assert found(tmp_path, kept) == []


# --- links ------------------------------------------------------------------------------------------------------------


def linked(folder: Path, link: Callable[[Path, Path], None]) -> Path:
    """A project whose spec imports through a link to a file elsewhere."""
    for name in ("project", "elsewhere"):
        (folder / name).mkdir()
    (folder / "elsewhere" / "part0.net").write_text(str(importing(1)["part0.net"]))
    (folder / "project" / "m.net").write_text(str(importing(1)["m.net"]))
    link(folder / "elsewhere" / "part0.net", folder / "project" / "part0.net")
    return folder / "project" / "m.net"


@pytest.mark.parametrize("link", [os.link, lambda a, b: os.symlink(a, b)], ids=["hard", "symbolic"])
def test_imports_through_links(link: Callable[[Path, Path], None], tmp_path: Path) -> None:
    path = linked(tmp_path, link)
    (tmp_path / ".git").mkdir()  # both folders are inside the project, so a trusted spec may do so
    assert check(str(path)).ok
    assert [p.slug() for p in check(str(path), untrusted=True).problems if p.severity == "error"] == ["file-refused"]


@pytest.mark.parametrize("link", [os.link, os.symlink], ids=["hard", "symbolic"])
def test_the_spec_itself_is_a_link(link: Callable[[Path, Path], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "secret").write_text("the password is 1234")
    link(tmp_path / "secret", tmp_path / "m.net")
    assert main(["check", "--untrusted", str(tmp_path / "m.net")]) == 1
    out = capsys.readouterr().out
    assert "file-refused" in out and "password" not in out
    assert "-->" not in out, "a problem without a place is drawn without one, though it comes from another process"


def test_a_pipe_is_not_waited_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "m.net")
    assert main(["check", "--untrusted", str(tmp_path / "m.net")]) == 1
    assert "not a regular file" in capsys.readouterr().out


# --- time and memory --------------------------------------------------------------------------------------------------

SLOW = {
    "reading this": padded(MIB),
    "looking up the names of this": spec(*["x = x"] * 2_000),
    "proving this": spec("for i in range(7_000) { x = -x }"),
}


@pytest.mark.parametrize("text", SLOW.values(), ids=SLOW)
def test_time(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ever less time a check stops ever earlier, and says where."""
    stopped = []
    for seconds in (0.8, 0.4, 0.2, 0.1, 0.05, 0.02, 0.01, 0.003, 0.001, 0.0):
        monkeypatch.setattr(sys.modules[check.__module__], "LIMITS", replace(LIMITS, untrusted_seconds=seconds))
        stopped += [p for p in check(Source("m.net", text), untrusted=True).problems if p.slug() == "time-limit"]
    assert stopped and all(p.at.source.path == "m.net" and p.at.line >= 1 for p in stopped)


def test_every_stage_looks_at_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock runs out at each look in turn."""
    looks, doing = 1, set()
    while True:
        times = iter([0.0] * looks + [99.0] * 9_999)
        monkeypatch.setattr("netspec.deadline.monotonic", lambda times=times: next(times))
        problems = check(Source("m.net", spec("_s = 1 + 2 * 3")), untrusted=True).problems
        late = [p for p in problems if p.slug() == "time-limit"]
        if not late:
            break
        doing |= {p.doing for p in late}  # type: ignore[attr-defined]
        looks += 1
    assert doing >= set(SLOW) and looks > 10


def problems_of(paths: Sequence[str], work: Callable[[str], Sequence[Diagnostic]]) -> list[list[str]]:
    return [[p.slug() for p in found] for found in isolation.check_isolated(paths, work)]


def test_the_process_has_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What dies takes no other file's problems with it."""
    monkeypatch.setattr(isolation, "LIMITS", replace(LIMITS, untrusted_seconds=0, untrusted_grace_seconds=1))

    def work(path: str) -> Sequence[Diagnostic]:
        if path == "memory":
            return [] if bytearray(2 << 30) else []
        if path == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        while path == "time":
            pass
        return check(Source(path, "netspec 1\nmodel M {}")).problems

    answers = problems_of(["a", "memory", "b", "time", "killed", "c"], work)
    assert answers == [["missing-output"], ["memory-limit"], ["missing-output"], ["time-limit"], ["memory-limit"], ["missing-output"]]


def test_what_the_process_holds_already_is_not_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A large process, such as one that has run other tests, checks what a small one checks; no check may take more than so much."""
    (tmp_path / "m.net").write_text(spec())
    held = mmap.mmap(-1, 2 * LIMITS.untrusted_bytes)
    try:
        assert main(["check", "--untrusted", str(tmp_path / "m.net")]) == 0, capsys.readouterr().out
        assert problems_of(["a"], lambda path: [] if bytearray(2 << 30) else []) == [["memory-limit"]]
    finally:
        held.close()


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.ENOMEM, "Cannot allocate memory")])
def test_no_memory_is_no_bug(error: Exception) -> None:
    def work(path: str) -> Sequence[Diagnostic]:
        raise error

    assert problems_of(["a"], work) == [["memory-limit"]]


def test_a_bug_in_the_process_is_a_bug() -> None:
    def work(path: str) -> Sequence[Diagnostic]:
        raise ZeroDivisionError("a bug")

    with pytest.raises(RuntimeError, match="ZeroDivisionError: a bug"):
        problems_of(["a"], work)


def test_without_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "limits_exist", lambda: False)
    assert problems_of(["m.net"], lambda path: check(Source(path, "netspec 1\nmodel M {}")).problems) == [["missing-output"]]


# --- the report -------------------------------------------------------------------------------------------------------


def test_a_folder_of_problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The problems of all files, up to a thousand of them; the others are counted."""
    monkeypatch.chdir(tmp_path)
    for n in range(104):
        Path(f"m{n:02}.net").write_text(spec(*[f"a{k} = relu(unknown{k})" for k in range(10)]))
    each = len(check("m00.net", untrusted=True).problems)
    assert each >= 10
    start = time.monotonic()
    assert main(["check", "--untrusted", "--format", "json", "."]) == 1
    assert time.monotonic() - start < 30
    out = capsys.readouterr().out
    assert out.count('"slug"') == 1_000 and f'"omitted": {104 * each - 1_000}' in out
