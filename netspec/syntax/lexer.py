"""Makes the grammar's tokens of words: it decides which line ends count, which words are keywords and which braces are dicts; comments go
to `Remarks`.
"""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.limits import LIMITS
from netspec.record import field, record
from netspec.source import Source, Span
from netspec.syntax import problems
from netspec.syntax._table import LITERALS
from netspec.syntax.brackets import balance
from netspec.syntax.comments import Gap, Remarks, sort_gap
from netspec.syntax.edited_text import EditedText
from netspec.syntax.scanner import scan
from netspec.syntax.token import Token
from netspec.syntax.words import CONTINUES, GROUP_NAMES, OPERATORS, RESERVED, SECTIONS, VALUE_ENDS, keywords_of

_OPENS = {"LPAR", "LSQB", "LBRACE"}
_CLOSES = {"RPAR", "RSQB", "RBRACE"}
_DICT_AFTER = {"EQUAL", "LPAR", "COMMA", "LSQB", "COLON", "IN"}
_BEHIND_VALUE = {"in", "as", "at", "from", "where"}
_FOREIGN_CONSTANTS = {"True": "true", "False": "false", "None": "none"}
_UNITS = {"epoch", "epochs", "step", "steps"}
_CHOOSING = {"best", "metric"}
"""The settings that say what is chosen by."""
_EXTREMES = {"max", "min"}
_WITH_SETTINGS = {"train", "serve"}


@record(frozen=False)
class Lexed:
    """The tokens of a source as the grammar wants them."""

    source: Source
    tokens: list[Token] = field(default_factory=list)
    starts: set[int] = field(default_factory=set)
    """Indices of the tokens that start a statement, section, setting or claim."""
    bodies: dict[int, int] = field(default_factory=dict)
    """Index of a body's `{` -> index of its `}`."""
    remarks: Remarks = field(default_factory=Remarks)
    problems: list[Diagnostic] = field(default_factory=list)
    readable: bool = True
    """False for a file with more words than netspec reads."""


@record(frozen=False)
class _Level:
    """An open bracket."""

    kind: str  # "body" "branch" "list": only in the first two does a line end count
    index: int
    keywords: frozenset[str] = frozenset()
    subscript: bool = False
    """The `[ ]` behind a value."""
    ifs: int = 0
    """Conditions whose branch has not come yet."""
    fors: int = 0
    """`for`s of a comprehension so far."""
    operators: int = 0
    """Operators so far in this part of the expression; with `inner` an upper bound on how deep its tree is."""
    inner: int = 0
    """The deepest brackets closed in this part."""
    parts: int = 0
    """The deepest part so far: parts end at commas."""

    def bound(self) -> int:
        """How deep the tree of the expression can be so far."""
        return max(self.parts, self.operators + self.inner)


def lex(source: Source, fragment: bool = False, edited: EditedText | None = None) -> Lexed:
    """All tokens of a file, or of a fragment in which no statement starts; with edits, of the text behind them. Never raises.

    Words and brackets that are wrong are in `problems`; where they would spoil a statement, it holds a BAD token.
    """
    scanned = scan(source, edited)
    if scanned.too_long:
        return Lexed(source, readable=False, problems=scanned.problems[-1:])
    words, unbalanced = balance(source, scanned.tokens)
    layout = _Layout(Lexed(source, problems=[*scanned.problems, *unbalanced]), _Level("list" if fragment else "body", -1, SECTIONS))
    for word in words:
        layout.word(word)
    layout.close_gap(None, separates=False)
    return layout.out


class _Layout:
    """Reads words one by one and knows the open brackets."""

    def __init__(self, out: Lexed, outermost: _Level) -> None:
        self.out = out
        self.levels = [outermost]
        self.lists = int(outermost.kind == "list")
        """How many open brackets make a line end a space."""
        self.gap: list[Token] = []
        self.ended = self.semicolon = False
        self.previous: Token | None = None
        self.section = ""
        """The first word of the section."""

    def word(self, word: Token) -> None:
        """Takes one word; line ends and comments wait until it is known what comes behind them."""
        kind = word.type
        if kind == "NEWLINE" or kind == "COMMENT":
            self.gap.append(word)
            self.ended = self.ended or kind == "NEWLINE"
        elif kind == "SEMICOLON" and not self.lists:
            self.semicolon = True
        else:
            self._token(word)

    def close_gap(self, word: Token | None, separates: bool) -> None:
        """Sort the comments that stand before `word` (None: the end of the file)."""
        inside = self.lists > 0 or self.levels[-1].kind != "body"
        closes = word is None or (word.type == "RBRACE" and not inside)
        opened = self._opened() and not inside
        sort_gap(self.out.remarks, Gap(self.gap, self.previous, word, separates and not closes, opened, closes, inside))
        self.gap = []

    def _token(self, word: Token) -> None:
        """Takes a word that the grammar sees, with the separator that stands before it."""
        opened, body = self._opened(), self.levels[-1].kind == "body"
        separates = not opened and self._separates(word)
        starts = body and word.type != "RBRACE" and (separates or opened)
        if self.gap:
            self.close_gap(word, starts)
        if separates:
            self._separator()
        self.ended = self.semicolon = False
        if word.type == "NAME":
            word.type = self._name_type(word, starts)
            if self.previous is not None and self.previous in _EXTREMES and not separates and self._chooses(word):
                self.previous.type = "EXTREME"
        if starts:
            self.out.starts.add(len(self.out.tokens))
            self.section = str(word) if len(self.levels) == 1 else self.section
        self._brackets(word)
        self.out.tokens.append(word)
        self.previous = word

    def _opened(self) -> bool:
        """Whether nothing stands yet in the open body or branch."""
        top = self.levels[-1]
        return top.kind != "list" and top.index == len(self.out.tokens) - 1

    def _separates(self, word: Token) -> bool:
        """Whether a statement ends before `word`."""
        if self.lists or word.type == "RBRACE" or not (self.ended or self.semicolon):
            return False
        if self.semicolon or self.previous is None:
            return True
        return self.previous.type not in CONTINUES and word.type != "ARROW" and word != "else"

    def _separator(self) -> None:
        """Ends a statement, at the end of its last word."""
        end = 0 if self.previous is None else self.previous.end_pos
        top = self.levels[-1]
        top.ifs = top.operators = top.inner = top.parts = 0
        self.out.tokens.append(Token("SEP", "", end, end_pos=end))

    def _name_type(self, word: Token, starts: bool) -> str:
        """A name, or the keyword that it is at this place."""
        text, previous = str(word), "" if self.previous is None else self.previous.type
        if text in _FOREIGN_CONSTANTS:
            return self._foreign_constant(word)
        if starts and text in self.levels[-1].keywords:
            return LITERALS[text]
        if previous == "DOT":
            return "NAME"
        if text in RESERVED:
            return LITERALS[text]
        if text in _UNITS and previous == "NUMBER" and not starts:
            return "UNIT"
        if text in _BEHIND_VALUE and not starts and (previous in VALUE_ENDS or (text == "in" and self._denies())):
            return LITERALS[text]
        if text == "for" and previous in VALUE_ENDS and self.levels[-1].kind == "list":
            return LITERALS[text]
        return "NAME"

    def _chooses(self, word: Token) -> bool:
        """Whether `best = max` or `metric = min` of `train` stands before a name: `best = max accuracy` is `best = max(accuracy)`."""
        tokens, first = self.out.tokens, len(self.out.tokens) - 3
        if word.type != "NAME" or self.section not in _WITH_SETTINGS or first not in self.out.starts:
            return False
        return tokens[first] in _CHOOSING and [token.type for token in tokens[first:]] == ["NAME", "EQUAL", "NAME"]

    def _denies(self) -> bool:
        """Whether a value and `not` stand before the word, which make an operator of `in`."""
        return [t.type in VALUE_ENDS or t.type for t in self.out.tokens[-2:]] == [True, "NOT"]

    def _foreign_constant(self, word: Token) -> str:
        """`True` is a problem; so is `None`, but for the new axis of an index, as NumPy writes it. The formatter writes `none`."""
        meant = _FOREIGN_CONSTANTS[word]
        if not (self.levels[-1].subscript and meant == "none"):
            span = Span(self.out.source, word.start_pos or 0, word.end_pos or 0)
            self.out.problems.append(problems.ForeignConstant(at=span, found=str(word), constant=meant))
        return LITERALS[meant]

    def _brackets(self, word: Token) -> None:
        """Follow brackets, and count what makes the tree deep."""
        kind, top = word.type, self.levels[-1]
        if kind in OPERATORS or self._subscripts(word):
            top.operators += 1
            deep = top.operators <= LIMITS.operators and top.inner > 0 and top.bound() == LIMITS.operators + LIMITS.spare_depth + 1
            self._limit(top.operators == LIMITS.operators + 1 or deep, word, "operators in one expression", LIMITS.operators)
        if kind == "IF" or (word in ("elif", "elseif") and self.previous is not None and self.previous.type == "RBRACE"):
            top.ifs += 1
        elif kind == "FOR" and top.kind == "list":
            top.fors += 1
            self._limit(top.fors == LIMITS.clauses + 1, word, "`for` in one comprehension", LIMITS.clauses)
        elif kind == "COMMA":
            top.parts, top.operators, top.inner = top.bound(), 0, 0
        elif kind in _OPENS:
            self._open(word)
        elif kind in _CLOSES and len(self.levels) > 1:
            self._close(word)

    def _open(self, word: Token) -> None:
        """Enters a bracket; in a list, line ends are spaces."""
        kind = "list" if word.type != "LBRACE" else self._brace_kind()
        if kind == "branch" and self.previous is not None and self.previous.type != "ELSE":
            self.levels[-1].ifs -= 1
        self._limit(len(self.levels) == LIMITS.brackets + 1, word, "brackets inside one another", LIMITS.brackets)
        keywords = self._keywords() if kind == "body" else frozenset()
        self.levels.append(_Level(kind, len(self.out.tokens), keywords, self._subscripts(word)))
        self.lists += kind == "list"

    def _subscripts(self, word: Token) -> bool:
        """Whether the bracket opens an index and not a list."""
        return word.type == "LSQB" and self.previous is not None and self.previous.type in VALUE_ENDS

    def _brace_kind(self) -> str:
        """Whether the brace opens a dict, a branch or a body."""
        previous = "" if self.previous is None else self.previous.type
        if previous in _DICT_AFTER:
            return "list"
        if previous == "ELSE" or self.levels[-1].ifs:
            return "branch"
        return "list" if self.lists else "body"

    def _keywords(self) -> frozenset[str]:
        """Which words start statements in the body that opens now."""
        if len(self.levels) == 1:
            return keywords_of(self.section)
        return self.levels[-1].keywords - GROUP_NAMES.get(str(self.previous), frozenset())

    def _close(self, word: Token) -> None:
        """Leaves a bracket, whose depth counts for what is around it."""
        level = self.levels.pop()
        self.lists -= level.kind == "list"
        if level.kind == "body":
            self.out.bodies[level.index] = len(self.out.tokens)
            return
        top = self.levels[-1]
        before, top.inner = top.bound(), max(top.inner, level.bound() + 1)
        deep = top.operators <= LIMITS.operators and before <= LIMITS.operators + LIMITS.spare_depth < top.bound()
        self._limit(deep, word, "operators in one expression", LIMITS.operators)

    def _limit(self, broken: bool, word: Token, what: str, limit: int) -> None:
        """Where a limit is broken, say so and spoil the statement, so that no tree is made of it."""
        if broken:
            span = Span(self.out.source, word.start_pos or 0, word.end_pos or 0)
            self.out.problems.append(problems.TooLarge(at=span, what=what, limit=limit))
            self.out.tokens.append(Token("BAD", "", span.start, end_pos=span.start))
