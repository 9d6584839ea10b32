"""Looks at tables: what their columns are for, and what would mislead a training on them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.arrays import NoSuchColumn
from netspec.lazy import np
from netspec.library.data.datasets.text_table import find_sign, open_table
from netspec.library.data.datasets.user_data import choose_held_out
from netspec.limits import LIMITS
from netspec.record import record
from netspec.tools.data_files.columns import NUMBERS, Column, find_far_value
from netspec.tools.data_files.look import count, quoted, share

TIME = re.compile(r"(?i)(date|time|timestamp|datetime|t|step|epoch|unix.?time)")
"""Names of columns of numbers that say when a line is from."""
LABELS = ("label", "class", "target", "y", "survived", "species", "outcome", "diagnosis", "price", "quality", "score")
ID = re.compile(r"(?i)(^|[^a-z])(id|idx|index|nr|no|number|row|key|unnamed.*)$|[a-z]I[Dd]$")
"""Names of columns that tell lines apart."""
GROUP = re.compile(
    r"(?i)(.*[^a-z])?(patient|subject|participant|person|user|customer|client|speaker|author|writer|group|session|site|hospital|family"
    r"|household|device|machine|store|school|account)s?([^a-z]*(id|no|nr|number|name|key|code))?"
)
"""Names of columns that say which lines belong together."""
SET_ASIDE = 0.2
"""The fraction that is proposed for evaluation where there is no second file."""
UNBALANCED, RARE = 10, 2
FEW = 20
USED = ("label", "x", "y", "logits", "batch", "h", "time")
"""Names of fields and values that a small spec has anyway."""
REPEATED = (2, 50)
"""Lines that have a value of a column that says which belong together, on the average, where its name tells nothing."""
"""Different whole numbers of a label that still are classes."""


@record(eq=False)
class Table:
    """The files of a table as they were looked at."""

    columns: dict[str, Column]
    separator: str
    whole: bool
    """Were all lines looked at?"""

    @property
    def lines(self) -> int:
        return next(iter(self.columns.values())).lines

    def rows(self, names: Sequence[str]) -> list[tuple[int, ...]]:
        """Of each line what these columns hold, as numbers of texts."""
        return list(zip(*(self.columns[name].codes for name in names), strict=True))

    def texts(self, names: Sequence[str]) -> list[tuple[str, ...]]:
        """Of each line what these columns hold."""
        every = [(list(self.columns[name].texts), self.columns[name].codes) for name in names]
        return list(zip(*([texts[code] for code in codes] for texts, codes in every), strict=True))


def field_name(column: str, taken: set[str]) -> str:
    """A column's name as a field of the language: `Fare (GBP)` is `fare_gbp`."""
    plain = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column).lower()).strip("_")
    plain = plain if plain and plain[0].isalpha() else f"c_{plain}".rstrip("_")
    found = next(name for number in range(len(taken) + 2) if (name := f"{plain}_{number}" if number else plain) not in taken)
    taken.add(found)
    return found


def read(paths: Sequence[Path]) -> Table:
    """The columns of tables. Raises `Mistake` with the file and the line."""
    separator = find_sign(paths[0])
    columns: dict[str, Column] = {}
    left = LIMITS.described_lines
    for path in paths:
        header, rows = open_table(path, separator)
        columns = columns or {name: Column(name) for name in header}
        for name in columns:
            if name not in header:
                raise Mistake(NoSuchColumn(file=str(path), column=name, field=name, columns=tuple(header)))
        pairs = [(column, header[name]) for name, column in columns.items()]
        for _, row in islice(rows, left):
            for column, place in pairs:
                column.take(row[place])
            left -= 1
    return Table(columns, separator, left > 0)


# --- what the columns are for ----------------------------------------------------------------------------------------


@record(eq=False)
class Roles:
    """What becomes of each column."""

    label: Column
    classes: tuple[str, ...]
    """The words of the label, in order; none for a quantity."""
    numbers: tuple[Column, ...]
    words: tuple[Column, ...]
    left_out: Mapping[str, str]
    """Why columns are left out."""
    time: Column | None = None
    """The column whose value grows from line to line, where it says when a line is from."""

    @property
    def series(self) -> bool:
        """Are the lines a series of a quantity in time?"""
        return self.time is not None and self.label.kind in NUMBERS and not self.classes and not self.label.gaps


def find_roles(table: Table, label: str) -> Roles:
    """What each column is to be."""
    chosen = table.columns[label] if label and label in table.columns else _guess_label(table)
    time = next((column for name, column in table.columns.items() if column is not chosen and _says_when(name, column)), None)
    left_out = {name: why for name, column in table.columns.items() if column is not chosen and (why := _why_not(column, time))}
    used = [column for name, column in table.columns.items() if column is not chosen and name not in left_out]
    numbers = tuple(column for column in used if column.kind in NUMBERS)
    return Roles(chosen, _classes_of(chosen), numbers, tuple(c for c in used if c.kind in ("words", "truth")), left_out, time)


def _says_when(name: str, column: Column) -> bool:
    """Does a column say when its lines are from, in their order?"""
    return column.ascends and (column.kind == "date" or (column.kind in NUMBERS and TIME.fullmatch(name) is not None))


def _guess_label(table: Table) -> Column:
    """The column with a usual name of a label, else the last one that is of use."""
    named = next((c for wish in LABELS for name, c in table.columns.items() if name.lower() == wish), None)
    usable = [column for name, column in table.columns.items() if not _why_not(column) and not _says_when(name, column)]
    return named or (usable[-1] if usable else list(table.columns.values())[-1])


def _classes_of(label: Column) -> tuple[str, ...]:
    """The words that are classes; none for a quantity."""
    values = label.counts
    if label.kind == "words":
        return tuple(sorted(values))
    if label.kind == "truth":
        return tuple(sorted(values, key=str.lower))
    if label.kind != "whole" or len(values) > FEW or len(values) == label.lines:
        return ()
    return tuple(sorted(values, key=int))


def _why_not(column: Column, time: Column | None = None) -> str:
    """Why a column tells nothing about new examples; "" where it may."""
    if column is time:
        return "grows from line to line, so that the lines are in the order of time and the last ones are set aside"
    different, there = len(column.counts), column.lines - column.gaps
    if not different:
        return "is empty"
    if column.kind == "too large":
        return "holds numbers that are too large"
    if different == 1 and not column.gaps:
        return f"is `{next(iter(column.counts))}` in every line"
    if column.kind == "date":
        return "holds dates, which are no numbers"
    if column.kind == "whole" and different == column.lines > RARE and (not column.name or ID.search(column.name)):
        return "is an id, as it seems, and tells nothing about new lines"
    if column.kind == "words" and there > 10 and different > 0.5 * there and different > RARE:
        return f"has {different:,} different texts in {there:,} lines, so few occur again"
    if column.kind == "words" and max(map(len, column.counts)) > LIMITS.string_characters // 8:
        return "holds long texts"
    return ""


# --- what one would want to know -------------------------------------------------------------------------------------


def warnings(table: Table, roles: Roles, test: Table | None) -> Iterator[str]:
    """What would mislead a training on the table, or its evaluation."""
    yield from (f"{f'`{name}`' if name else 'the column without a name'} {why}: it is left out" for name, why in roles.left_out.items())
    for column in (*roles.numbers, *roles.words):
        if 2 * column.gaps > column.lines:
            yield f"`{column.name}` is missing in {share(column.gaps, column.lines)} of {count(column.lines, 'line')}"
        if column.kind in NUMBERS and (far := find_far_value(column)):
            yield f"`{column.name}`: {far}: if it stands for a missing value, write it in `missing`"
        if tells_label(column, roles.label):
            yield f"`{column.name}` tells `{roles.label.name}` exactly: is it known before the label is?"
    yield from _of_label(roles)
    yield from _of_parts(table, roles, test)
    yield from _of_groups(table, roles) if test is None else ()


def tells_label(column: Column, label: Column) -> bool:
    """Does every value of a column, of which there are few, stand with one label only?"""
    both = ~column.missing & ~label.missing
    one, other = column.coded[both], label.coded[both]
    different = len(np.unique(one))
    if not 2 <= different <= len(one) // 3 or len(np.unique(other)) < 2:
        return False
    return len(set(zip(one.tolist(), other.tolist(), strict=True))) == different


def _of_label(roles: Roles) -> Iterator[str]:
    """Labels that are missing, rare, or unbalanced."""
    label = roles.label
    if label.gaps:
        yield f"the label `{label.name}` is missing in {share(label.gaps, label.lines)} of the lines, which are left out"
    if not roles.classes:
        return
    (most, largest), (least, smallest) = label.counts.most_common(1)[0], min(label.counts.items(), key=lambda pair: pair[1])
    if smallest < RARE:
        yield f"the class `{least}` of `{label.name}` has one line: it is never both trained and evaluated"
    elif largest >= UNBALANCED * smallest:
        percent = 100 * largest / label.counts.total()
        yield (
            f"`{label.name}` is `{most}` in {count(largest, 'line')} and `{least}` in {smallest:,}: "
            f'an accuracy of {percent:.0f}% says nothing; weigh the classes by `-> class_weights("label")`'
        )


def _of_parts(table: Table, roles: Roles, test: Table | None) -> Iterator[str]:
    """Lines that occur again, and what only the evaluation has."""
    names = [name for name in table.columns if not roles.left_out.get(name, "").startswith("is an id")]
    if test is None:
        rows, held = table.rows(names), choose_held_out(table.lines, SET_ASIDE) if table.lines > 1 else np.zeros(1, bool)
        again = table.lines - len(set(rows))
        if again:
            inside = {row for row, out in zip(rows, held.tolist(), strict=True) if out}
            both = len(inside & {row for row, out in zip(rows, held.tolist(), strict=True) if not out})
            leak = f"; {count(both, 'of them stands', 'of them stand')} in training and in evaluation alike" if both else ""
            yield f"{count(again, 'line')} {'repeats' if again == 1 else 'repeat'} another one{leak}"
        return
    shared = [name for name in names if name in test.columns]
    both = len(set(table.texts(shared)) & set(test.texts(shared)))
    if both:
        yield f"{count(both, 'line')} of the evaluation {'stands' if both == 1 else 'stand'} in training as well"
    for column in (*roles.numbers, *roles.words):
        other = test.columns.get(column.name)
        yield from [] if other is None else _of_column(column, other)


def find_groups(table: Table, roles: Roles) -> Iterator[Column]:
    """The columns that say, as it seems, which lines belong together: by their name, or as many words or ids occur several times each."""
    for column in (*roles.numbers, *roles.words):
        different, there = len(column.counts), column.lines - column.gaps
        named = GROUP.fullmatch(column.name) is not None
        marked = column.kind == "words" or (column.kind == "whole" and ID.search(column.name) is not None)
        least, most = REPEATED
        often = least * different <= there
        if column.kind in ("words", "whole") and often and ((named and different >= 5) or (marked and FEW <= different >= there / most)):
            yield column


def _of_groups(table: Table, roles: Roles) -> Iterator[str]:
    """Values of such columns that stand in training and in evaluation alike, where lines are set aside one by one."""
    if roles.time is not None or table.lines < 2:
        return
    held = choose_held_out(table.lines, SET_ASIDE)
    for column in find_groups(table, roles):
        there = ~column.missing
        both = len(np.intersect1d(column.coded[held & there], column.coded[~held & there]))
        if both:
            yield (
                f"{both:,} of the {len(column.counts):,} values of `{column.name}` stand in training and in evaluation alike: "
                f"if lines with the same one belong together, keep them in one part: {_proposal(column)}"
            )


def _proposal(column: Column) -> str:
    """What to write in the declaration, so that lines with the same value of a column stay in one part."""
    field = field_name(column.name, set(USED))
    if column.kind == "words":
        return f'`group="{field}"`'
    renamed = "" if field == column.name else f" made of `columns={{{field}: {quoted(column.name)}}}`"
    return f'`group="{field}"`, with a field of its own, `{field}: i32[]`{renamed}, in place of its number in `x`'


def _of_column(column: Column, other: Column) -> Iterator[str]:
    """What a column of the evaluation has that training does not."""
    if column.kind in NUMBERS and other.kind in NUMBERS:
        outside = int(((other.known < column.known.min()) | (other.known > column.known.max())).sum())
        if outside:
            low, high = column.known.min(), column.known.max()
            yield f"`{column.name}` lies outside of training's {low:g} to {high:g} in {count(outside, 'line')} of the evaluation"
    elif column.kind == "words":
        new = [text for text in other.counts if text not in column.counts]
        if new:
            named = ", ".join(new[: LIMITS.suggestions])
            yield f"`{column.name}` has {count(len(new), 'word')} in the evaluation that training never saw: {named}"
