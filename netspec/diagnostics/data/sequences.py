"""Problems of examples of uneven shape: sequences that do not fit their buckets or rows, fields that cannot be stacked. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class EvalDataNeeded(Diagnostic):
    """Without `eval`, a spec is evaluated on the dataset's own test part by the chain of training, each random transform in its form for
    evaluation. A transform without such a form makes `eval { data = … }` mandatory.

    ```text bad
    data = digits() -> acme.mixup() -> batch(32)
    error[eval-data-needed]: `acme.mixup` has no form for evaluation, so the test part cannot go through this chain
    ```
    ```text good
    data = digits() -> acme.mixup() -> batch(32)
    eval { data = digits(part="test") -> batch(32) }
    ```
    """

    transform: str

    def message(self) -> str:
        return f"`{self.transform}` has no form for evaluation, so the test part cannot go through this chain"

    def help(self) -> str | None:
        return "say what is evaluated: `eval { data = … -> batch(32) }`"


@record(kw_only=True)
class UnevenField(Diagnostic):
    """The examples of a batch differ in shape in a way that padding does not mend: pictures of different size, for instance.

    ```text bad
    data = image_folder("train") -> batch(32)
    error[uneven-field]: examples of the field `image` differ in shape: [375, 500, 3] and [480, 640, 3]
    ```
    ```text good
    data = image_folder("train") -> random_resized_crop(224) -> batch(32)
    ```
    """

    field: str
    shapes: tuple[tuple[int, ...], ...]
    """Two of them."""

    def message(self) -> str:
        one, other = (str(list(shape)) for shape in self.shapes)
        return f"examples of the field `{self.field}` differ in shape: {one} and {other}"

    def help(self) -> str | None:
        return "bring them to one shape by a transform in front of `batch`"


@record(kw_only=True)
class NoSequences(Diagnostic):
    """A step of the data chain works on sequences of different length, and the data have none, or others than it can use.

    ```net bad
    netspec 1
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> bucket_by_length([16, 32]) -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```
    ```net good
    netspec 1
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```
    """

    op: str
    fields: tuple[str, ...]
    """The fields there are, with their types."""
    wanted: str = ""
    """The field that it works on, where it is one and alone."""

    def message(self) -> str:
        what = f"sequences in the field `{self.wanted}` alone" if self.wanted else "sequences of different length"
        return f"`{self.op}` works on {what}; the fields are {', '.join(f'`{f}`' for f in self.fields)}"


@record(kw_only=True)
class BoundsNotAscending(Diagnostic):
    """The bounds of buckets are lengths, each greater than the one before, at least one.

    ```net bad
    netspec 1
    model M {
      input text: u8[B, T]
      output logits = cast(text, i32) -> embed(256, 8) -> dense(2)
    }
    train M {
      data = text_lines("train.txt") -> bucket_by_length([64, 32]) -> batch(32)
      loss = mean(logits[:, 0])
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```
    ```net good
    netspec 1
    model M {
      input text: u8[B, T]
      output logits = cast(text, i32) -> embed(256, 8) -> dense(2)
    }
    train M {
      data = text_lines("train.txt") -> bucket_by_length([32, 64]) -> batch(32)
      loss = mean(logits[:, 0])
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```
    """

    bounds: tuple[int, ...]

    def message(self) -> str:
        return f"the bounds of buckets must ascend, but are {list(self.bounds)}" if self.bounds else "there are no bounds of buckets"

    def help(self) -> str | None:
        return f"write {sorted(set(self.bounds))}" if self.bounds else "give the longest sequence of each bucket: `[16, 32, 64]`"


@record(kw_only=True)
class SequenceTooLong(Diagnostic):
    """An example is longer than the last bucket. Records are counted from 0.

    ```text bad
    data = conllu("train.conllu", words="FORM", tag="XPOS", size=20_000) -> bucket_by_length([16, 32]) -> batch(64)
    error[sequence-too-long]: record 17 has 41 elements, more than the last bucket's 32 (so have 208 records in all).
    ```
    ```text good
    data = conllu("train.conllu", words="FORM", tag="XPOS", size=20_000) -> bucket_by_length([16, 32, 256]) -> batch(64)
    ```
    """

    record: int
    length: int
    limit: int
    count: int
    """How many examples are too long."""

    def message(self) -> str:
        more = f" (so have {self.count:,} records in all)" if self.count > 1 else ""
        return f"record {self.record} has {self.length} elements, more than the last bucket's {self.limit}{more}."

    def help(self) -> str | None:
        return 'add a longer bucket, or say what happens to such examples: `longer="cut"` or `longer="drop"`'


@record(kw_only=True)
class NoFullRow(Diagnostic):
    """`pack(length, fill="stream")` makes full rows only, and all the tokens together do not fill one.

    ```text bad
    data = text_lines("tiny.txt") -> bpe(300) -> pack(1024, fill="stream") -> batch(8)
    error[no-full-row]: there are 212 tokens in all, fewer than one row of 1024.
    ```
    ```text good
    data = text_lines("tiny.txt") -> bpe(300) -> pack(64, fill="stream") -> batch(1)
    ```
    """

    tokens: int
    length: int

    def message(self) -> str:
        return f"there are {self.tokens:,} tokens in all, fewer than one row of {self.length}."

    def help(self) -> str | None:
        return 'make rows shorter, or allow padding: `fill="whole"`'


@record(kw_only=True)
class FieldTwice(Diagnostic):
    """A field of the data is given a name that another one has.

    ```net bad
    netspec 1
    model M {
      input x: f32[B, 8, 8, 1]
      output logits = x -> flatten -> dense(10)
    }
    train M {
      data = digits() -> rename(image="x", label="x") -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```
    ```net good
    netspec 1
    model M {
      input x: f32[B, 8, 8, 1]
      output logits = x -> flatten -> dense(10)
    }
    train M {
      data = digits() -> rename(image="x") -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```
    """

    field: str

    def message(self) -> str:
        return f"two fields would be called `{self.field}`"


@record(kw_only=True)
class EvalFieldMissing(Diagnostic):
    """An evaluation measures the loss and the metrics of training, so its data need every field that these read.

    ```net bad
    netspec 1
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = sgd(0.1)
      duration = 2 epochs
      eval { data = digits(part="test") -> rename(label="class") -> batch(32) }
    }
    ```
    ```net good
    netspec 1
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = sgd(0.1)
      duration = 2 epochs
      eval { data = digits(part="test") -> batch(32) }
    }
    ```
    """

    field: str
    fields: tuple[str, ...]
    """Those of the evaluation, with their types."""

    def message(self) -> str:
        return f"the data of `eval` have no field `{self.field}`, which the loss or a metric reads"

    def help(self) -> str | None:
        return f"their fields are {', '.join(f'`{f}`' for f in self.fields)}"
