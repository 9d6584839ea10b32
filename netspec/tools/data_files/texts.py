"""Looks at texts: plain lines, and sentences in CoNLL-U."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.records import NoRecords
from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.columns import join_columns
from netspec.library.data.datasets.conllu import COLUMNS, sentences
from netspec.library.data.datasets.text_file import text_lines_of
from netspec.tools.data_files.look import (
    Look,
    Starter,
    align,
    batch_size,
    count,
    epochs_of,
    refuse_label,
    require_label,
    share,
    write_names,
)

WRITTEN = 80
"""Bytes that a first small model writes at most."""


def _lengths(lengths: Array) -> str:
    """Between which lengths, and how long the usual ones are."""
    middle, most = (int(np.quantile(lengths, part)) for part in (0.5, 0.95))
    return f"{lengths.min():,} to {lengths.max():,}, half of them up to {middle:,}, 95% up to {most:,}"


def look_at_lines(paths: Sequence[Path], tests: Sequence[Path], label: str) -> Look:
    """What the lines of a text are like. Raises `Mistake`."""
    refuse_label(label, "lines of text have no columns, and each byte is learned from those before it")
    lines = join_columns([text_lines_of(path) for path in paths])
    kept = lines.select(np.flatnonzero(lines.lengths))
    seen = Counter(row.tobytes() for row in kept.rows(np.arange(len(kept))))
    kinds = np.bincount(kept.values, minlength=256) if len(kept.values) else np.zeros(256, int)
    rows = [
        ("lines", count(len(kept), "line") + (f", {len(lines) - len(kept):,} empty ones are left out" if len(lines) > len(kept) else "")),
        ("bytes of a line", _lengths(kept.lengths) if len(kept) else ""),
        ("different bytes", f"{int((kinds > 0).sum()):,}" + (", all of them ASCII" if not kinds[128:].any() else "")),
    ]
    again = len(kept) - len(seen)
    found = [f"{count(again, 'line')} {'repeats' if again == 1 else 'repeat'} another one"] if again else []
    if tests:
        other = text_lines_of(tests[0])
        both = len(set(seen) & {row.tobytes() for row in other.rows(np.flatnonzero(other.lengths))})
        found += [f"{count(both, 'line')} of the evaluation stand in training as well"] if both else []
    starter = _model_of_bytes(paths, tests, len(kept)) if len(kept) > 1 else None
    return Look(f"{paths[0].name}: {count(len(kept), 'line')} of text", tuple(align(rows)), tuple(found), starter)


def _model_of_bytes(paths: Sequence[Path], tests: Sequence[Path], lines: int) -> Starter:
    """A small spec that predicts each byte from those before it, and of the last one that the line ends: there is a 0 behind it."""
    size = batch_size(lines, most=64, least=2)
    data = f"text_lines({write_names(paths, paths, tests)}) -> shuffle -> batch({size})"
    body = (
        "dim N >= 2",
        "h = cast(text, i32) -> embed(256, 64) -> gru(128)",
        "output logits = h -> dense(256)",
    )
    mask = "mask=iota(N - 1)[none, :] < length[:, none]"
    return Starter(
        data,
        ("text: u8[B, N]",),
        body,
        f"softmax_cross_entropy(logits[:, :-1], cast(text[:, 1:], i32), {mask})",
        epochs=epochs_of(lines, 60),
        serve=f"text = sample(logits, temperature=0.5, stop=0, limit={WRITTEN})",
        evaluated=f"text_lines({write_names(tests[:1], paths, tests)}) -> batch({size})" if tests else "",
    )


def look_at_sentences(paths: Sequence[Path], tests: Sequence[Path], label: str) -> Look:
    """What the sentences of a CoNLL-U file are like. Raises `Mistake`."""
    found = _read_sentences(paths)
    lengths = np.array([len(sentence) for sentence in found])
    forms = Counter(row[1] for sentence in found for row in sentence)
    columns = {name: Counter(row[place] for sentence in found for row in sentence) for place, name in enumerate(COLUMNS) if place > 1}
    rows = [("words of a sentence", _lengths(lengths)), ("forms", _forms(forms))]
    rows += [(name, _tags(counts)) for name, counts in columns.items() if name in ("UPOS", "XPOS", "DEPREL")]
    require_label(label, columns, paths[0])
    tag = label or next((name for name in ("XPOS", "UPOS", "DEPREL") if 1 < len(columns[name]) <= 256), "")
    warnings = [f"every word has `_` in {name}" for name in ("XPOS", "UPOS") if set(columns[name]) == {"_"}]
    again = len(found) - len({tuple(row[1] for row in sentence) for sentence in found})
    warnings += [f"{count(again, 'sentence')} {'repeats' if again == 1 else 'repeat'} another one"] if again else []
    if tests:
        own = {tuple(row[1] for row in sentence) for sentence in found}
        other = [[row[1] for row in sentence] for sentence in _read_sentences(tests)]
        both, words = sum(tuple(s) in own for s in other), [word for s in other for word in s]
        warnings += [f"{count(both, 'sentence')} of the evaluation stand in training as well"] if both else []
        new = sum(word not in forms for word in words)
        warnings += [f"{share(new, len(words))} of the words of the evaluation never occur in training"]
    title = f"{paths[0].name}: {count(len(found), 'sentence')}, {count(int(lengths.sum()), 'word')}"
    starter = _tagger(paths, tests, forms, tag, columns, len(found)) if tag else None
    return Look(title, tuple(align(rows)), tuple(warnings), starter)


def _read_sentences(paths: Sequence[Path]) -> list[list[list[str]]]:
    """The words of each sentence, each with its columns. Raises `Mistake` with a file that has none."""
    found: list[list[list[str]]] = []
    for path in paths:
        before = len(found)
        found += sentences(path)
        if len(found) == before:
            raise Mistake(NoRecords(file=str(path)))
    return found


def _forms(forms: Counter[str]) -> str:
    """How many forms there are, and how many of them occur again."""
    return f"{len(forms):,} different, {sum(number > 1 for number in forms.values()):,} of them more than once"


def _tags(counts: Counter[str]) -> str:
    """How many values a column has, and the most frequent."""
    shown = ", ".join(f"{value} {number:,}" for value, number in counts.most_common(4))
    return f"{len(counts):,} different: {shown}{', …' if len(counts) > 4 else ''}"


def _tagger(
    paths: Sequence[Path], tests: Sequence[Path], forms: Counter[str], tag: str, columns: dict[str, Counter[str]], lines: int
) -> Starter:
    """A small spec that tags words."""
    size, tags = sum(number > 1 for number in forms.values()) + 2, len(columns[tag]) + 1
    named = "" if tag == "XPOS" else f', tag="{tag}"'
    batch = batch_size(lines, most=32, least=2)
    data = f"conllu({write_names(paths, paths, tests)}{named}, size={max(size, 3)}, tags={tags}) -> shuffle -> batch({batch})"
    body = (
        f"h = words -> embed({max(size, 3)}, 64) -> bidirectional(lstm(64), lengths=length)",
        f"output logits = h -> dense({tags})",
    )
    inputs = ("words: i32[B, T]", "length: i32[B]")
    mask = "mask=iota(T)[none, :] < length[:, none]"
    loss, metric = f"softmax_cross_entropy(logits, tag, {mask})", f"accuracy(logits, tag, {mask})"
    other = f"conllu({write_names(tests[:1], paths, tests)}{named}) -> batch({batch})" if tests else ""
    return Starter(data, inputs, body, loss, metric, epochs_of(lines, 20), evaluated=other)
