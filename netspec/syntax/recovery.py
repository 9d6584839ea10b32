"""Feeds the parser token by token, and goes on after a mistake.

The parser's state is copied where a statement starts. After a mistake the copy is taken up again, the statement is read as a HOLE with
the names that it would have bound, and reading goes on at its end, or at its body.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from netspec.deadline import note_progress, tick
from netspec.diagnostics.base import Diagnostic
from netspec.limits import LIMITS
from netspec.record import record
from netspec.syntax.engine import Parser, Unexpected
from netspec.syntax.lexer import Lexed
from netspec.syntax.token import Token
from netspec.syntax.tree_builder import Builder, Row
from netspec.syntax.words import SECTION_OF, guess_section

_OPENS, _CLOSES = {"LPAR", "LSQB", "LBRACE"}, {"RPAR", "RSQB", "RBRACE"}

if TYPE_CHECKING:
    from netspec.syntax.mistake_place import Place


@record(frozen=False)
class _Statement:
    """The statement being read in one open body."""

    closes: int
    """Index of the token that ends the body."""
    start: int = 0
    begin: Parser | None = None
    """The parser where the statement starts."""
    has_body: bool = False
    """A body of its own was read."""


class Reader:
    """Reads the tokens of one file, without its header."""

    def __init__(self, lexed: Lexed, builder: Builder, parser: Parser) -> None:
        self.lexed, self.builder, self.parser = lexed, builder, parser
        self.tokens = lexed.tokens
        self.closing = set(lexed.bodies.values())
        self.levels = [_Statement(closes=len(self.tokens))]
        self.problems: list[Diagnostic] = []
        self.found = sorted(p.at.start for p in lexed.problems)
        """Where words and brackets are wrong."""
        self.mentioned = 0
        """Index of the token up to which holes have mentioned all names."""
        self.homeless = False
        """The last thing outside of sections was a problem already, so the next is not news."""

    def read(self, index: int) -> Row:
        """All sections from the token `index` on, whatever is wrong with them."""
        while index < len(self.tokens):
            index = self._step(index)
        while True:
            try:
                return self.parser.feed_token(self._end())
            except Unexpected:
                self._recover(len(self.tokens))

    def _end(self) -> Token:
        end = len(self.lexed.source.text)
        return Token("$END", "", end, end_pos=end)

    def _step(self, index: int) -> int:
        """Feed one token; returns the index of the next."""
        if index in self.lexed.starts:
            level = self.levels[-1]
            note_progress("reading this", self.builder.token_span(self.tokens[index]))
            level.start, level.begin, level.has_body = index, self.parser.copy(), False
        try:
            self.parser.feed_token(self.tokens[index])
        except Unexpected:
            return self._recover(index)
        if index in self.lexed.bodies and "HOLE" not in self.parser.choices():  # read as a dict: `repeat n - { … }`
            return self._recover(index)
        if index in self.lexed.bodies:
            self.levels.append(_Statement(closes=self.lexed.bodies[index]))
        elif index in self.closing and len(self.levels) > 1:
            self.levels.pop()
            self.levels[-1].has_body = True
        return index + 1

    def _recover(self, index: int) -> int:
        """Report the mistake at token `index`, put a hole in the statement's place; returns where to read on."""
        tick()
        statement = self.levels[-1]
        self._report(index, statement)
        if statement.has_body or statement.begin is None:
            return max(self._end_of_statement(index, into_body=False), index + (index != statement.closes))
        end = self._end_of_statement(index, into_body=len(self.levels) <= LIMITS.brackets)
        self.parser, statement.begin = statement.begin, None
        header = (
            self._section_header(statement.start, end) if len(self.levels) == 1 and statement.start < end in self.lexed.bodies else None
        )
        for token in header or [self._hole(statement.start, end)]:
            self.parser.feed_token(token)
        if end in self.lexed.bodies and not self._takes_body():
            return self._end_of_statement(end, into_body=False)
        return end

    def _takes_body(self) -> bool:
        """Whether the parser waits for a `{`."""
        return "LBRACE" in self.parser.choices()

    def _end_of_statement(self, index: int, into_body: bool) -> int:
        """Index of the SEP or `}` behind the statement, or of the `{` of a body that comes first and is in no bracket of its own."""
        tokens, lexed, closes = self.tokens, self.lexed, self.levels[-1].closes
        inside = self._open_brackets(index) if into_body else 0
        while index < closes and not (tokens[index].type == "SEP" and index + 1 in lexed.starts and not inside):
            if index in lexed.bodies:
                if into_body and not inside:
                    return index
                index = lexed.bodies[index]
            else:
                inside += (tokens[index].type in _OPENS) - (tokens[index].type in _CLOSES)
            index += 1
        return index

    def _open_brackets(self, index: int) -> int:
        """How many brackets of the statement are open at the token `index`."""
        types = [t.type for t in self.tokens[self.levels[-1].start : index]]
        return max(sum(t in _OPENS for t in types) - sum(t in _CLOSES for t in types), 0)

    def _hole(self, start: int, end: int) -> Token:
        """The token that stands for statements which could not be read, with the names in them."""
        tokens = self.tokens[start:end]
        first = self.tokens[start].start_pos
        hole = Token("HOLE", "", first, end_pos=tokens[-1].end_pos if tokens else first)
        hole.value = hole_names(tokens), self._mentions(start, end)
        return hole

    def _mentions(self, start: int, end: int) -> tuple[str, ...]:
        """All names in a statement, those in a body behind it included; none where a hole around it has them already."""
        if start < self.mentioned:
            return ()
        self.mentioned = self.lexed.bodies.get(end, end)
        return tuple(dict.fromkeys(str(t) for t in self.tokens[start : self.mentioned] if t.type == "NAME"))

    def _section_header(self, start: int, end: int) -> list[Token]:
        """The header that was meant, so that the body is read as what it is. Where only its first word is wrong, the section is whole;
        else its name stays empty and carries what a HOLE does."""
        tokens = self.tokens[start:end]
        word = guess_section(str(tokens[0]))
        keyword = Token(SECTION_OF[word], word, tokens[0].start_pos, end_pos=tokens[0].end_pos)
        if len(tokens) == 2 and tokens[1].type == "NAME" and tokens[0].type == "NAME":
            return [keyword, tokens[1]]
        empty = Token("NAME", "", tokens[-1].start_pos, end_pos=tokens[-1].end_pos)
        names = [str(t) for t in tokens[1:] if t.type == "NAME"][:1] if word in ("block", "model") else []
        empty.value = tuple(names), self._mentions(start, end)
        return [keyword, empty]

    def _report(self, index: int, statement: _Statement) -> None:
        """One problem per statement: none if a word or bracket of it is reported already."""
        token = self.tokens[index] if index < len(self.tokens) else self._end()
        outside = len(self.levels) == 1 and index == statement.start
        known = token.type == "BAD" or (outside and self.homeless) or self._reported(statement.start, index)
        if not known and len(self.problems) < LIMITS.mistakes:
            from netspec.syntax.mistakes import explain  # a clean spec does not pay for it

            self.problems.append(explain(self._place(index, token, statement)))
        self.homeless = outside

    def _reported(self, start: int, index: int) -> bool:
        """Whether the lexer found a problem in the statement from token `start` on."""
        end = self._end_of_statement(index, into_body=True)
        until = self.tokens[end].start_pos if end < len(self.tokens) else len(self.lexed.source.text)
        first = bisect_left(self.found, self.tokens[start].start_pos or 0) if start < len(self.tokens) else len(self.found)
        return first < len(self.found) and self.found[first] <= (until or 0)

    def _place(self, index: int, token: Token, statement: _Statement) -> Place:
        """What the rules about mistakes ask for."""
        from netspec.syntax.mistake_place import Place

        depth = len(self.levels) - 1
        section = str(self.tokens[self.levels[0].start]) if depth else ""
        return Place(self.lexed, index, token, statement.start, depth, section, self.parser)


def hole_names(tokens: list[Token]) -> tuple[str, ...]:
    """The names that a statement of these tokens may have been meant to bind."""
    if not tokens or tokens[0].type in ("FOR", "REPEAT", "WHEN", "REQUIRE", "ASSUME", "IF"):
        return ()
    outer = _outside_brackets(tokens)
    names = [a for a, b in zip(outer, outer[1:], strict=False) if b.type in ("EQUAL", "COMMA")]
    before = max((t.start_pos or 0 for t in outer if t.type == "EQUAL"), default=0)
    bound = [t for t in names if (t.start_pos or 0) < before and (t.type == "NAME" or t is tokens[0])]
    named = tokens[0].type != "NAME" or tokens[0] in SECTION_OF
    bound += [t for t in outer[named : named + 1] if t.type == "NAME"]
    if named and len(tokens) > 2 and tokens[1].type == "LPAR":  # `input(x: f32[B, 8])`
        bound += [t for t in tokens[2:3] if t.type == "NAME"]
    return tuple(dict.fromkeys(str(t) for t in bound if t != "_"))


def _outside_brackets(tokens: list[Token]) -> list[Token]:
    """The words that stand in no bracket."""
    out, depth = [], 0
    for token in tokens:
        depth -= token.type in ("RSQB", "RPAR", "RBRACE")
        if depth == 0 and token.type not in ("RSQB", "RPAR", "RBRACE"):
            out.append(token)
        depth += token.type in ("LSQB", "LPAR", "LBRACE")
    return out
