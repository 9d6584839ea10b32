"""Tokenizers: the bytes of texts made into ids. The packages that do it are imported when data are read, not when a spec is checked."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.tokenizers import (
    NoSuchToken,
    PackageNeeded,
    TextNeeded,
    TextNotUtf8,
    TokenizerUnreadable,
    VocabularyTooLarge,
)
from netspec.lazy import np
from netspec.library.base import Array, Example, Learned, Positive, Transform, require_texts
from netspec.library.data.columns import LENGTH, PerElement, Ragged, Table, rows_of
from netspec.library.data.datasets.text_file import DataPath, find, read_content
from netspec.limits import LIMITS
from netspec.shape import TensorType

CHUNK = 4096
"""Texts tokenized together."""


class _Tokenizer(Transform):
    """Base of what makes `tokens` of `text`."""

    whole = True
    package: ClassVar[str]
    """What is imported."""

    def fields(self, fields: dict[str, TensorType]) -> dict[str, TensorType]:
        """`tokens`, `segment`, `position` and `length` in place of `text`. Raises `Mistake` when there is no text."""
        text = fields.get("text")
        if text is None or text.dtype != "u8" or text.rank != 2:
            raise Mistake(TextNeeded(op=self.op_name(), fields=tuple(f"{n}: {t}" for n, t in fields.items())))
        sequence = TensorType("i32", (text.shape[0], "T"))
        made = {"tokens": sequence, "segment": sequence, "position": sequence, LENGTH: TensorType("i32", text.shape[:1])}
        return {**made, **{name: kind for name, kind in fields.items() if name not in ("text", LENGTH)}}

    def vocabularies(self) -> dict[str, int]:
        size = getattr(self, "size", None)
        return {} if size is None else {"tokens": size}

    def learn(self, data: Table, folder: Path | None, known: Learned | None) -> tuple[Table, Learned | None]:
        if "text" not in data:  # to predict, where no input is made of it
            return data, known
        learned = known or self._learned(data, folder)
        tokens = self._encoded(data["text"], learned)
        lengths = tokens.lengths.astype(np.int32)
        made = {"tokens": tokens, **{name: PerElement(lengths, values) for name, values in ALONG.items()}, LENGTH: lengths}
        return {**made, **{name: values for name, values in data.items() if name not in ("text", LENGTH)}}, learned

    def prepare(self, data: Table, folder: Path | None) -> Table:
        return self.learn(data, folder, None)[0]

    def along(self, field: str, length: int) -> Array | None:
        return ALONG[field](length) if field in ALONG else None

    def _learned(self, data: Table, folder: Path | None) -> Learned:
        """The tokenizer as JSON: read from its file, or trained on these texts."""
        raise TypeError(f"{self.op_name()} learns nothing")

    def _encoded(self, text: Any, learned: Learned) -> Ragged:
        raise TypeError(f"{self.op_name()} has no meaning")

    def _package(self) -> Any:
        """The package that does the work. Raises `Mistake` with how to install it."""
        try:
            return importlib.import_module(self.package)
        except ImportError:
            raise Mistake(PackageNeeded(op=self.op_name(), package=self.package, extra=self.extra)) from None

    def _read(self, file: str, folder: Path | None) -> tuple[Path, bytes]:
        """The tokenizer's file and its bytes."""
        path = find(folder, file, self.op_name())
        return path, read_content(path).tobytes()


def ones(length: int) -> Array:
    """The weights of tokens that all count."""
    return np.ones(length, np.int32)


def count_up(length: int) -> Array:
    """Places in a sequence."""
    return np.arange(length, dtype=np.int32)


ALONG = {"segment": ones, "position": count_up}
"""Fields beside the tokens, which depend on their number only."""


def texts(column: Any) -> Iterator[list[str]]:
    """The texts of a field of bytes, some at a time. Raises `Mistake` with the record of one that is no UTF-8."""
    for start in range(0, len(column), CHUNK):
        rows = rows_of(column, np.arange(start, min(start + CHUNK, len(column))))
        yield [_text(row, start + number) for number, row in enumerate(rows)]


def _text(row: Array, record: int) -> str:
    """A row's text. Raises `Mistake` where it is no UTF-8."""
    try:
        return row.tobytes().decode()
    except UnicodeDecodeError:
        raise Mistake(TextNotUtf8(record=record)) from None


def join_pieces(pieces: Iterator[list[list[int]]]) -> Ragged:
    """Lists of ids as one column (i32)."""
    flat: list[Array] = []
    lengths: list[Array] = []
    for piece in pieces:
        lengths.append(np.fromiter(map(len, piece), np.int64, len(piece)))
        flat.append(np.fromiter((token for ids in piece for token in ids), np.int32, int(lengths[-1].sum())))
    offsets = np.concatenate([[0], np.cumsum(np.concatenate(lengths))]) if lengths else np.zeros(1, np.int64)
    return Ragged.at(np.concatenate(flat) if flat else np.zeros(0, np.int32), offsets)


class Bpe(_Tokenizer):
    """Byte-level byte-pair encoding: `text` u8[B, N] becomes `tokens` i32[B, T], and no text is unknown.

    Fields behind it: `tokens`, `segment` (1 for tokens, 0 for padding), `position` (0, 1, …) and `length` i32[B]. Without a file the
    encoding is trained on the texts of training: id 0 is for padding (`<pad>`), then the special tokens that are given, then the 256 bytes,
    then merges, the frequent first, up to `size` ids. With one it is a `tokenizer.json` of the package `tokenizers`, which this needs
    (`pip install netspec-jax[hf]`). It is part of the run. A text in which the name of a special token stands (`<pad>`) has its characters,
    not that token.
    """

    source = "Sennrich, Haddow and Birch 2016, Neural Machine Translation of Rare Words with Subword Units"
    package = "tokenizers"
    extra = "hf"

    size: Positive
    """How many ids there may be; a file with more is an error, a trained one may have fewer."""
    file: DataPath | None = None
    """A `tokenizer.json` in the data folder; without one the encoding is trained."""
    bos: str | None = None
    """The token put in front of each text."""
    eos: str | None = "<|endoftext|>"
    """The token put behind each text."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(size=50_257)), Example(cls(size=50_257, file="tokenizer.json", eos=None)))

    def require_learned(self, known: Learned) -> None:
        require_texts(known, single=("tokenizer",))

    def _learned(self, data: Table, folder: Path | None) -> Learned:
        package = self._package()
        if self.file is None:
            return {"tokenizer": self._trained(package, data["text"])}
        path, raw = self._read(self.file, folder)
        text = raw.decode("utf-8", "replace")
        self._made(package, text, str(path))
        return {"tokenizer": text}

    def _trained(self, package: Any, text: Any) -> str:
        """A tokenizer trained on texts, as JSON."""
        made = package.Tokenizer(package.models.BPE())
        made.pre_tokenizer = package.pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = package.decoders.ByteLevel()
        special = ["<pad>", *dict.fromkeys(t for t in (self.bos, self.eos) if t is not None)]
        alphabet = sorted(package.pre_tokenizers.ByteLevel.alphabet())
        trainer = package.trainers.BpeTrainer(vocab_size=self.size, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
        made.train_from_iterator((one for some in texts(text) for one in some), trainer)
        return made.to_str()

    def _made(self, package: Any, text: str, file: str) -> Any:
        """The tokenizer of a JSON text. Raises `Mistake` when it is none, too large, or without the special tokens."""
        try:
            made = package.Tokenizer.from_str(text)
        except Exception as error:  # the package raises nothing more precise
            raise Mistake(TokenizerUnreadable(file=file, reason=" ".join(str(error).split())[: LIMITS.reason_characters])) from None
        if (found := made.get_vocab_size()) > self.size:
            raise Mistake(VocabularyTooLarge(file=file, found=found, size=self.size))
        for argument, token in (("bos", self.bos), ("eos", self.eos)):
            if token is not None and made.token_to_id(token) is None:
                raise Mistake(NoSuchToken(file=file, argument=argument, token=token))
        made.no_truncation()
        made.no_padding()
        made.encode_special_tokens = True  # what a text has of such words is its own characters
        return made

    def for_beginning(self) -> Transform:
        return self.replaced(eos=None)

    def texts_of(self, field: str, ids: Sequence[Sequence[int]], known: Learned | None) -> list[str] | None:
        if field != "tokens" or known is None:
            return None
        return self._made(self._package(), known["tokenizer"], self.file or "the trained tokenizer").decode_batch(
            [list(row) for row in ids]
        )

    def _encoded(self, text: Any, learned: Learned) -> Ragged:
        made = self._made(self._package(), learned["tokenizer"], self.file or "the trained tokenizer")
        before, behind = ([made.token_to_id(t)] if t is not None else [] for t in (self.bos, self.eos))
        encoded = (made.encode_batch_fast(some, add_special_tokens=False) for some in texts(text))
        return join_pieces([before + one.ids + behind for one in some] for some in encoded)


class Sentencepiece(_Tokenizer):
    """A SentencePiece model: `text` u8[B, N] becomes `tokens` i32[B, T].

    Fields behind it: `tokens`, `segment` (1 for tokens, 0 for padding), `position` (0, 1, …) and `length` i32[B]. The model's file is in
    the data folder and is part of the run afterwards. The package `sentencepiece` is needed (`pip install netspec-jax[text]`).
    """

    source = "Kudo and Richardson 2018, SentencePiece: A simple and language independent subword tokenizer and detokenizer"
    package = "sentencepiece"
    extra = "text"

    file: DataPath
    """The model's file in the data folder: `spm.model`."""
    size: Positive | None = None
    """How many ids there may be; a model with more is an error. Any number when left out."""
    bos: bool = False
    """Is the model's id for the beginning put in front of each text?"""
    eos: bool = True
    """Is the model's id for the end put behind each text?"""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(file="spm.model")), Example(cls(file="spm.model", size=30_000, bos=True)))

    def require_learned(self, known: Learned) -> None:
        require_texts(known, single=("model",))

    def _learned(self, data: Table, folder: Path | None) -> Learned:
        import base64

        path, raw = self._read(self.file, folder)
        self._made(raw, str(path))
        return {"model": base64.b64encode(raw).decode("ascii")}

    def _made(self, raw: bytes, file: str) -> Any:
        """The model of a file's bytes. Raises `Mistake` when they are none, too many ids, or without the ids for begin or end."""
        package = self._package()
        try:
            made = package.SentencePieceProcessor(model_proto=raw)
        except (RuntimeError, OSError) as error:
            raise Mistake(TokenizerUnreadable(file=file, reason=" ".join(str(error).split())[: LIMITS.reason_characters])) from None
        found = made.get_piece_size()
        if self.size is not None and found > self.size:
            raise Mistake(VocabularyTooLarge(file=file, found=found, size=self.size))
        for argument, wanted, token in (("bos", self.bos, made.bos_id()), ("eos", self.eos, made.eos_id())):
            if wanted and token < 0:
                raise Mistake(NoSuchToken(file=file, argument=argument, token=f"<{argument}>"))
        return made

    def for_beginning(self) -> Transform:
        return self.replaced(eos=False)

    def texts_of(self, field: str, ids: Sequence[Sequence[int]], known: Learned | None) -> list[str] | None:
        if field != "tokens" or known is None:
            return None
        return self._made(self._raw(known), self.file).decode([list(map(int, row)) for row in ids])

    def _encoded(self, text: Any, learned: Mapping[str, Any]) -> Ragged:
        made = self._made(self._raw(learned), self.file)
        before, behind = [made.bos_id()] * self.bos, [made.eos_id()] * self.eos
        return join_pieces([before + ids + behind for ids in made.encode(some, out_type=int)] for some in texts(text))

    def _raw(self, learned: Learned) -> bytes:
        """The model's bytes, as they were learned."""
        import base64
        import binascii

        try:
            return base64.b64decode(learned["model"], validate=True)
        except binascii.Error as error:
            raise Mistake(TokenizerUnreadable(file=self.file, reason=str(error))) from None
