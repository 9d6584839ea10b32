"""Declares options that several commands take: `--set NAME=VALUE`, `--plugin NAME` and `--workers N`. Floor 6."""

from __future__ import annotations

import os
from argparse import ArgumentParser, ArgumentTypeError

from netspec.limits import LIMITS

WORKERS = "NETSPEC_WORKERS"
"""The environment variable that says how many processes decode examples where neither the command line nor the spec does."""


def add_overrides(parser: ArgumentParser) -> None:
    """Adds the option `--set` to a command."""
    parser.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], type=assignment, help="override a param or a setting; may be repeated"
    )


def add_plugins(parser: ArgumentParser) -> None:
    """Adds the option `--plugin` to a command."""
    parser.add_argument(
        "--plugin",
        dest="plugins",
        metavar="NAME",
        action="append",
        default=[],
        help="load this plugin, whose ops are written NAME.op; may be repeated",
    )


def add_workers(parser: ArgumentParser) -> None:
    """Adds the option `--workers` to a command."""
    help = f"processes that decode examples, such as pictures in files (default: the spec's `workers`, else ${WORKERS}, else 0)"
    parser.add_argument("--workers", metavar="N", type=count_workers, help=help)


def count_workers(text: str) -> int:
    """A number of processes; anything else is an error of use."""
    if not text.isascii() or not text.isdecimal() or int(text) > LIMITS.workers:
        raise ArgumentTypeError(f"`{text}` is no number of processes from 0 to {LIMITS.workers}")
    return int(text)


def choose_workers(given: int | None, written: int | None) -> int:
    """What the command line says, else the spec, else the environment, else 0. Raises `Mistake` for an environment that says no number."""
    if given is not None or written is not None:
        return given if given is not None else written or 0
    text = os.environ.get(WORKERS, "0")
    try:
        return count_workers(text)
    except ArgumentTypeError:
        from netspec.diagnostics.base import Mistake
        from netspec.diagnostics.training.settings import BadSetting

        raise Mistake(BadSetting(name=WORKERS, expected=f"a number of processes from 0 to {LIMITS.workers}", found=f"`{text}`")) from None


def assignment(text: str) -> str:
    """`NAME=VALUE` as it is; anything else is an error of use."""
    name, equals, value = text.partition("=")
    if not (name.strip() and equals and value.strip()):
        raise ArgumentTypeError(f"`{text}` is not NAME=VALUE")
    return text


def overrides(assignments: list[str]) -> dict[str, str]:
    """`["a=1", "b.c = 2"]` -> {"a": "1", "b.c": "2"}."""
    pairs = (text.partition("=") for text in assignments)
    return {name.strip(): value.strip() for name, _, value in pairs}
