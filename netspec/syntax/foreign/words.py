"""Knows the words and signs of other languages that a statement of ours does without or says otherwise."""

from __future__ import annotations

import re

from netspec.syntax.foreign.form import Change, Form, Rule
from netspec.syntax.foreign.text_view import TextView

_DECLARING = {"let", "var", "const", "val", "auto", "local", "mut", "final", "def", "set"}
_TYPES = {"int", "float", "double", "bool", "str", "string", "Tensor", "tensor", "Any", "list"}


def declared(view: TextView, i: int) -> Form | None:
    """`let y = x`, `const y = x`, `int n = 3` in a body."""
    if not _inside(view, i) or not view.is_word(i, *_DECLARING, *_TYPES) or _section(view, i) in ("train", "serve"):
        return None
    j = i + 1
    while view.is_word(j, "mut", *_TYPES) and view.type(j + 1) == "NAME":
        j += 1
    if view.type(j) != "NAME" or view.type(j + 1) not in ("EQUAL", "COMMA"):
        return None
    return Form("declared", view.start(i), view.stop(j - 1), ((view.start(i), view.start(j), ""),))


def typed(view: TextView, i: int) -> Form | None:
    """`n: int = 3` as a statement of a body: a value has no written type."""
    if not _inside(view, i) or view.type(i) != "NAME" or view.type(i + 1) != "COLON" or _section(view, i) in ("train", "serve", "expect"):
        return None
    if not view.is_word(i + 2, *_TYPES) or view.type(i + 3) != "EQUAL":
        return None
    return Form("declared", view.start(i + 1), view.stop(i + 2), ((view.stop(i), view.stop(i + 2), ""),))


def returned(view: TextView, i: int) -> Form | None:
    """`return x` and `yield x` in a block or model."""
    if not _inside(view, i) or not view.is_word(i, "return", "yield", "outputs") or view.type(i + 1) in ("EQUAL", "COLON", "NEWLINE"):
        return None
    first, last = i + 1, view.end(i)
    if first > last or plural(view, i) is not None:
        return None
    if view.type(first) == "LPAR" and view.partner.get(first) == last and len(view.arguments(first)) > 1:
        parts = view.arguments(first)
    elif view.type(first) == "LBRACE" and view.partner.get(first) == last:
        return _returned_dict(view, i, first, last)
    else:
        parts = view.split(first, last)
    names = _free_names(view, len(parts))
    lines = [_output(view, i, a, b, name) for (a, b), name in zip(parts, names, strict=True)]
    joint = "; " if view.type(view.skip_lines(last + 1)) == "RBRACE" and view.type(last + 1) != "NEWLINE" else f"\n{view.indent(i)}"
    return Form("return", view.start(i), view.stop(i), ((view.start(i), view.stop(last), joint.join(lines)),))


def _returned_dict(view: TextView, i: int, first: int, last: int) -> Form | None:
    """`return {"logits": y, "loss": z}`."""
    lines = []
    for a, b in view.split(first + 1, last - 1):
        if view.type(a) not in ("STRING", "NAME") or view.type(a + 1) != "COLON" or a + 2 > b:
            return None
        key, value = str(view.at(a)).strip('"'), view.render(a + 2, b)
        lines.append(f"output {key}" if key == value else f"output {key} = {value}")
    return (
        Form("return", view.start(i), view.stop(i), ((view.start(i), view.stop(last), f"\n{view.indent(i)}".join(lines)),))
        if lines
        else None
    )


def _output(view: TextView, i: int, a: int, b: int, name: str) -> str:
    """The output of one value; in a model it has a name."""
    if a == b and view.type(a) == "NAME":
        return f"output {view.at(a)}"
    if _section(view, i) == "block":
        return f"output {view.render(a, b)}"
    return f"output {name} = {view.render(a, b)}"


def _free_names(view: TextView, count: int) -> list[str]:
    """Names that nothing in the text has."""
    names = [n for n in ("y", "z", "out", "result", *(f"y{k}" for k in range(count))) if n not in view.bound]
    return names[:count] if len(names) >= count else [f"out_{k}" for k in range(count)]


def _section(view: TextView, i: int) -> str:
    """The first word of the section around a word."""
    return str(view.at(view.section(i)))


def _inside(view: TextView, i: int) -> bool:
    """Whether a statement begins here that stands in a section, which may lack its braces."""
    return i in view.starts and (view.starts[i] > 0 or view.indent(i) != "")


def useless(view: TextView, i: int) -> Form | None:
    """`print(x)`, `pass`, `del x`, `@jit` on lines of their own: what has no meaning here is deleted with its line."""
    if i not in view.starts:
        return None
    last = view.end(i)
    called = view.type(i + 1) == "LPAR" and view.partner.get(i + 1) == last
    printed = view.is_word(i, "print", "println", "printf", "super", "breakpoint") and (called or view.is_word(i, "super"))
    logged = (
        view.is_word(i, "console", "logging", "logger", "torch", "np", "random", "tf") and view.type(i + 1) == "DOT" and _is_effect(view, i)
    )
    alone = view.is_word(i, "pass", "continue") and last == i
    deleted = view.is_word(i, "del", "global", "nonlocal") and view.type(i + 1) == "NAME"
    decorator = (
        view.type(i) == "MATMUL"
        and view.type(i + 1) == "NAME"
        and view.type(view.before(i)) not in ("COMMA",)
        and view.at(i - 1).type in ("NEWLINE", "")
    )
    if not (printed or logged or alone or deleted or decorator):
        return None
    if decorator and view.starts.get(i, 0) > 0 and view.type(view.path_end(i + 1) + 1) not in ("NEWLINE", "LPAR"):
        return None
    start, end = view.line_start(i), view.line_end(view.stop(last))
    single = not view.text[start : view.start(i)].strip() and not view.text[view.stop(last) : end].split("#")[0].strip()
    change = (start, min(end + 1, len(view.text)), "") if single else (view.start(i), view.stop(last), "")
    return Form("useless", view.start(i), view.stop(last), (change,))


def _is_effect(view: TextView, i: int) -> bool:
    """Whether a call is made for its effect: nothing takes its value."""
    end = view.path_end(i)
    return view.type(end + 1) == "LPAR" and view.partner.get(end + 1) == view.end(i)


def asserted(view: TextView, i: int) -> Form | None:
    """`assert c, "text"`."""
    if (
        not _inside(view, i)
        or not view.is_word(i, "assert", "ensure", "check", "static_assert")
        or view.type(i + 1) in ("EQUAL", "COLON", "NEWLINE")
    ):
        return None
    if _section(view, i) not in ("model", "block"):
        return None
    last = view.end(i)
    changes: list[Change] = [(view.start(i), view.stop(i), "require")]
    if view.type(i + 1) == "LPAR" and view.partner.get(i + 1) == last:
        changes = [(view.start(i), view.stop(i + 1), "require "), (view.start(last), view.stop(last), "")]
    return Form("assert", view.start(i), view.stop(i), tuple(changes))


def of_self(view: TextView, i: int) -> Form | None:
    """`self.x`."""
    if not view.is_word(i, "self", "this") or view.type(i + 1) != "DOT" or view.type(i + 2) != "NAME" or view.type(i - 1) == "DOT":
        return None
    name = str(view.at(i + 2))
    stage = re.search(rf"->\s*(?:self|this)\.{re.escape(name)}\b|\b(?:self|this)\.{re.escape(name)}\(", view.text) is not None
    layer = (
        i in view.starts and view.type(i + 3) == "EQUAL" and view.type(i + 4) == "NAME" and view.type(view.path_end(i + 4) + 1) == "LPAR"
    )
    begin = "shared " if stage and layer else ""
    return Form("self", view.start(i), view.stop(i), ((view.start(i), view.stop(i + 1), begin),), reads=str(view.at(i)) not in view.bound)


def pipe(view: TextView, i: int) -> Form | None:
    """`x | dense(3)` and `x >> dense(3)` for a chain; between truth values `|` and `&` are `or` and `and`."""
    token = view.at(i)
    if token.type == "BAD" and str(token) in ("|", "&", "~"):
        meant = "->" if token == "|" and _is_stage(view, i + 1) else {"|": "or", "&": "and", "~": "not"}[str(token)]
        return _sign(view, i, i, meant)
    if token.type == "COMPARE" and str(token) == ">" and view.at(i + 1) == ">" and view.type(i + 1) == "COMPARE" and view.touches(i):
        return _sign(view, i, i + 2 if str(view.at(i + 2)) == ">" and view.touches(i + 1) else i + 1, "->")
    if token.type == "PERCENT" and str(view.at(i + 1)) == ">" and view.type(i + 2) == "PERCENT" and view.touches(i):
        return _sign(view, i, i + 2, "->")
    if token.type == "DOT" and view.type(i + 1) in ("STAR", "SLASH", "PLUS", "POWER") and view.touches(i):
        return _sign(view, i, i + 1, str(view.at(i + 1)))
    if token.type in ("MINUS", "STAR") and view.type(i + 1) == "ARROW" and view.touches(i):
        return _sign(view, i, i + 1, "->")
    return None


def _is_stage(view: TextView, i: int) -> bool:
    """Whether a word is called, or is no name that the text binds."""
    i = view.skip_lines(i)
    return view.type(i) == "NAME" and (view.type(view.path_end(i) + 1) == "LPAR" or str(view.at(i)) not in view.bound)


def _sign(view: TextView, i: int, j: int, meant: str) -> Form:
    before = " " if view.start(i) and not view.text[view.start(i) - 1].isspace() else ""
    after = "" if view.text[view.stop(j) : view.stop(j) + 1].isspace() else " "
    start, end = view.start(i), view.stop(j)
    return Form("sign", start, end, ((start, end, f"{before}{meant}{after}"),))


def arrow_assigns(view: TextView, i: int) -> Form | None:
    """`y <- x`."""
    if i not in view.starts or view.type(i) != "NAME" or view.at(i + 1) != "<" or view.type(i + 2) != "MINUS" or not view.touches(i + 1):
        return None
    return Form("sign", view.start(i + 1), view.stop(i + 2), ((view.start(i + 1), view.stop(i + 2), "="),))


def new(view: TextView, i: int) -> Form | None:
    """`new Dense(3)`."""
    if view.is_word(i, "new", "await", "async") and view.type(i + 1) == "NAME" and view.same_line(i, i + 1) and i + 1 not in view.starts:
        return Form("declared", view.start(i), view.stop(i), ((view.start(i), view.start(i + 1), ""),))
    return None


def plus_sign(view: TextView, i: int) -> Form | None:
    """`x = +3`."""
    before = view.type(i - 1) in ("EQUAL", "COMMA", "LPAR", "LSQB", "COLON", "STAR", "SLASH", "MATMUL", "COMPARE")
    if view.type(i) == "PLUS" and before and view.type(i + 1) in ("NUMBER", "NAME"):
        return Form("sign", view.start(i), view.stop(i), ((view.start(i), view.start(i + 1), ""),))
    return None


def quoted_key(view: TextView, i: int) -> Form | None:
    """`"loss": mse(y, label)` and `loss: mse(y, label)` as lines of `train`."""
    if not _inside(view, i) or view.type(i) not in ("STRING", "NAME") or view.type(i + 1) != "COLON":
        return None
    if _section(view, i) not in ("train", "serve") or view.type(i + 2) in ("NEWLINE", ""):
        return None
    key = str(view.at(i)).strip('"')
    changes: list[Change] = [(view.start(i), view.stop(i + 1), f"{key} =")]
    last = view.end(i)
    if view.type(last) == "COMMA":
        return Form("setting", view.start(i + 1), view.stop(i + 1), tuple(changes), found=key)
    if last > i + 2 and view.text[view.start(i + 2) : view.stop(last)].count(",") and len(view.split(i + 2, last)) > 1:
        return None
    return Form("setting", view.start(i + 1), view.stop(i + 1), tuple(changes), found=key)


def plural(view: TextView, i: int) -> Form | None:
    """`inputs x: f32[B, 8]` and `outputs y = …`."""
    sign = {"inputs": "COLON", "outputs": "EQUAL"}.get(str(view.at(i)), "")
    if not _inside(view, i) or view.type(i) != "NAME" or view.type(i + 1) != "NAME" or view.type(i + 2) != sign:
        return None
    return Form("plural", view.start(i), view.stop(i), ((view.stop(i) - 1, view.stop(i), ""),))


def list_type(view: TextView, i: int) -> Form | None:
    """`param widths: int[]`."""
    if view.type(i - 1) != "COLON" or not view.is_word(i, "int", "float", "bool", "str", "layer") or view.type(i + 1) != "LSQB":
        return None
    if view.type(i + 2) != "RSQB":
        return None
    return Form("list type", view.start(i), view.stop(i + 2), ((view.start(i), view.stop(i + 2), f"list[{view.at(i)}]"),))


def thousands(view: TextView, i: int) -> Form | None:
    """`30,000`: no number begins with three noughts."""
    last = i + 2
    if view.type(i) != "NUMBER" or not re.fullmatch(r"[1-9][0-9]{0,2}", view.at(i)) or view.type(i - 1) == "COMMA" and view.touches(i - 1):
        return None
    while view.type(last - 1) == "COMMA" and re.fullmatch(r"[0-9]{3}", view.at(last)) and view.touches(last - 2) and view.touches(last - 1):
        last += 2
    last -= 2
    groups = [str(view.at(k)) for k in range(i, last + 1, 2)]
    if not any(group.startswith("0") for group in groups[1:]):
        return None
    return Form("thousands", view.start(i), view.stop(last), ((view.start(i), view.stop(last), "_".join(groups)),), reads=True)


def percent(view: TextView, i: int) -> Form | None:
    """`50%`."""
    ends = view.type(i + 2) in ("RPAR", "COMMA", "NEWLINE", "RSQB", "RBRACE", "")
    if (
        view.type(i) != "NUMBER"
        or view.type(i + 1) != "PERCENT"
        or not view.touches(i)
        or not ends
        or not view.at(i).replace(".", "").isdigit()
    ):
        return None
    share = f"{float(view.at(i)) / 100:.10f}".rstrip("0")
    share = f"{share}0" if share.endswith(".") else share
    return Form("sign", view.start(i + 1), view.stop(i + 1), ((view.start(i), view.stop(i + 1), share),))


def listed(view: TextView, i: int) -> Form | None:
    """`list(f(x) for x in xs)`, `list(xs)`, `tuple(xs)`."""
    if (
        not view.is_word(i, "list", "tuple")
        or view.type(i - 1) in ("DOT", "COLON")
        or view.type(i + 1) != "LPAR"
        or i + 1 not in view.partner
    ):
        return None
    close = view.partner[i + 1]
    parts = view.arguments(i + 1)
    if len(parts) != 1 or "list" in view.defined:
        return None
    comprehends = any(view.is_word(k, "for") for k in view.top(*parts[0]))
    edges = ("[", "]") if comprehends else ("", "")
    changes = ((view.start(i), view.stop(i + 1), edges[0]), (view.start(close), view.stop(close), edges[1]))
    return Form("useless", view.start(i), view.stop(i), changes, reads=True)


STATEMENTS: tuple[Rule, ...] = (plural, declared, typed, returned, useless, asserted, arrow_assigns, quoted_key)
RULES: tuple[Rule, ...] = (of_self, pipe, new, plus_sign, percent, thousands, list_type, listed)
