"""Feeding the parser token by token, and going on after a mistake.

The parser's state is copied where a statement starts. After a mistake the copy is taken up again, the statement is read as a HOLE with
the names that it would have bound, and reading goes on at its end, or at its body.
"""

from __future__ import annotations

from dataclasses import dataclass

from lark import Token
from lark.exceptions import UnexpectedToken
from lark.parsers.lalr_interactive_parser import InteractiveParser

from netspec.diagnostics.base import Diagnostic
from netspec.syntax.build import Builder, Row
from netspec.syntax.lexer import Lexed
from netspec.syntax.mistakes import explain
from netspec.syntax.place import Place
from netspec.syntax.words import SECTION_OF, guess_section


@dataclass
class _Statement:
    """The statement being read in one open body."""

    closes: int
    """Index of the token that ends the body."""
    start: int = 0
    begin: InteractiveParser | None = None
    """The parser where the statement starts."""
    has_body: bool = False
    """A body of its own was read."""


class Reader:
    """Reads the tokens of one file, without its header."""

    def __init__(self, lexed: Lexed, builder: Builder, parser: InteractiveParser) -> None:
        self.lexed, self.builder, self.parser = lexed, builder, parser
        self.tokens = lexed.tokens
        self.closing = set(lexed.bodies.values())
        self.levels = [_Statement(closes=len(self.tokens))]
        self.problems: list[Diagnostic] = []
        self.homeless = False
        """The last thing outside of sections was a problem already, so the next is not news."""

    def read(self, index: int) -> Row:
        """All sections from the token `index` on, whatever is wrong with them."""
        while index < len(self.tokens):
            index = self._step(index)
        while True:
            try:
                return self.parser.feed_token(self._end())
            except UnexpectedToken:
                self._recover(len(self.tokens))

    def _end(self) -> Token:
        end = len(self.lexed.source.text)
        return Token("$END", "", end, end_pos=end)

    def _step(self, index: int) -> int:
        """Feed one token; returns the index of the next."""
        if index in self.lexed.starts:
            level = self.levels[-1]
            level.start, level.begin, level.has_body = index, self.parser.copy(deepcopy_values=False), False
        try:
            self.parser.feed_token(self.tokens[index])
        except UnexpectedToken:
            return self._recover(index)
        if index in self.lexed.bodies:
            self.levels.append(_Statement(closes=self.lexed.bodies[index]))
        elif index in self.closing and len(self.levels) > 1:
            self.levels.pop()
            self.levels[-1].has_body = True
        return index + 1

    def _recover(self, index: int) -> int:
        """Report the mistake at token `index`, put a hole in the statement's place; returns where to read on."""
        statement = self.levels[-1]
        self._report(index, statement)
        if statement.has_body or statement.begin is None:
            return max(self._end_of_statement(index, into_body=False), index + (index not in self._ends(statement)))
        end = self._end_of_statement(index, into_body=True)
        self.parser, statement.begin = statement.begin, None
        header = self._section_header(statement.start, end) if len(self.levels) == 1 and end in self.lexed.bodies else None
        for token in header or [self._hole(statement.start, end)]:
            self.parser.feed_token(token)
        if end in self.lexed.bodies and not self._takes_body():
            return self._end_of_statement(end, into_body=False)
        return end

    def _ends(self, statement: _Statement) -> tuple[int, ...]:
        return (statement.closes,)

    def _takes_body(self) -> bool:
        return "LBRACE" in self.parser.choices()

    def _end_of_statement(self, index: int, into_body: bool) -> int:
        """Index of the SEP or `}` behind the statement, or of the `{` of a body that comes first."""
        tokens, lexed, closes = self.tokens, self.lexed, self.levels[-1].closes
        while index < closes and not (tokens[index].type == "SEP" and index + 1 in lexed.starts):
            if index in lexed.bodies:
                if into_body:
                    return index
                index = lexed.bodies[index]
            index += 1
        return index

    def _hole(self, start: int, end: int) -> Token:
        tokens = self.tokens[start:end]
        hole = Token("HOLE", "", tokens[0].start_pos, end_pos=tokens[-1].end_pos)
        hole.value = hole_names(tokens)
        return hole

    def _section_header(self, start: int, end: int) -> list[Token]:
        """The header that was meant, so that the body is read as what it is. A name that is missing or a train's makes a hole of it."""
        word = guess_section(str(self.tokens[start]))
        first, last = self.tokens[start], self.tokens[end - 1]
        names = [t for t in self.tokens[start + 1 : end] if t.type == "NAME"]
        name = str(names[0]) if names and word in ("block", "model") else ""
        where = names[0] if name else last
        return [
            Token(SECTION_OF[word], word, first.start_pos, end_pos=first.end_pos),
            Token("NAME", name, where.start_pos, end_pos=where.end_pos),
        ]

    def _report(self, index: int, statement: _Statement) -> None:
        token = self.tokens[index] if index < len(self.tokens) else self._end()
        if token.type == "BAD":
            return
        outside = len(self.levels) == 1 and index == statement.start
        if not (outside and self.homeless):
            self.problems.append(explain(self._place(index, token, statement)))
        self.homeless = outside

    def _place(self, index: int, token: Token, statement: _Statement) -> Place:
        depth = len(self.levels) - 1
        section = str(self.tokens[self.levels[0].start]) if depth else ""
        return Place(self.lexed, index, token, statement.start, depth, section, self.parser)


def hole_names(tokens: list[Token]) -> tuple[str, ...]:
    """The names that a statement of these tokens would bind: behind its keyword, or before its `=`."""
    if not tokens:
        return ()
    if tokens[0].type not in ("NAME", "LET"):
        return (str(tokens[1]),) if len(tokens) > 1 and tokens[1].type == "NAME" and tokens[0].type not in ("FOR", "REPEAT", "WHEN") else ()
    names, depth, fresh = [], 0, True
    for token in tokens[tokens[0].type == "LET" :]:
        if token.type == "EQUAL" and depth == 0:
            return tuple(n for n in names if n != "_")
        depth += token.type in ("LSQB", "LPAR", "LBRACE")
        depth -= token.type in ("RSQB", "RPAR", "RBRACE")
        if fresh and token.type == "NAME" and depth == 0:
            names.append(str(token))
        fresh = token.type == "COMMA" and depth == 0
    return ()
