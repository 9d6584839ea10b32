"""Makes columns of answers of a model's outputs: class names with their probabilities, tags, numbers under the names of their fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netspec.lazy import np
from netspec.library.base import Array
from netspec.train.predictions.examples import Elements
from netspec.train.predictions.heads import Head

Columns = dict[str, list[Any]]
"""Answers by name, one value for each example: a text, a number, a list of numbers, or `Elements`."""
PROBABILITY = "_probability"


def answer(heads: Sequence[Head], outputs: Mapping[str, Array], lengths: Sequence[int] | None, top: int) -> Columns:
    """What the outputs say; where nothing tells what that is, the outputs themselves."""
    columns: Columns = {}
    for head in heads:
        output = outputs[head.output]
        if head.scores_classes:
            columns |= _classes(head, output, lengths, top)
        elif head.wants:
            columns |= _truths(head, output)
        else:
            columns[head.field] = to_lists(head.numbers(output))
    return columns if heads else {name: to_lists(output) for name, output in outputs.items()}


def _classes(head: Head, output: Array, lengths: Sequence[int] | None, top: int) -> Columns:
    """The likeliest classes, `label` and `label_2`, with their probabilities."""
    chances = head.probabilities(output)
    if chances.ndim == 3:
        return _tags(head, chances, lengths)
    if chances.ndim != 2:
        return {head.field: chances.argmax(-1).tolist()}
    order = np.argsort(-chances, axis=-1, kind="stable")[:, :top]
    columns: Columns = {}
    for place in range(order.shape[1]):
        name = head.field if place == 0 else f"{head.field}_{place + 1}"
        columns[name] = [head.name_of(number) for number in order[:, place].tolist()]
        columns[name + PROBABILITY] = to_lists(np.take_along_axis(chances, order[:, place : place + 1], 1)[:, 0])
    return columns


def _tags(head: Head, chances: Array, lengths: Sequence[int] | None) -> Columns:
    """The likeliest class of each element, without those of padding."""
    counts = [chances.shape[1]] * len(chances) if lengths is None else lengths
    best, highest = chances.argmax(-1).tolist(), chances.max(-1)
    tags = [Elements(head.name_of(number) for number in row[:count]) for row, count in zip(best, counts, strict=True)]
    shares = [Elements(to_lists(row[:count])) for row, count in zip(highest, counts, strict=True)]
    return {head.field: tags, head.field + PROBABILITY: shares}


def _truths(head: Head, output: Array) -> Columns:
    """Yes or no, and the probability of what is said; of several questions the probabilities of yes."""
    chances = head.probabilities(output)
    if output[0].size != 1 if len(output) else output.ndim > 1:
        return {head.field + PROBABILITY: to_lists(chances)}
    yes = chances.reshape(len(chances))
    words = ("false", "true") if head.target.dtype == "bool" else ("0", "1")
    names = tuple(map(str, head.names)) if len(head.names) == 2 else words
    said = yes >= 0.5
    return {head.field: [names[int(truth)] for truth in said.tolist()], head.field + PROBABILITY: to_lists(np.where(said, yes, 1 - yes))}


def to_lists(values: Array) -> list[Any]:
    """Numbers of Python, those of floats with the digits that an f32 has."""
    if values.dtype.kind in "iub":
        return values.tolist()
    return _shorten(values.astype(np.float32))


def _shorten(values: Array) -> Any:
    """The shortest decimal number that is this f32."""
    return float(str(values)) if values.ndim == 0 else [_shorten(value) for value in values]
