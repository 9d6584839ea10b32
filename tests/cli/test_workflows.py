"""The action, the hooks and the snippets of docs/ci.md say what they should, and their shell steps run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from netspec.cli.main import COMMANDS, build_parser

REPOSITORY = Path(__file__).parent / "repository"


@pytest.fixture
def shell(tmp_path: Path, root: Path) -> dict[str, str]:
    """An environment with a `netspec` that is this checkout's."""
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin/netspec"
    script.write_text(f'#!/bin/sh\nPYTHONPATH={root} exec {sys.executable} -m netspec "$@"\n')
    script.chmod(0o755)
    return {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path), "RUNNER_TEMP": str(tmp_path)}


def step(root: Path, name: str) -> dict[str, Any]:
    action = yaml.safe_load((root / ".github/actions/check/action.yml").read_text())
    return next(step for step in action["runs"]["steps"] if step.get("name") == name)


@pytest.mark.parametrize("wrong", [True, False])
def test_the_action_annotates_and_summarizes(wrong: bool, root: Path, tmp_path: Path, shell: dict[str, str]) -> None:
    shutil.copytree(REPOSITORY, tmp_path / "r")
    files = "" if wrong else "models/clean.net"
    env = {
        **shell,
        "FILES": files,
        "OPTIONS": "--untrusted",
        "GITHUB_OUTPUT": str(tmp_path / "o"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "s"),
    }
    done = subprocess.run(["bash", "-e", "-c", step(root, "check")["run"]], cwd=tmp_path / "r", env=env, capture_output=True, text=True)
    assert done.returncode == int(wrong), done.stderr
    summary = (tmp_path / "s").read_text()
    assert done.stdout.count("::error file=models/") == (7 if wrong else 0)
    assert ("7 problems in 6 files" if wrong else "No problems in 1 file") in summary
    report = re.fullmatch(r"report=(.*/netspec\.\w{6}/netspec\.md)\n", (tmp_path / "o").read_text())
    assert report and Path(report[1]).read_text() == summary and Path(report[1]).is_relative_to(tmp_path)


@pytest.mark.parametrize(("options", "code"), [("--config nowhere.toml", 2), ("", 101)])
def test_the_action_tells_of_a_check_that_ends_before_its_report(
    options: str, code: int, root: Path, tmp_path: Path, shell: dict[str, str]
) -> None:
    """Nor does it take the report of another step for its own."""
    if code == 101:
        (tmp_path / "bin/netspec").write_text("#!/bin/sh\necho no >&2\nexit 101\n")
    (tmp_path / "netspec.md").write_text("### netspec check\n\n✅ No problems in 3 files.\n")
    env = {**shell, "FILES": ".", "OPTIONS": options, "GITHUB_OUTPUT": str(tmp_path / "o"), "GITHUB_STEP_SUMMARY": str(tmp_path / "s")}
    done = subprocess.run(["bash", "-e", "-c", step(root, "check")["run"]], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    assert (tmp_path / "s").read_text() == f"\n❌ `netspec check` ended with exit code {code}; the log of this step says why.\n"


def test_inputs_reach_the_shell_only_as_variables(root: Path) -> None:
    """An expression inside of a script would be a way in for whoever names a branch or a file."""
    action = yaml.safe_load((root / ".github/actions/check/action.yml").read_text())
    assert all("${{" not in step["run"] for step in action["runs"]["steps"] if "run" in step)


def test_hooks_are_commands_and_find_specs(root: Path) -> None:
    hooks = yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text())
    assert {hook["id"] for hook in hooks} == {"netspec-check", "netspec-fmt"}
    for hook in hooks:
        command, *words = hook["entry"].split()
        assert (
            command == "netspec"
            and words[0] in COMMANDS
            and all(re.search(hook["files"], f"models/m.{suffix}") for suffix in ("net", "netspec", "json"))
            and not re.search(hook["files"], "m.netx")
        )


def test_the_hooks_run_on_files(root: Path, tmp_path: Path, shell: dict[str, str]) -> None:
    shutil.copytree(REPOSITORY, tmp_path / "r")
    hooks = {hook["id"]: hook for hook in yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text())}
    (tmp_path / "r/package.json").write_text('{"name": "x"}')
    (tmp_path / "r/broken.json").write_text('{"name": ')
    (tmp_path / "r/twin.json").write_text('{"netspec":1,"sections":[]}')
    for name, code in (("netspec-fmt", 0), ("netspec-check", 1)):
        given = ["models/clean.net", "models/wide.net", "package.json", "broken.json", "twin.json"]
        words = [*hooks[name]["entry"].split(), *(given if hooks[name].get("pass_filenames", True) else [])]
        done = subprocess.run(words, cwd=tmp_path / "r", env=shell, capture_output=True, text=True)
        assert done.returncode == code and "package" not in done.stdout + done.stderr and "broken" not in done.stdout + done.stderr
    assert (tmp_path / "r/package.json").read_text() == '{"name": "x"}' and "\n" in (tmp_path / "r/twin.json").read_text()


@pytest.mark.parametrize("drifted", [False, True])
def test_the_workflow_of_a_new_spec_runs(drifted: bool, tmp_path: Path, shell: dict[str, str]) -> None:
    """Its steps and its hooks pass on what was written, and fail on a change whose lock was not written anew."""
    env = {**shell, "GITHUB_STEP_SUMMARY": str(tmp_path / "s"), "GITHUB_BASE_REF": "main"}
    (tmp_path / "r").mkdir()

    def bash(line: str) -> int:
        return subprocess.run(["bash", "-e", "-c", line], cwd=tmp_path / "r", env=env, capture_output=True).returncode

    assert bash("netspec new models/first --ci") == 0
    commit = "git -c user.name=a -c user.email=a@example.org -c commit.gpgsign=false commit -q -m first"
    assert bash(f"git init -q && git add -A && {commit} && git update-ref refs/remotes/origin/main HEAD") == 0
    if drifted:
        assert bash("sed -i 's/conv(16/conv(8/' models/first.net") == 0
    workflow = yaml.safe_load((tmp_path / "r/.github/workflows/netspec.yml").read_text())
    checkout, *_, difference = workflow["jobs"]["specs"]["steps"]
    assert checkout["with"] == {"fetch-depth": 0} and "pull_request" in difference["if"]
    steps = {step["name"]: step["run"] for step in workflow["jobs"]["specs"]["steps"] if "run" in step}
    codes = {name: bash(run) for name, run in steps.items() if name != "install"}
    assert codes == {"check": int(drifted), "format": 0, "summary": 0, "difference": 0}
    assert ("features: `16` → `8`" if drifted else "1 spec is the same") in (tmp_path / "s").read_text()
    assert ("lock-drifted" in (tmp_path / "s").read_text()) == drifted and all("${{" not in run for run in steps.values())
    hooks = yaml.safe_load((tmp_path / "r/.pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    named = {hook["id"]: bash(hook["entry"] + (" models/first.net" if hook.get("pass_filenames", True) else "")) for hook in hooks}
    assert named == {"netspec-fmt": 0, "netspec-check": int(drifted)}
    assert bash("netspec lock && netspec check") == 0


def snippets(root: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (root / "docs/ci.md").read_text(), re.MULTILINE | re.DOTALL)


def test_the_snippets_of_the_page_parse_and_name_real_options(root: Path) -> None:
    found = [*snippets(root, "yaml"), *snippets(root, "toml")]
    assert len(found) > 2 and all(yaml.safe_load(text) for text in snippets(root, "yaml"))
    lines = re.findall(
        r"netspec ((?:check|fmt|lock|new|diff|show) [^#|>;&\n]*)",
        "\n".join(re.findall(r"```.*?```", (root / "docs/ci.md").read_text(), re.DOTALL)),
    )
    assert len(lines) > 4
    for line in lines:
        words = [word.strip('"') for word in line.split()]
        words += ["m.net"] if "--specs-among" in words else []  # a hook, whose files are put behind it
        build_parser(words[:1]).parse_args(words)
