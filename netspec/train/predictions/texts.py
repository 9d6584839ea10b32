"""Turns ids back into what a person wrote: texts by the tokenizers of a chain, words by the names that the dataset has for numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netspec.ir import DataPlan
from netspec.lazy import np
from netspec.record import record
from netspec.train.data_preparation import Knowledge, name_transforms
from netspec.train.predictions.scores import find_names


def decode(plan: DataPlan, known: Knowledge, field: str, ids: Sequence[Sequence[int]]) -> list[str] | None:
    """The texts that ids of a field behind the chain stand for, where a step of it or the dataset knows."""
    for name, transform in reversed(name_transforms(plan.transforms)):
        if (found := transform.texts_of(field, ids, known.get(name))) is not None:
            return found
        field = transform.name_before(field)
    return plan.dataset.texts_of(field, ids, known.get(plan.dataset.op_name()))


@record(eq=False)
class Words:
    """What the fields of a chain's examples say in words."""

    plan: DataPlan
    known: Knowledge

    def read(self, field: str, value: Any, length: int | None = None) -> str | None:
        """A number, or the first `length` numbers of a sequence, in words; None for what is no ids, or ids that nobody has words for."""
        array = np.asarray(value)
        if array.dtype.kind not in "iu" or array.ndim > 1:
            return None
        ids = array.reshape(-1)[:length].tolist()
        texts = decode(self.plan, self.known, field, [ids]) if array.ndim else None
        if texts is not None:
            return texts[0]
        own, names = find_names(self.plan, self.known, field)
        if own == "text" and array.dtype == np.uint8 and array.ndim:
            return bytes(ids).decode("utf-8", "replace")
        return " ".join(str(names[k]) if 0 <= k < len(names) else str(k) for k in ids) if names else None
