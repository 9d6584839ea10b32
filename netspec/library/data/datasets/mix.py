"""Several datasets as one, each with its share of the examples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from netspec.lazy import np
from netspec.library.base import Array, Dataset, Example, Learned
from netspec.library.base.field_bounds import BeforeValidator, Field, model_validator
from netspec.library.base.value_faults import UnequalLists
from netspec.library.data.columns import join_columns
from netspec.library.data.datasets.digits import Digits
from netspec.library.data.datasets.mnist import Mnist
from netspec.library.data.transforms.steps import as_tuple
from netspec.shape import TensorType

SOURCE = "source"
"""The field that says which dataset an example comes from."""
Weights = Annotated[tuple[Annotated[float, Field(gt=0)], ...], BeforeValidator(as_tuple)]


class Mix(Dataset):
    """Trains on several datasets at once, each with its share of the examples: `mix([digits(), extra()], weights=[0.9, 0.1])`.

    An epoch has as many examples as all of them together, of each the share that its weight says, rounded. Each is gone through again and
    again, in an order of its own each time where the chain has `shuffle`, and every epoch goes on where the one before has ended; so of a
    large dataset with a small weight every example has its turn, and one of a small dataset comes back. Which dataset gives the next
    example is drawn by the seed. In an evaluation every example of all counts once, whatever the weights: the test part is that of those
    which have one.

    All have the same fields, of the same types; `source` i32[B] besides says which one, from 0, an example is of. What the first learns of
    its data (names of classes, a vocabulary) holds for those of the same kind. What is set aside for validation is said here, for all.
    """

    datasets: Annotated[tuple[Dataset, ...], Field(strict=False, min_length=1)]
    """The datasets."""
    weights: Weights
    """The share of each among the examples of an epoch, in any unit: only their proportions count."""

    @model_validator(mode="after")
    def _fits(self) -> Mix:
        """Checks that there is a weight for each, and that they have the same fields."""
        count = len(self.datasets)
        if len(self.weights) != count:
            raise UnequalLists("weights", "numbers", count, len(self.weights), f"one for each of the {count} datasets")
        if not all(dataset.batched for dataset in self.datasets):
            raise ValueError("datasets of examples: one whole, such as a graph, has no share")
        if any(dataset.validation != "auto" for dataset in self.datasets):
            raise ValueError("what is set aside for validation stands behind the weights: `mix([…], weights=[…], validation=0.1)`")
        first, *others = (dataset.batch_types() for dataset in self.datasets)
        if SOURCE in first:
            raise ValueError(f"datasets without a field `{SOURCE}`, which says where an example comes from")
        for types in others:
            for name in (*first, *types):
                if first.get(name) != types.get(name):
                    kinds = " and ".join(str(t.get(name, "not there")) for t in (first, types))
                    raise ValueError(f"datasets with the same fields: `{name}` is {kinds}")
        return self

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(datasets=(Digits(), Digits(part="test")), weights=(3.0, 1.0))),
            Example(cls(datasets=(Mnist(), Mnist(part="test")), weights=(0.9, 0.1))),
        )

    def fields(self) -> dict[str, TensorType]:
        return {**self.datasets[0].batch_types(), SOURCE: TensorType("i32", ("B",))}

    @property
    def pictures(self) -> bool:  # type: ignore[override]
        """Do all of them hold pictures?"""
        return all(dataset.pictures for dataset in self.datasets)

    def background_of_pictures(self) -> tuple[float, ...]:
        return self.datasets[0].background_of_pictures()

    def mixture(self) -> tuple[float, ...]:
        return self.weights

    def needs(self) -> tuple[tuple[str, ...], ...]:
        return tuple(dict.fromkeys(files for dataset in self.datasets for files in dataset.needs()))

    def describe_files(self, folder: Path) -> Iterable[str]:
        for dataset in self.datasets:
            yield from (f"{dataset.op_name()}: {line}" for line in dataset.describe_files(folder))

    def known_count(self) -> int | None:
        counts = [dataset.known_count() for dataset in self.datasets]
        return None if None in counts else sum(count for count in counts if count is not None)

    def load(self, folder: Path | None) -> Mapping[str, Any]:
        return self.learn(folder, None)[0]

    def learn(self, folder: Path | None, known: Learned | None) -> tuple[Mapping[str, Any], Learned | None]:
        """The examples of all, one dataset behind the other, and what they have learned, by their names."""
        learned: dict[str, Any] = dict(known or {})
        tables = []
        for dataset in self.datasets:
            table, own = dataset.learn(folder, learned.get(dataset.op_name()))
            tables.append(table)
            learned |= {} if own is None else {dataset.op_name(): own}
        return self._join(tables), learned or None

    def _join(self, tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The fields that all have, one dataset behind the other, and where each example comes from."""
        names = [name for name in self.fields() if name != SOURCE and all(name in table for table in tables)]
        counts = [len(next(iter(table.values()))) for table in tables]
        source = np.repeat(np.arange(len(tables), dtype=np.int32), counts)
        return {**{name: join_columns([table[name] for table in tables]) for name in names}, SOURCE: source}

    def fields_to_divide(self, folder: Path | None) -> Mapping[str, Any]:
        return self._join([dataset.fields_to_divide(folder) for dataset in self.datasets])

    def learn_part(self, folder: Path | None, kept: Array) -> tuple[Mapping[str, Any], Learned | None]:
        """Each dataset learns of its own examples alone."""
        learned: dict[str, Any] = {}
        first = 0
        for dataset in self.datasets:
            count = len(next(iter(dataset.fields_to_divide(folder).values())))
            if dataset.learns and dataset.op_name() not in learned:
                own = dataset.learn_part(folder, kept[(kept >= first) & (kept < first + count)] - first)[1]
                learned |= {} if own is None else {dataset.op_name(): own}
            first += count
        return self.learn(folder, learned)

    @property
    def learns(self) -> bool:
        return any(dataset.learns for dataset in self.datasets)

    def require_learned(self, known: Learned) -> None:
        for dataset in self.datasets:
            if dataset.op_name() in known:
                dataset.require_learned(known[dataset.op_name()])

    def encoded(self, given: Mapping[str, Any], known: Learned | None) -> Mapping[str, Any]:
        return self.datasets[0].encoded(given, self._known(known))

    def class_counts(self) -> Mapping[str, int]:
        first, *others = (dataset.class_counts() for dataset in self.datasets)
        return {name: count for name, count in first.items() if all(other.get(name) == count for other in others)}

    def class_names(self, known: Learned) -> Mapping[str, Sequence[str]]:
        return self.datasets[0].class_names(self._known(known) or {})

    def require_trainable(self) -> None:
        for dataset in self.datasets:
            dataset.require_trainable()

    def test(self) -> Dataset | None:
        found = [(dataset.test_part(), weight) for dataset, weight in zip(self.datasets, self.weights, strict=True)]
        parts = [(part, weight) for part, weight in found if part is not None]
        return self.replaced(datasets=tuple(p for p, _ in parts), weights=tuple(w for _, w in parts)) if parts else None

    def _known(self, known: Learned | None) -> Any:
        """What the first dataset has learned."""
        return (known or {}).get(self.datasets[0].op_name())
