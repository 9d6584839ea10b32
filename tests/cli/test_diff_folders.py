"""`netspec diff` of folders: which specs are compared, and what is written of all of them together."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from netspec.cli.main import main
from netspec.tools import revisions
from tests.cli.test_diff import GIT, SPEC, WIDER

Printed = pytest.CaptureFixture[str]
BAD = SPEC.replace("dense(4)", "dens(4)")
TWIN = '{"netspec": 1, "sections": []}'


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def git(*words: str) -> None:
    subprocess.run([*GIT, *words], check=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose folder `models` has had each kind of change since its first commit."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {f"models/{name}": SPEC for name in ("a.net", "deep/same.net", "gone.net", "bad.net", ".hidden/h.net")})
    write(tmp_path, {"models/notes.json": "{}", "models/readme.md": "x", "other.net": SPEC})
    (tmp_path / "models/link.net").symlink_to("a.net")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "first")
    (tmp_path / "models/gone.net").unlink()
    write(tmp_path, {"models/a.net": WIDER, "models/bad.net": BAD, "models/new.net": SPEC, "other.net": WIDER})
    return tmp_path


def test_each_spec_is_told_by_its_path_and_problems_hide_nothing(repository: Path, capsys: Printed) -> None:
    assert main(["diff", "git:HEAD:models"]) == 1
    said, problems = capsys.readouterr()
    assert said.startswith(
        "git:HEAD:models -> models\n"
        "  bad.net: not compared, 1 problem\n"
        "  - gone.net: removed, M with 36 parameters\n"
        "  + new.net: added, M with 36 parameters\n"
        "  1 spec is the same\n\n"
        "==== a.net ====\n"
        "git:HEAD:models/a.net -> models/a.net\n"
    )
    assert "features: 4 -> 6" in said and problems.count("error[") == 1 and "models/bad.net" in problems


def test_json_has_the_object_of_two_files_for_each(repository: Path, capsys: Printed) -> None:
    assert main(["diff", "git:HEAD:models", "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    files = {file["path"]: file for file in found["files"]}
    states = {"a.net": "changed", "bad.net": "failed", "deep/same.net": "same", "gone.net": "removed", "new.net": "added"}
    assert {path: file["status"] for path, file in files.items()} == states and not found["same"]
    assert main(["diff", "git:HEAD:models/a.net", "--format", "json"]) == 0
    assert files["a.net"]["difference"] == json.loads(capsys.readouterr().out)
    assert files["new.net"]["models"] == [{"name": "M", "params": 36}]
    assert [p["slug"] for p in files["bad.net"]["problems"]] == ["unknown-name"]


def test_markdown_folds_several_and_escapes_their_names(repository: Path, capsys: Printed) -> None:
    assert main(["diff", "git:HEAD:models", "--format", "markdown"]) == 1
    said = capsys.readouterr().out
    assert "- `gone.net`: removed" in said and "<summary><code>" not in said and "### 1 problem" in said
    name = "<b>@x`.net"
    for folder, text in (("old", SPEC), ("new", WIDER)):
        write(repository, {f"{folder}/{name}": text, f"{folder}/n.net": text})
    assert main(["diff", "old", "new/", "--format", "markdown"]) == 0
    said = capsys.readouterr().out
    assert "<summary><code>&lt;b&gt;@x`.net</code>: changed</summary>" in said
    assert "<b>" in said and "<b>" not in re.sub(r"``.*?``", "", said)


def test_the_exit_code_tells_of_any_change_only_where_that_is_asked_for(repository: Path, capsys: Printed) -> None:
    write(repository, {"old/m.net": SPEC, "new/m.net": SPEC})
    assert main(["diff", "old", "new", "--exit-code"]) == 0
    assert capsys.readouterr().out == "old -> new\n  1 spec is the same\n"
    write(repository, {"new/n.net": SPEC})
    assert [main(["diff", "old", "new"]), main(["diff", "old", "new", "--exit-code"])] == [0, 1]


def test_a_revision_alone_means_the_files_of_the_configuration(repository: Path, capsys: Printed) -> None:
    assert main(["diff", "git:HEAD"]) == 2 and "write `files`" in capsys.readouterr().err
    write(repository, {"pyproject.toml": '[tool.netspec]\nfiles = ["models", "./other.net"]\n'})
    assert main(["diff", "git:HEAD", "--format", "json"]) == 1
    found = {file["path"]: file["status"] for file in json.loads(capsys.readouterr().out)["files"]}
    assert found["other.net"] == "changed" and found["models/deep/same.net"] == "same" and len(found) == 6
    assert main(["diff", "git:HEAD", "git:main", "--exit-code"]) == 0
    assert capsys.readouterr().out == "git:HEAD -> git:main\n  5 specs are the same\n"
    write(repository, {"pyproject.toml": '[tool.netspec]\nfiles = ["models/deep", "nowhere.net"]\n'})
    assert main(["diff", "git:HEAD"]) == 2 and "error[no-such-file]" in capsys.readouterr().err


def test_paths_are_from_the_current_folder(repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> None:
    monkeypatch.chdir(repository / "models")
    assert main(["diff", "git:HEAD:deep", "--exit-code"]) == 0 and "1 spec is the same" in capsys.readouterr().out
    assert main(["diff", "git:HEAD:.", "git:main:../models", "--exit-code"]) == 0
    assert "git:HEAD:. -> git:main:../models\n  4 specs are the same" in capsys.readouterr().out
    assert main(["diff", "git:HEAD:../.."]) == 2


def test_specs_in_json_are_known_by_their_first_key(repository: Path, capsys: Printed) -> None:
    write(repository, {"models/deep/t.json": TWIN})
    git("add", "-A")
    git("commit", "-q", "-m", "twin")
    main(["diff", "git:HEAD:models/deep", "git:HEAD~1:models/deep"])
    assert "- t.json: removed" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "reason"), [("git:--output=x", "no revision"), ("git:nowhere:models", "no revision")])
def test_what_git_does_not_have_is_one_problem(name: str, reason: str, repository: Path, capsys: Printed) -> None:
    write(repository, {"pyproject.toml": '[tool.netspec]\nfiles = ["models"]\n'})
    assert main(["diff", name, "--format", "json"]) == 2
    said, problems = capsys.readouterr()
    assert [p["slug"] for p in json.loads(said)["problems"]] == ["revision-unreadable"] and reason in problems
    assert not os.path.exists("x")


def test_nothing_of_the_repository_runs(repository: Path, capsys: Printed) -> None:
    """Whoever wrote the repository's settings chooses programs for filters, conversions, pagers and monitors."""
    write(repository, {".gitattributes": "*.net filter=evil diff=evil\n"})
    for key in ("filter.evil.smudge", "filter.evil.clean", "diff.evil.textconv", "core.fsmonitor", "core.pager", "pager.ls-tree"):
        git("config", key, f"touch {repository}/ran; cat")
    assert main(["diff", "git:HEAD:models"]) == 1
    assert not (repository / "ran").exists()


@pytest.mark.parametrize("remote", ["ext::touch ran", "ssh://host.invalid/x", "file"])
def test_nothing_is_fetched(remote: str, repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> None:
    """A partial clone lacks texts, and its settings name the program that would fetch them; an older git does not know
    `GIT_NO_LAZY_FETCH`."""
    monkeypatch.delitem(revisions.CAREFUL, "GIT_NO_LAZY_FETCH")
    git("clone", "-q", "--no-hardlinks", ".", "away")
    for key, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": f"file://{repository}/away" if remote == "file" else remote,
        "protocol.ext.allow": "always",
        "core.sshCommand": f"touch {repository}/ran; false",
    }.items():
        git("config", key, value)
    text = subprocess.run([*GIT, "rev-parse", "HEAD:models/a.net"], check=True, capture_output=True, text=True).stdout.strip()
    kept = repository / ".git/objects" / text[:2] / text[2:]
    kept.unlink()
    assert main(["diff", "git:HEAD:models/a.net"]) == 2
    assert "error[revision-unreadable]" in capsys.readouterr().err
    assert not (repository / "ran").exists() and not kept.exists()


def test_a_link_of_a_revision_is_no_spec(repository: Path, capsys: Printed) -> None:
    """Its text is a path."""
    (repository / "linked").symlink_to("models")
    git("add", "-A")
    git("commit", "-q", "-m", "link")
    for name in ("models/link.net", "linked"):
        assert main(["diff", f"git:HEAD:{name}", "--format", "json"]) == 2
        problem, *_ = json.loads(capsys.readouterr().out)["problems"]
        assert problem["slug"] == "revision-unreadable" and "it is a symbolic link" in problem["message"]
    write(repository, {"pyproject.toml": '[tool.netspec]\nfiles = ["models/link.net", "models/a.net"]\n'})
    main(["diff", "git:HEAD", "git:HEAD", "--format", "json"])
    assert [file["path"] for file in json.loads(capsys.readouterr().out)["files"]] == ["models/a.net"]


ODD = {
    "bytes": b"\xff\xfe\x00",
    "empty": b"",
    "json": b'{"netspec": 1, "sections": 3}',
    "half": b'{"netspec": ',
    "wide": b"\xef\xbb\xbfnetspec 1\n",
    "deep": b"(" * 200,
}
"""What may lie where a spec is expected."""


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_whatever_lies_there_is_told(form: str, repository: Path, capsys: Printed) -> None:
    """A law: each spec of either side is told once, whatever is wrong with it and on which side, and no name of a file ends a report."""
    for side in ("old", "new"):
        write(repository, {f"{side}/good.net": SPEC, f"{side}/\udcff.net": SPEC if side == "old" else WIDER})
        for name, content in ODD.items():
            (repository / side / f"both {name}.{'json' if name in ('json', 'half') else 'net'}").write_bytes(content)
            (repository / side / f"{side} {name}.net").write_bytes(content)
            (repository / side / f"turned {name}.net").write_bytes(content if side == "new" else SPEC.encode())
    (repository / "new/dangling.net").symlink_to("nowhere")
    (repository / "new/folder.net").mkdir()
    git("add", "-A")
    git("commit", "-q", "-m", "odd")
    for before in ("old", "git:HEAD:old"):
        assert main(["diff", before, "new", "--format", form]) in (1, 2)
        said = capsys.readouterr().out
        if form == "json":
            status = {file["path"]: file["status"] for file in json.loads(said)["files"]}
            assert len(status) == 2 + 4 * len(ODD) and status["good.net"] == "same" and status["\udcff.net"] == "changed"
            assert all(status[f"old {name}.net"] == "removed" and status[f"new {name}.net"] == "added" for name in ODD)
            assert status["turned bytes.net"] == status["turned json.net"] == status["both json.json"] == "failed"
