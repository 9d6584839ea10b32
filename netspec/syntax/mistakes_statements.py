"""Recognises mistakes in sections and statements: their keywords, names, types, bodies."""

from __future__ import annotations

import re

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.source import Span
from netspec.syntax import problems
from netspec.syntax.mistake_place import Place, describe
from netspec.syntax.words import BODY, RESERVED, SECTION_OF, SECTIONS, SETTINGS, guess_section

_BLOCKS = {"BLOCK", "MODEL", "TRAIN", "SERVE", "EXPECT"}
_NAMED = {"PARAM", "DIM", "INPUT", "OUTPUT", "WEIGHT", "BUFFER", "STATE", "SHARED", "AUX", "METRIC", "LET", "FOR", "WHEN", "UPDATE"}
_TYPED = {"INPUT", "PARAM", "WEIGHT", "BUFFER", "STATE"}
_VALUED = {"WEIGHT", "BUFFER", "STATE", "SHARED", "AUX", "METRIC"}
_GUESS = {"NUMBER": "int", "STRING": "str", "TRUE": "bool", "FALSE": "bool", "LSQB": "list[int]"}


# --- sections --------------------------------------------------------------------------------------------------------


_DIMS_IN_PARENTHESES = re.compile(r"[ ]?\([^()\[\]\n]*\)")
"""`(B, 20)`, behind an element type."""


def broken_import(p: Place) -> Diagnostic | None:
    """An import that is not `import A from "file"`."""
    if p.first.type == "IMPORT" and p.index > p.start:
        return problems.BadImport(at=p.here, found=describe(p.token))
    return None


def broken_function(p: Place) -> Diagnostic | None:
    """`let f = 3`, `let f(a) = 2 * a`, `let f(a: int) { … }`, and `def f(a) = …` as other languages write it."""
    defined = str(p.first) in _DEFINING and p.index == p.start and p.next.type == "NAME" and str(p.at(2)) == "("
    if p.depth or not (defined or (p.first.type == "LET" and p.index > p.start + 1)):
        return None
    value = str(p.name) if p.index == p.start + 2 and p.token.type == "EQUAL" else ""
    typed = str(p.previous) if p.enclosing == "call" and p.previous.type == "NAME" and p.token.type in ("COMMA", "RPAR", "EQUAL") else ""
    typed = typed if p.at(-2).type in ("LPAR", "COMMA") else ""
    braces = p.enclosing == "dict" or p.token.type in ("LBRACE", "ARROW", "COLON", "SEP", "$END")
    if not (defined or value or typed or braces):
        return None
    return problems.BadFunction(at=p.here, found=describe(p.token), value=value, typed=typed)


_DEFINING = {"def", "fn", "fun", "func", "function", "define", "macro", "lambda"}
"""Words with which other languages begin a function."""


def foreign_class(p: Place) -> Diagnostic | None:
    """`class Net(nn.Module):`; with a body in braces it is a section by another name."""
    if p.depth == 0 and p.index == p.start and str(p.token) == "class" and p.next.type == "NAME" and p.at(2).type != "LBRACE":
        return problems.ForeignKeyword(at=p.here, found="class", instead=_WORDS["class"])
    return None


def unknown_section(p: Place) -> Diagnostic | None:
    """`modle M {`: a word, a name and a body."""
    if p.depth or p.index != p.start or p.token.type != "NAME":
        return None
    has_body = any(p.lexed.tokens[i].type == "LBRACE" for i in range(p.index, min(p.index + 9, len(p.lexed.tokens))) if i in p.lexed.bodies)
    if p.next.type in ("EQUAL", "COMMA", "COLON", "ARROW", "LPAR") or not (has_body or p.next.type == "NAME"):
        return None
    if not has_body and not _find_near(str(p.token)):
        return None
    near = _find_near(str(p.token)) or ((guess_section(str(p.token)),) if has_body else ())
    return problems.UnknownSection(at=p.here, found=str(p.token), near=near)


def _find_near(word: str) -> tuple[str, ...]:
    """The keywords of sections that look like a word."""
    from netspec.diagnostics.suggestions.nearest import nearest

    return tuple(nearest(word, sorted(SECTIONS - {"netspec"}), aliases={}))


def outside_section(p: Place) -> Diagnostic | None:
    """A statement that stands in no section."""
    if p.depth == 0 and p.index == p.start:
        return problems.OutsideSection(at=p.here, found=describe(p.token))
    return None


def nested_section(p: Place) -> Diagnostic | None:
    """`block Half {` as a statement: a section's word, then a name."""
    if p.depth and p.index == p.start + 1 and p.first in SECTION_OF and p.first.type == "NAME" and p.token.type == "NAME":
        return problems.NestedSection(at=p.span(p.first).to(p.here), section=str(p.first))
    return None


def parameters_in_header(p: Place) -> Diagnostic | None:
    """`block F(n)`, as other languages write it: params stand inside."""
    if p.first.type in ("BLOCK", "MODEL") and p.index == p.start + 2 and p.token.type == "LPAR":
        return problems.ParametersInHeader(at=p.here, section=str(p.first), name=str(p.name))
    return None


# --- names and keywords ----------------------------------------------------------------------------------------------


def keyword_as_name(p: Place) -> Diagnostic | None:
    """`state = 3`, `input: f32[B]`, `input if: f32[B]`."""
    behind = p.index == p.start + 1
    if behind and p.first.type == "METRIC" and p.token.type == "EQUAL" and p.next.type == "NAME":
        return problems.MissingName(at=p.span(p.first), keyword="metric", name=str(p.next))
    named = p.first.type in _NAMED | _BLOCKS
    if behind and named and str(p.token) in RESERVED and p.first.type != "OUTPUT" and p.token.type != "NAME":
        return problems.ReservedWord(at=p.here, word=str(p.token))
    starts_name = p.first.type in _NAMED | {"REPEAT", "REQUIRE", "ASSUME"} and p.first.type != "OUTPUT"
    if behind and starts_name and p.token.type in ("EQUAL", "COMMA", "COLON", "ARROW"):
        return problems.ReservedWord(at=p.span(p.first), word=str(p.first))
    if p.index == p.start and str(p.token) in RESERVED and p.token.type != "IF" and p.next.type in ("EQUAL", "COLON", "COMMA"):
        return problems.ReservedWord(at=p.here, word=str(p.token))
    return None


def called_metric(p: Place) -> Diagnostic | None:
    """`metric accuracy(logits, label)`: the metric's name is that of what measures it."""
    if p.first.type == "METRIC" and p.index == p.start + 2 and p.token.type == "LPAR" and p.previous.type == "NAME":
        return problems.MissingValue(at=p.span(p.previous), keyword="metric", name=str(p.previous), called=True)
    return None


def missing_name(p: Place) -> Diagnostic | None:
    """A statement that names nothing."""
    if p.index != p.start + 1 or p.first.type not in _NAMED | _BLOCKS:
        return None
    called = p.token.type in ("LPAR", "LSQB", "STRING", "NUMBER") and p.first.type in _NAMED - {"OUTPUT"}  # `weight("w", …)`
    if p.ends or called or p.token.type in ("EQUAL", "COLON", "LBRACE"):
        return problems.MissingName(at=p.span(p.first), keyword=str(p.first))
    return None


# --- types and values ------------------------------------------------------------------------------------------------


def missing_dtype(p: Place) -> Diagnostic | None:
    """`input x[B, 16]`, `weight w: [16, 4]`: the dims without the type of their elements."""
    bare = p.index == p.start + 2 or (p.index == p.start + 3 and p.previous.type == "COLON")
    if p.first.type not in _TYPED - {"PARAM"} or not bare or p.token.type != "LSQB":
        return None
    last = next((t for t in p.rest() if t.type == "RSQB"), None)
    if last is None:
        return None
    dims = p.text(p.token, last)
    at = p.span(p.name).to(p.span(last))
    written = Span(at.source, p.span(p.name).end, at.end)
    ways = tuple(Repair((Edit(written, f": {dtype}{dims}"),), f"{p.first} {p.name}: {dtype}{dims}") for dtype in ("f32", "i32"))
    return problems.MissingType(at=at, keyword=str(p.first), name=str(p.name), guess=f"f32{dims}", ways=ways)


def missing_type(p: Place) -> Diagnostic | None:
    """A declaration without its type."""
    if p.first.type not in _TYPED or p.index != p.start + 2 or not (p.ends or p.token.type in ("EQUAL", "COMMA", "NAME")):
        return None
    guess = "f32[B, 28, 28, 1]" if p.first.type == "INPUT" else "f32[D]"
    if p.first.type == "PARAM":
        guess = "float" if p.next.type == "NUMBER" and not p.next.replace("_", "").isdigit() else _GUESS.get(p.next.type, "int")
    return problems.MissingType(at=p.span(p.name), keyword=str(p.first), name=str(p.name), guess=guess)


def missing_shape(p: Place) -> Diagnostic | None:
    """`input x: f32`, `input x: f32(B, 8)`: after a type's name only its bracket fits."""
    ends = p.ends or p.token.type in ("EQUAL", "COMMA", "LPAR")
    if p.previous.type != "NAME" or p.at(-2).type != "COLON" or p.open_brackets or not ends:
        return None
    if p.first.type in ("PARAM", "TRAIN"):
        return None
    at = p.span(p.previous)
    dims = _DIMS_IN_PARENTHESES.match(at.source.text, at.end)
    return problems.MissingShape(at=at, dtype=str(p.previous), behind=dims[0] if dims else "")


def missing_value(p: Place) -> Diagnostic | None:
    """A statement that ends where its value should stand."""
    if not p.ends or p.open_brackets:
        return None
    if p.first.type in _VALUED and p.previous.type != "EQUAL" and not any(t.type == "EQUAL" for t in p.level):
        return problems.MissingValue(at=p.span(p.previous), keyword=str(p.first), name=str(p.name))
    if p.body == "settings" and p.index == p.start + 1 and p.first.type in ("NAME", "STRING"):
        return problems.MissingValue(at=p.span(p.first), keyword="", name=str(p.first))
    return None


def missing_equals(p: Place) -> Diagnostic | None:
    """`h x -> dense(3)`, `shared e embed(3, 4)`, `loss mse(y, label)`."""
    second = p.index == p.start + 2 and p.first.type in ("SHARED", "AUX", "METRIC", "LET")
    first = p.index == p.start + 1 and p.first.type == "NAME" and p.body in ("statements", "settings")
    if not (second or first) or not p.before_value or any(t.type == "EQUAL" for t in p.rest()[:2]):
        return None
    if p.token.type in ("LPAR", "LSQB", "STRING") or _foreign_word(str(p.first)) or (p.token.type == "NAME" and p.next.type == "LBRACE"):
        return None
    return problems.MissingEquals(at=p.here, name=str(p.previous))


def colon_in_setting(p: Place) -> Diagnostic | None:
    """`:` where a setting has `=`."""
    if p.body == "settings" and p.index == p.start + 1 and p.token.type == "COLON" and p.first.type in ("NAME", "STRING"):
        return problems.ColonForEquals(at=p.here, name=str(p.first))
    return None


# --- bodies ----------------------------------------------------------------------------------------------------------


def missing_brace(p: Place) -> Diagnostic | None:
    """`for i in range(3):`, `model M` without a body, `if c: a`."""
    header = p.first.type in _BLOCKS | {"FOR", "REPEAT", "WHEN"} and p.index > p.start + 1 and not p.open_brackets
    colon = p.token.type == "COLON"
    if header and (p.ends or colon):
        return problems.MissingBrace(at=p.here, what=p.text(p.first, p.previous), colon=colon)
    ifs = [t for t in p.part() if t.type in ("IF", "ELSE")]
    open_if = ifs and not any(t.type == "LBRACE" for t in p.part()[p.part().index(ifs[-1]) :])
    if open_if and (p.ends or colon) and (p.after_value or p.previous.type == "ELSE"):
        return problems.MissingBrace(at=p.here, what=p.text(ifs[-1], p.previous), colon=colon)
    return None


def if_statement(p: Place) -> Diagnostic | None:
    """`if c { x = 1 }` as a statement, or statements in a branch."""
    name = str(p.previous) if p.token.type == "EQUAL" and p.previous.type == "NAME" else "x"
    if p.depth and p.index == p.start and p.token.type == "IF":
        inside = [b for a, b in zip(p.rest(), p.rest()[1:], strict=False) if a.type == "LBRACE" and b.type == "NAME"]
        return problems.IfIsAnExpression(at=p.here, name=str(inside[0]) if inside else name)
    if p.enclosing == "branch" and (p.token.type == "SEP" or (p.token.type == "EQUAL" and len(p.level) == 1)):
        return problems.IfIsAnExpression(at=p.here, name=name)
    if p.enclosing == "branch" and len(p.level) == 1 and str(p.previous) in BODY and p.token.type in ("NAME", "NUMBER"):
        return problems.IfIsAnExpression(at=p.span(p.previous).to(p.here), declares=str(p.previous))
    return None


def missing_else(p: Place) -> Diagnostic | None:
    """An `if` without `else`, which has no value for the other case."""
    if p.previous.type != "RBRACE" or p.token.type == "ELSE" or p.parser.accepts() != {"ELSE"}:
        return None
    ifs = [t for t in p.level if t.type == "IF"]
    return problems.MissingElse(at=p.span(ifs[-1]) if ifs else p.here, end=p.span(p.previous).end)


_STATEMENTS = {"statements": BODY, "settings": SETTINGS, "sections": SECTIONS}
"""What a statement may begin with, by what the body around it holds."""


def second_statement(p: Place) -> Diagnostic | None:
    """`x = 1 y = 2`, `x = 1 output y`, `repeat 2 { } x = 3`."""
    if p.open_brackets or not p.after_value or p.token.type not in ("NAME", "IF"):
        return None
    after_body = p.previous.type == "RBRACE" and (p.index - 1) in p.lexed.bodies.values()
    keyword = str(p.token) in _STATEMENTS.get(p.body, ()) and p.next.type in ("NAME", "NUMBER")
    if after_body or ((keyword or (p.token.type == "NAME" and p.next.type == "EQUAL")) and any(t.type == "EQUAL" for t in p.level)):
        return problems.MissingSemicolon(at=p.here)
    return None


# --- habits of other languages ---------------------------------------------------------------------------------------

_WORDS = {
    "def": "a layer of your own is a `block Name { … }`",
    "class": "a layer of your own is a `block Name { … }`, a whole network a `model Name { … }`",
    "function": "a layer of your own is a `block Name { … }`",
    "lambda": "a function of your own is a `block Name { … }`",
    "return": "write `output name = …`",
    "yield": "write `output name = …`",
    "let": "a name is bound without a word before it: `x = …`",
    "var": "a name is bound without a word before it: `x = …`",
    "const": "a name is bound without a word before it: `x = …`",
    "while": "to do something several times write `repeat 3 { … }` or `for i in range(3) { … }`",
    "elif": "write `else if … { … }`",
    "elseif": "write `else if … { … }`",
    "from": 'write `import Name from "file.net"` outside of all sections',
    "import": 'imports stand outside of all sections: `import Name from "file.net"`',
    "assert": 'write `require condition, "message"`',
    "print": "nothing is printed; `aux name = …` exports a value",
    "del": "names need not be deleted",
    "with": "delete the line; `when train { … }` holds what happens in training only",
    "async": "delete the word",
    "await": "delete the word",
    "then": "write `if … { … } else { … }`",
}


def _foreign_word(word: str) -> str | None:
    """What is told of a word that other languages have at this place, or None."""
    return _WORDS.get(word)


def param_in_settings(p: Place) -> Diagnostic | None:
    """`param n: int = 32` in `train`."""
    if p.body == "settings" and str(p.first) == "param" and p.index == p.start + 1 and p.token.type == "NAME":
        instead = "a `param` stands in the model, or above it at the head of the file"
        return problems.ForeignKeyword(at=p.span(p.first), found="param", instead=instead)
    return None


def several_outputs(p: Place) -> Diagnostic | None:
    """`output y, z = …`."""
    if p.first.type == "OUTPUT" and p.token.type == "COMMA" and p.index == p.start + 2 and p.next.type == "NAME":
        return problems.OneOutput(at=p.here, first=str(p.previous), second=str(p.next))
    return None


def foreign_keyword(p: Place) -> Diagnostic | None:
    """`return x`, `def f(x):`, `} elif c {`, `f"…"`."""
    if str(p.first) == "let" and p.first.type == "NAME" and p.index == p.start + 1 and p.next.type == "LPAR":
        instead = "a function stands outside of all sections, as a line of its own: `let name(v: float) = …`"
        return problems.ForeignKeyword(at=p.span(p.first), found="let", instead=instead)
    for token in (p.token, p.first) if p.token.type == "NAME" else (p.first,):
        beside = p.index == p.start + 1 if token is p.first else p.after_value
        if token.type == "NAME" and beside and _foreign_word(str(token)):
            return problems.ForeignKeyword(at=p.span(token), found=str(token), instead=_WORDS[str(token)])
    for letter, text in ((p.previous, p.token), (p.token, p.next)):
        if text.type == "STRING" and str(letter) in ("f", "r", "b") and letter.end_pos == text.start_pos:
            instead = "a string has no letter before it; in a message `{name}` stands for a value as it is"
            return problems.ForeignKeyword(at=p.span(letter), found=f'{letter}"…"', instead=instead)
    return None


def foreign_comment(p: Place) -> Diagnostic | None:
    """`// text`, `/* text */`, and a string that stands alone."""
    if p.index != p.start or p.token.type not in ("FLOORDIV", "SLASH", "STRING") or (p.token.type == "STRING" and p.body == "settings"):
        return None
    if p.token.type == "SLASH":
        return problems.ForeignComment(at=p.here, found="/" + str(p.next))
    return problems.ForeignComment(at=p.here, found=str(p.token) if p.token.type == "FLOORDIV" else "a string")


SECTION_RULES = (
    broken_function,
    foreign_comment,
    foreign_class,
    unknown_section,
    outside_section,
    broken_import,
    nested_section,
    parameters_in_header,
)
STATEMENT_RULES = (
    foreign_keyword,
    param_in_settings,
    keyword_as_name,
    called_metric,
    missing_name,
    missing_dtype,
    missing_type,
    missing_shape,
    missing_value,
    missing_equals,
    colon_in_setting,
    if_statement,
    missing_brace,
    missing_else,
    several_outputs,
    second_statement,
)
