"""What Python's `set` and `--set` say of values that do not fit: the next thing to type, each in its own words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import netspec
from netspec.cli.main import main
from netspec.diagnostics.spec_error import SpecError

SPEC = """netspec 1

model M {
  param padding: str = "SAME"
  param width: int = 8
  input x: f32[B, 8, 8, 3]
  output y = x -> conv(width, 3, padding=padding)
}

train M {
  data = arrays(fields={x: f32[8, 8, 3], label: f32[8, 8, 8]}) -> batch(4)
  loss = mean_squared_error(y, label)
  optimizer = sgd(0.1)
  duration = 1 epoch
}
"""
CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "a string without quotes": ({"padding": "VALID"}, """set={"padding": '"VALID"'}""", """--set padding='"VALID"'"""),
    "a slip of a name": ({"wdth": 3}, 'set={"width": 3}', "--set width=3"),
    "another library's word": ({"epochs": 5}, 'set={"train.duration": "5 epochs"}', '--set train.duration="5 epochs"'),
    "a length in one word": ({"train.duration": "5epochs"}, 'set={"train.duration": "5 epochs"}', '--set train.duration="5 epochs"'),
    "a number without a unit": ({"train.duration": 5}, 'set={"train.duration": "5 epochs"}', '--set train.duration="5 epochs"'),
}


@pytest.mark.parametrize("case", CASES)
def test_the_next_thing_to_type(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values, python, command = CASES[case]
    [problem] = netspec.check(SPEC, set=values).problems
    assert problem.help() == f"write `{python}`" and "--set" not in problem.message()
    with pytest.raises(SpecError) as caught:
        netspec.compile(SPEC, set=values)
    assert "--set" not in str(caught.value) and f"write `{python}`" in str(caught.value)
    (tmp_path / "m.net").write_text(SPEC)
    assert main(["check", str(tmp_path / "m.net"), *(part for name, value in values.items() for part in ("--set", f"{name}={value}"))]) == 1
    assert f"write `{command}`" in capsys.readouterr().out


def test_what_is_written_is_clean() -> None:
    for values in ({"padding": '"VALID"'}, {"width": 3}, {"train.duration": "5 epochs"}):
        problems = netspec.check(SPEC, set=values).problems
        assert all("set: " not in problem.at.source.path for problem in problems)


def test_a_folder_that_stands_there_is_told_in_python(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "file").write_text("")
    with pytest.raises(SpecError, match=r"go on with it by `resume=True`, or choose another folder with `out=`"):
        netspec.compile(SPEC).fit(out=tmp_path / "run")
