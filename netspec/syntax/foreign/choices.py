"""Knows how other languages choose: `a if c else b`, `c ? a : b`, `elif`, and `if` as a statement."""

from __future__ import annotations

import re

from netspec.record import record
from netspec.syntax.foreign.form import Form, Rule
from netspec.syntax.foreign.text_view import TextView

_BEFORE = {"EQUAL", "COMMA", "LPAR", "LSQB", "COLON", "LBRACE", "ARROW"}


def _value_start(view: TextView, i: int) -> int:
    """Where the value begins that ends before word `i`: behind `=`, a comma, an opening bracket or a keyword."""
    k = i - 1
    while k >= 0 and view.spend(1):
        if view.type(k) in ("RPAR", "RSQB", "RBRACE"):
            k = view.partner.get(k, k)
        elif view.type(k) in _BEFORE - {"ARROW"} or (view.type(k) == "NEWLINE" and view.skip_lines(k) in view.starts):
            return view.skip_lines(k + 1)
        elif view.is_word(k, "output", "return", "require") and k in view.starts:
            return k + 1
        k -= 1
    return 0


def _value_end(view: TextView, i: int) -> int:
    """Where the value ends that begins at word `i`: before a comma, a closing bracket or the statement's end."""
    return next((k - 1 for k in view.top(i, view.end(i)) if view.type(k) in ("COMMA", "EQUAL") or view.is_word(k, "for")), view.end(i))


def python_choice(view: TextView, i: int) -> Form | None:
    """`a if c else b`."""
    if not view.is_word(i, "if") or not view.ends_value(i - 1) or i in view.starts or not view.same_line(i - 1, i):
        return None
    first, last = _value_start(view, i), _value_end(view, i + 1)
    top = view.top(i + 1, last)
    elses = [k for k in top if view.is_word(k, "else")]
    braces = [k for k in top if view.type(k) == "LBRACE"]
    if not elses or braces or first >= i:
        return None
    k = elses[0]
    if k == i + 1 or k >= last:
        return None
    text = f"if {view.render(i + 1, k - 1)} {{ {view.render(first, i - 1)} }} else {_otherwise(view, k + 1, last)}"
    text = f"({text})" if view.type(last + 1) == "ARROW" else text
    return Form("choice", view.start(i), view.stop(i), ((view.start(first), view.stop(last), text),), found=view.written(first, i - 1))


def _otherwise(view: TextView, first: int, last: int) -> str:
    """The other branch; a further choice needs no braces."""
    text = view.render(first, last)
    return text if text.startswith("if ") else f"{{ {text} }}"


def ternary(view: TextView, i: int) -> Form | None:
    """`c ? a : b`."""
    if view.type(i) not in ("QMARK", "BAD") or view.at(i) != "?" or not view.ends_value(i - 1):
        return None
    first, last = _value_start(view, i), view.end(i + 1)
    colons = [k for k in view.top(i + 1, last) if view.type(k) == "COLON"]
    if not colons or first >= i or view.is_word(view.before(first), "param"):
        return None
    k = colons[0]
    last = _value_end(view, k + 1)
    if k == i + 1 or k + 1 > last:
        return None
    text = f"if {view.render(first, i - 1)} {{ {view.render(i + 1, k - 1)} }} else {_otherwise(view, k + 1, last)}"
    return Form("choice", view.start(i), view.stop(i), ((view.start(first), view.stop(last), text),), found=view.written(first, i - 1))


def then(view: TextView, i: int) -> Form | None:
    """`if c then a else b` as a value, and `if (c) a else b`, `if c: a else: b`."""
    if not view.is_word(i, "if") or i in view.starts or view.ends_value(i - 1):
        return None
    last = _value_end(view, i + 1)
    top = view.top(i + 1, last)
    if any(view.type(k) == "LBRACE" for k in top):
        return None
    thens = [k for k in top if view.is_word(k, "then") or view.type(k) == "COLON"]
    elses = [k for k in top if view.is_word(k, "else")]
    if not elses or elses[0] >= last:
        return None
    k = elses[0]
    if thens and thens[0] < k:
        condition, yes = (i + 1, thens[0] - 1), (thens[0] + 1, k - 1)
    elif view.type(i + 1) == "LPAR" and view.partner.get(i + 1, k) < k - 1:
        condition, yes = (i + 2, view.partner[i + 1] - 1), (view.partner[i + 1] + 1, k - 1)
    else:
        return None
    rest = k + 2 if view.type(k + 1) == "COLON" else k + 1
    if condition[0] > condition[1] or yes[0] > yes[1] or rest > last:
        return None
    text = f"if {view.render(*condition)} {{ {view.render(*yes)} }} else {_otherwise(view, rest, last)}"
    return Form("choice", view.start(i), view.stop(i), ((view.start(i), view.stop(last), text),), found=view.written(*yes))


def else_if(view: TextView, i: int) -> Form | None:
    """`} elif c {`."""
    if view.is_word(i, "elif", "elseif", "elsif") and view.type(i - 1) == "RBRACE" and view.partner.get(i - 1) is not None:
        return Form("else if", view.start(i), view.stop(i), ((view.start(i), view.stop(i), "else if"),))
    return None


@record
class _Branch:
    """A condition ("" for the last `else`) and what is bound under it: name -> text of its value."""

    condition: str
    values: dict[str, str]


def if_statement(view: TextView, i: int) -> Form | None:
    """`if c: x = a` with `else: x = b` below, and the same with braces: each name is bound to a choice."""
    if i not in view.starts or view.starts[i] == 0 or not view.is_word(i, "if"):
        return None
    branches: list[_Branch] = []
    at, last = i, i
    while True:
        read = _branch(view, at, view.indent(i))
        if read is None:
            return None
        branch, last, after = read
        branches.append(branch)
        if branch.condition == "" or not view.is_word(after, "else", "elif", "elseif"):
            break
        at = after
    text = _phases(view, i, branches) or _choices(view, i, branches)
    if text is None:
        return None
    name, whole = next(iter(branches[0].values)), (view.start(i), view.stop(last))
    return Form("if statement", view.start(i), view.stop(i), ((view.start(i), view.stop(last), text),), found=name, whole=whole)


_TRAINING = re.compile(r"(not )?\(?(self\.|model\.)?(is_)?(train|training|train_mode|is_train)\)?( *== *(true|True))?")
_ONLY_IN_TRAINING = re.compile(r"(\w+)( -> (\w*dropout\w*|drop_path|stochastic_depth|gaussian_noise)(\([^()]*\))?)+")


def _phases(view: TextView, i: int, branches: list[_Branch]) -> str | None:
    """`if training: …`: layers that do something in training only stand alone; anything else stands in the regions of its phases."""
    found = _TRAINING.fullmatch(branches[0].condition)
    if found is None or len(branches) > 2 or any(branch.condition for branch in branches[1:]):
        return None
    if any(name == "return" for branch in branches for name in branch.values):
        return None
    (first, *others), negated = branches, bool(found[1])
    same = all(value == name for branch in others for name, value in branch.values.items())
    if same and not negated and all((m := _ONLY_IN_TRAINING.fullmatch(v)) and m[1] == name for name, v in first.values.items()):
        return f"\n{view.indent(i)}".join(f"{name} = {value}" for name, value in first.values.items())
    phases = {True: ("train",), False: ("eval", "serve")}
    lines = []
    for branch, training in zip(branches, (not negated, negated), strict=False):
        body = "; ".join(f"{name} = {value}" for name, value in branch.values.items())
        lines += [f"when {phase} {{ {body} }}" for phase in phases[training]]
    return f"\n{view.indent(i)}".join(lines)


def _branch(view: TextView, i: int, indent: str) -> tuple[_Branch, int, int] | None:
    """The branch whose `if`, `elif` or `else` is word `i`, its last word and the first word behind it."""
    plain = view.is_word(i, "else") and not view.is_word(i + 1, "if")
    j = i + 2 if view.is_word(i, "else") and not plain else i + 1
    first = j
    while view.type(j) not in ("COLON", "LBRACE", "NEWLINE", "") and not view.is_word(j, "then"):
        j = view.partner.get(j, j) + 1 if view.type(j) in ("LPAR", "LSQB") else j + 1
    condition = "" if plain else view.render(first, j - 1)
    if view.type(first) == "LPAR" and view.partner.get(first) == j - 1:
        condition = view.render(first + 1, j - 2)
    braced = view.type(j) == "LBRACE"
    if not braced and view.type(j) != "COLON" and not view.is_word(j, "then"):
        return None
    if braced and j not in view.partner:
        return None
    end = view.partner[j] if braced else None
    values: dict[str, str] = {}
    k = view.skip_lines(j + 1)
    inline = view.type(j + 1) != "NEWLINE"
    last = j
    while view.type(k) not in ("", "RBRACE") and (end is None or k < end):
        if end is None and not inline and len(view.indent(k)) <= len(indent):
            break
        read = _binding(view, k)
        if read is None:
            return None
        name, value, last = read
        if any(_mentions(view, k, last, known) for known in values):
            return None
        values[name] = value
        k = last + 1
        while view.type(k) in ("NEWLINE", "SEMICOLON"):
            k += 1
        if end is None and inline:
            break
    if not values:
        return None
    last = end if end is not None else last
    return _Branch(condition, values), last, view.skip_lines(last + 1)


def _binding(view: TextView, k: int) -> tuple[str, str, int] | None:
    """`x = value`, `x += value`, `return value`: the name, the value's text, the last word."""
    last = _before_else(view, k, view.end(k))
    if view.is_word(k, "return") and k < last:
        return "return", view.render(k + 1, last), last
    if view.type(k) == "NAME" and view.type(k + 1) == "EQUAL" and k + 1 < last:
        return str(view.at(k)), view.render(k + 2, last), last
    sign = str(view.at(k + 1))
    if view.type(k) == "NAME" and sign in ("+=", "-=", "*=", "/=") and k + 1 < last:
        return str(view.at(k)), f"{view.at(k)} {sign[0]} {view.operand(k + 2, last)}", last
    return None


def _before_else(view: TextView, k: int, last: int) -> int:
    """The end of a statement that an `else` on a line of its own follows, which would go on with it otherwise."""
    own = [
        n
        for n in view.top(k + 1, last)
        if view.is_word(n, "else") and view.type(n - 1) == "NEWLINE" and view.type(view.before(n)) != "RBRACE"
    ]
    return view.before(own[0]) if own else last


def _mentions(view: TextView, k: int, last: int, name: str) -> bool:
    """Whether a value reads a name."""
    return any(view.at(n) == name and view.type(n) == "NAME" for n in range(k + 1, last + 1))


def _choices(view: TextView, i: int, branches: list[_Branch]) -> str | None:
    """A line for each name that a branch binds; where one does not, the name stays what it was."""
    names = list(dict.fromkeys(name for branch in branches for name in branch.values))
    if branches[-1].condition:
        branches = [*branches, _Branch("", {})]
    before = {str(view.at(k)) for k in range(i) if view.type(k) == "NAME"}
    lines = []
    for n, name in enumerate(names):
        values = [branch.values.get(name, name) for branch in branches]
        if any(name not in branch.values for branch in branches) and (name not in before or name == "return"):
            return None
        if n and any(earlier in value.replace("(", " ").split() for earlier in names[:n] for value in values):
            return None
        parts = [f"if {b.condition} {{ {v} }}" if b.condition else f"{{ {v} }}" for b, v in zip(branches, values, strict=True)]
        value = " else ".join(parts)
        lines.append(f"output {value}" if name == "return" else f"{name} = {value}")
    return f"\n{view.indent(i)}".join(lines)


STATEMENTS: tuple[Rule, ...] = (if_statement,)
RULES: tuple[Rule, ...] = (python_choice, ternary, then, else_if)
