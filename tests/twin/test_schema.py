"""The schema says what the reader takes, no more and no less in structure."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from netspec.cli.main import main
from netspec.files import models_dir
from netspec.syntax.twin_schema import DIALECT, FAMILIES, schema
from tests.random_specs.generate import random_spec
from tests.twin.forms import below, json_of, read
from tests.twin.test_reading import WRONG, mutants

jsonschema = pytest.importorskip("jsonschema")

STRUCTURAL = {"wrong-json-type", "unknown-key", "missing-key", "unknown-kind"}


@pytest.fixture(scope="module")
def validator() -> Any:
    whole = schema()
    jsonschema.Draft202012Validator.check_schema(whole)
    return jsonschema.Draft202012Validator(whole)


def test_the_shipped_twin(validator: Any) -> None:
    validator.validate(json.loads((models_dir() / "mnist.json").read_text()))


def test_random_specs(validator: Any) -> None:
    for seed in range(50):
        validator.validate(json.loads(json_of(random_spec(Random(seed)))))


@pytest.mark.parametrize(("data", "slugs", "_"), WRONG, ids=lambda v: json.dumps(v)[:60] if isinstance(v, dict) else None)
def test_what_is_wrong_in_structure_is_wrong_in_the_schema(validator: Any, data: Any, slugs: list[str], _: Any) -> None:
    if STRUCTURAL.intersection(slugs):
        assert not validator.is_valid(data)


def test_reader_and_schema_agree_on_mutants(validator: Any) -> None:
    """What the schema refuses the reader refuses; what the reader refuses for its structure the schema refuses."""
    texts = [json_of(p.read_text()) for p in models_dir().glob("*.net")]
    rng, seen = Random(11), set()
    for _ in range(60):
        try:
            data = json.loads(text := mutants(rng, rng.choice(texts)))
        except ValueError:
            continue
        valid, found = validator.is_valid(data), {p.slug() for p in read(text)[1]}
        seen.add(valid)
        assert not found & STRUCTURAL if valid else found, text
    assert seen == {True, False}


def test_its_form() -> None:
    whole = schema()
    assert whole["$schema"] == DIALECT and whole["$id"].startswith("urn:")
    objects = [part for part in below(whole) if isinstance(part, dict) and part.get("type") == "object" and "properties" in part]
    assert len(objects) > 30 and all(o["additionalProperties"] is False for o in objects)
    for name in FAMILIES:
        forms = [whole["$defs"][choice["$ref"].removeprefix("#/$defs/")] for choice in whole["$defs"][name]["oneOf"]]
        kinds = [form["properties"]["kind"]["const"] for form in forms]
        assert len(set(kinds)) == len(kinds) > 1 and all("kind" in form["required"] for form in forms)
    assert whole["$defs"]["train_section"]["description"].startswith("`train M(classes=5) as small { }`")
    assert "comments above" in str(whole["$defs"]["comments"]).lower()


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == schema()
