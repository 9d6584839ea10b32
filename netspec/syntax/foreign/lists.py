"""Knows statements that change a value in place: `y += x`, `xs.append(x)`, `xs.pop()`, `i++`. Here a name is bound again."""

from __future__ import annotations

from netspec.syntax.foreign.form import Change, Form, Rule
from netspec.syntax.foreign.text_view import TextView
from netspec.syntax.scanner import BACKWARD

_LOOSER = {
    "+=": {"ARROW", "COMPARE"},
    "-=": {"PLUS", "MINUS", "ARROW", "COMPARE"},
    "*=": {"PLUS", "MINUS", "ARROW", "COMPARE"},
}
"""Signs that would come apart behind the operator; behind others all do."""


def augmented(view: TextView, i: int) -> Form | None:
    """`y += x`."""
    sign = str(view.at(i + 1))
    if i not in view.starts or view.type(i) != "NAME" or sign not in BACKWARD:
        return None
    first, last = view.skip_lines(i + 2), view.end(i)
    if first > last:
        return None
    top = view.top(first, last)
    kinds = {view.type(k) for k in top}
    loose = bool(kinds & _LOOSER[sign]) if sign in _LOOSER else view.is_loose(first, last)
    loose = loose or any(view.is_word(k, "and", "or", "not", "if") for k in top)
    changes: list[Change] = [(view.start(i + 1), view.stop(i + 1), f"= {view.at(i)} {sign[:-1]}")]
    if loose:
        changes += [(view.start(first), view.start(first), "("), (view.stop(last), view.stop(last), ")")]
    return Form("changed in place", view.start(i + 1), view.stop(i + 1), tuple(changes))


def counted_up(view: TextView, i: int) -> Form | None:
    """`i++`, `i--` as a statement."""
    sign = view.type(i + 1)
    if i not in view.starts or view.type(i) != "NAME" or sign not in ("PLUS", "MINUS") or view.type(i + 2) != sign:
        return None
    if not view.touches(i + 1) or view.type(i + 3) not in ("NEWLINE", "SEMICOLON", "RBRACE", ""):
        return None
    name = view.at(i)
    return Form(
        "changed in place", view.start(i + 1), view.stop(i + 2), ((view.stop(i), view.stop(i + 2), f" = {name} {view.at(i + 1)} 1"),)
    )


_GROWS = {"append", "push", "add", "push_back", "appendleft", "prepend", "extend", "insert", "concat", "update"}
_CHANGES = _GROWS | {"pop", "popleft", "reverse", "clear"}


def list_method(view: TextView, i: int) -> Form | None:
    """`xs.append(x)`, `xs.extend(ys)`, `xs.insert(0, x)`, `xs.reverse()`, `xs.pop()` as statements."""
    method = str(view.at(i + 2))
    if i not in view.starts or not _calls_method(view, i) or method not in _CHANGES or view.partner.get(i + 3) != view.end(i):
        return None
    name, last = str(view.at(i)), view.end(i)
    value = _grown(view, name, method, view.arguments(i + 3)) if method in _GROWS else _shrunk(view, name, method, view.arguments(i + 3))
    if value is None:
        return None
    found = f"{name}.{method}(…)"
    return Form(
        "list method", view.start(i), view.stop(i + 2), ((view.start(i), view.stop(last), f"{name} = {value}"),), found=found, reads=True
    )


def _calls_method(view: TextView, i: int) -> bool:
    """Whether `name.method(` begins here."""
    named = view.type(i) == "NAME" and view.type(i - 1) != "DOT" and view.type(i + 1) == "DOT" and view.type(i + 2) == "NAME"
    return named and view.type(i + 3) == "LPAR" and i + 3 in view.partner


def _grown(view: TextView, name: str, method: str, parts: list[tuple[int, int]]) -> str | None:
    """The list with what is put into it."""
    values = [view.render(a, b) for a, b in parts]
    if method in ("extend", "concat", "update") and len(values) == 1:
        return f"{name} + {view.operand(*parts[0])}"
    if method == "insert" and len(values) == 2:
        if values[0] == "0":
            return f"[{values[1]}] + {name}"
        return f"{name}[:{values[0]}] + [{values[1]}] + {name}[{values[0]}:]"
    if method in ("appendleft", "prepend") and len(values) == 1:
        return f"[{values[0]}] + {name}"
    return f"{name} + [{values[0]}]" if len(values) == 1 and method in ("append", "push", "add", "push_back") else None


def _shrunk(view: TextView, name: str, method: str, parts: list[tuple[int, int]]) -> str | None:
    """The list without what is taken from it."""
    values = [view.render(a, b) for a, b in parts]
    if method == "reverse":
        return f"reverse({name})"
    if method == "clear":
        return "[]"
    first = method == "popleft" or values == ["0"]
    return f"{name}[1:]" if first else f"{name}[:-1]" if values in ([], ["-1"]) else None


def popped(view: TextView, i: int) -> Form | None:
    """`y = xs.pop()`, and `concat(x, xs.pop())`: the last item, and the list without it on the next line."""
    start = view.statement(i)
    if start is None or start == i or not _calls_pop(view, i):
        return None
    last = view.end(start)
    pops = [k for k in range(start, last) if _calls_pop(view, k) and view.at(k) == view.at(i)]
    if i not in pops or view.is_word(start, "for", "repeat", "when"):
        return None
    if i != pops[0]:
        return None
    name = str(view.at(i))
    firsts = [str(view.at(k + 2)) == "popleft" or view.written(k + 3, view.partner[k + 3]) == "(0)" for k in pops]
    if len(set(firsts)) > 1:
        return None
    changes: list[Change] = []
    for n, k in enumerate(pops):
        changes.append((view.start(k), view.stop(view.partner[k + 3]), f"{name}[{n}]" if firsts[0] else f"{name}[-{n + 1}]"))
    rest = f"{name}[{len(pops)}:]" if firsts[0] else f"{name}[:-{len(pops)}]"
    inline = view.type(view.skip_lines(last + 1)) == "RBRACE" and view.type(last + 1) != "NEWLINE"
    joint = "; " if inline else f"\n{view.indent(start)}"
    changes.append((view.stop(last), view.stop(last), f"{joint}{name} = {rest}"))
    return Form("list method", view.start(i), view.stop(view.partner[i + 3]), tuple(changes), reads=True)


def _calls_pop(view: TextView, k: int) -> bool:
    """Whether the last or the first item is taken here."""
    if not _calls_method(view, k) or str(view.at(k + 2)) not in ("pop", "popleft"):
        return False
    return view.written(k + 3, view.partner[k + 3]) in ("()", "(0)", "(-1)")


STATEMENTS: tuple[Rule, ...] = (augmented, counted_up, list_method)
RULES: tuple[Rule, ...] = (popped,)
