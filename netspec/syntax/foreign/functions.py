"""Knows how other languages define functions: `def f(v): return …`, `fn f(v) = …`, `f = lambda v: …`. Here a function of numbers is one
line, `let f(v: int) = …`, and what computes with tensors is a block.
"""

from __future__ import annotations

import re

from netspec.record import record
from netspec.syntax.foreign.form import Form, Rule
from netspec.syntax.foreign.text_view import TextView

_WORDS = ("def", "fn", "fun", "func", "function", "define", "macro", "let", "lambda", "const", "var", "static", "inline", "export")
_TYPES = {
    "int": "int",
    "float": "float",
    "bool": "bool",
    "str": "str",
    "string": "str",
    "double": "float",
    "number": "float",
    "i32": "int",
    "f32": "float",
}
_HEADER = re.compile(
    r"(?:(?:export|static|inline|async|pub)\s+)*(?:(?:def|fn|fun|func|function|define|macro|let)\s+)?"
    r"(?P<name>[A-Za-z_]\w*)\s*\((?P<params>[^()\n]*(?:\([^()\n]*\)[^()\n]*)*)\)"
    r"[ \t]*(?:(?:->|:)[ \t]*(?:[A-Za-z_][\w.]*(?:\[[^\]\n]*\])?)[ \t]*(?=[:={]))?\s*(?P<opens>=>|=|:|\{|->)?[ \t]*"
)
_LAMBDA = re.compile(
    r"(?:(?:let|const|var|def)\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*"
    r"(?:lambda\s+(?P<params>[^:\n]*):|\(?(?P<arrow>[\w \t,:=]*)\)?\s*=>|\|(?P<bars>[\w \t,:]*)\|)[ \t]*"
)
_TENSORS = re.compile(
    r"->|\b(?:relu|gelu|dense|Dense|Linear|conv|softmax|layer_norm|einsum|matmul|batch_norm|embed|dropout)\b"
    r"|@|\.(?:mean|sum|shape)\b|:\s*(?:f32|i32|bf16)\["
)
_FLOATS = re.compile(r"\d\.\d|\d[eE]-|(?<!/)/(?!/)|\b(?:exp|log|sqrt|sin|cos|tanh|pow)\b")


@record
class _Body:
    """What a function gives, as text, and where its definition ends."""

    value: str
    end: int


def foreign_function(view: TextView, i: int) -> Form | None:
    """A function in another language's words."""
    if i not in view.starts or view.type(i) != "NAME":
        return None
    start = view.start(i)
    match = _LAMBDA.match(view.text, start)
    if match is None:
        named = view.is_word(i, *_WORDS) or (view.starts[i] == 0 and view.type(i + 1) == "LPAR")
        match = _HEADER.match(view.text, start) if named else None
        if match is None or match["name"] in _WORDS[:8] or match["opens"] is None:
            return None
    params = next((p for p in (match["params"], *(match.groupdict().get(k) for k in ("arrow", "bars"))) if p is not None), "")
    inside = view.starts[i] > 0
    if inside and (view.is_word(i, "let") or match.re is _HEADER) and not view.is_word(i, "def", "fn", "func", "function", "fun"):
        return None
    body = _body(view, i, match) if view.spend(len(view.text) // 10) else None
    if body is None or _is_ours(view, i, match, params):
        return None
    return _rewrite(view, i, match["name"], params, body, inside)


def _is_ours(view: TextView, i: int, match: re.Match[str], params: str) -> bool:
    """Whether it is written as here already."""
    if match.re is not _HEADER or not view.is_word(i, "let") or match["opens"] != "=":
        return False
    return all(re.fullmatch(r"\s*\w+\s*:[^=]+(=.*)?", p) for p in params.split(","))


def _body(view: TextView, i: int, match: re.Match[str]) -> _Body | None:
    """The one expression that the function gives."""
    opens = match.groupdict().get("opens") or "="
    text, at = view.text, match.end()
    if opens == "{" or text[at : at + 1] == "{":
        brace = next((k for k in range(i, len(view.tokens)) if view.type(k) == "LBRACE" and view.start(k) >= match.end() - 2 - 1), None)
        brace = next(
            (k for k in range(i, len(view.tokens)) if view.type(k) == "LBRACE" and view.start(k) >= text.rindex("{", 0, at + 1)), brace
        )
        if brace is None or brace not in view.partner:
            return None
        close = view.partner[brace]
        value = _expression(text[view.stop(brace) : view.start(close)].splitlines())
        return None if value is None else _Body(value, view.stop(close))
    line_end = view.line_end(at)
    rest = text[at:line_end].split("#")[0].strip()
    if rest:
        value = _expression([rest])
        return None if value is None else _Body(value, at + len(text[at:line_end].split("#")[0].rstrip()))
    lines, end = [], line_end
    indent = len(view.indent(i))
    while end < len(text):
        following = view.line_end(end + 1)
        line = text[end + 1 : following]
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            if line.strip() in ("end", "}"):
                end = following
            break
        lines.append(line)
        end = following
        if following >= len(text):
            break
    while lines and not lines[-1].strip() and text[:end].endswith("\n"):
        lines.pop()
        end -= 1
    value = _expression(lines)
    return None if value is None else _Body(value, view.line_end(max(at, end - 1)) if False else end)


def _expression(lines: list[str]) -> str | None:
    """The expression of a body: what stands behind `return`, with names that are bound once before it put in."""
    plain = [part.strip() for line in lines for part in line.split("#")[0].split(";")]
    plain = [line for line in plain if line and not line.startswith(('"""', "'''"))]
    if not plain:
        return None
    known: dict[str, str] = {}
    for line in plain[:-1]:
        bound = re.fullmatch(r"(?:(?:let|const|var|int|float)\s+)?([A-Za-z_]\w*)\s*=\s*([^=].*)", line)
        if bound is None or bound[1] in known:
            return None
        known[bound[1]] = f"({_put_in(bound[2], known)})"
    value = _put_in(re.sub(r"^return\b\s*", "", plain[-1]), known).strip()
    return None if not value or re.search(r"(?<![=<>!])=(?!=)", re.sub(r"\([^()]*\)", "", value)) else value


def _put_in(text: str, known: dict[str, str]) -> str:
    """A text with values in the place of names."""
    for name, value in known.items():
        text = re.sub(rf"\b{re.escape(name)}\b", lambda _, value=value: value, text)
    return text


def _rewrite(view: TextView, i: int, name: str, params: str, body: _Body, inside: bool) -> Form | None:
    """The definition as a `let` or a `block`; out of a section it moves before it."""
    parts = [p.strip() for p in params.split(",") if p.strip() and p.strip() not in ("self", "*", "/")]
    value = re.sub(r"\bself\.", "", body.value)
    choice = re.fullmatch(r"(.+?)\s+if\s+(.+?)\s+else\s+(.+)", value)
    value = f"if {choice[2]} {{ {choice[1]} }} else {{ {choice[3]} }}" if choice else value.replace("^", "**")
    value = re.sub(r"\bint\(", "floor(", value)
    tensors = _TENSORS.search(value) or _TENSORS.search(params) or _calls_ops(view, name, value)
    text = _block(name, parts, value) if tensors else _let(view, name, parts, value)
    if text is None:
        return None
    start = view.start(i)
    if not inside:
        return Form("function", start, view.stop(i), ((start, body.end, text),), whole=(start, body.end))
    section = view.section(i)
    line = view.line_start(i)
    place = view.line_start(section)
    cut = (line, min(view.line_end(body.end) + 1, len(view.text)), "")
    return Form("function", start, view.stop(i), ((place, place, f"{text}\n\n"), cut), whole=(start, body.end))


_STATIC = {"range", "len", "enumerate", "reverse", "zip", "sum", "min", "max", "floor", "ceil", "round", "if"}


def _calls_ops(view: TextView, name: str, value: str) -> bool:
    """Whether a function calls what is no function of numbers, or stands as a stage."""
    called = set(re.findall(r"\b([A-Za-z_]\w*)\s*\(", value)) - _STATIC - view.defined - view.bound
    return bool(called) or re.search(rf"->\s*{re.escape(name)}\b", view.text) is not None


def _let(view: TextView, name: str, parts: list[str], value: str) -> str | None:
    """`let name(v: int) = value`."""
    read = [_param(p) for p in parts]
    guess = "float" if _FLOATS.search(re.sub(r"\b(?:floor|round|ceil)\([^()]*\)", "", value)) else "int"
    own = []
    for place, (n, kind, default) in enumerate(read):
        kind = _TYPES.get(kind, kind) or _given(view, name, place, default) or guess
        own.append(f"{n}: {kind}{f' = {default}' if default else ''}")
    return f"let {name}({', '.join(own)}) = {value}"


def _given(view: TextView, name: str, place: int, default: str) -> str:
    """The type of what calls of a function, or its default, give a param; "" where that is not seen."""
    calls = [match[1].split(",") for match in re.finditer(rf"\b{re.escape(name)}\(([^()\n]*)\)", view.text)]
    numbers = [default, *(call[place].rpartition("=")[2].strip() for call in calls if place < len(call))]
    kinds = {"float" if re.search(r"[.eE]", n) else "int" for n in numbers if re.fullmatch(r"-?[\d_.]+(?:[eE]-?\d+)?", n)}
    return "" if not kinds else "float" if "float" in kinds else "int"


def _param(part: str) -> tuple[str, str, str]:
    """The name, the type and the default of a param as it is written: `v`, `v: int = 3`, `int v`, `v=3`."""
    left, _, default = (s.strip() for s in part.partition("="))
    name, colon, kind = (s.strip() for s in left.partition(":"))
    words = name.split()
    if not colon and len(words) == 2:
        kind, name = words
    return name, kind, default


def _block(name: str, parts: list[str], value: str) -> str | None:
    """A block whose inputs are the params that the value computes with, and whose params are the others."""
    lines = []
    for n, kind, default in map(_param, parts):
        if default or kind in _TYPES:
            guess = _TYPES.get(kind) or ("float" if "." in default else "bool" if default.lower() in ("true", "false") else "int")
            lines.append((0, f"param {n}: {guess}{f' = {default}' if default else ''}"))
        elif "[" in kind:
            lines.append((1, f"input {n}: {kind}"))
        elif re.search(rf"\b{re.escape(n)}\b", re.sub(r"->\s*[\w.]+\([^()]*\)", "->", value)):
            lines.append((1, f"input {n}: f32[B, ..., C]"))
        else:
            lines.append((0, f"param {n}: int"))
    if not any(order for order, _ in lines):
        return None
    inner = "\n".join(f"  {line}" for _, line in sorted(lines, key=lambda row: row[0]))
    return f"block {name} {{\n{inner}\n  output {value}\n}}"


def python_class(view: TextView, i: int) -> Form | None:
    """`class Net(nn.Module):`: its lines are another language's altogether, and none of them is looked at."""
    if (
        view.starts.get(i) != 0
        or not view.is_word(i, "class", "@", "struct")
        or view.type(i + 1) != "NAME"
        or view.type(view.end(i)) == "RBRACE"
    ):
        return None
    end = view.line_end(view.start(i))
    while end < len(view.text):
        following = view.line_end(end + 1)
        line = view.text[end + 1 : following]
        if line.strip() and not line[0].isspace():
            break
        end = following
    return Form("class", view.start(i), view.stop(i), (), hides=end)


STATEMENTS: tuple[Rule, ...] = (python_class, foreign_function)
RULES: tuple[Rule, ...] = ()
