"""Problems of a user's own data: arrays from Python, .npz archives, tables in CSV. Records count from 0, lines from 1. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import did_you_mean, nearest
from netspec.record import record


@record(kw_only=True)
class ArraysNeeded(Diagnostic):
    """The dataset `arrays` has no data of its own: they come from Python, or from the .npz file that `--data` names.

    ```text bad
    $ netspec train ratings.net
    error[arrays-needed]: nothing fills `arrays`, which has the fields `user: i32[B]`, `score: f32[B]`.
    ```

    ```text good
    $ netspec train ratings.net --data ratings.npz
    ```

    From Python: `netspec.compile("ratings.net").fit({"user": users, "score": scores})`. A spec whose data always are in the same file names
    it with `npz("ratings.npz", fields={…})`.
    """

    fields: tuple[str, ...]
    """With their types, as `x: f32[B, 13]`."""
    folder: str = ""
    """The folder that was named in place of a file."""

    def message(self) -> str:
        fields = ", ".join(f"`{f}`" for f in self.fields)
        if self.folder:
            return f"`arrays` takes an .npz file, but `{self.folder}` is a folder; its fields are {fields}."
        return f"nothing fills `arrays`, which has the fields {fields}."

    def help(self) -> str | None:
        return "name a file, `--data FILE.npz`, or call `fit({…})` from Python with an array for each field"


@record(kw_only=True)
class BadArchive(Diagnostic):
    """A file is no .npz archive that can be read safely: no zip file, a damaged one, one that unpacks to far more than its size, or one
    with Python objects in it, which are never unpickled.

    ```text bad
    error[bad-archive]: `data/ratings.npz` is no archive of arrays: File is not a zip file.
    ```

    ```text good
    numpy.savez("data/ratings.npz", user=users, score=scores)
    ```
    """

    file: str
    reason: str
    array: str = ""
    """The array that cannot be read, where the archive itself can."""

    def message(self) -> str:
        if self.array:
            return f"the array `{self.array}` in `{self.file}` cannot be read: {self.reason}."
        return f"`{self.file}` is no archive of arrays: {self.reason}."

    def help(self) -> str | None:
        return "write it with `numpy.savez(file, name=array, …)`"


@record(kw_only=True)
class NoSuchColumn(Diagnostic):
    """A file lacks an array or a column that a field is made of.

    ```text bad
    error[no-such-column]: `data/ratings.npz` has no `score`, which the field `score` is made of.
    ```

    ```text good
    numpy.savez("data/ratings.npz", user=users, score=scores)
    ```
    """

    file: str
    column: str
    field: str
    columns: tuple[str, ...]
    """What the file has."""

    def message(self) -> str:
        return f"`{self.file}` has no `{self.column}`, which the field `{self.field}` is made of."

    def help(self) -> str | None:
        if near := nearest(self.column, self.columns):
            return did_you_mean(near)
        more = ", …" if len(self.columns) > 12 else ""
        return f"it has {', '.join(f'`{c}`' for c in self.columns[:12])}{more}" if self.columns else "it has nothing"


@record(kw_only=True)
class ArrayUnlike(Diagnostic):
    """An array in a file has another shape or kind of number than the spec says of its field.

    ```text bad
    error[array-unlike]: the array `x` in `data/houses.npz` is f32[506, 12], not f32[B, 13].
    ```

    ```text good
    data = npz("houses.npz", fields={x: f32[12], price: f32[]}) -> batch(32)
    ```
    """

    file: str
    array: str
    expected: str
    found: str
    reason: str = ""

    def message(self) -> str:
        why = f": {self.reason}" if self.reason else ""
        return f"the array `{self.array}` in `{self.file}` is {self.found}, not {self.expected}{why}."


@record(kw_only=True)
class BadValue(Diagnostic):
    """A value in a file is not what its field may hold: no number, NaN or infinity, a number too large for the type, a class that is not
    listed.

    ```text bad
    error[bad-value]: line 18 of `data/houses.csv` has "n/a" in the column `rooms`, not a number.
    ```

    ```text good
    $ sed -n 18p data/houses.csv
    6.2,3.1,240000
    ```
    """

    file: str
    where: str
    """`line 18` or `record 17 (counted from 0)`."""
    value: str
    column: str
    wanted: str

    def message(self) -> str:
        return f"{self.where} of `{self.file}` has {self.value} in the column `{self.column}`, not {self.wanted}."


@record(kw_only=True)
class BadRow(Diagnostic):
    """A line of a table cannot be read: it has more or fewer values than the header has names, or an open quote.

    ```text bad
    error[bad-row]: line 18 of `data/houses.csv` has 3 values, but the header names 4 columns.
    ```

    ```text good
    $ head -n 2 data/houses.csv
    age,rooms,area,price
    12,3,80,240000
    ```
    """

    file: str
    line: int
    why: str

    def message(self) -> str:
        return f"line {self.line} of `{self.file}` {self.why}."


@record(kw_only=True)
class NoHeader(Diagnostic):
    """A table has no header, the first line that names the columns: what stands there are numbers, an empty name, or one name twice.

    ```text bad
    error[no-header]: `data/houses.csv` has no header: its first line has "5.1", a number, in place of a name.
    ```

    ```text good
    $ head -n 1 data/houses.csv
    age,rooms,area,price
    ```
    """

    file: str
    why: str

    def message(self) -> str:
        return f"`{self.file}` has no header: its first line {self.why}."

    def help(self) -> str | None:
        return "put a first line before it that names the columns"


@record(kw_only=True)
class TooFewToSplit(Diagnostic):
    """A dataset sets a fraction of its examples aside for evaluation, but has only one.

    ```text bad
    error[too-few-to-split]: 1 example cannot be split into examples of training and of evaluation.
    ```

    ```text good
    model.fit({"x": numpy.zeros((20, 3)), "y": numpy.zeros(20)})     # test=0.1: 18 and 2
    ```
    """

    examples: int

    def message(self) -> str:
        return f"{self.examples} example{'' if self.examples == 1 else 's'} cannot be split into examples of training and of evaluation."

    def help(self) -> str | None:
        return "leave out `test`, or give more examples"
