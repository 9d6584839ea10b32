"""Treebanks and tagged corpora in CoNLL-U: one word a line in ten columns, a blank line behind each sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import compress
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.records import NoRecords
from netspec.diagnostics.data.texts import BadConlluLine, EmptyColumn, TooManyTypes, VocabularySizeNeeded
from netspec.lazy import np
from netspec.library.base import Array, Dataset, Example, Learned, Positive, require_texts
from netspec.library.base.field_bounds import Field
from netspec.library.data.columns import LENGTH, Ragged
from netspec.library.data.datasets.text_file import Files, find_all, text_lines_of
from netspec.library.data.vocabulary import order_values, to_ids
from netspec.shape import TensorType

ColumnName = Literal["ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC"]
COLUMNS: tuple[str, ...] = get_args(ColumnName)
WORD = re.compile(r"[1-9][0-9]*")
SKIPPED = re.compile(r"[1-9][0-9]*-[1-9][0-9]*|[0-9]+\.[1-9][0-9]*")
"""Tokens of several words (`1-2`) and empty nodes (`1.1`)."""
PADDING, UNKNOWN = 0, 1
KEPT = 2
"""Ids of words that stand for no form."""
UNKNOWN_FORM = "<unknown>"
"""What stands for a word whose form is not known, where a person reads it."""


class Conllu(Dataset):
    """Sentences of words with a tag each, from a file in CoNLL-U: UTF-8, plain, .gz or .zst; several files are one corpus.

    Fields: `words` i32[B, T], `tag` i32[B, T] and `length` i32[B], the number of words. Comments, tokens of several words (`1-2`) and empty
    nodes (`1.1`) are skipped; nothing is added. The vocabulary comes from the file of training: words are 0 for padding, 1 for unknown
    ones, then the forms that occur at least `min_count` times, the frequent first (equals by their text), up to `size` ids. Tags are 0 for
    those that training has not seen, then the seen ones in the same order; more than `tags` ids of them are an error. In `eval` the
    vocabulary is that of training, whatever these say; it is part of the run. A line that is not as the format says is an error that
    names the file and the line.
    """

    source = "https://universaldependencies.org/format.html"
    endings = (".conllu", ".conll")

    file: Files
    """The file's path in the data folder; several in a list, or by a pattern with `*`."""
    words: ColumnName = "FORM"
    """The column that `words` is made of."""
    tag: ColumnName = "XPOS"
    """The column that `tag` is made of."""
    size: Annotated[int, Field(gt=KEPT)] | None = None
    """How many ids of words there are at most, those for padding and unknown words included; needed for training."""
    tags: Positive | None = None
    """How many ids of tags there may be, that for unknown ones included; as many as there are when left out."""
    min_count: Positive = 2
    """How often a form must occur in training to be known. The rest make up what the model learns of unknown words."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(file="train.conllu", size=20_000, tags=96)), Example(cls(file="dev.conllu", words="LEMMA", tag="UPOS")))

    def fields(self) -> dict[str, TensorType]:
        sequence = TensorType("i32", ("B", "T"))
        return {"words": sequence, "tag": sequence, LENGTH: TensorType("i32", ("B",))}

    def require_trainable(self) -> None:
        """Raises `Mistake` when the size of the vocabulary is left open: a model needs it before the data are read."""
        if self.size is None:
            raise Mistake(VocabularySizeNeeded(op=self.op_name()))

    def class_counts(self) -> dict[str, int]:
        return {} if self.tags is None else {"tag": self.tags}

    def vocabularies(self) -> dict[str, int]:
        return {} if self.size is None else {"words": self.size}

    def class_names(self, known: Learned) -> dict[str, Sequence[str]]:
        return {"tag": ("_", *known["tags"])} if "tags" in known else {}

    def texts_of(self, field: str, ids: Sequence[Sequence[int]], known: Learned | None = None) -> list[str] | None:
        """Sentences, with a sign for each word that training has not kept."""
        if field != "words" or not known or "words" not in known:
            return None
        names = dict(enumerate(known["words"], KEPT))
        return [" ".join(names.get(id, UNKNOWN_FORM) for id in row if id != PADDING) for row in ids]

    def load(self, folder: Path | None) -> Mapping[str, Any]:
        return self.learn(folder, None)[0]

    def learn(self, folder: Path | None, known: Learned | None) -> tuple[Mapping[str, Any], Learned | None]:
        words, tags, lengths = self._read(folder)
        learned = known or self._vocabulary(words, tags, folder)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        columns = {
            "words": Ragged.at(to_ids(words, learned["words"], KEPT, UNKNOWN), offsets),
            "tag": Ragged.at(to_ids(tags, learned["tags"], 1, 0), offsets),
        }
        return {**columns, LENGTH: np.asarray(lengths, np.int32)}, learned

    def fields_to_divide(self, folder: Path | None) -> dict[str, Any]:
        return {LENGTH: np.asarray(self._read(folder)[2], np.int32)}

    def learn_part(self, folder: Path | None, kept: Array) -> tuple[Mapping[str, Any], Learned | None]:
        words, tags, lengths = self._read(folder)
        stays = np.zeros(len(lengths), bool)
        stays[kept] = True
        each = np.repeat(stays, lengths).tolist()
        known = self._vocabulary(list(compress(words, each)), list(compress(tags, each)), folder)
        return self.learn(folder, known)

    def require_learned(self, known: Learned) -> None:
        require_texts(known, lists=("words", "tags"))
        if self.size is not None and len(known["words"]) > max(self.size - KEPT, 0):
            raise ValueError(f"`words` holds {len(known['words'])} words, more than `size={self.size}` has ids for")
        if self.tags is not None and len(known["tags"]) + 1 > self.tags:
            raise ValueError(f"`tags` holds {len(known['tags'])} tags, more than `tags={self.tags}` has ids for")

    def encoded(self, given: Mapping[str, Any], known: Learned | None) -> Mapping[str, Any]:
        """Sentences as lists of words, and of tags, in the vocabulary of training."""
        if known is None:
            return given
        codes = {"words": (known["words"], KEPT, UNKNOWN), "tag": (known["tags"], 1, 0)}
        return {name: _encode(values, *codes[name]) if name in codes else values for name, values in given.items()}

    def recognised_by(self, folder: Path) -> dict[str, list[list[str]]]:
        word = COLUMNS.index(self.words)
        return {"words": [[columns[word] for columns in sentence] for path in self._paths(folder) for sentence in sentences(path)]}

    def annotated(self, file: Path | None, answers: Sequence[Mapping[str, Any]]) -> str | None:
        if any("words" not in row or "tag" not in row for row in answers):
            return None
        place = COLUMNS.index(self.tag)
        if file is None:
            return "".join(_sentence(row["words"], row["tag"], COLUMNS.index(self.words), place) for row in answers)
        lines = list(_with_column(file, place, (tag for row in answers for tag in row["tag"])))
        return "\n".join([*lines, *([""] if lines and lines[-1] else []), ""])

    def _paths(self, folder: Path | None) -> list[Path]:
        """Its files. Raises `Mistake` where one is not there."""
        names = (self.file,) if isinstance(self.file, str) else self.file
        return [path for name in names for path in find_all(folder, name, self.op_name())]

    def _read(self, folder: Path | None) -> tuple[list[str], list[str], list[int]]:
        """The words and tags of all sentences end to end, and each sentence's number of words."""
        word, tag = COLUMNS.index(self.words), COLUMNS.index(self.tag)
        words: list[str] = []
        tags: list[str] = []
        lengths: list[int] = []
        for path in self._paths(folder):
            before = len(lengths)
            for sentence in sentences(path):
                words += [columns[word] for columns in sentence]
                tags += [columns[tag] for columns in sentence]
                lengths.append(len(sentence))
            if len(lengths) == before:
                raise Mistake(NoRecords(file=str(path)))
        return words, tags, lengths

    def _vocabulary(self, words: list[str], tags: list[str], folder: Path | None) -> Learned:
        """The words and tags, the frequent ones first, as many as the spec makes room for."""
        file = ", ".join(map(str, self._paths(folder)))
        for column, values in ((self.words, words), (self.tag, tags)):
            if all(value == "_" for value in values):
                raise Mistake(EmptyColumn(file=file, column=column))
        found = order_values(tags)
        if self.tags is not None and len(found) + 1 > self.tags:
            raise Mistake(TooManyTypes(file=file, column=self.tag, found=len(found) + 1, size=self.tags))
        known = order_values(words, self.min_count)
        return {"words": known if self.size is None else known[: max(self.size - KEPT, 0)], "tags": found}


def _encode(values: Any, known: Sequence[str], first: int, unknown: int) -> Any:
    """Lists of texts as ids; anything else as it is."""
    if not isinstance(values, list | tuple) or not all(isinstance(row, list | tuple) for row in values):
        return values
    return [to_ids(row, known, first, unknown) if all(isinstance(v, str) for v in row) else row for row in values]


def sentences(path: Path) -> Iterator[list[list[str]]]:
    """The columns of each word of each sentence that has any. Raises `Mistake` with the file and the line (from 1) of a bad one."""
    found: list[list[str]] = []
    for number, line in enumerate(_texts(path), 1):
        if not line:
            if found:
                yield found
            found = []
        elif line[0] != "#":
            columns = line.split("\t")
            if why := find_problem(columns, len(found) + 1):
                raise Mistake(BadConlluLine(file=str(path), line=number, why=why))
            if WORD.fullmatch(columns[0]):
                found.append(columns)
    if found:
        yield found


def _with_column(path: Path, place: int, values: Iterator[str]) -> Iterator[str]:
    """The lines of a file, one column of whose words has other values."""
    for line in _texts(path):
        columns = line.split("\t")
        if line[:1] != "#" and WORD.fullmatch(columns[0]):
            columns[place] = next(values)
        yield "\t".join(columns)


def _sentence(words: Sequence[str], tags: Sequence[str], word: int, tag: int) -> str:
    """A sentence of which only words and tags are known, with the blank line behind it."""
    rows = []
    for number, (one, other) in enumerate(zip(words, tags, strict=True), 1):
        columns = [str(number), *["_"] * (len(COLUMNS) - 1)]
        columns[word], columns[tag] = one, other
        rows.append("\t".join(columns) + "\n")
    return "".join(rows) + "\n"


def _texts(path: Path) -> Iterator[str]:
    """The lines of a file as texts."""
    lines = text_lines_of(path)
    for start, length in zip(lines.starts.tolist(), lines.lengths.tolist(), strict=True):
        yield lines.values[start : start + length].tobytes().decode()


def find_problem(columns: Sequence[str], expected: int) -> str:
    """What is wrong with a line of words, the next word's number being `expected`; "" if nothing is."""
    if len(columns) != len(COLUMNS):
        return f"it has {len(columns)} columns, not {len(COLUMNS)} with tabs between"
    if not all(columns):
        return f"its column {COLUMNS[[bool(c) for c in columns].index(False)]} is empty (what is not known is `_`)"
    if SKIPPED.fullmatch(columns[0]):
        return ""
    if not WORD.fullmatch(columns[0]):
        return f"its ID is `{columns[0]}`, neither a number nor a range (`1-2`) nor an empty node (`1.1`)"
    return "" if int(columns[0]) == expected else f"its ID is {columns[0]}, but the word before makes it {expected}"
