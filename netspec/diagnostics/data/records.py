"""Problems of the records in data files that can be read: wrong sizes, labels, numbers of records. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class ImageSize(Diagnostic):
    """The images of a file have another size than the dataset declares.

    ```text bad
    error[image-size]: the images in `data/train-images-idx3-ubyte` are 32x32, but `mnist` has 28x28.
    ```

    ```text good
    $ netspec train models/mnist.net --data data     # 28x28 images
    ```
    """

    dataset: str
    file: str
    found: tuple[int, int]
    expected: tuple[int, int]

    def message(self) -> str:
        found, expected = ("x".join(map(str, size)) for size in (self.found, self.expected))
        return f"the images in `{self.file}` are {found}, but `{self.dataset}` has {expected}."


@record(kw_only=True)
class NoRecords(Diagnostic):
    """A data file is whole but holds no record, so there is nothing to train on.

    ```text bad
    error[no-records]: `data/train-images-idx3-ubyte` holds no records.
    ```

    ```text good
    $ head -c 8 data/train-images-idx3-ubyte | xxd -p     # 0xea60 = 60000 records
    000008030000ea60
    ```
    """

    file: str

    def message(self) -> str:
        return f"`{self.file}` holds no records."


@record(kw_only=True)
class LabelOutOfRange(Diagnostic):
    """A label in a data file is not one of the dataset's classes.

    ```text bad
    error[label-out-of-range]: record 17 (counted from 0) of `data/train-labels-idx1-ubyte` has the label 255; classes are 0 to 9.
    ```

    ```text good
    $ tail -c +9 data/train-labels-idx1-ubyte | xxd -p | head -c 12     # each 00 to 09
    050004010902
    ```
    """

    file: str
    record: int
    """Counted from 0."""
    label_found: int
    classes: int

    def message(self) -> str:
        where = f"record {self.record} (counted from 0) of `{self.file}`"
        return f"{where} has the label {self.label_found}; classes are 0 to {self.classes - 1}."


@record(kw_only=True)
class UnequalCounts(Diagnostic):
    """The images and the labels of a dataset do not belong together: there is not one label for each image.

    ```text bad
    error[unequal-counts]: `data/train-images-idx3-ubyte` has 60000 records, but `data/train-labels-idx1-ubyte` has 10000.
    ```

    ```text good
    $ ls data     # the two train files are of one release
    train-images-idx3-ubyte  train-labels-idx1-ubyte
    ```
    """

    file: str
    records: int
    other: str
    other_records: int

    def message(self) -> str:
        return f"`{self.file}` has {self.records} records, but `{self.other}` has {self.other_records}."
