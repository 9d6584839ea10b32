"""Problems of tokenizers and of the packages that run them. Floor 0."""

from __future__ import annotations

from typing import ClassVar

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class PackageNeeded(Diagnostic):
    """A spec uses something that an optional package does, and the package is not installed.

    ```text bad
    $ netspec train lm.net --data data
    error[package-needed]: `sentencepiece` needs the package `sentencepiece`, which is not installed.
    ```
    ```text good
    $ pip install 'netspec-jax[text]'
    $ netspec train lm.net --data data
    ```
    """

    exit_code: ClassVar[int] = 2

    op: str
    package: str
    extra: str
    """netspec's extra that brings it."""

    def message(self) -> str:
        return f"`{self.op}` needs the package `{self.package}`, which is not installed."

    def help(self) -> str | None:
        return f"`pip install 'netspec-jax[{self.extra}]'`"


@record(kw_only=True)
class TextNeeded(Diagnostic):
    """A tokenizer stands in a chain whose data have no texts: a field `text` of bytes, u8[B, N].

    ```net bad
    netspec 1
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> bpe(1_000) -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```
    ```net good
    netspec 1
    model M {
      dim T >= 2
      input tokens: i32[B, T]
      output logits = tokens -> embed(1_000, 8) -> dense(1_000)
    }
    train M {
      data = text_lines("train.txt") -> bpe(1_000) -> batch(32)
      loss = softmax_cross_entropy(logits[:, :-1], tokens[:, 1:], mask=segment[:, 1:] > 0)
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```
    """

    op: str
    fields: tuple[str, ...]
    """The fields there are, with their types."""

    def message(self) -> str:
        return f"`{self.op}` makes tokens of a field `text: u8[B, N]`; the fields are {', '.join(f'`{f}`' for f in self.fields)}"


@record(kw_only=True)
class TextNotUtf8(Diagnostic):
    """A text handed to a tokenizer is not UTF-8. Records are counted from 0.

    ```text bad
    model.fit({"text": [numpy.array([233, 20], "u1")]})
    error[text-not-utf8]: record 0 of the field `text` is not UTF-8.
    ```
    ```text good
    model.fit({"text": ["é "]})
    ```
    """

    record: int

    def message(self) -> str:
        return f"record {self.record} of the field `text` is not UTF-8."


@record(kw_only=True)
class TokenizerUnreadable(Diagnostic):
    """A file that should be a tokenizer is none.

    ```text bad
    data = text_lines("train.txt") -> sentencepiece("train.txt") -> pack(128) -> batch(32)
    error[tokenizer-unreadable]: `data/train.txt` is no tokenizer: could not parse ModelProto.
    ```
    ```text good
    data = text_lines("train.txt") -> sentencepiece("spm.model") -> pack(128) -> batch(32)
    ```
    """

    file: str
    reason: str

    def message(self) -> str:
        return f"`{self.file}` is no tokenizer: {self.reason}."

    def help(self) -> str | None:
        return "`bpe` reads the `tokenizer.json` of the package tokenizers, `sentencepiece` a model of the package sentencepiece"


@record(kw_only=True)
class VocabularyTooLarge(Diagnostic):
    """A tokenizer has more ids than the spec has room for. Sizes stand in the spec and never come from data.

    ```text bad
    data = text_lines("train.txt") -> bpe(32_000, file="tokenizer.json") -> pack(128) -> batch(32)
    error[vocabulary-too-large]: the tokenizer in `data/tokenizer.json` has 50,257 ids, but `size` is 32,000.
    ```
    ```text good
    data = text_lines("train.txt") -> bpe(50_257, file="tokenizer.json") -> pack(128) -> batch(32)
    ```
    """

    file: str
    found: int
    size: int

    def message(self) -> str:
        return f"the tokenizer in `{self.file}` has {self.found:,} ids, but `size` is {self.size:,}."

    def help(self) -> str | None:
        return f"write {self.found:_}, and the same in the model"


@record(kw_only=True)
class NoSuchToken(Diagnostic):
    """The token that should stand in front of or behind each text is not one of the tokenizer's.

    ```text bad
    data = text_lines("train.txt") -> bpe(50_257, file="tokenizer.json", eos="</s>") -> pack(128) -> batch(32)
    error[no-such-token]: the tokenizer in `data/tokenizer.json` has no token `</s>`, which `eos` asks for.
    ```
    ```text good
    data = text_lines("train.txt") -> bpe(50_257, file="tokenizer.json", eos="<|endoftext|>") -> pack(128) -> batch(32)
    ```
    """

    file: str
    argument: str
    """`bos` or `eos`."""
    token: str

    def message(self) -> str:
        return f"the tokenizer in `{self.file}` has no token `{self.token}`, which `{self.argument}` asks for."

    def help(self) -> str | None:
        return f"name one that it has, or none: `{self.argument}=none`, `{self.argument}=false` with `sentencepiece`"
