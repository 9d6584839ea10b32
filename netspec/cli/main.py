"""Entry of the command line: reads the arguments, runs one subcommand. Floor 6.

Only the subcommand that is asked for is imported, and it imports what it needs inside `run`, so that `netspec check` starts without JAX,
NumPy or a terminal library.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from netspec import __version__
from netspec.cli.guard import describe_ending, finish, run_guarded
from netspec.cli.own_process import is_command, own_process
from netspec.cli.terminal import careful_output, reserve_descriptors, width, write_text
from netspec.diagnostics.drawing.cells import escape

COMMANDS = (
    "new",
    "check",
    "lock",
    "fmt",
    "convert",
    "migrate",
    "schema",
    "show",
    "diff",
    "data",
    "compile",
    "train",
    "eval",
    "predict",
    "export",
    "checkpoints",
    "report",
    "explain",
    "docs",
    "doctor",
)
"""The subcommands, each a module beside this one, in the order of the help."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line (default: the process's) and return its exit code; never raises."""
    skip_plugin_search()
    if argv is None:
        own_process(sys.argv[1:] if is_command() else ())
        reserve_descriptors()
    given = sys.argv[1:] if argv is None else argv
    with careful_output():
        return run_command(given)


def run_command(given: Sequence[str]) -> int:
    """The exit code of a command line whose output is taken care of."""
    try:
        args = build_parser(choose_commands(given)).parse_args(given)
    except SystemExit as leaving:  # argparse has printed help, version or what is wrong
        return finish(leaving.code if isinstance(leaving.code, int) else 2)
    except OSError as error:  # or could not
        return finish(describe_ending(error, "help"))
    return run_guarded(module(args.command).run, args)


def module(command: str) -> Any:
    """The module of a subcommand."""
    return importlib.import_module(f"netspec.cli.{command}")


def choose_commands(given: Sequence[str]) -> Sequence[str]:
    """The subcommands that the parser must know for these arguments: one where it is named, all of them for help and for mistakes."""
    words = [word for word in given if word != "--debug"]
    return words[:1] if words and words[0] in COMMANDS else COMMANDS


def skip_plugin_search() -> None:
    """Spare every command pydantic's search for plugins among all installed packages."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


class Help(argparse.HelpFormatter):
    """Looks at the terminal itself: argparse imports four archive formats to learn its width."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=width(sys.stdout, 80) - 2)


class Parser(argparse.ArgumentParser):
    """Says what is wrong with arguments, which may hold anything, on one line."""

    def error(self, message: str) -> NoReturn:
        super().error(escape(message))

    def _print_message(self, message: str, file: Any = None) -> None:
        """As argparse does, but what cannot be written on the standard output is not passed over."""
        if message and file is sys.stdout:
            write_text(message.removesuffix("\n"))
        else:
            super()._print_message(message, file)


def build_parser(names: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of these subcommands."""
    about = "Compile text specs of neural networks to JAX trainers."
    parser = Parser(prog="netspec", description=about, formatter_class=Help)
    parser.add_argument("--version", action="version", version=f"netspec {__version__}")
    parser.add_argument("--debug", action="store_true", help="show Python tracebacks")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, prog="netspec")
    for name in names:
        found = module(name)
        about = found.__doc__.split("\n\n")[0] if found.__doc__ else None
        command = commands.add_parser(name, help=found.HELP, description=about, formatter_class=Help)
        command.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help="show Python tracebacks")
        found.add_arguments(command)
    return parser
