"""Elaborates the settings of `train` whose values stand alone: optimizer, durations, counts, seed, precision, lowering."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.diagnostics.training.settings import BadSetting
from netspec.infer import expressions
from netspec.infer.calls.construction import to_python
from netspec.infer.frame import Frame
from netspec.infer.sections.optimizers import check_order
from netspec.infer.values import UNKNOWN, Unknown, Value, describe, to_plain
from netspec.ir import Nonfinite
from netspec.library.base import Duration, Optimizer
from netspec.library.base.path_patterns import select
from netspec.library.optimizers.chain import step_problem
from netspec.limits import LIMITS
from netspec.record import replace
from netspec.shape import TensorType
from netspec.shape.types import BATCH
from netspec.syntax import tree

PRECISIONS = ("f32", "mixed(bf16)", "mixed(f16)", "f64")
LOWERINGS = ("automatic", "portable")
NONFINITE = {"stop": 0, "skip": 10, "rollback": 3}
"""What happens to a step that is no number, with how often at most unless it is said."""
COUNTS = {
    "keep": "a positive whole number",
    "accumulate": "a number of batches such as `4`",
    "every": "a number of steps such as `5`",
    "patience": "a number of evaluations such as `5`",
}
"""What a count is called, by its setting."""


def report_bad(frame: Frame, item: tree.Setting, value: Value, expected: str) -> Unknown:
    """Report a value that the setting does not take, with what is meant where that can be told; unknown ones stay silent."""
    if not isinstance(value, Unknown):
        from netspec.resolve.foreign_settings.values import find_meant_value  # only specs with a problem need it

        repair = find_meant_value(item)
        found = describe(value) if value is not None else f"`{item.value.span.text}`"
        frame.report(BadSetting(at=item.value.span, name=item.key, expected=expected, found=found, repair=repair))
    return UNKNOWN


def read_optimizer(frame: Frame, item: tree.Setting) -> Optimizer | Unknown:
    """`optimizer = adam(0.001)`."""
    if isinstance(item.value, tree.Binary) or is_odd_optimizer(item.value):
        return report_bad(frame, item, None, "an optimizer such as `adam(0.001)`, or several joined by `->`")
    value = expressions.evaluate(frame, item.value, ("optimizer",))
    made = UNKNOWN if isinstance(value, Unknown) else to_python(frame, value)
    if isinstance(made, Unknown):
        return UNKNOWN
    if not isinstance(made, Optimizer):
        return report_bad(frame, item, value, "an optimizer such as `adam(0.001)`")
    problem = step_problem(made)
    if problem is not None:
        return frame.report(replace(problem, at=item.value.span))
    check_order(frame, value, made)
    return made


def is_odd_optimizer(node: tree.Expr) -> bool:
    """Several optimizers that are joined as another library joins them."""
    if not isinstance(node, tree.Call | tree.DictExpr):
        return False
    from netspec.resolve.foreign_settings.values import is_foreign_chain, takes_parameters

    return is_foreign_chain(node) or takes_parameters(node)


def read_params(frame: Frame, item: tree.Setting, known: Collection[str]) -> tuple[str, ...] | Unknown:
    """The paths that a pattern, or a list of patterns, selects, in the order of `known`."""
    value = expressions.evaluate(frame, item.value)
    patterns = value if isinstance(value, tuple) else (value,)
    if not patterns or not all(isinstance(p, str) for p in patterns):
        return report_bad(frame, item, value, 'a pattern over paths such as `"d/**"`, or a list of them')
    chosen: set[str] = set()
    for pattern in patterns:
        try:
            chosen |= select(pattern, known)
        except Mistake as mistake:
            return frame.world.report_mistake(mistake, item.value.span)
    return tuple(path for path in known if path in chosen)


def read_ema(frame: Frame, item: tree.Setting) -> float | Unknown:
    """`ema = 0.999`."""
    value = to_plain(expressions.evaluate(frame, item.value))
    if isinstance(value, float) and 0 < value < 1:
        return value
    return report_bad(frame, item, value, "the decay of an average, a number between 0 and 1 such as `0.999`")


def read_duration(frame: Frame, item: tree.Setting) -> Duration | Unknown:
    """`duration = 10 epochs`."""
    if isinstance(item.value, tree.Call | tree.Unary):
        return report_bad(frame, item, None, "a length such as `10 epochs` or `2_000 steps`")
    value = expressions.evaluate(frame, item.value)
    if isinstance(value, Duration) and value.count > 0:
        return value
    return report_bad(frame, item, value, "a length such as `10 epochs` or `2_000 steps`")


def read_seed(frame: Frame, item: tree.Setting) -> int | Unknown:
    """`seed = 0`."""
    value = to_plain(expressions.evaluate(frame, item.value))
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32:
        return value
    return report_bad(frame, item, value, "a whole number from 0 to 4294967295")


def read_precision(frame: Frame, item: tree.Setting) -> str | Unknown:
    """`precision = mixed(bf16)`."""
    text = item.value.span.text.replace(" ", "").strip('"')
    if text in PRECISIONS:
        return text
    from netspec.resolve.foreign_settings.values import find_meant_value  # only specs with a problem need it

    near, found = nearest(text, PRECISIONS), f"`{item.value.span.text}`"
    repair = find_meant_value(item) or (near[0] if near else "")
    expected = "`f32`, `mixed(bf16)`, `mixed(f16)` or `f64`"
    return frame.report(BadSetting(at=item.value.span, name="precision", expected=expected, found=found, repair=repair))


def read_lowering(frame: Frame, item: tree.Setting) -> str | Unknown:
    text = item.value.span.text.strip().strip('"')
    if text in LOWERINGS:
        return text
    near, found = nearest(text, LOWERINGS), f"`{item.value.span.text}`"
    repair = near[0] if near else ""
    frame.world.report(BadSetting(at=item.value.span, name="lowering", expected="`automatic` or `portable`", found=found, repair=repair))
    return UNKNOWN


def read_nonfinite(frame: Frame, item: tree.Setting) -> Nonfinite | Unknown:
    """`on_nonfinite = skip`, `skip(20)`: in a row; `rollback(5)`: altogether."""
    written = re.fullmatch(r"(\w+)(?:\(([0-9_]+)\))?", item.value.span.text.replace(" ", "").strip('"'))
    action, count = (written[1], written[2]) if written else ("", None)
    if action in NONFINITE and (count is None or (action != "stop" and int(count) > 0)):
        return Nonfinite(action, NONFINITE[action] if count is None else int(count))
    near, found = nearest(action, NONFINITE), f"`{item.value.span.text}`"
    expected = "`stop`, `skip` or `rollback`, the last two with how often at most: `skip(20)`"
    repair = near[0] if near and near[0] != action else ""
    return frame.report(BadSetting(at=item.value.span, name=item.key, expected=expected, found=found, repair=repair))


def read_count(frame: Frame, item: tree.Setting) -> int | Unknown:
    """A number of batches or steps: `limit = 100 steps`."""
    value = to_plain(expressions.evaluate(frame, item.value))
    if isinstance(value, Duration) and value.unit == "step" and value.count >= 1:
        return int(value.count)
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    return report_bad(frame, item, value, COUNTS.get(item.key, "a number of batches such as `100 steps`"))


def read_workers(frame: Frame, item: tree.Setting) -> int | Unknown:
    """`workers = 4`."""
    value = to_plain(expressions.evaluate(frame, item.value))
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LIMITS.workers:
        return value
    return report_bad(frame, item, value, f"a number of processes from 0 to {LIMITS.workers}")


def read_weights(frame: Frame, item: tree.Setting, fields: Mapping[str, TensorType]) -> str | Unknown:
    """`weights = FIELD`: the name of a field with one number for each example; `none`: ""."""
    if isinstance(item.value, tree.Constant) and item.value.value is None:
        return ""
    written = item.value.text.removeprefix("batch.") if isinstance(item.value, tree.Name) else ""
    kind = fields.get(written)
    if kind is None or kind.rank != 1 or str(kind.shape[0]) != BATCH or kind.dtype == "bool":
        fitting = [name for name, own in fields.items() if own.rank == 1 and str(own.shape[0]) == BATCH and own.is_float]
        found = f"the field `{written}`, which is {kind}" if kind is not None else f"`{item.value.span.text}`"
        expected = f"a field of the batch with one number for each example, f32[{BATCH}] or whole numbers"
        repair, options = choose_weights(item.value.span.text, written, fitting), tuple(fitting)
        return frame.report(BadSetting(at=item.value.span, name=item.key, expected=expected, found=found, repair=repair, options=options))
    return written


def choose_weights(text: str, written: str, fitting: Sequence[str]) -> str:
    """The only field that fits among those that an expression names, or what its name was meant to be; else ""."""
    named = set(re.findall(r"\w+", text))
    inside = [name for name in fitting if name in named]
    near = inside or list(nearest(written, fitting))
    return near[0] if len(near) == 1 else ""


READERS = {
    "optimizer": read_optimizer,
    "duration": read_duration,
    "seed": read_seed,
    "precision": read_precision,
    "lowering": read_lowering,
    "ema": read_ema,
    "on_nonfinite": read_nonfinite,
    "workers": read_workers,
}
