"""Small files of text, and tokenizers trained on them."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import sentencepiece

NOUNS, VERBS = ("cat", "dog", "bird", "king", "ship"), ("sees", "likes", "paints", "follows")


@cache
def sentences(count: int, seed: int = 0) -> tuple[str, ...]:
    """Sentences of two to twelve words, some of them rare."""
    rng = np.random.default_rng(seed)
    clause = [f"the {a} {v} the {b}" for a in NOUNS for v in VERBS for b in NOUNS]
    return tuple(" and ".join(rng.choice(clause, rng.integers(1, 3))) + (f" in {rng.integers(99)}" * (i % 5 == 0)) for i in range(count))


@cache
def spm_model(vocabulary: int, texts: tuple[str, ...]) -> bytes:
    """A SentencePiece model of at most so many pieces."""
    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=made, vocab_size=vocabulary, hard_vocab_limit=False, minloglevel=2
    )
    return made.getvalue()


def conllu(texts: tuple[str, ...]) -> str:
    """The same in CoNLL-U; a word's tag is its first letter."""
    lines = []
    for text in texts:
        lines += [f"{i}\t{word}\t_\t_\t{word[0].upper()}\t_\t_\t_\t_\t_" for i, word in enumerate(text.split(), 1)] + [""]
    return "\n".join(lines) + "\n"
