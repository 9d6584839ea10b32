"""Prints the view `netspec show FILE --as kernels`, which needs the sizes of free dims because it traces programs. Floor 6."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING

from netspec.cli.sizes import check_sizes
from netspec.cli.terminal import report, say, write_text

if TYPE_CHECKING:
    from netspec.ir import Typed


def show_kernels(args: Namespace, typed: Typed) -> int:
    """What each training step computes with, and each model that no section trains, at the sizes given."""
    from netspec.diagnostics.spec_error import SpecError
    from netspec.library.shelf.plugins import find_kernels
    from netspec.lower.program import Program
    from netspec.tools.kernel_drawing import draw_kernels

    variants, sizes = find_kernels(args.plugins), dict(args.at)
    trained = {plan.model.name for plan in typed.trains}
    programs = [(f"train {plan.name}", Program.of(typed, plan.name, variants=variants)) for plan in typed.trains]
    programs += [(f"model {name}", Program.of(typed, model=name, variants=variants)) for name in typed.models if name not in trained]
    programs = [(name, program) for name, program in programs if args.model in (None, program.model.name)]
    if not _require_sizes(sizes, [symbol for _, program in programs for symbol in program.symbols]):
        return 2
    try:
        views = [(name, draw_kernels(program.kernels(sizes))) for name, program in programs]
    except SpecError as error:
        return report(error.diagnostics)
    write_text("\n\n".join(f"{name}\n\n{view}" if len(views) > 1 else view for name, view in views))
    return 0


def _require_sizes(sizes: Mapping[str, int], symbols: list[str]) -> bool:
    """Every free dim has a size, and every size is of one; else it is said what is wrong."""
    free = list(dict.fromkeys(symbols))
    if not check_sizes(sizes, free):
        return False
    missing = [symbol for symbol in free if symbol not in sizes]
    if missing:
        names, repair = " and ".join(f"`{symbol}`" for symbol in missing), ",".join(f"{symbol}=32" for symbol in missing)
        say(f"which kernels are chosen depends on the size of {names}: add `--at {repair}`.")
    return not missing
