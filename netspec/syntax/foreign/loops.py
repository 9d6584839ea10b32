"""Knows the loops of other languages: `for (i = 0; i < n; i++)`, `for i in 1..3`, `for w in xs do … end`, `foreach`, `repeat 3 times`."""

from __future__ import annotations

import re

from netspec.syntax.foreign.bodies import body_form, open_body, read_header
from netspec.syntax.foreign.form import Change, Form, Rule
from netspec.syntax.foreign.text_view import TextView

_TYPE = r"(?:(?:int|let|var|const|auto|size_t|val|mut|local|float|unsigned)\s+)*"
_VAR = r"(?P<name>[A-Za-z_]\w*)"
_COUNTED = re.compile(
    rf"\(?\s*{_TYPE}{_VAR}\s*(?::\s*int\s*)?=\s*(?P<start>[^;]+?)\s*;\s*(?P=name)\s*(?P<sign><=?|!=)\s*(?P<stop>[^;]+?)\s*;\s*"
    r"(?:(?P=name)\s*(?:\+\+|\+=\s*(?P<step>\w+)|=\s*(?P=name)\s*\+\s*(?P<other>\w+))|\+\+\s*(?P=name))\s*\)?$"
)
_NAMES = r"(?P<names>[A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*|\(\s*[A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)+\s*\))"
_EACH = re.compile(
    rf"(?P<open>\()?\s*{_TYPE}{_NAMES}\s+(?:of|in)\s+(?P<over>.+?)\s*(?(open)\))$|\(\s*{_TYPE}(?P<one>[A-Za-z_]\w*)\s*:\s*(?P<all>.+?)\s*\)$"
)
_ASSIGNED = re.compile(rf"\(?\s*{_TYPE}{_NAMES}\s*(?:=|from|<-|∈|:=)\s*(?P<over>.+?)\s*\)?$")
_RANGE = re.compile(
    r"\(?\s*(?P<start>[\w.*+\s()/]+?)\s*(?P<sign>\.\.=|\.\.<|\.\.\.|\.\.|:|\bto\b|\buntil\b|,)\s*(?P<stop>[\w*+\s()/-]+?)(?:\s*(?:,|:|\bby\b|\bstep\b)\s*(?P<step>\w+))?\s*\)?$"
)
_BRACKETED = re.compile(rf"{_NAMES}\s+in\s+\[(?P<over>[^\[\]]+)\]$")
_KEYS = re.compile(r"(?:each|every|all)\s+")
_TIMES = re.compile(r"\(?\s*(?P<count>[\w\s*+-]+?|\([^()]*\))\s*\)?\s*(?:times|x)$")


def foreign_loop(view: TextView, i: int) -> Form | None:
    """A loop whose header or body is another language's."""
    if i not in view.starts or not view.is_word(i, "for", "foreach", "loop", "repeat", "do") or view.type(i + 1) in ("EQUAL", "COLON"):
        return None
    header = read_header(view, i)
    if header.last <= i and header.kind != "word":
        return None
    start, end = view.start(i), view.stop(header.last)
    ours = _counted(view, i, header.last, header.kind == "word" and view.is_word(header.opener, "times"))
    body = open_body(view, i, header)
    if ours == "" and not body:
        return None
    if body is None or ours is None:
        return None
    changes: list[Change] = [(start, end, ours)] if ours else []
    whole = (start, max([end, *(b for _, b, _ in body)]))
    reads = view.is_word(i, "repeat") and view.is_word(i + 2, "in")
    return Form("loop", start, end, (*changes, *body), whole=whole, reads=reads) if ours else body_form(view, i, header, body)


def _counted(view: TextView, i: int, last: int, times: bool) -> str | None:
    """The header in our words; "" where it is so already, None for one that is not known."""
    text = " ".join(view.text[view.stop(i) : view.stop(last)].split())
    counted = re.fullmatch(r"(?:for\s+)?([A-Za-z_]\w*)\s+in\s+(?:range\(\s*([^,()]+)\s*\)|0\.\.<?(\w+))", text)
    if view.is_word(i, "repeat", "loop") and counted is not None:
        rest = view.text[view.stop(last) :].partition("\n}")[0]
        used = counted[1] != "_" and re.search(rf"\b{re.escape(counted[1])}\b", rest) is not None
        return f"repeat {(counted[2] or counted[3]).strip()}" + (f" as {counted[1]}" if used else "")
    if view.is_word(i, "repeat", "loop", "do"):
        match = _TIMES.match(text)
        if times or match:
            return f"repeat {match['count'].strip() if match else text}"
        return "" if view.is_word(i, "repeat") else f"repeat {text.strip('()')}" if view.is_word(i, "loop") else None
    text = _KEYS.sub("", text)
    if (match := _BRACKETED.match(text)) is not None and _range(match["over"]) and match["over"].count(",") == 0:
        return f"for {match['names']} in {_range(match['over'])}"
    if (match := _COUNTED.match(text)) is not None:
        step = match["step"] or match["other"] or "1"
        return f"for {match['name']} in {range_of(match['start'], match['stop'], match['sign'] == '<=', step)}"
    if (match := _EACH.match(text)) is not None:
        names, over = (match["names"], match["over"]) if match["over"] else (match["one"], match["all"])
        inclusive = _range(over)
        ours = f"for {names} in {inclusive or over}"
        return "" if " ".join(ours.split()) == f"for {text}" and view.is_word(i, "for") else ours
    if (match := _ASSIGNED.match(text)) is not None:
        inclusive = _range(match["over"])
        return f"for {match['names']} in {inclusive or match['over']}" if inclusive or "=" not in text else None
    return None


def _range(text: str) -> str:
    """`range(…)` for two numbers with a sign of a range between them; "" for anything else."""
    match = _RANGE.match(text)
    if match is None or text.count("(") != text.count(")") or "(" in match["start"]:
        return ""
    start, sign, stop, step = match["start"].strip(), match["sign"], match["stop"].strip(), match["step"] or "1"
    if sign == "," and not (start.isdigit() and re.fullmatch(r"\w+", stop)):
        return ""
    exclusive = sign in ("..<", "until") or (start == "0" and sign in ("..", ":"))
    return range_of(start, stop, not exclusive, step)


def range_of(start: str, stop: str, inclusive: bool, step: str = "1") -> str:
    """The call of `range` from `start` to `stop`."""
    start, stop = start.strip(), stop.strip()
    if inclusive:
        stop = str(int(stop) + 1) if stop.isdigit() else stop.removesuffix(" - 1") if stop.endswith(" - 1") else f"{stop} + 1"
    if step != "1":
        return f"range({start}, {stop}, {step})"
    return f"range({stop})" if start == "0" else f"range({start}, {stop})"


def while_loop(view: TextView, i: int) -> Form | None:
    """`i = 0`, `while i < 3 { …; i += 1 }`: a loop over numbers."""
    if i not in view.starts or not view.is_word(i, "while"):
        return None
    header = read_header(view, i)
    text = " ".join(view.text[view.stop(i) : view.stop(header.last)].split())
    match = re.fullmatch(r"\(?\s*([A-Za-z_]\w*)\s*(<=?)\s*([\w*+ -]+?)\s*\)?", text)
    body = open_body(view, i, header) if match else None
    if match is None or body is None:
        return None
    name = match[1]
    starts = [s for s in view.starts if s < i and view.at(s) == name and view.type(s + 1) == "EQUAL" and view.end(s) == s + 2]
    end = max([view.stop(view.partner.get(header.opener, header.opener)), *(b for _, b, _ in body)])
    steps = [s for s in view.starts if s > i and view.start(s) < end and view.at(s) == name and _counts(view, s)]
    if not starts or len(steps) != 1:
        return None
    over = range_of(str(view.at(starts[-1] + 2)), match[3], match[2] == "<=")
    cut = [_line_of(view, starts[-1]), _line_of(view, steps[0])]
    changes = ((view.start(i), view.stop(header.last), f"for {name} in {over}"), *body, *cut)
    return Form("loop", view.start(i), view.stop(header.last), changes, whole=(view.start(starts[-1]), end))


def _counts(view: TextView, s: int) -> bool:
    """Whether a statement adds one to its name."""
    text = re.sub(r"\s", "", view.text[view.start(s) : view.line_end(view.start(s))].split("#")[0].split("}")[0].split(";")[0])
    return text in (f"{view.at(s)}+=1", f"{view.at(s)}++", f"{view.at(s)}={view.at(s)}+1")


def _line_of(view: TextView, s: int) -> Change:
    """A statement is deleted with its line."""
    start, end = view.line_start(s), view.line_end(view.start(s))
    if view.text[start : view.start(s)].strip() or "}" in view.text[start:end] or ";" in view.text[start:end]:
        return (view.start(s), view.stop(view.end(s)), "")
    return (start, min(end + 1, len(view.text)), "")


STATEMENTS: tuple[Rule, ...] = (foreign_loop, while_loop)
RULES: tuple[Rule, ...] = ()
