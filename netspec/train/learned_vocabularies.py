"""Keeps the vocabularies and tokenizers that the data chain learned in `learned.json` of a run folder, so that the folder is enough."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netspec.files import PathLike, write_atomic
from netspec.ir import TrainPlan
from netspec.train.data_preparation import Knowledge, name_transforms
from netspec.train.strict_json import Digest, Strict, Text, Unfit, fit, naming, parse_json, pointer, read_file

NAME = "learned.json"


def write_learned(run: Path, learned: Knowledge) -> None:
    """Write what was learned, unless it stands there or is nothing."""
    if learned and not (run / NAME).exists():
        write_atomic(run / NAME, json.dumps({"sha256": _digest(learned), "learned": learned}) + "\n")


class Form(Strict):
    """What stands in the file; what each step of the chain has learned is held against the step itself."""

    sha256: Digest
    learned: dict[Text, dict[Text, Any]]


def read_learned(run: PathLike | None, plan: TrainPlan | None) -> Knowledge:
    """What the plan's chain has learned in a run; nothing where there is no run. Raises `Mistake` for a damaged file."""
    if run is None or not os.path.lexists(path := Path(run) / NAME):
        return {}
    with naming(path):
        form = fit(parse_json(read_file(path)), Form)
        if form.sha256 != _digest(form.learned):
            raise Unfit("/sha256", "it is not the digest of what was learned")
        for name, known in form.learned.items():
            _require_learned(name, known, plan)
    return form.learned


def _require_learned(name: str, known: Mapping[str, Any], plan: TrainPlan | None) -> None:
    """Raises `Unfit` for what no step of the plan's chain could have learned."""
    chain = {plan.data.dataset.op_name(): plan.data.dataset, **dict(name_transforms(plan.data.transforms))} if plan else {}
    if name not in chain:
        raise Unfit("/learned", f"`{name}` is no step of the spec's data")
    try:
        chain[name].require_learned(known)
    except ValueError as error:
        raise Unfit(pointer(("learned", name)), str(error)) from None


def _digest(learned: Knowledge) -> str:
    """What tells that the file is whole."""
    return hashlib.sha256(json.dumps(learned, sort_keys=True).encode()).hexdigest()
