"""Show what a spec means: its layers with shapes, parameters, costs and kernels, its tree, its typed form, its settings, its schedules."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from netspec.cli.kernel_view import show_kernels
from netspec.cli.sizes import check_sizes, parse_depth, parse_sizes, refuse_repeated
from netspec.cli.spec_options import add_overrides, add_plugins, overrides
from netspec.cli.terminal import report, say, width, write_text
from netspec.diagnostics.drawing.cells import escape
from netspec.diagnostics.drawing.cells import width as width_of
from netspec.limits import LIMITS

if TYPE_CHECKING:
    from netspec.compile import Checked
    from netspec.cost import Row
    from netspec.ir import Body, Port, ServePlan, TrainPlan
    from netspec.shape import Dim

HELP = "show layers, shapes, parameters and costs"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a spec")
    parser.add_argument("--model", metavar="NAME", help="only this model (default: all of the file)")
    parser.add_argument(
        "--as", dest="view", choices=[*FILE_VIEWS, *MODEL_VIEWS, MARKDOWN, KERNELS], default="table", help="what to show (default: table)"
    )
    parser.add_argument(
        "--at",
        metavar="DIM=SIZE",
        action="extend",
        default=[],
        type=parse_sizes,
        help="sizes of free dims: `--at B=1,H=224`; may be repeated",
    )
    depth = "in `table`, `costs` and `markdown`, one row for all layers of a block N deep"
    parser.add_argument("--depth", metavar="N", type=parse_depth, help=depth)
    add_overrides(parser)
    add_plugins(parser)


def run(args: Namespace) -> int:
    from netspec.compile import check_readable

    if args.at and _refuse_at(args):
        return 2
    checked = check_readable(args.file, set=overrides(args.set), plugins=args.plugins)
    code = report(checked.problems)
    if args.view in FILE_VIEWS:
        write_text(FILE_VIEWS[args.view](checked))
    elif args.view == KERNELS:
        return max(code, _kernels(args, checked))
    elif checked.typed is not None:
        shown = _show_models(args, checked.typed.models)
        if args.view == "table" and not shown:
            _show_frozen(args, checked.typed.trains)
        return max(code, shown)
    return code


def _show_models(args: Namespace, models: Mapping[str, Body]) -> int:
    """Prints a view of each model that is asked for; a name that no model has is an error."""
    if _refuse_unknown_model(args, models):
        return 2
    chosen = [models[args.model]] if args.model else list(models.values())
    if args.at and (code := _refuse_sizes(args, chosen)):
        return code
    if args.view == MARKDOWN:  # which has headings of its own
        write_text(_markdown(chosen, args))
        return 0
    view, alone = MODEL_VIEWS[args.view], len(chosen) == 1
    write_text("\n\n".join(view(model, args) if alone else f"model {model.name}\n\n{view(model, args)}" for model in chosen))
    return 0


def _show_frozen(args: Namespace, plans: Iterable[TrainPlan]) -> None:
    """Prints what each training of the models leaves as it is, where that is anything."""
    from netspec.ir.frozen import list_frozen

    for plan in plans:
        if args.model in (None, plan.model.name) and (paths := list_frozen(plan)):
            more = [f"  and {len(paths) - MOST_FROZEN:,} more"] if len(paths) > MOST_FROZEN else []
            write_text("\n".join(["", escape(f"frozen in `train {plan.name}`:"), *(escape(f"  {p}") for p in paths[:MOST_FROZEN]), *more]))


MOST_FROZEN = 40
"""So many paths are printed of those that a training leaves as they are."""


def _refuse_unknown_model(args: Namespace, models: Mapping[str, Body]) -> bool:
    """The file has no model of the name that was given, which is said."""
    from netspec.diagnostics.suggestions.nearest import nearest, one_of

    if args.model is None or args.model in models:
        return False
    known = nearest(args.model, models) or list(models)
    say(f"`{args.file}` has no model `{args.model}` to show" + (f"; it has {one_of(known)}." if known else "."))
    return True


def _refuse_at(args: Namespace) -> bool:
    """Sizes are given to a view that has none, or two to one dim, which is said."""
    if args.view in (*WITH_SIZES, KERNELS):
        return refuse_repeated(args.at)
    say(f"`--at` gives sizes to {', '.join(f'`{view}`' for view in (*WITH_SIZES, KERNELS))}, not to `{args.view}`.")
    return True


def _refuse_sizes(args: Namespace, models: Sequence[Body]) -> int:
    """Sizes are of free dims of the models, and such as they may have; else it is said what is wrong. 0 where nothing is."""
    free = {name: sorted({s for port in model.inputs for s in _symbols(model, port)}) for name, model in ((m.name, m) for m in models)}
    if not check_sizes(dict(args.at), [symbol for symbols in free.values() for symbol in symbols]):
        return 2
    from netspec.diagnostics.shapes.expansion import SizeOutOfRange
    from netspec.shape.sizes import find_excluded

    large = [(name, size) for name, size in args.at if size > LIMITS.axis_size]
    if large:
        return report([SizeOutOfRange(what=f"`{n}`", value=f"{size:,}"[:80], limit="from 1 to 2**31 - 1") for n, size in large])
    own = [(model, tuple((s, n) for s, n in dict(args.at).items() if s in free[model.name])) for model in models]
    return report([problem for model, sizes in own for problem in find_excluded(model.facts, sizes)])


def _symbols(model: Body, port: Port) -> frozenset[str]:
    """The free sizes of an input."""
    return model.types[port.wire].symbols() if isinstance(port.wire, int) else frozenset()


def _kernels(args: Namespace, checked: Checked) -> int:
    """Prints the kernels of a spec without problems; the exit code tells of problems and of unknown models."""
    if not checked.ok or checked.typed is None:
        return 1
    return 2 if _refuse_unknown_model(args, checked.typed.models) else show_kernels(args, checked.typed)


def _tree(checked: Checked) -> str:
    """The syntax tree of a spec as text."""
    from netspec.tools.text_drawing import draw_tree

    return draw_tree(checked.file)


def _settings_text(checked: Checked) -> str:
    """The settings of all `train` and `serve` sections."""
    if checked.typed is None:
        return ""
    return "\n\n".join([*map(_settings, checked.typed.trains), *map(_decoding, checked.typed.serves)])


def _schedules(checked: Checked) -> str:
    """The learning rates of every `train` section along its training."""
    from netspec.tools.plot import glyphs_for
    from netspec.tools.schedule_drawing import draw_schedules

    trains, glyphs = checked.typed.trains if checked.typed else (), glyphs_for(getattr(sys.stdout, "encoding", None))
    return "\n\n".join(draw_schedules(plan, width(sys.stdout), glyphs) for plan in trains) or NO_TRAIN


NO_TRAIN = "There is no `train` section without problems, and so no learning rate."


def _settings(plan: TrainPlan) -> str:
    """Every setting of a train section, defaults included, each with where it came from."""
    settings = {name: escape(f"  {name} = {value}") for name, value in plan.settings.items()}
    widest = max(map(width_of, settings.values()), default=0)
    lines = [f"{text}{' ' * (widest - width_of(text))}  # {escape(plan.origins.get(name, 'default'))}" for name, text in settings.items()]
    return "\n".join([f"train {plan.model.name} as {plan.name} {{", *lines, "}"])


def _decoding(plan: ServePlan) -> str:
    """A line of a serve section with every argument of its decoder, and how the model is run."""
    from netspec.lower.stretch_plan import derive_part

    found = derive_part(plan)
    how = f"the whole model for each element: {found}" if isinstance(found, str) else "only what is new, with a cache of the past"
    values = {name: getattr(plan.decoder, name) for name in plan.decoder.arguments()}
    arguments = [plan.reads, *(f"{name}={'none' if value is None else value}" for name, value in values.items())]
    line = f"  {plan.feeds} = {plan.decoder.op_name()}({', '.join(arguments)})"
    at = f"{plan.span.source.path}:{plan.span.line}"
    return f"serve {plan.model.name} {{\n{escape(line)}  # {escape(at)}\n{escape(f'  # runs {how}')}\n}}"


def _table(model: Body, args: Namespace) -> str:
    """The layers with shapes and costs."""
    from netspec.tools.layer_table import draw_table

    return draw_table(*_rows(model, args), columns=width(sys.stdout))


def _costs(model: Body, args: Namespace) -> str:
    """Where the costs are, largest first."""
    from netspec.tools.layer_table import draw_costs

    return draw_costs(*_rows(model, args), columns=width(sys.stdout))


def _rows(model: Body, args: Namespace) -> tuple[list[Row], Row]:
    """The rows of a table and their sum, at the sizes and the depth that were asked for."""
    from netspec.cost import group, table

    found, total = table(model)
    dim = _rewriter(model, args)
    grouped = found if args.depth is None else group(found, args.depth)
    return [row.at(dim) for row in grouped], total.at(dim)


def _rewriter(model: Body, args: Namespace) -> Callable[[Dim], Dim]:
    """What sizes become: simplified by what the model requires of them, then numbers where they were given."""
    sizes = dict(args.at)
    return lambda dim: model.facts.normal(dim).substitute(sizes)


def _shapes(model: Body, args: Namespace) -> str:
    """The layers of a model with their types as text."""
    from netspec.tools.ir_drawing import draw_shapes

    return draw_shapes(model, _rewriter(model, args))


def _markdown(models: Sequence[Body], args: Namespace) -> str:
    """The layers, costs and drawings as Markdown."""
    from netspec.tools.model_markdown import write_models

    return write_models((model, *_rows(model, args)) for model in models)


def _ir(model: Body, args: Namespace) -> str:
    """The typed form of a model as text."""
    from netspec.tools.ir_drawing import draw_ir

    return draw_ir(model)


FILE_VIEWS: Mapping[str, Callable[[Checked], str]] = {"tree": _tree, "resolved": _settings_text, "schedule": _schedules}
WITH_SIZES = ("table", "shapes", "costs", "markdown")
"""The views that show sizes, and take some for free dims."""
MODEL_VIEWS: Mapping[str, Callable[[Body, Namespace], str]] = {
    "table": _table,
    "ir": _ir,
    "shapes": _shapes,
    "costs": _costs,
}
MARKDOWN = "markdown"
"""The view of all models together, which have the room of one comment."""
KERNELS = "kernels"
"""The view that needs sizes, and JAX."""
