"""Specs that `check` accepts are run: they initialise, apply, evaluate and take a training step, or say at which place why not.

Most are traced: the weights are made, and JAX goes through the programs on shapes alone (`jax.eval_shape`), where all that is wrong of a
lowering shows. Every `EAGER`th is computed as well, op by op without a jit, since no two have a program in common.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Any

from netspec.compile import check
from netspec.cost import cost
from netspec.diagnostics import trials
from netspec.diagnostics.spec_error import SpecError
from netspec.ir import Body, Typed
from netspec.ir.verify import verify_all
from netspec.lazy import jax, np
from netspec.library.base import Clock
from netspec.limits import LIMITS
from netspec.lower.initial_values import initialise
from netspec.lower.layout import BUFFERS, PARAMS
from netspec.lower.program import Program
from netspec.shape import Dim, Facts, TensorType, Verdict
from netspec.shape.types import JAX_DTYPES
from netspec.source import NO_SOURCE
from netspec.syntax.source_reader import read_source
from tests.random_specs import words
from tests.random_specs.corpus import pick
from tests.random_specs.mutate import at_word, delete_lines, lines_of_another, repeat_lines, swap_lines
from tests.random_specs.regions import region_spec
from tests.random_specs.trial import Broken, TooLong, alarm, where

EAGER = 40
"""One of so many specs is computed, the others are traced."""
LARGEST = 1_000_000
"""Parameters, or bytes of activations over four, from which a model is not computed but only traced, its weights not made."""
SECONDS = 20.0
"""Of processor time for one spec; what takes longer is counted, since a long program is none that is wrong."""
SIZES = (3, 8, 4, 16, 2, 32, 1, 6, 5, 7, 12, 24, 48, 64, 96, 128, 224, 256, 512, 1024)
"""What free dims are tried to be, the first that the facts allow."""


@dataclass
class Report:
    """What a run of specs found."""

    accepted: int = 0
    refused: int = 0
    traced: int = 0
    """Programs that were traced."""
    computed: int = 0
    """Programs that were computed."""
    told: int = 0
    """Programs that ended with a problem which names its place or its array."""
    long: int = 0
    """Specs that took too much time."""
    wrong: list[str] = field(default_factory=list)
    slugs: dict[str, int] = field(default_factory=dict)
    """Of the problems of those refused, how many had each first."""

    def join(self, other: Report) -> None:
        """Take in what another part of the same run found."""
        for name in ("accepted", "refused", "traced", "computed", "told", "long"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.wrong += other.wrong
        for slug, count in other.slugs.items():
            self.slugs[slug] = self.slugs.get(slug, 0) + count

    def __str__(self) -> str:
        counts = f"{self.accepted:,} accepted, {self.refused:,} refused; {self.traced:,} programs traced, {self.computed:,} computed"
        return f"{counts}, {self.told:,} ended with a problem, {self.long:,} specs too long; {len(self.wrong)} wrong"


def run_regions(count: int, seed: int, first: int = 0) -> Report:
    """Random specs with every statement in every region: what `check` accepts initialises, applies, evaluates and takes a step."""
    return tried(lambda number: region_spec(Random(f"regions {seed}/{number}")).encode(), count, first)


def run_mutants(count: int, seed: int, first: int = 0) -> Report:
    """Mutated specs that `check` accepts: they run, or say at which place why not. The count is of those accepted."""
    report = Report()
    number = first * TRIES
    while report.accepted < count and number < (first + count) * TRIES:
        report.join(tried(partial(changed, seed), 1, number))
        number += 1
    return report


def changed(seed: int, number: int) -> bytes:
    """The content of a spec with one or two changes of which it may be right after all."""
    rng = Random(f"changed {seed}/{number}")
    text = pick(rng)
    for _ in range(rng.choice([1, 1, 1, 2])):
        text = rng.choice(GENTLE)(rng, text)
    return text.encode("utf-8", "surrogatepass")[:LONGEST]


def another_number(rng: Random, parts: list[str], at: int) -> None:
    """A number in the place of a number."""
    numbers = [i for i, word in enumerate(parts) if word[:1].isdigit() and i > 4]
    if numbers:
        parts[rng.choice(numbers)] = rng.choice(["0", "1", "2", "3", "4", "5", "7", "8", "16", "0.5", "-1", "1e-3"])


def another_name(rng: Random, parts: list[str], at: int) -> None:
    """A name of the same text, or of the shelf, in the place of a name."""
    names = [i for i, word in enumerate(parts) if word.isidentifier()]
    if names:
        parts[rng.choice(names)] = parts[rng.choice(names)] if rng.random() < 0.7 else rng.choice(words.SHELF)


def in_a_region(rng: Random, text: str) -> str:
    """One line, or some, wrapped in a region."""
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    end = at + rng.choice([1, 1, 1, 2, 3])
    head = rng.choice(
        ["repeat 2 {", "repeat 3 as i9 {", "for i9 in range(2) {", "for i9 in [] {", "when train {", "when eval {", "when serve {"]
    )
    return "\n".join([*lines[:at], head, *lines[at:end], "}", *lines[end:]])


GENTLE = (
    *(at_word(another_number),) * 3,
    *(at_word(another_name),) * 2,
    *(delete_lines, swap_lines, repeat_lines, lines_of_another),
    *(in_a_region,) * 4,
)
"""Changes of which a spec may be right after all."""
LONGEST = 1 << 15
"""Bytes of a changed spec."""
TRIES = 40
"""Changed specs that are looked at for one which is accepted, at most."""


def tried(make: Callable[[int], bytes], count: int, first: int) -> Report:
    """`count` specs from number `first` on."""
    report = Report()
    for number in range(first, first + count):
        try:
            with alarm(SECONDS):
                attempt(make(number), report, number)
        except TooLong:
            report.long += 1
        except Exception as error:
            kind = "" if isinstance(error, Broken) else f"{type(error).__name__}: "
            report.wrong.append(f"number {number}: {kind}{str(error)[:200]} at {where(6)}")
    return report


def attempt(content: bytes, report: Report, number: int) -> None:
    """Check a spec, and run what is accepted; its number says how. Raises whatever goes wrong."""
    source, unreadable = read_source("random.net", content)
    with without_trials():
        checked = check(source)
    errors = [p for p in (*unreadable, *checked.problems) if p.severity == "error"]
    if errors or checked.typed is None:
        report.refused += 1
        report.slugs[errors[0].slug()] = report.slugs.get(errors[0].slug(), 0) + 1
        return
    report.accepted += 1
    verify_all(checked.typed)
    for program in list_programs(checked.typed):
        try:
            computed = run(program, number % EAGER == 0, number // 2)
            report.computed += computed
            report.traced += not computed
        except SpecError as error:
            if any(p.at.source is NO_SOURCE and not getattr(p, "field", "") for p in error.diagnostics):
                raise
            report.told += 1


@contextmanager
def without_trials() -> Iterator[None]:
    """Inside, no repair of what is refused is tried, which takes several times as long as to refuse it."""
    before, trials.LIMITS = trials.LIMITS, replace(LIMITS, repair_tries=0)
    try:
        yield
    finally:
        trials.LIMITS = before


def list_programs(typed: Typed) -> Iterator[Program]:
    """Of every `train` section, and of every model that none trains."""
    for plan in typed.trains:
        yield Program.of(replace(typed, trains=(plan,))).at(Clock(100, plan.duration.steps(Clock(100, 0))))
    trained = {id(plan.model) for plan in typed.trains}
    for name, body in typed.models.items():
        if id(body) not in trained:
            yield Program.of(replace(typed, trains=()), model=name)


def run(program: Program, eager: bool, turn: int) -> bool:
    """Initialise and take a step; by turns also apply, serve, or evaluate, and all of them where it is computed. Whether it was."""
    sizes = choose_sizes(program)
    eager = eager and is_small(program.model, sizes)
    inputs = {name: sample(kind, sizes, 1) for name, kind in program.model.input_types().items()}
    follow = (lambda f, *args: f(*args)) if eager else jax.eval_shape
    with jax.disable_jit() if eager else nullcontext():
        state = program.init(0) if eager else begin(program, sizes)
        runs: list[Callable[[], Any]] = [
            lambda: hold(program, sizes, follow(lambda s, i: program.apply(s, **i), state, inputs), "eval"),
            lambda: hold(program, sizes, follow(lambda s, i: program._predict(s.params, s.buffers, i), state, inputs), "serve"),
            lambda: evaluate(program, sizes, follow, state),
        ]
        for one in runs if eager else (runs[turn % len(runs)],):
            one()
        step(program, sizes, follow, state)
    return eager


def begin(program: Program, sizes: Mapping[str, int]) -> Any:
    """The shapes of the state before the first step. The weights of a small model are made."""
    if is_small(program.model, sizes):
        return jax.eval_shape(program._state, initialise(program.layout, 0, program._precision))
    stored = {PARAMS: program.layout.params, BUFFERS: program.layout.buffers}
    dtype = program._precision.stored
    leaves = {k: {n: jax.ShapeDtypeStruct(s.shape, dtype(s.weight.dtype)) for n, s in v.items()} for k, v in stored.items()}
    return jax.eval_shape(program._state, leaves)


def evaluate(program: Program, sizes: Mapping[str, int], follow: Callable[..., Any], state: Any) -> None:
    """The statistics of one batch, and what they mean in the end."""
    if program.plan is not None:
        own = program.plan.eval.data.fields if program.plan.eval.data else {}  # which may have other lengths than those of training
        batch = {name: sample(own.get(name, kind), sizes, 1) for name, kind in program.step_types.items()}
        follow(lambda s, b: program._finish["eval"](program.eval_step(s, b)), state, batch)


def step(program: Program, sizes: Mapping[str, int], follow: Callable[..., Any], state: Any) -> None:
    """One step, which changes no parameter's shape or dtype."""
    if program.plan is None:
        return
    batch = {name: sample(kind, sizes, program.plan.accumulate) for name, kind in program.step_types.items()}
    moved, _ = follow(program.train_step, state, batch)
    same = jax.tree.map(lambda a, b: a.shape == b.shape and a.dtype == b.dtype, state.params, moved.params)
    if not all(jax.tree.leaves(same)):
        raise Broken("a step changes the shape or dtype of a parameter")


def is_small(body: Body, sizes: Mapping[str, int]) -> bool:
    """The model is computed in no time, and its weights take little memory."""
    found = [Dim.of(each).substitute({s: Dim.of(n) for s, n in sizes.items()}) for each in (cost(body)[0], cost(body)[2])]
    return all(each.is_constant and each.value <= limit for each, limit in zip(found, (LARGEST, 4 * LARGEST), strict=True))


def hold(program: Program, sizes: Mapping[str, int], found: Mapping[str, Any], phase: str) -> None:
    """The outputs that exist in the phase are there, in the shapes that were proved."""
    wanted = program.model.output_types()
    for name, array in found.items():
        shape = tuple(dim.evaluate(sizes) for dim in wanted[name].shape)
        if tuple(array.shape) != shape:
            raise Broken(f"`{name}` is {tuple(array.shape)}, and {shape} was proved")
    lacking = [p.name for p in program.model.outputs if p.phase in (None, phase) and p.name not in found]
    if lacking:
        raise Broken(f"the outputs {lacking} are missing in the phase {phase}")


def choose_sizes(program: Program) -> dict[str, int]:
    """A size for every free dim, such as the facts of the model allow."""
    facts, chosen = program.model.facts or Facts(), {}
    symbols = {s for t in (*program.step_types.values(), *program.model.types.values()) for s in t.symbols()}
    for symbol in sorted(symbols):
        for size in SIZES:
            recorded = facts.require("==", Dim.symbol(symbol), size)
            if recorded.verdict is not Verdict.REFUTED:
                facts, chosen[symbol] = recorded.facts, size
                break
    return chosen


def sample(kind: TensorType, sizes: Mapping[str, int], batches: int) -> Any:
    """An array of a type; of several batches, along an axis in front."""
    shape = (*([batches] if batches > 1 else []), *(dim.evaluate(sizes) for dim in kind.shape))
    values = np.linspace(0.1, 0.9, int(np.prod(shape))).reshape(shape) if kind.is_float else np.ones(shape)
    return values.astype(JAX_DTYPES[kind.dtype])
