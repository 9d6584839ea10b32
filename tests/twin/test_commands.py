"""`convert`, `migrate`, and the commands that take either form."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from netspec.cli.main import main
from netspec.files import models_dir

SPEC = "netspec 1\n\nmodel M {\n  input x: f32[B, 8]\n  output y = x -> dense(4)\n}\n"
OLD = "# kept\nnetspec 0\nmodel M {\n  input x: f32[B,8]   # as it was\n  output y = x->layer_norm(eps = 1e-5)\n}\n"


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    file = tmp_path / "m.net"
    file.write_text(SPEC)
    return file


def test_there_and_back(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    twin, back = spec.with_suffix(".json"), spec.with_name("back.net")
    assert main(["convert", str(spec), "-o", str(twin)]) == 0
    assert main(["convert", str(twin), "-o", str(back)]) == 0
    assert back.read_text() == SPEC
    assert main(["convert", str(twin)]) == 0
    assert capsys.readouterr() == (SPEC, "")


def test_a_file_is_replaced_only_by_force(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = spec.with_name("taken.json")
    taken.write_text("mine")
    assert main(["convert", str(spec), "-o", str(taken)]) == 2
    assert taken.read_text() == "mine" and "--force" in capsys.readouterr().err
    assert main(["convert", str(spec), "-o", str(taken), "--force"]) == 0
    assert json.loads(taken.read_text())["netspec"] == 1


@pytest.mark.parametrize("text", ["netspec 1\nmodel M { y = }\n", "netspec 1\nmodel M { y = x -> f(a=1, a=2) }\n", "netspec 9\n"])
def test_what_cannot_be_converted(text: str, spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec.write_text(text)
    assert main(["convert", str(spec), "-o", str(spec.with_suffix(".json"))]) == 1
    assert not spec.with_suffix(".json").exists() and "error[" in capsys.readouterr().err


def test_json_whose_text_form_is_too_deep(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deep = "x"
    for _ in range(30):
        deep = {"kind": "call", "op": "f", "args": [deep]}  # type: ignore[assignment]
    deep = {"kind": "call", "op": "f", "args": [deep, "[" * 60 + "]" * 60]}  # type: ignore[assignment]
    body = [{"kind": "binding", "targets": ["y"], "value": {"kind": "call", "op": "g", "args": [deep, *["[" * 63 + "]" * 63]]}}]
    file = tmp_path / "m.json"
    file.write_text(json.dumps({"netspec": 1, "sections": [{"kind": "model", "name": "M", "body": body}]}))
    assert main(["convert", str(file)]) == 1
    assert "error[too-large]" in capsys.readouterr().err


def test_every_command_takes_json(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    twin = spec.with_suffix(".json")
    assert main(["convert", str(spec), "-o", str(twin)]) == 0
    for command in (["check"], ["show"], ["show", "--as", "tree"], ["fmt", "--check"]):
        assert main([*command, str(twin)]) == 0, capsys.readouterr()
        json_out = capsys.readouterr().out
        assert main([*command, str(spec)]) == 0
        assert json_out == capsys.readouterr().out


def test_fmt_writes_json_in_one_style(spec: Path) -> None:
    twin = spec.with_suffix(".json")
    main(["convert", str(spec), "-o", str(twin)])
    styled = twin.read_text()
    twin.write_text(json.dumps(json.loads(styled)))
    assert main(["fmt", "--check", str(twin)]) == 1
    assert main(["fmt", str(twin)]) == 0 and twin.read_text() == styled


def test_imports_of_json(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lib = spec.with_name("lib.net")
    lib.write_text("netspec 1\nblock Half {\n  input x: f32[B, D]\n  output x -> dens(D // 2)\n}\n")
    main(["convert", str(lib), "-o", str(spec.with_name("lib.json"))])
    spec.write_text('netspec 1\nimport Half from "lib.json"\nmodel M {\n  input x: f32[B, 8]\n  output y = x -> Half\n}\n')
    assert main(["check", str(spec)]) == 1
    assert "lib.json:" in (out := capsys.readouterr().out) and "(#/sections/0/body/1/value/stages/0/op)" in out
    spec.with_name("lib.json").write_text(spec.with_name("lib.json").read_text().replace("dens", "dense"))
    assert main(["check", str(spec)]) == 0


def test_a_program_from_json_computes_the_same(spec: Path) -> None:
    import numpy as np

    import netspec

    twin = spec.with_suffix(".json")
    main(["convert", str(spec), "-o", str(twin)])
    x = np.linspace(-1, 1, 16, dtype=np.float32).reshape(2, 8)
    outs = []
    for path in (spec, twin):
        program = netspec.compile(path)
        outs.append(program.apply(program.init(0), x=x)["y"])
    np.testing.assert_array_equal(*outs)


def test_text_pays_nothing_for_json() -> None:
    code = (
        "import sys; from netspec.compile import check; check(sys.argv[1]);"
        "print([m for m in sys.modules if 'twin' in m or m.startswith('netspec') and 'json' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(models_dir() / "mnist.net")], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_migrate_edits_and_leaves_the_rest(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec.write_text(OLD)
    assert main(["check", str(spec)]) == 1
    assert "error[renamed-argument]" in (out := capsys.readouterr().out) and "error[older-version]" in out
    assert main(["migrate", "--check", str(spec)]) == 1 and spec.read_text() == OLD
    assert main(["migrate", str(spec)]) == 0
    assert spec.read_text() == OLD.replace("netspec 0", "netspec 1").replace("eps", "epsilon")
    assert capsys.readouterr().err == f"would migrate {spec}: 2 changes\nmigrated {spec}: 2 changes\n"
    assert main(["migrate", str(spec)]) == 0 and main(["check", str(spec)]) == 0


def test_migrate_mends_json_too(spec: Path) -> None:
    spec.write_text(OLD.replace("netspec 0", "netspec 1"))
    twin = spec.with_suffix(".json")
    assert main(["convert", str(spec), "-o", str(twin)]) == 0
    twin.write_text(twin.read_text().replace('"netspec": 1', '"netspec": 0'))
    assert main(["check", str(twin)]) == 1
    assert main(["migrate", str(twin)]) == 0 and main(["check", str(twin)]) == 0


@pytest.mark.parametrize("text", ["netspec 2\nmodel M {}\n", "netspec 0\nmodel M { y = }\n"])
def test_migrate_leaves_what_it_cannot_read(text: str, spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec.write_text(text)
    assert main(["migrate", str(spec)]) == 1
    assert spec.read_text() == text and "error[" in capsys.readouterr().err


def test_a_block_of_ones_own_may_use_an_old_name(spec: Path) -> None:
    """Only the op's argument was renamed."""
    spec.write_text(
        "netspec 1\nblock Norm {\n  param eps: float\n  input x: f32[B, D]\n  output x -> layer_norm(epsilon=eps)\n}\n"
        "model M {\n  input x: f32[B, 8]\n  output y = x -> Norm(eps=1e-5)\n}\n"
    )
    before = spec.read_text()
    assert main(["check", str(spec)]) == 0 and main(["migrate", str(spec)]) == 0 and spec.read_text() == before
