"""The schema of an op's arguments takes what the op's JSON is, and describes all of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from netspec.cli.main import main
from netspec.library.base import Op
from netspec.library.layers.conv import Conv
from netspec.library.shelf.index_writer import classes
from netspec.library.shelf.op_text import to_json
from netspec.testing.checks import hold
from netspec.tools.argument_schema import describe_schema
from tests.quick import thin

jsonschema = pytest.importorskip("jsonschema")


def validator(cls: type[Op]) -> Any:
    schema = describe_schema(cls)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def takes_the_examples(cls: type[Op]) -> None:
    check = validator(cls)
    for example in cls.examples():
        check.validate(json.loads(json.dumps(to_json(example.op))))


def describes_every_argument_and_its_default(cls: type[Op]) -> None:
    schema = describe_schema(cls)
    assert list(schema["properties"]) == ["op", "kind", *cls.arguments()]
    for name, argument in cls.arguments().items():
        assert schema["properties"][name]["description"]
        assert ("default" in schema["properties"][name]) != argument.required


@pytest.mark.parametrize("kind", thin(sorted({cls.kind for cls in classes()}), 3))
def test_classes(kind: str) -> None:
    hold((takes_the_examples, describes_every_argument_and_its_default), *(cls for cls in classes() if cls.kind == kind))


@pytest.mark.parametrize("change", [{"features": 0}, {"kernel": "3"}, {"padding": "FULL"}, {"bias": 1}, {"other": 3}, {"op": "dense"}])
def test_refuses_what_the_op_refuses(change: dict[str, Any]) -> None:
    good = to_json(Conv(features=3, kernel=3))
    assert validator(Conv).is_valid(good) and not validator(Conv).is_valid(good | change)


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "conv"]) == 0
    assert json.loads(capsys.readouterr().out) == describe_schema(Conv)
    assert main(["schema", "constant"]) == 0
    assert [s["properties"]["kind"]["const"] for s in json.loads(capsys.readouterr().out)["anyOf"]] == ["initializer", "schedule"]
    assert main(["schema", "covn"]) == 2
    assert "did you mean `conv`?" in capsys.readouterr().err
