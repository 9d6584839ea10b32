"""Texts derived from the grammar's own rules: each rule is expanded at random, and names are those that a spec could mean there."""

from __future__ import annotations

from functools import cache
from random import Random

from netspec.library.shelf import index
from netspec.shape import DTYPES
from netspec.syntax._table import LITERALS, RULES
from tests.random_specs import words

Expansion = tuple[str, ...]

DEEPEST, LONGEST = 64, 400
"""Below so many rules inside one another, and after so many words, the shortest expansion is taken."""
PARTS = frozenset({"statement", "item", "claim_item", "section", "dim_item"})
SETTINGS = (
    "data",
    "loss",
    "optimizer",
    "duration",
    "seed",
    "precision",
    "eval",
    "checkpoint",
    "every",
    "keep",
    "accumulate",
    "ema",
    "params",
)
TYPES = ("int", "int", "float", "bool", "str", "list", "dtype", "layer", "initializer")
PHASES = ("train", "eval", "serve")
FIELDS = ("image", "label", "batch", "logits", "weight")
STRINGS = ('"SAME"', '"VALID"', '"b h w c -> b (h w) c"', '"bij,bjk->bik"', '"**/kernel"', '"part.net"', '"{x} is odd"', '""', '"\\u00e9"')
DECLARES = frozenset({"target", "input", "weight", "buffer", "state", "shared", "loop_name", "function_param", "repeat", "output", "param"})
"""Rules whose first name is bound for what follows."""
MODELS = frozenset({"train", "serve", "expect"})
HEAVY = {
    **dict.fromkeys(("condition", "ARROW"), 3.0),
    **dict.fromkeys(("binding", "chain", "call", "path", "number"), 6.0),
    **dict.fromkeys(("model", "output", "train", "arguments"), 3.0),
    **dict.fromkeys(("dots", "slice_expr", "duration", "dict_expr", "if_expr"), 0.5),
}
"""How often a rule is chosen where there are several; 1 for the others."""
LISTS = {"file": 5.0, "statements": 1.6, "setting_list": 1.6, "claims": 1.6}
"""How often a list goes on for once that it ends; of other rules that repeat themselves it is seldom."""


@cache
def grammar() -> dict[str, list[tuple[Expansion, bool]]]:
    """Rule -> its expansions, and whether each is only a step towards another rule. Holes are for what cannot be read: no text has one."""
    found: dict[str, list[tuple[Expansion, bool]]] = {}
    for origin, _, expansion, _, one_child in RULES:
        if not any(symbol.lower().endswith("hole") for symbol in (origin, *expansion)):
            found.setdefault(origin, []).append((expansion, one_child and len(expansion) == 1))
    return found


@cache
def heights() -> dict[str, int]:
    """Rule -> how many rules stand inside one another in its lowest tree."""
    known: dict[str, int] = {}
    while True:
        before = dict(known)
        for rule, expansions in grammar().items():
            heights = [height(expansion, known) for expansion, _ in expansions]
            if lowest := [h for h in heights if h is not None]:
                known[rule] = 1 + min(lowest)
        if known == before:
            return known


def height(expansion: Expansion, known: dict[str, int]) -> int | None:
    """The height of an expansion's lowest tree; None while it is not known."""
    if any(not s.isupper() and s not in known for s in expansion):
        return None
    return max((known[s] for s in expansion if not s.isupper()), default=0)


def weight(rule: str, expansion: Expansion) -> float:
    """Of a list of statements another one is likelier than its end."""
    if expansion[0] == rule:
        return LISTS.get(rule, 0.4)
    return 0.2 if expansion[:2] == ("ARROW", "LSQB") else HEAVY.get(expansion[0], 1.0)


def derived(rng: Random, rule: str = "file") -> str:
    """A text that the grammar derives from a rule."""
    return Derivation(rng).text(rule)


class Derivation:
    """One text in the making, and the names bound in it so far."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.words: list[str] = []
        self.scope = ["x"]
        self.blocks: list[str] = []
        self.part = LONGEST
        """After so many words the present part takes the shortest expansions."""
        self.callees: list[str] = [""]
        """The ops whose arguments are being written."""

    def text(self, rule: str) -> str:
        self.expand(rule, 0)
        return " ".join(self.words).replace(" \n ", "\n") + "\n"

    # --- rules -------------------------------------------------------------------------------------------------------

    def expand(self, rule: str, depth: int) -> None:
        if rule in PARTS:
            self.part = len(self.words) + self.rng.choice([4, 8, 16, 30])
        if rule == "arguments":
            return self.arguments(depth)
        if rule in ("block", "model") and self.rng.random() < 0.8:
            return self.whole(rule, depth)
        expansion, calls = self.choose(rule, depth), rule == "call"
        for place, symbol in enumerate(expansion):
            if symbol.isupper():
                self.words.append(self.terminal(symbol, rule, place, expansion))
            elif symbol == "path":
                self.path(rule in ("call", "stage"), depth)
                if calls:
                    self.callees.append(self.words[-1])
            else:
                self.expand(symbol, depth + 1)
        if calls:
            self.callees.pop()
        return None

    def arguments(self, depth: int) -> None:
        """What the grammar allows, but no argument without a name behind one that has a name: the parser counts that as a mistake."""
        count = self.rng.choice([0, 1, 1, 2, 2, 3]) if len(self.words) < min(LONGEST, self.part) else 0
        named = self.rng.randrange(count + 1)
        self.words.append("(")
        for number in range(count):
            self.words += [self.argument(), "="] if number >= count - named else []
            self.expand("expr", depth + 2)
            self.words += [","] if number < count - 1 or self.rng.random() < 0.1 else []
        self.words.append(")")

    def choose(self, rule: str, depth: int) -> Expansion:
        options = grammar()[rule]
        if depth > DEEPEST or len(self.words) > min(LONGEST, self.part):
            return min((e for e, _ in options), key=lambda e: (height(e, heights()) or 0, len(e)))
        steps = [expansion for expansion, step in options if step]
        if len(steps) == 1 and self.rng.random() < 0.9:  # towards a tighter rule, past an operator
            return steps[0]
        return self.rng.choices([e for e, _ in options], [weight(rule, e) for e, _ in options])[0]

    def whole(self, rule: str, depth: int) -> None:
        """A body with an input and an output around what is derived, so that more than its form is looked at."""
        name = self.fresh(rule.title())
        self.blocks.append(name)
        outer, self.scope = self.scope, ["x", "B"]
        type_ = self.rng.choice(["f32[B, 8]", "f32[B, T, 8]", "f32[B, 8, 8, 3]", "i32[B, T]", "f32[B, H, W, C]", "f32[8]", "bool[B, 4]"])
        self.words += [rule, name, "{", "\n", "input", "x", ":", type_, "\n"]
        self.expand("statements", depth + 2)
        self.words += ["\n", "output", "y", "="]
        self.expand(self.rng.choice(["chain", "expr", "path"]), depth + 2)
        self.words += ["\n", "}"]
        self.scope = outer

    # --- names -------------------------------------------------------------------------------------------------------

    def path(self, called: bool, depth: int) -> None:
        """A name of what can be called, or of a value; now and then with a dot and another."""
        if self.rng.random() < 0.04:
            return self.expand("path", depth + 1)
        self.words.append(self.callable() if called else self.value())
        return None

    def callable(self) -> str:
        chance = self.rng.random()
        if chance < 0.6:
            return self.rng.choice(words.SHELF)
        return self.rng.choice([*self.blocks, *self.scope, "range", "len", "max"]) if chance < 0.97 else words.name(self.rng)

    def value(self) -> str:
        chance = self.rng.random()
        if chance < 0.7:
            return self.rng.choice(self.scope)
        return self.rng.choice([*FIELDS, *DTYPES, *self.blocks, "B", "D"]) if chance < 0.97 else words.name(self.rng)

    def fresh(self, stem: str) -> str:
        return f"{stem}{len(self.words)}"

    def bound(self) -> str:
        """A name to bind: one that is there already, or a new one."""
        name = self.rng.choice(self.scope) if self.rng.random() < 0.3 else self.fresh("v")
        self.scope.append(name)
        return name

    def argument(self) -> str:
        """The name of an argument of the op that is being called, most of the time."""
        entries = index.entries(self.callees[-1])
        names = [a.name for e in entries for a in e.signature] + [i.name for e in entries for i in e.inputs]
        return self.rng.choice(names) if names and self.rng.random() < 0.8 else self.rng.choice(["axis", "k", "x", "features"])

    # --- words -------------------------------------------------------------------------------------------------------

    def terminal(self, kind: str, rule: str, place: int, expansion: Expansion) -> str:
        match kind:
            case "SEP":
                return self.rng.choice(["\n", "\n", "\n", ";"])
            case "NUMBER":
                return "1" if rule == "file" else self.number()
            case "STRING":
                return self.rng.choice(STRINGS)
            case "UNIT":
                return self.rng.choice(["epochs", "steps", "epoch"])
            case "COMPARE":
                return self.rng.choice(["==", "<=", ">=", "<", ">", "!="])
            case "EXTREME":
                return self.rng.choice(["max", "min"])
            case "NAME" if "EXTREME" in expansion:
                return self.value() if place else "best"
            case "EXTREME":
                return self.rng.choice(["max", "min"])
            case "NAME":
                return self.name(rule, place, expansion)
        return SPELLED[kind]

    def name(self, rule: str, place: int, expansion: Expansion) -> str:
        if rule == "function":
            self.blocks.append(self.fresh("f"))
            return self.blocks[-1]
        if rule in DECLARES:
            return self.bound()
        if rule in MODELS:
            return self.rng.choice([*self.blocks, "M"]) if place == 1 else self.fresh("run")
        options = NAMES.get(rule)
        if options:
            return self.rng.choice(options)
        return self.value() if rule == "path" else self.fresh("n")

    def number(self) -> str:
        return str(self.rng.randrange(9)) if self.rng.random() < 0.9 else self.rng.choice(words.NUMBERS[:40])


SPELLED = {kind: text for text, kind in LITERALS.items()}
NAMES = {
    "tensor": ("f32", "f32", "i32", "bool", "bf16", "f64", "int"),
    "param_type": TYPES,
    "record_field": FIELDS,
    "member": FIELDS,
    "when": PHASES,
    "setting": SETTINGS,
    "group": SETTINGS,
    "at": ("B", "T", "H"),
    "dim": ("B", "T", "D"),
    "output_claim": ("y", "logits"),
    "import_name": ("Part", "K"),
}
"""The names that mean something in a rule which binds none."""
