"""Writes what a training is: its settings, what happens to each parameter, where its random numbers come from. Floor 3."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from netspec.ir import BATCH_MASK, OUTPUT, Apply, Body, DataPlan, Measurement, Objective, TrainPlan, Variable
from netspec.ir.fingerprint import part_hash
from netspec.ir.frozen import split_frozen
from netspec.ir.paths import parameters, weights_of
from netspec.library.base import Optimizer
from netspec.library.shelf.op_text import to_text, value_text
from netspec.lock.defaults import Defaults, note_defaults
from netspec.lock.model_facts import describe_use, list_draws, list_weights, put, texts, walk_places

FROZEN = "frozen"


def describe_training(plan: TrainPlan, defaults: Defaults) -> dict[str, object]:
    """The facts of a `train` section; the defaults that it relies on are added to `defaults`."""
    for op in list_ops(plan):
        note_defaults(op, defaults)
    return {
        "wiring": part_hash(plan.objective),
        "model": plan.model.name,
        "settings": dict(list_settings(plan)),
        "loss and metrics": describe_objectives(plan),
        "parameters": describe_parameters(plan),
        "random": describe_streams(plan),
    }


def list_ops(plan: TrainPlan) -> Iterator[object]:
    """The ops that a training is made of, those of its model apart."""
    for data in (plan.data, plan.eval.data, plan.eval.test):
        yield from () if data is None else (data.dataset, *data.transforms)
    for update in plan.updates:
        yield update.optimizer
        yield from (measurement.op for measurement in update.objective.measurements)
    yield from (measurement.op for measurement in plan.objective.measurements)


# --- settings --------------------------------------------------------------------------------------------------------


def list_settings(plan: TrainPlan) -> Iterator[tuple[str, str]]:
    """Every setting with its value, whether it was written or not. How many processes decode examples is none: it changes no bit."""
    yield from list_data("data", plan.data)
    for update in plan.updates:
        before = f"update.{update.name}." if update.name else ""
        yield f"{before}optimizer", value_text(update.optimizer)
        yield from [(f"{before}every", f"{update.every}")] if update.name else []
    yield "duration", value_text(plan.duration)
    for name in ("seed", "precision", "lowering", "accumulate", "ema", "on_nonfinite", "best"):
        value = getattr(plan, name)
        yield name, "none" if value is None else str(value)
    yield "weights", plan.data.weights or "none"
    yield from list_evaluation(plan)
    for name in ("every", "keep", "keep_every"):
        value = getattr(plan.checkpoint, name)
        yield f"checkpoint.{name}", value_text(value)
    yield "stop", "none" if plan.stop is None else f"{plan.stop.goal}, patience {plan.stop.patience}, min_delta {plan.stop.min_delta}"


def list_data(name: str, data: DataPlan | None) -> Iterator[tuple[str, str]]:
    """A data chain and what its batches hold."""
    if data is None:
        yield name, "none"
        return
    part = f" ({data.part} part)" if data.part else ""
    yield name, " -> ".join(map(to_text, (data.dataset, *data.transforms))) + part
    yield from ((f"{name}.fields.{field}", text) for field, text in texts(data.fields).items())


def list_evaluation(plan: TrainPlan) -> Iterator[tuple[str, str]]:
    yield from list_data("eval.data", plan.eval.data)
    if plan.eval.test is not None:
        yield from list_data("eval.test", plan.eval.test)
    yield "eval.every", value_text(plan.eval.every)
    yield "eval.limit", value_text(plan.eval.limit)


# --- objective -------------------------------------------------------------------------------------------------------


def describe_objectives(plan: TrainPlan) -> dict[str, str]:
    """What an evaluation measures, and before it what each of several updates makes small."""
    found: dict[str, str] = {}
    for update in plan.updates:
        own = describe_objective(update.objective) if update.name else {}
        found |= {f"update.{update.name}.{name}": text for name, text in own.items()}
    return found | describe_objective(plan.objective)


def describe_objective(objective: Objective) -> dict[str, str]:
    """What is computed of the model's outputs and the batch, and the losses and metrics on it."""
    found: dict[str, str] = {}
    for node, owner, place in walk_places(objective.body):
        if isinstance(node, Apply):
            put(found, place.text(node), describe_use(node, owner, place))
    names = {port.wire: port.name.removeprefix(OUTPUT) for port in objective.body.inputs}
    results = {port.wire: port.name for port in objective.finish.outputs}
    for measurement in objective.measurements:
        put(found, results.get(measurement.output, "part"), describe_measurement(measurement, names, objective.body))
    for name, penalty in objective.penalties.items():
        put(found, name, f"{to_text(penalty.op)} of {len(penalty.paths):,} parameters")
    return found


def describe_measurement(measurement: Measurement, names: Mapping[Any, str], body: Body) -> str:
    """`softmax_cross_entropy on logits, label`; what is no input of the objective is computed in it."""
    inputs = [names.get(wire, "computed") for wire in measurement.inputs]
    masked = [f"{name} {names.get(wire, 'computed')}" for name, wire in measurement.optional if names.get(wire) != BATCH_MASK]
    return f"{to_text(measurement.op)} on {', '.join([*inputs, *masked])}"


# --- parameters ------------------------------------------------------------------------------------------------------


def describe_parameters(plan: TrainPlan) -> dict[str, str]:
    """What happens to each parameter. Those of a `repeat` stand together where the same happens to all of them."""
    fates = find_fates(plan)
    found: dict[str, str] = {}
    for node, owner, place in walk_places(plan.model):
        if isinstance(node, Apply | Variable) and (isinstance(node, Variable) or weights_of(owner, node)):
            for name in [name for name, (_, kept) in list_weights(node, owner).items() if not kept]:
                paths = [f"{path}{name}" for path in place.paths(node)]
                same = len({fates[path] for path in paths}) == 1
                found |= {f"{place.text(node)}{name}": fates[paths[0]]} if same else join_alike(paths, fates)
    return found


def join_alike(paths: Iterable[str], fates: Mapping[str, str]) -> dict[str, str]:
    """The fates of parameters; neighbours with the same one stand together: `dense_20/kernel to dense_99/kernel`."""
    found = {}
    for fate, alike in groupby(paths, key=fates.__getitem__):
        run = list(alike)
        found[run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}"] = fate
    return found


def find_fates(plan: TrainPlan) -> dict[str, str]:
    """What happens to each parameter, by path."""
    paths = frozenset(parameters(plan.model))
    still, _ = split_frozen(paths, (), plan.updates)
    found: dict[str, list[str]] = {path: [] for path in paths}
    for update in plan.updates:
        own = sorted(paths if update.paths is None else update.paths)
        for path, text in follow(update.optimizer, own).items():
            found[path].append(f"{update.name}: {text}" if update.name else text)
    return {path: FROZEN if path in still else "; ".join(texts) for path, texts in found.items()}


def follow(optimizer: Optimizer, paths: Collection[str]) -> dict[str, str]:
    """By which optimizer of a group each parameter moves, at which learning rate and with which decay."""
    still = optimizer.frozen(paths)
    found = {path: [FROZEN] if path in still else [] for path in paths}
    for part in optimizer.in_order():
        inner = list(part.parts_on(paths))
        for (_, *keys), below, own in inner:
            for path, text in follow(below, own).items():
                found[path] += [] if path in still else [f"{' '.join(keys)}: {text}" if keys else text]
        words = describe_part(part, paths)
        for path in paths:
            found[path] += [words[path]] if path in words and path not in still else []
    return {path: ", ".join(texts) or "no step" for path, texts in found.items()}


def describe_part(part: Optimizer, paths: Collection[str]) -> dict[str, str]:
    """`adamw, rate 0.001, decay 0.0001`, of each parameter that it has something to do with."""
    rate = getattr(part, "learning_rate", None)
    decays, amount = part.decayed(paths), getattr(part, "weight_decay", None)
    about = part.op_name() + ("" if rate is None else f", rate {value_text(rate)}")
    if rate is None and not decays:
        return {}
    return {path: f"{about}, {f'decay {value_text(amount)}' if path in decays else 'no decay'}" for path in paths}


# --- random numbers --------------------------------------------------------------------------------------------------


def describe_streams(plan: TrainPlan) -> dict[str, object]:
    """Where random numbers come from: the seed, the rule for initial values, what draws in the model, what draws in the data."""
    chain = {f"{place}: {step.op_name()}": to_text(step) for place, step in enumerate(plan.data.transforms) if step.random}
    return {
        "seed": str(plan.seed),
        "initial values": "each parameter by sha256(seed, path)",
        "steps": "each layer that draws by (seed, step, path, pass of a repeat, number of the example)",
        "examples": "each transform that draws by (seed, epoch, place in the chain, number of the example)",
        **{name: found for name, found in (("layers", list_draws(plan.model)), ("transforms", chain)) if found},
    }
