"""Pairs brackets. Where they do not pair up, indentation tells which one is missing, and the words go on with the pair completed."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.deadline import tick
from netspec.diagnostics.base import Diagnostic
from netspec.limits import LIMITS
from netspec.record import field, record
from netspec.source import Source, Span
from netspec.syntax import problems
from netspec.syntax.token import Token
from netspec.syntax.words import CONTINUES, SECTION_OF, SECTIONS

_PAIRS = {"LPAR": ("RPAR", ")"), "LSQB": ("RSQB", "]"), "LBRACE": ("RBRACE", "}")}
_CLOSES = {"RPAR", "RSQB", "RBRACE"}
_BODIED = {*SECTION_OF, "for", "repeat", "when"}


def balance(source: Source, words: list[Token]) -> tuple[list[Token], list[Diagnostic]]:
    """The words with every bracket paired, and a problem for each one that was missing or too many."""
    if _is_balanced(words):
        return words, []
    out, found = [], []
    for section in _sections(source, words):
        if _is_balanced(section):
            out += section
        else:
            repair = _Repair(source, surplus=_has_surplus(section))
            repair.run(section)
            out += repair.out
            found += repair.problems
    return out, found


def _is_balanced(words: Sequence[Token]) -> bool:
    """Whether every bracket is closed by one of its kind."""
    expected: list[str] = []
    for word in words:
        if word.type in _PAIRS:
            expected.append(_PAIRS[word.type][0])
        elif word.type in _CLOSES and (not expected or expected.pop() != word.type):
            return False
    return not expected


def _has_surplus(words: Sequence[Token]) -> bool:
    """Whether there are more `}` than `{`."""
    return sum(w.type == "RBRACE" for w in words) > sum(w.type == "LBRACE" for w in words)


def _sections(source: Source, words: list[Token]) -> list[list[Token]]:
    """The words cut where a line begins, without indentation, with a section's keyword and a name."""
    text, cuts = source.text, [0]
    for i, word in enumerate(words):
        if word.type == "NAME" and word in SECTIONS and _first_column(text, word) and _next_is_name(words, i):
            cuts.append(i)
    return [words[a:b] for a, b in zip(cuts, [*cuts[1:], len(words)], strict=True)]


def _first_column(text: str, word: Token) -> bool:
    """Whether a word stands at the beginning of its line, without indentation."""
    start = word.start_pos or 0
    return start == 0 or text[start - 1] == "\n"


def _next_is_name(words: Sequence[Token], i: int) -> bool:
    """Whether the word is followed by a name, as keywords of sections are."""
    return i + 1 < len(words) and words[i + 1].type == "NAME" and words[i] not in ("param", "dim", "netspec")


@record(frozen=False)
class _Open:
    """An open bracket, and the indentation of the line it stands on."""

    word: Token
    indent: int
    line: int
    loose: bool = False
    """The first line inside is not indented deeper, so indentation says nothing here."""


@record(frozen=False)
class _Repair:
    """Pairs the brackets of one section with the help of its indentation."""

    source: Source
    surplus: bool
    out: list[Token] = field(default_factory=list)
    problems: list[Diagnostic] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    line: int = 0
    indent: int = 0
    string: bool = False
    """An unclosed string stands on this line."""
    header: Token | None = None
    """The line begins with this keyword, which needs a body, and no `{` stands on it yet."""
    header_at: int = 0
    """Where that keyword is in `out`."""

    def run(self, words: Sequence[Token]) -> None:
        fresh = True
        for index, word in enumerate(words):
            if word.type == "NEWLINE":
                tick()
                self._line_end()
                fresh = True
            elif word.type != "COMMENT":
                if fresh:
                    self._line_start(word)
                fresh = False
                self._word(word, words, index)
                continue
            self.out.append(word)
        end = words[-1].end_pos or 0
        self._line_end()
        self._close_down_to(0, Span(self.source, end, end))

    def _line_end(self) -> None:
        """Brackets that an unclosed string on their line may have swallowed are taken as closed."""
        while self.string and self.stack and self.stack[-1].line == self.line and self.stack[-1].word.type != "LBRACE":
            self._insert_close(self.stack.pop().word)
        if self.surplus and self.header is not None:
            self._insert_open(self.header)
        self.string, self.header = False, None
        self.line += 1

    def _line_start(self, word: Token) -> None:
        """Closes what the indentation of a new line says has ended."""
        self.indent = self.source.position(word.start_pos or 0)[1] - 1
        self.header, self.header_at = (word if word in _BODIED else None), len(self.out)
        if word.type in _CLOSES or word.type == "ARROW" or word in ("else",) or word.type in CONTINUES:
            return
        top = self.stack[-1] if self.stack else None
        if top is not None and top.line == self.line - 1 and self.indent <= top.indent and top.word.type == "LBRACE":
            top.loose = True
        keep = len(self.stack)
        while keep and not self.stack[keep - 1].loose and self.indent <= self.stack[keep - 1].indent and self._ended():
            keep -= 1
        self._close_down_to(keep, self._span(word))

    def _ended(self) -> bool:
        """Whether the words so far can end a line."""
        last = next((w for w in reversed(self.out) if w.type not in ("NEWLINE", "COMMENT")), None)
        return last is None or last.type not in CONTINUES or last.type == "COMMA"

    def _word(self, word: Token, words: Sequence[Token], index: int) -> None:
        """Takes one word; a bracket is paired, or completed, or left out."""
        self.string = self.string or (word.type == "BAD" and word[:1] == '"')
        if word.type in _PAIRS:
            self.header = None if word.type == "LBRACE" else self.header
            self.stack.append(_Open(word, self.indent, self.line))
        elif word.type in _CLOSES:
            if not self._close(word, words, index):
                if self._wrong(word, words, index):
                    self._insert_close(self.stack.pop().word)
                else:
                    self._stray(word)
                return
            self.stack.pop()
        elif word.type in ("EQUAL", "ARROW") and not (self.stack and self.stack[-1].word.type == "LPAR"):
            self.header = None
        self.out.append(word)

    def _wrong(self, word: Token, words: Sequence[Token], index: int) -> bool:
        """Report `[4, 8)`: a bracket that stands where the innermost one, opened on this line, ought to be closed."""
        top = self.stack[-1] if self.stack else None
        if top is None or top.word.type == "LBRACE" or top.line != self.line or word.type == "RBRACE" or word.value is None:
            return False
        wrong = not self._closed_later(words, index)
        if wrong:
            self.problems.append(
                problems.WrongBracket(at=self._span(word), bracket=str(word), opened=self._span(top.word), opening=str(top.word))
            )
        return wrong

    def _stray(self, word: Token) -> None:
        """A bracket that closes nothing. Behind `expect M params == 3 }` it shows that the `{` is missing."""
        if self.header is not None and word.type == "RBRACE":
            place = min(self.header_at + 1, len(self.out) - 1)
            end = self.out[place].end_pos or 0
            self.problems.append(problems.MissingBrace(at=self._span(self.out[place]), what=str(self.header)))
            self.out.insert(place, Token("BAD", "", end, end_pos=end))
            self.header = None
        elif word.value is not None:
            self.problems.append(problems.StrayBracket(at=self._span(word), bracket=str(word)))

    def _close(self, word: Token, words: Sequence[Token], index: int) -> bool:
        """Make the bracket that `word` closes the top one; False if there is none."""
        if self.stack and _PAIRS[self.stack[-1].word.type][0] == word.type and not self._odd(word, self.stack[-1]):
            return True
        lowest = max(len(self.stack) - LIMITS.brackets, 0)  # what is open below is too deep for any text that can be read
        fits = [n for n in range(lowest, len(self.stack)) if _PAIRS[self.stack[n].word.type][0] == word.type]
        if fits and word.value is None and self.stack[fits[-1]].line == self.line:  # eaten by a string, with those inside it
            while len(self.stack) > fits[-1] + 1:
                self._insert_close(self.stack.pop().word)
            return True
        if not fits or word.value is None or self._odd(word, self.stack[fits[-1]]) or self._closed_later(words, index):
            return False
        n = fits[-1]
        if self._first_on_line(word):
            n = next((n for n in reversed(fits) if self.stack[n].indent == self.indent), n)
        self._close_down_to(n + 1, self._span(word))
        return True

    def _closed_later(self, words: Sequence[Token], index: int) -> bool:
        """Whether the innermost bracket, opened on this line, is closed further on in it: then the bracket at `index` is the odd one."""
        top = self.stack[-1]
        if top.line != self.line:
            return False
        depth = 0
        for place in range(index + 1, min(index + 1 + LIMITS.repair_words, len(words))):
            word = words[place]
            if word.type == "NEWLINE":
                return False
            if depth == 0 and word.type == _PAIRS[top.word.type][0]:
                return True
            depth += (word.type in _PAIRS) - (word.type in _CLOSES)
        return False

    def _odd(self, word: Token, opened: _Open) -> bool:
        """In a section with too many `}`: whether this one does not look like the end of what was opened."""
        if not self.surplus or word.type != "RBRACE":
            return False
        if self._first_on_line(word):
            return opened.indent < self.indent
        return opened.line < self.line

    def _first_on_line(self, word: Token) -> bool:
        line, column = self.source.position(word.start_pos or 0)
        return not self.source.line(line)[: column - 1].strip()

    def _span(self, word: Token) -> Span:
        return Span(self.source, word.start_pos or 0, word.end_pos or 0)

    def _close_down_to(self, keep: int, noticed: Span) -> None:
        """Close the brackets above the lowest `keep`; only the outermost is reported."""
        if len(self.stack) <= keep:
            return
        word = self.stack[keep].word
        self.problems.append(problems.UnclosedBracket(at=self._span(word), bracket=str(word), noticed=noticed))
        while len(self.stack) > keep:
            self._insert_close(self.stack.pop().word)

    def _insert_open(self, header: Token) -> None:
        """The `{` behind a header that has none, in a section with too many `}`."""
        place = len(self.out)
        while self.out[place - 1].type in ("NEWLINE", "COMMENT"):
            place -= 1
        end = self.out[place - 1].end_pos or 0
        what = Span(self.source, header.start_pos or 0, end)
        self.problems.append(problems.MissingBrace(at=Span(self.source, end - 1, end), what=what.text))
        brace = Token("LBRACE", "{", end, end_pos=end)
        self.out.insert(place, brace)
        self.stack.append(_Open(brace, self.indent, self.line))
        self.surplus = False

    def _insert_close(self, opened: Token) -> None:
        """Put the missing bracket behind the last word; a statement with a missing `)` or `]` is spoiled, as its text is unsure."""
        kind, text = _PAIRS[opened.type]
        place = len(self.out)
        while place and self.out[place - 1].type in ("NEWLINE", "COMMENT"):
            place -= 1
        end = self.out[place - 1].end_pos or 0
        spoiled = [] if kind == "RBRACE" else [Token("BAD", "", end, end_pos=end)]
        self.out[place:place] = [*spoiled, Token(kind, text, end, end_pos=end)]
