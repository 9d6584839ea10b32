"""Describes the place of a syntax mistake, the offending token and what stands around it, as the rules in `mistakes*.py` ask for it."""

from __future__ import annotations

from functools import cached_property

from netspec.record import record
from netspec.source import Span
from netspec.syntax.engine import Parser
from netspec.syntax.lexer import Lexed
from netspec.syntax.token import Token
from netspec.syntax.words import VALUE_ENDS, guess_section

NOTHING = Token("", "")
_OPENS, _CLOSES = {"LPAR", "LSQB", "LBRACE"}, {"RPAR", "RSQB", "RBRACE"}
_STARTS = {"NAME", "NUMBER", "STRING", "LPAR", "LSQB", "TRUE", "FALSE", "NONE", "INF", "NOT", "IF"}


@record
class Place:
    """Where a token did not fit."""

    lexed: Lexed
    index: int
    token: Token
    start: int
    """Index of the statement's first token."""
    depth: int
    """How many bodies are open: 0 between sections."""
    section: str
    """The first word of the section around, "" between sections."""
    parser: Parser

    def at(self, offset: int) -> Token:
        """A token by its distance from the offending one, in the same statement."""
        index = self.index + offset
        return self.lexed.tokens[index] if self.start <= index < len(self.lexed.tokens) else NOTHING

    @property
    def previous(self) -> Token:
        return self.at(-1)

    @property
    def next(self) -> Token:
        return self.at(1)

    @property
    def first(self) -> Token:
        """The statement's first token."""
        return self.lexed.tokens[self.start] if self.start < len(self.lexed.tokens) else NOTHING

    @property
    def name(self) -> Token:
        """The statement's second token."""
        return self.lexed.tokens[self.start + 1] if self.start + 1 < len(self.lexed.tokens) else NOTHING

    @property
    def body(self) -> str:
        """What the innermost open body holds: "sections", "statements", "settings" or "claims"; "value" in a fragment."""
        if self.depth == 0 or self.section == "value":
            return self.section or "sections"
        kinds = {"train": "settings", "serve": "settings", "expect": "claims"}
        return kinds.get(guess_section(self.section), "statements")

    def span(self, token: Token) -> Span:
        return Span(self.lexed.source, token.start_pos or 0, token.end_pos or 0)

    @property
    def here(self) -> Span:
        """The offending token; of a line's end its last character."""
        span = self.span(self.token)
        if span.start < span.end:
            return span
        previous = self.span(self.previous if self.previous is not NOTHING else self.token)
        return Span(span.source, max(previous.end - 1, previous.start), previous.end)

    @property
    def ends(self) -> bool:
        """The statement ends here."""
        return self.token.type in ("SEP", "$END") or (self.token.type == "RBRACE" and self.opened is None)

    @property
    def after_value(self) -> bool:
        """Whether a value ends before the offending word."""
        return self.previous.type in VALUE_ENDS

    @property
    def before_value(self) -> bool:
        """Whether a value can begin with the offending word."""
        return self.token.type in _STARTS

    @cached_property
    def line(self) -> list[Token]:
        """The statement's tokens before the offending one."""
        return self.lexed.tokens[self.start : self.index]

    @cached_property
    def open_brackets(self) -> list[int]:
        """Positions in `line` of the brackets still open, outermost first."""
        stack: list[int] = []
        for i, token in enumerate(self.line):
            if token.type in _OPENS:
                stack.append(i)
            elif token.type in _CLOSES and stack:
                stack.pop()
        return stack

    @property
    def opened(self) -> Token | None:
        """The innermost open bracket of the statement."""
        return self.line[self.open_brackets[-1]] if self.open_brackets else None

    @property
    def enclosing(self) -> str:
        """What that bracket is: "call" "paren" "list" "index" "dict" "branch" or "" without one."""
        if not self.open_brackets:
            return ""
        i = self.open_brackets[-1]
        before = self.line[i - 1].type if i else ""
        value = before in VALUE_ENDS
        kinds = {"LPAR": ("call", "paren"), "LSQB": ("index", "list"), "LBRACE": ("branch", "dict")}
        return kinds[self.line[i].type][not (value or before == "ELSE")]

    @cached_property
    def level(self) -> list[Token]:
        """The tokens before the offending one in the same brackets; what is in inner brackets is left out, the brackets stay."""
        out: list[Token] = []
        depth = 0
        for token in self.line[self.open_brackets[-1] + 1 if self.open_brackets else 0 :]:
            depth -= token.type in _CLOSES
            if depth == 0:
                out.append(token)
            depth += token.type in _OPENS
        return out

    def part(self) -> list[Token]:
        """The tokens of `level` behind the last comma, `=` or `:`."""
        tokens = self.level
        cut = max((i for i, t in enumerate(tokens) if t.type in ("COMMA", "EQUAL")), default=-1)
        return tokens[cut + 1 :]

    def rest(self) -> list[Token]:
        """The tokens from the offending one to the statement's end."""
        out = []
        for token in self.lexed.tokens[self.index :]:
            if token.type == "SEP":
                break
            out.append(token)
        return out

    def text(self, first: Token, last: Token) -> str:
        """The source's text from one token to another, on one line."""
        return " ".join(self.lexed.source.text[first.start_pos or 0 : last.end_pos or 0].split())


_SIGNS = {"SEP": "the end of the line", "$END": "the end of the file", "STRING": "a string"}


def describe(token: Token) -> str:
    """A token in words."""
    if token.type == "NUMBER":
        return f"the number {token}"
    return _SIGNS.get(token.type) or f"`{token}`"
