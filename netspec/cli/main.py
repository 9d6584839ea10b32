"""Entry of the command line: reads the arguments, runs one subcommand. Floor 6.

Subcommands import what they need inside `run`, so that `netspec check` starts without JAX, NumPy or a terminal library.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from types import ModuleType

from netspec import __version__
from netspec.cli import check, convert, data, docs, doctor, eval, explain, fmt, migrate, predict, schema, show, train
from netspec.cli.guard import guarded

COMMANDS: Mapping[str, ModuleType] = {
    "check": check,
    "fmt": fmt,
    "convert": convert,
    "migrate": migrate,
    "schema": schema,
    "show": show,
    "data": data,
    "train": train,
    "eval": eval,
    "predict": predict,
    "explain": explain,
    "docs": docs,
    "doctor": doctor,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line (default: the process's) and return its exit code; never raises."""
    swift_start()
    try:
        args = build_parser().parse_args(argv)
    except SystemExit as leaving:  # argparse has printed help, version or what is wrong
        return leaving.code if isinstance(leaving.code, int) else 2
    return guarded(COMMANDS[args.command].run, args)


def swift_start() -> None:
    """Spare every command pydantic's search for plugins among all installed packages."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def build_parser() -> argparse.ArgumentParser:
    """The parser of all subcommands."""
    parser = argparse.ArgumentParser(prog="netspec", description="Compile text specs of neural networks to JAX trainers.")
    parser.add_argument("--version", action="version", version=f"netspec {__version__}")
    parser.add_argument("--debug", action="store_true", help="show Python tracebacks")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        command = commands.add_parser(name, help=module.HELP, description=module.__doc__.split("\n\n")[0] if module.__doc__ else None)
        command.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help="show Python tracebacks")
        module.add_arguments(command)
    return parser
