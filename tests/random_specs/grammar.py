"""Inputs made by the grammar: derived from its rules, as a whole or inside a model, and well-formed specs with one word changed."""

from __future__ import annotations

from random import Random

from tests.random_specs import words
from tests.random_specs.derive import Derivation, derived
from tests.random_specs.generate import random_spec
from tests.random_specs.mutate import Report, tried
from tests.random_specs.trial import LIMIT

SIGNS = ("+", "-", "*", "/", "//", "%", "**", "@", "==", "<", ">=", "->", ",", ":", "=", "and", "or")
OPENING, CLOSING = ("(", "[", "{"), (")", "]", "}")


def run(count: int, seed: int, limit: float = LIMIT, first: int = 0) -> Report:
    """Grammar-made specs: no traceback, none over two seconds, every problem with line and column."""
    return tried(made, count, seed, limit, first)


def made(seed: int, number: int) -> bytes:
    """The content of a made file; the same for the same seed and number."""
    rng = Random(f"grammar {seed}/{number}")
    make = rng.choice([derived, in_a_model, in_a_model, in_training, one_word_changed, one_word_changed])
    return make(rng).encode()


def in_a_model(rng: Random) -> str:
    """Statements derived inside a model that has what a model needs."""
    derivation = Derivation(rng)
    derivation.words += ["netspec", "1", "\n"]
    for rule in rng.choice([["model"], ["block", "model"], ["param", "block", "model", "expect"]]):
        derivation.expand(rule, 12)
        derivation.words.append("\n")
    return " ".join(derivation.words).replace(" \n ", "\n")


def in_training(rng: Random) -> str:
    """A model of the digits, and a `train` section of which some settings are derived."""
    derivation = Derivation(rng)
    derivation.scope, derivation.blocks = ["logits", "image", "label"], ["M"]
    derivation.words.append(TRAINED)
    settings = {"data": "digits() -> batch(32)", "loss": "softmax_cross_entropy(logits, label)", "optimizer": "adam(1e-3)"}
    for name, text in {**settings, "duration": "2 epochs"}.items():
        if rng.random() < 0.7:
            derivation.words += [name, "=", text, "\n"]
        else:
            derivation.words += [name, "="]
            derivation.expand("expr", 20)
            derivation.words.append("\n")
    derivation.expand("setting_list", 20)
    return " ".join([*derivation.words, "\n}\n"]).replace(" \n ", "\n")


TRAINED = """netspec 1
model M {
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> dense(10)
}
train M {
"""


def one_word_changed(rng: Random) -> str:
    """A well-formed spec with one word exchanged for another of its kind."""
    parts = words.split(random_spec(rng, largest=10))
    at = rng.choice([i for i, word in enumerate(parts) if not word.isspace() and not word.startswith("#")])
    parts[at] = another(rng, parts[at], parts)
    return "".join(parts)


def another(rng: Random, word: str, parts: list[str]) -> str:
    if word[:1].isdigit():
        near = str(max(int(word) + rng.choice([-1, 1]), 0)) if word.isdigit() else "0.5"
        return rng.choice([near, near, str(rng.randrange(70)), rng.choice(words.NUMBERS)])
    if word.isidentifier():
        same = [w for w in parts if w.isidentifier()]
        return rng.choice([rng.choice(same), rng.choice(words.SHELF), words.name(rng)])
    if word[:1] == '"':
        return rng.choice(['"SAME"', '""', '"b c -> c b"', '"other"', "none"])
    kinds = next((k for k in (OPENING, CLOSING, SIGNS) if word in k), SIGNS)
    return rng.choice(kinds)
