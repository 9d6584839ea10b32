"""Cuts text into words: one regexp finds names, numbers, strings, signs, comments and line ends. Layout is `lexer.py`'s work.

A word that is wrong in itself (`1__0`, `"abc`, `$`) becomes a BAD token with its problem; one that is only foreign (`&&`, `'a'`)
becomes the token it means, with its problem.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netspec.deadline import note_progress
from netspec.diagnostics.base import Diagnostic
from netspec.limits import LIMITS
from netspec.record import field, record
from netspec.source import Source, Span
from netspec.syntax import problems
from netspec.syntax._table import LITERALS, PATTERNS
from netspec.syntax.edited_text import EditedText
from netspec.syntax.token import Token

FOREIGN = {
    "&&": "and", "||": "or", "!": "not", "^": "**", "===": "==", "!==": "!=", "<>": "!=", "=>": "->", "|>": "->", ":=": "=",
    "→": "->", "−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "≤": "<=", "≥": ">=", "≠": "!=", "…": "...", "=<": "<=",
}  # fmt: skip
"""Signs of other languages, and what they are called here."""
BACKWARD = {"+=", "-=", "*=", "/=", "@=", "%=", "**=", "//="}
"""Signs that have no single counterpart here."""

_SIGNS = sorted((s for s in LITERALS if not s[0].isalpha()), key=len, reverse=True)
_STRANGE = sorted({*FOREIGN, *BACKWARD} - {"!"}, key=len, reverse=True)
_WORD = re.compile(
    "|".join(
        f"(?P<{name}>{pattern})"
        for name, pattern in [
            ("SPACE", r"[ \t]+"),
            ("NAME", PATTERNS["NAME"] + r"(?!\w)"),
            ("NEWLINE", r"\n"),
            ("COMMENT", PATTERNS["COMMENT"]),
            ("SEMICOLON", ";"),
            ("NUMBER", PATTERNS["NUMBER"]),
            ("STRING", PATTERNS["STRING"]),
            ("strange", "|".join(map(re.escape, _STRANGE)) + "|!(?!=)"),
            ("COMPARE", PATTERNS["COMPARE"]),
            ("number", r"\.?[0-9](?:[eE][+-](?=[0-9])|[\w.])*"),
            ("sign", "|".join(map(re.escape, _SIGNS))),
            ("escapes", r'"(?:[^"\\\n]|\\.)*"'),
            ("quotes", r"'(?:[^'\\\n]|\\.)*'|“[^“”\n]*”|‘[^‘’\n]*’"),
            ("unclosed", r'"[^\n]*'),
            ("word", r"\w+"),
            ("character", r"."),
        ]
    )
)


@record(frozen=False)
class Scanned:
    """The words of a source, in order, and the problems of single words."""

    source: Source
    tokens: list[Token] = field(default_factory=list)
    problems: list[Diagnostic] = field(default_factory=list)
    too_long: bool = False
    edited: EditedText | None = None
    """The text that is read in place of the source's own."""

    def add(self, kind: str, text: str, start: int, end: int) -> None:
        if self.edited is not None:
            start, end = self.edited.place(start, end)
        self.tokens.append(Token(kind, text, start, end_pos=end))

    def report(self, problem: type[Diagnostic], start: int, end: int, **facts: object) -> None:
        if self.edited is not None:
            start, end = self.edited.place(start, end)
        self.problems.append(problem(at=Span(self.source, start, end), **facts))  # type: ignore[arg-type]


def scan(source: Source, edited: EditedText | None = None) -> Scanned:
    """All words of a source, or of its text after edits; comments and line ends are among them, spaces are not."""
    scanned = Scanned(source, edited=edited)
    add, tokens = scanned.add, scanned.tokens
    for match in _WORD.finditer(source.text if edited is None else edited.text):
        kind, start, end = match.lastgroup or "", match.start(), match.end()
        if kind == "SPACE":
            continue
        if kind == "sign":
            add(LITERALS[match[0]], match[0], start, end)
        elif kind in _SPECIAL:
            _SPECIAL[kind](scanned, match[0], start, end)
        else:
            add(kind, match[0], start, end)
        if len(tokens) % 4096 == 0:
            note_progress("reading this", Span(source, start, end))
        if len(tokens) > LIMITS.words:
            scanned.report(problems.TooLarge, start, end, what="words in one file", limit=LIMITS.words)
            scanned.too_long = True
            break
    return scanned


def _name(scanned: Scanned, text: str, start: int, end: int) -> None:
    """Adds a name or word, and reports one that is too long."""
    scanned.add("NAME", text, start, end)
    if len(text) > LIMITS.name_characters:
        scanned.report(problems.TooLarge, start, end, what="characters in a name", limit=LIMITS.name_characters, found=len(text))


def _number(scanned: Scanned, text: str, start: int, end: int) -> None:
    """Adds a number, and reports one with too many digits or beyond all floats."""
    digits = sum(c.isdigit() for c in text)
    scanned.add("BAD" if digits > LIMITS.number_digits else "NUMBER", text, start, end)
    if digits > LIMITS.number_digits:
        scanned.report(problems.TooLarge, start, end, what="digits in a number", limit=LIMITS.number_digits, found=digits)
    elif len(text) > 4 and "e" in text.lower() and float(re.sub("[_kMGT].*", "", text)) == float("inf"):
        scanned.report(problems.BadNumber, start, end, text=text)


def _string(scanned: Scanned, text: str, start: int, end: int) -> None:
    """Adds a string, and reports one that is too long or has broken escapes."""
    scanned.add("STRING", text, start, end)
    if len(text) > LIMITS.string_characters:
        scanned.report(problems.TooLarge, start, end, what="characters in a string", limit=LIMITS.string_characters, found=len(text) - 2)
    if "\\u" in text and re.search(r"(?<!\\)(\\\\)*\\u[dD][89a-fA-F]", text):
        _escapes(scanned, text, start, end, again=True)


def _read_strange(scanned: Scanned, text: str, start: int, end: int) -> None:
    """A sign of another language; where ours has one for it, that one goes on to the parser."""
    meant = FOREIGN.get(text)
    scanned.report(problems.ForeignOperator, start, end, found=text, sign=meant)
    kind = "BAD" if meant is None else "COMPARE" if re.fullmatch(PATTERNS["COMPARE"], meant) else LITERALS[meant]
    scanned.add(kind, meant or text, start, end)


def _bad_number(scanned: Scanned, text: str, start: int, end: int) -> None:
    """Adds a word that begins like a number and is none, as BAD."""
    scanned.report(problems.BadNumber, start, end, text=text)
    scanned.add("BAD", text, start, end)


def _escapes(scanned: Scanned, text: str, start: int, end: int, again: bool = False) -> None:
    """Reports the first escape that there is not; the string is read all the same."""
    escape = next(m for m in re.finditer(r"\\(u[0-9a-fA-F]{0,4}|.)", text) if not _is_good_escape(m[0]))
    scanned.report(problems.BadEscape, start + escape.start(), start + escape.end(), escape=escape[0])
    if not again:
        scanned.add("STRING", text, start, end)


def _is_good_escape(escape: str) -> bool:
    """Half a character is none."""
    surrogate = escape[2:3] in ("d", "D") and escape[3:4] > "7"
    return escape in ('\\"', "\\\\", "\\n", "\\t") or (len(escape) == 6 and not surrogate)


def _quotes(scanned: Scanned, text: str, start: int, end: int) -> None:
    """Adds a string in foreign quotes, and reports them; a padding's word stands in capitals here."""
    if text[1:-1].lower() in ("same", "valid") and scanned.source.text[:start].rstrip().endswith(("padding=", "padding =")):
        text = text.upper()
    scanned.report(problems.WrongQuotes, start, end, text=text)
    scanned.add("STRING", text, start, end)


def _read_unclosed(scanned: Scanned, text: str, start: int, end: int) -> None:
    """The rest of the line is lost, but its closing brackets still count where they fit, so that only the string is reported."""
    scanned.report(problems.UnclosedString, start, end, text=text)
    scanned.add("BAD", text, start, end)
    opened: list[str] = []
    for offset, sign in enumerate(text):
        if sign in "([{":
            opened.append({"(": ")", "[": "]", "{": "}"}[sign])
        elif sign in ")]}" and (not opened or opened.pop() != sign):
            scanned.add(LITERALS[sign], sign, start + offset, start + offset + 1)
            scanned.tokens[-1].value = None  # `brackets` drops it without a word where it does not fit


def _character(scanned: Scanned, text: str, start: int, end: int) -> None:
    """Adds a sign that the language does not have, as BAD."""
    scanned.report(problems.UnknownCharacter, start, end, text=text)
    scanned.add("BAD", text, start, end)


_SPECIAL: dict[str, Callable[[Scanned, str, int, int], None]] = {
    "NAME": _name,
    "NUMBER": _number,
    "STRING": _string,
    "strange": _read_strange,
    "number": _bad_number,
    "escapes": _escapes,
    "quotes": _quotes,
    "unclosed": _read_unclosed,
    "word": _character,
    "character": _character,
}
