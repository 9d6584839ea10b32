"""Turns whatever a command ends with into an exit code and a short message: a user never meets a traceback. Floor 6."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from traceback import walk_tb
from typing import Any

from netspec.cli.signals import Terminated, raise_on_signals
from netspec.cli.terminal import abandon, report, say
from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.spec_error import SpecError
from netspec.limits import LIMITS

ENVIRONMENT = 2
BUG = 101
INTERRUPTED = 130
TERMINATED = 143
_BACKENDS = "jax._src.xla_bridge"
"""The module of JAX that starts its platforms."""


def run_guarded(run: Callable[[Namespace], int], args: Namespace) -> int:
    """The exit code of `run(args)`, whatever happens in it."""
    try:
        with raise_on_signals(), _stay(args):
            return finish(run(args))
    except BaseException as error:
        if args.debug and sys.stderr is not None:
            import traceback

            with suppress(OSError, ValueError):
                traceback.print_exc()
        return finish(describe_ending(error, args.command))


def finish(code: int) -> int:
    """The exit code of a command that ends with this one; another when the last of what it printed cannot be written."""
    for stream in (sys.stderr, sys.stdout):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError) as error:
            abandon(stream)
            if stream is sys.stdout:
                _say_unwritten(error)
                code = code or ENVIRONMENT
    return code


def _say_unwritten(error: Exception) -> None:
    """Says why the output could not be written; of a reader that went away (`netspec show m.net | head`) nobody need be told."""
    if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
        say(f"cannot write to the standard output: {error.strerror or type(error).__name__}.")


def describe_ending(error: BaseException, command: str) -> int:
    """The exit code of what ended a command, whose message is printed here."""
    if fault := _find_plugin(error):
        return report([fault])
    plugin_guard = sys.modules.get("netspec.library.shelf.plugin_guard")
    if plugin_guard is not None and isinstance(error, plugin_guard.LeftProcess):
        return getattr(error, "status", ENVIRONMENT)
    match error:
        case SystemExit():
            return error.code if isinstance(error.code, int) else ENVIRONMENT
        case Mistake():
            return report([error.diagnostic])
        case SpecError():
            return report(error.diagnostics)
        case KeyboardInterrupt():
            return INTERRUPTED
        case Terminated():
            return TERMINATED
        case BrokenPipeError():
            abandon(sys.stdout)
            abandon(sys.stderr)
            return ENVIRONMENT
        case OSError() | MemoryError() | ModuleNotFoundError() if line := _environment_line(error):
            say(line)
            return ENVIRONMENT
        case FloatingPointError() if os.environ.get("JAX_DEBUG_NANS") or os.environ.get("JAX_DEBUG_INFS"):
            say(f"a value is not finite, and JAX was asked to stop there (JAX_DEBUG_NANS, JAX_DEBUG_INFS): {_first_line(error)}")
            return 1
    if line := _explain_jax(error):
        say(line)
        return ENVIRONMENT
    return _bug(error, command)


def _explain_jax(error: BaseException) -> str | None:
    """Why JAX cannot start, where it cannot: what was asked for in the environment is then at fault, whatever came of it."""
    modules = [frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__)]
    if "jax" not in sys.modules and not any(name.startswith("jax") for name in modules):
        return None
    try:
        import jax

        if isinstance(error, RuntimeError) and _BACKENDS in modules[-1:]:
            raise error  # once some of the platforms have started, asking again gives those
        jax.devices()
    except Exception as fault:
        asked = ", ".join(f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith(("JAX_", "XLA_")))
        given = f" with {asked} in the environment" if asked else ""
        return f"JAX cannot start{given}: {_first_line(error if str(error) else fault)}; `netspec doctor` shows what there is."
    return None


def _first_line(error: BaseException) -> str:
    """What an exception says, on one line that is not too long."""
    lines = str(error).strip().splitlines()
    return (lines[0].rstrip(".")[: LIMITS.reason_characters] if lines else "") or type(error).__name__


def _stay(args: Namespace) -> AbstractContextManager[Any]:
    """Where plugins are asked for, their code may not end the process."""
    if not getattr(args, "plugins", None):
        return nullcontext()
    from netspec.library.shelf.plugin_guard import stay

    return stay()


def _find_plugin(error: BaseException) -> Diagnostic | None:
    """The fault of the plugin in whose code an error was raised; of a signal, which comes wherever the code is, none is at fault."""
    plugins = sys.modules.get("netspec.library.shelf.plugins")
    signal_or_file = isinstance(error, KeyboardInterrupt | Terminated | OSError | MemoryError)
    return None if plugins is None or signal_or_file else plugins.find_blamed(error)


def _environment_line(error: BaseException) -> str | None:
    """What the machine lacks, or None when the error is netspec's own fault after all."""
    if isinstance(error, MemoryError):
        return "out of memory."
    if isinstance(error, ModuleNotFoundError):
        ours = not error.name or error.name.split(".")[0] == "netspec"
        return None if ours else f"the Python package `{error.name}` is not installed; `netspec doctor` shows what is missing."
    if isinstance(error, FileNotFoundError) and not error.filename and not _has_folder():
        return "the folder that the command was started in is gone."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: `{error.filename}`." if error.filename else f"{error.strerror}."
    return None


def _has_folder() -> bool:
    """Whether the current folder is still there."""
    try:
        return bool(os.getcwd())
    except OSError:
        return False


def note_file(error: BaseException, path: str) -> None:
    """Notes with an error which file it was met at."""
    if not find_notes(error):
        error.add_note(f"{AT}`{path}`")


def find_notes(error: BaseException) -> list[str]:
    """The files that an error was met at."""
    return [note for note in getattr(error, "__notes__", ()) if note.startswith(AT)]


AT = "met while checking "
"""How the note of a file begins."""


def _bug(error: BaseException, command: str) -> int:
    """Saves a report of an error that is netspec's own, and says where it lies."""
    from netspec.cli.bug_report import save_report

    met = "".join(f", {note}" for note in find_notes(error))
    say(f"this is a bug in netspec ({type(error).__name__}){met}, not in your spec.")
    try:
        say(f"a report without your data was saved: {save_report(error, command)}")
    except Exception as failure:
        say(f"a report could not be saved ({type(failure).__name__}); run again with --debug to see it.")
    return BUG
