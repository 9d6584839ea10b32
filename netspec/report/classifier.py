"""Draws what a classifier takes for what: the confusion matrix, the recall of each class, and examples of the worst errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netspec.library.data.columns import LENGTH
from netspec.limits import LIMITS
from netspec.report.markup import Html, join, note, table, tag, void
from netspec.report.outcomes import Error, Outcomes
from netspec.report.pictures import draw
from netspec.train.predictions.texts import Words

COUNTED = (LENGTH, "segment", "position")
"""Fields that only count the elements of sequences."""


def draw_outcomes(found: Outcomes, names: Sequence[str], label: str, words: Words) -> Html:
    """The parts of one run's evaluation; `label` is the field of the class numbers, which is not shown with an example."""
    right, total = int(found.matrix.trace()), int(found.matrix.sum())
    share = f" ({right / total:.2%})" if total else ""
    some = "" if found.whole else f" of the first {found.examples:,} examples"
    head = note(f"{right:,} of {total:,} are right{share}{some}.")
    small = len(names) <= LIMITS.reported_classes
    return join(head, _matrix(found, names) if small else _confused(found, names), _examples(found.errors, names, label, words))


def _matrix(found: Outcomes, names: Sequence[str]) -> Html:
    """A row for each class with what it is taken for, darker where that is more of the row, and its recall."""
    body = []
    for row, name in enumerate(names):
        counts = found.matrix[row].tolist()
        total = sum(counts)
        cells = [_cell(count, total, row == column) for column, count in enumerate(counts)]
        recall = f"{counts[row] / total:.1%}" if total else ""
        body.append(tag("tr", tag("th", name, scope="row"), *cells, tag("td", recall, class_="number")))
    head = tag("tr", tag("th", "is \\ taken for"), *(tag("th", name, scope="col") for name in names), tag("th", "recall"))
    return tag("div", tag("table", tag("thead", head), tag("tbody", *body), class_="matrix"), class_="wide")


def _cell(count: int, total: int, right: bool) -> Html:
    """A count whose background says which share of its row it is, in one of ten steps."""
    step = -(-10 * count // total) if total else 0
    return tag("td", f"{count:,}" if count else "", class_=f"{'right' if right else 'wrong'} s{step}")


def _confused(found: Outcomes, names: Sequence[str]) -> Html:
    """The pairs of classes that are confused most often."""
    pairs = [(int(found.matrix[i, k]), i, k) for i, k in zip(*found.matrix.nonzero(), strict=True) if i != k]
    worst = sorted(pairs, key=lambda pair: (-pair[0], *pair[1:]))[: LIMITS.reported_classes]
    return table(("is", "taken for", "times"), [(names[i], names[k], f"{count:,}") for count, i, k in worst], words=2)


def _examples(errors: Sequence[Error], names: Sequence[str], label: str, words: Words) -> Html | None:
    """The worst errors, those first whose label has the least probability."""
    if not errors:
        return None
    shown = (_sentence(error, names, label, words) if error.places else _example(error, names, label, words) for error in errors)
    return join(tag("h4", "The worst errors"), tag("div", *shown, class_="examples"))


def _example(error: Error, names: Sequence[str], label: str, words: Words) -> Html:
    length = int(error.fields[LENGTH]) if LENGTH in error.fields else None
    shown = {name: value for name, value in error.fields.items() if name not in (label, *COUNTED)}
    fields = [draw(name, value, words.read(name, value, length)) for name, value in shown.items()]
    said = f"{names[error.said]} ({error.sure:.1%})"
    caption = tag("figcaption", tag("b", names[error.label]), " taken for ", tag("b", said), void("br"), f"example {error.index:,}")
    return tag("figure", *fields, caption)


def _sentence(error: Error, names: Sequence[str], label: str, words: Words) -> Html:
    """A sequence with the elements that are taken for others marked in it, and what those are taken for, the worst first."""
    fields = {name: value for name, value in error.fields.items() if name not in (label, *COUNTED)}
    tokens = next((found for name, value in fields.items() if (found := _read_tokens(error, name, value, words))), {})
    wrong = {slip.place for slip in error.slips}
    text = [tag("b", token, class_="slip") if place in wrong else token for place, token in tokens.items()]
    rows = [
        (slip.place, tokens.get(slip.place, ""), names[slip.label], names[slip.said], f"{slip.sure:.1%}")
        for slip in error.slips[: LIMITS.reported_slips]
    ]
    more = len(error.slips) - len(rows)
    caption = [f"{len(error.slips):,} of {len(error.places):,} wrong", f"; {more:,} more" if more else "", f"; example {error.index:,}"]
    spaced = [part for token in text for part in (token, " ")]
    slips = table(("place", "", "is", "taken for", "probability"), rows, words=4)
    return tag("figure", tag("p", *spaced, class_="text") if text else None, slips, tag("figcaption", *caption), class_="sentence")


def _read_tokens(error: Error, name: str, value: Any, words: Words) -> dict[int, str]:
    """The words of the elements that count, by their places, where a field has them; no more than are of use to a person."""
    if value.ndim != 1 or len(value) <= max(error.places) or words.read(name, value[:1]) is None:
        return {}
    return {place: words.read(name, value[place : place + 1]) or "" for place in error.places[: LIMITS.reported_tokens]}
