"""Gathers what a spec means, fact by fact. Floor 3."""

from __future__ import annotations

from netspec import __version__
from netspec.ir import ServePlan, Typed
from netspec.ir.fingerprint import ir_hash
from netspec.library.shelf.op_text import to_text
from netspec.lock.defaults import Defaults, note_defaults, sort_defaults
from netspec.lock.model_facts import describe_model
from netspec.lock.text import FORMAT, Facts
from netspec.lock.train_facts import describe_training
from netspec.syntax.header import VERSION


def gather_facts(typed: Typed) -> Facts:
    """Everything that a lock holds. Two specs with the same hash have the same facts, whatever their layout."""
    defaults: Defaults = {}
    facts: Facts = {
        "lock": FORMAT,
        "language": str(VERSION),
        "netspec": __version__,
        "hash": ir_hash(typed),
        "models": {name: describe_model(body, defaults) for name, body in typed.models.items()},
    }
    if typed.trains:
        facts["trainings"] = {plan.name: describe_training(plan, defaults) for plan in typed.trains}
    if typed.serves:
        facts["serve"] = {f"{plan.model.name}.{plan.feeds}": describe_serving(plan, defaults) for plan in typed.serves}
    return {**facts, "defaults": sort_defaults(defaults)}


def describe_serving(plan: ServePlan, defaults: Defaults) -> str:
    """`logits -> greedy(limit=64)`."""
    note_defaults(plan.decoder, defaults)
    return f"{plan.reads} -> {to_text(plan.decoder)}"  # type: ignore[arg-type]
