"""Problems of text data: files that are not what they should be, vocabularies, tokenizers. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class BadText(Diagnostic):
    """A text file holds bytes that are not UTF-8. Lines are counted from 1.

    ```text bad
    error[bad-text]: line 214 of `data/train.txt` is not UTF-8: it has the byte 0xe9.
    ```
    ```text good
    $ iconv -f latin1 -t utf-8 old/train.txt > data/train.txt
    ```
    """

    file: str
    line: int
    byte: int
    """The first byte that cannot be read."""

    def message(self) -> str:
        return f"line {self.line} of `{self.file}` is not UTF-8: it has the byte {self.byte:#04x}."

    def help(self) -> str | None:
        return "convert the file to UTF-8"


@record(kw_only=True)
class UnpacksTooFar(Diagnostic):
    """A compressed text file unpacks to so many times its size that it cannot be text.

    ```text bad
    error[unpacks-too-far]: `data/train.txt.gz` unpacks to more than 216,777,216 bytes, far more than text of its size would.
    ```
    ```text good
    $ gunzip data/train.txt.gz     # look at what it is
    ```
    """

    file: str
    limit: int

    def message(self) -> str:
        return f"`{self.file}` unpacks to more than {self.limit:,} bytes, far more than text of its size would."

    def help(self) -> str | None:
        return "unpack it yourself if it is what it should be"


@record(kw_only=True)
class BadConlluLine(Diagnostic):
    """A line of a CoNLL-U file is not as the format says: ten columns with tabs between, none empty, the first counting a sentence's words.

    ```text bad
    error[bad-conllu-line]: line 17 of `data/train.conllu` is no CoNLL-U: it has 4 columns, not 10 with tabs between.
    ```
    ```text good
    1	The	the	DET	AT	_	2	det	_	_
    ```
    """

    file: str
    line: int
    """Counted from 1."""
    why: str

    def message(self) -> str:
        return f"line {self.line} of `{self.file}` is no CoNLL-U: {self.why}."


@record(kw_only=True)
class EmptyColumn(Diagnostic):
    """A column of a CoNLL-U file that a spec asks for says `_`, which means nothing, in every line.

    ```text bad
    data = conllu("train.conllu", tag="XPOS", size=20_000) -> batch(64)
    error[empty-column]: every word of `data/train.conllu` has `_` in the column XPOS.
    ```
    ```text good
    data = conllu("train.conllu", tag="UPOS", size=20_000) -> batch(64)
    ```
    """

    file: str
    column: str

    def message(self) -> str:
        return f"every word of `{self.file}` has `_` in the column {self.column}."

    def help(self) -> str | None:
        return "name a column that is filled: FORM, LEMMA, UPOS, XPOS, DEPREL"


@record(kw_only=True)
class TooManyTypes(Diagnostic):
    """Data have more classes than the spec has room for. Sizes stand in the spec and never come from data.

    ```text bad
    data = conllu("train.conllu", size=20_000, tags=18) -> batch(64)
    error[too-many-types]: `data/train.conllu` has 93 ids in the column XPOS, one for unknown tags, but `tags` is 18.
    ```
    ```text good
    data = conllu("train.conllu", size=20_000, tags=93) -> batch(64)
    ```
    """

    file: str
    column: str
    found: int
    size: int

    def message(self) -> str:
        return f"`{self.file}` has {self.found:,} ids in the column {self.column}, one for unknown tags, but `tags` is {self.size:,}."

    def help(self) -> str | None:
        return f"write `tags={self.found:_}`, and the same in the model"


@record(kw_only=True)
class VocabularySizeNeeded(Diagnostic):
    """A dataset that learns a vocabulary of training data must say how large that may be, since the model's sizes stand in the spec.

    ```net bad
    netspec 1
    model M {
      input words: i32[B, T]
      output logits = words -> embed(1_000, 8) -> dense(50)
    }
    train M {
      data = conllu("train.conllu") -> batch(32)
      loss = softmax_cross_entropy(logits, tag, mask=words != 0)
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```
    ```net good
    netspec 1
    model M {
      input words: i32[B, T]
      output logits = words -> embed(1_000, 8) -> dense(50)
    }
    train M {
      data = conllu("train.conllu", size=1_000) -> batch(32)
      loss = softmax_cross_entropy(logits, tag, mask=words != 0)
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```
    """

    op: str

    def message(self) -> str:
        return f"`{self.op}` learns a vocabulary, and nothing says how large it may be"

    def help(self) -> str | None:
        return f"write `{self.op}(…, size=20_000)`, and the same size in the model"


@record(kw_only=True)
class NumberTooLarge(Diagnostic):
    """A field holds a number that the program cannot use: an id beyond the vocabulary of `embed`, a label beyond the classes of a loss.

    Records are counted from 0.

    ```text bad
    model.fit({"tokens": [[5, 1, 700]]})     # tokens -> embed(500, 64)
    error[number-too-large]: record 0 of the field `tokens` holds 700, but `embed` takes 0 to 499.
    ```
    ```text good
    model.fit({"tokens": [[5, 1, 499]]})
    ```
    """

    field: str
    record: int
    value: int
    op: str
    below: int

    def message(self) -> str:
        return f"record {self.record} of the field `{self.field}` holds {self.value:,}, but `{self.op}` takes 0 to {self.below - 1:,}."

    def help(self) -> str | None:
        return "make the model larger, or look at the data"
