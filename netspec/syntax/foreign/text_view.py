"""Shows the words of a text as rules about foreign forms ask for them: statements, brackets, lines, bound names."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from functools import cached_property

from netspec.source import Source
from netspec.syntax.scanner import scan
from netspec.syntax.token import Token
from netspec.syntax.words import CONTINUES, VALUE_ENDS

_OPENS = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
_CLOSES = set(_OPENS.values())
_DICT_AFTER = {"EQUAL", "LPAR", "COMMA", "LSQB", "COLON"}
_NAMING = {
    "input",
    "param",
    "output",
    "weight",
    "buffer",
    "state",
    "shared",
    "for",
    "as",
    "aux",
    "let",
    "metric",
    "block",
    "model",
    "import",
}
LOOSE = frozenset({"PLUS", "MINUS", "STAR", "SLASH", "PERCENT", "MATMUL", "POWER", "FLOORDIV", "COMPARE", "ARROW"})
"""Signs that stand between operands."""
NOTHING = Token("", "")
_JOINING = {"and", "or", "not", "in", "if", "else"}


def goes_on(token: Token) -> bool:
    """Whether a line that ends in this word goes on in the next."""
    return token.type in CONTINUES or (token.type == "NAME" and str(token) in _JOINING - {"else", "if"})


class TextView:
    """The words of a source, comments left out."""

    def __init__(self, source: Source) -> None:
        self.source, self.text = source, source.text
        self.tokens = [t for t in scan(source).tokens if t.type != "COMMENT"]
        self.last = len(self.tokens) - 1
        """The last word that is seen: while a part of a statement is rewritten nothing behind it is."""
        self.render: Callable[[int, int], str] = self.written
        """The text of the words [i, j] with the forms inside of them rewritten."""
        self.spend: Callable[[int], bool] = lambda words: True
        """Whether so many words more may be looked at."""
        self.depth = 0
        """Forms and calls around what is looked at."""
        self.types: dict[str, tuple[str, list[str]] | None] = {}
        """Types of names, as far as they were asked for."""
        self.ends: dict[tuple[int, int], int] = {}
        """Ends of statements by first word and last word that is seen."""

    def at(self, i: int) -> Token:
        return self.tokens[i] if 0 <= i <= self.last else NOTHING

    def type(self, i: int) -> str:
        return self.at(i).type

    def is_word(self, i: int, *words: str) -> bool:
        """Whether a word of letters stands there."""
        return self.type(i) == "NAME" and str(self.at(i)) in words

    def start(self, i: int) -> int:
        """Where a word begins; the edges of the text where there is none."""
        return self.tokens[i].start_pos if 0 <= i < len(self.tokens) else 0 if i < 0 else len(self.text)

    def stop(self, i: int) -> int:
        """Where a word ends."""
        return self.tokens[i].end_pos if 0 <= i < len(self.tokens) else 0 if i < 0 else len(self.text)

    def written(self, i: int, j: int) -> str:
        """The text of the words [i, j] as it is."""
        return self.text[self.start(i) : self.stop(j)] if i <= j else ""

    def touches(self, i: int) -> bool:
        """Whether nothing stands between a word and the next."""
        return i + 1 < len(self.tokens) and self.stop(i) == self.start(i + 1)

    def same_line(self, i: int, j: int) -> bool:
        return "\n" not in self.text[self.stop(i) : self.start(j)]

    def line_start(self, i: int) -> int:
        """Where the line of a word begins."""
        return self.text.rfind("\n", 0, self.start(i)) + 1

    def line_end(self, position: int) -> int:
        """Where the line of a character ends, its line end left out."""
        end = self.text.find("\n", position)
        return len(self.text) if end < 0 else end

    def indent(self, i: int) -> str:
        """What a word's line is indented by."""
        match = re.compile(r"[ \t]*").match(self.text, self.line_start(i))
        return match[0] if match else ""

    @cached_property
    def partner(self) -> dict[int, int]:
        """Brackets that belong together, both ways; odd ones have none."""
        found: dict[int, int] = {}
        stack: list[int] = []
        for i, token in enumerate(self.tokens):
            if token.type in _OPENS:
                stack.append(i)
            elif token.type in _CLOSES and stack and _OPENS[self.tokens[stack[-1]].type] == token.type:
                opened = stack.pop()
                found[opened], found[i] = i, opened
        return found

    @cached_property
    def starts(self) -> dict[int, int]:
        """Words that begin a statement -> how many braces are open around them. Brackets end no statement inside."""
        found: dict[int, int] = {}
        lists = depth = 0
        kinds: list[bool] = []
        fresh = True
        last = NOTHING
        for i, token in enumerate(self.tokens):
            if token.type in ("NEWLINE", "SEMICOLON"):
                fresh = fresh or token.type == "SEMICOLON" or not goes_on(last) or (not lists and self.ends_at_comma(last, i))
                continue
            if token.type in _CLOSES:
                body = kinds.pop() if kinds else False
                depth -= body
                lists -= not body and lists > 0
            elif fresh and not lists and token.type != "ARROW":
                found[i] = depth
            fresh = False
            if token.type in _OPENS:
                body = token.type == "LBRACE" and last.type not in _DICT_AFTER and not lists
                kinds.append(body)
                depth += body
                lists += not body
                fresh = body
            last = token
        return found

    @cached_property
    def _ordered(self) -> list[int]:
        return sorted(self.starts)

    @cached_property
    def _sections(self) -> list[int]:
        return [s for s in self._ordered if self.starts[s] == 0 and not self.indent(s)]

    def statement(self, i: int) -> int | None:
        """Where the statement of a word begins."""
        place = bisect_right(self._ordered, i)
        return self._ordered[place - 1] if place else None

    def section(self, i: int) -> int:
        """Where the section of a word begins, -1 before all."""
        place = bisect_right(self._sections, i)
        return self._sections[place - 1] if place else -1

    def end(self, i: int) -> int:
        """The last word of the statement or of the part of one that begins with word `i`."""
        if (i, self.last) not in self.ends:
            self.ends[i, self.last] = self._find_end(i)
        return self.ends[i, self.last]

    def _find_end(self, i: int) -> int:
        last, j = i, i
        while j <= self.last and self.spend(1):
            token = self.tokens[j]
            if token.type == "SEMICOLON" or token.type in _CLOSES:
                break
            if token.type == "NEWLINE":
                if self._ends_line(last, j):
                    break
                j += 1
                continue
            j = self.partner.get(j, j) if token.type in _OPENS else j
            last = j
            j += 1
        return last

    def ends_at_comma(self, last: Token, j: int) -> bool:
        """Whether a comma before the line end `j` has another statement behind it: `loss = mse(y, label),`."""
        after = self.skip_lines(j)
        if last.type != "COMMA":
            return False
        keyed = self.type(after) in ("NAME", "STRING") and self.type(after + 1) in ("EQUAL", "COLON")
        return keyed or self.type(after) == "RBRACE" or (self.is_word(after, *_NAMING) and self.type(after + 1) == "NAME")

    def _ends_line(self, last: int, j: int) -> bool:
        """Whether a statement ends at the line end `j` behind the word `last`."""
        following = self.skip_lines(j)
        if self.ends_at_comma(self.at(last), j):
            return True
        return not goes_on(self.at(last)) and self.type(following) != "ARROW" and self.at(following) != "else"

    def skip_lines(self, i: int) -> int:
        """The first word from `i` on that is no line end."""
        while self.type(i) == "NEWLINE":
            i += 1
        return i

    def before(self, i: int) -> int:
        """The last word before `i` that is no line end."""
        i -= 1
        while self.type(i) == "NEWLINE":
            i -= 1
        return i

    def top(self, i: int, j: int) -> list[int]:
        """The words [i, j] that stand in no bracket of their own, the brackets among them; no line ends."""
        found = []
        while i <= j and self.spend(1):
            if self.type(i) != "NEWLINE":
                found.append(i)
            close = self.partner.get(i, i) if self.type(i) in _OPENS else i
            if i < close <= j:
                found.append(close)
            i = max(close, i) + 1
        return found

    def split(self, i: int, j: int) -> list[tuple[int, int]]:
        """The parts between the commas of the words [i, j]; none for no word."""
        parts, first = [], i
        for k in [k for k in self.top(i, j) if self.type(k) == "COMMA"]:
            parts.append((first, k - 1))
            first = k + 1
        parts.append((first, j))
        trimmed = [(self.skip_lines(a), self.before(b + 1)) for a, b in parts]
        return [(a, b) for a, b in trimmed if a <= b]

    def arguments(self, opening: int) -> list[tuple[int, int]]:
        """The arguments in a parenthesis."""
        return self.split(opening + 1, self.partner[opening] - 1)

    def is_loose(self, i: int, j: int) -> bool:
        """Whether the words [i, j] are several operands with signs or words like `and` between them."""
        return any(self.type(k) in LOOSE or self.is_word(k, "and", "or", "not", "if", "else", "in") for k in self.top(i, j))

    def operand(self, i: int, j: int) -> str:
        """The rewritten text of the words [i, j], in parentheses where operators would come apart from outside."""
        text = self.render(i, j)
        return f"({text})" if self.is_loose(i, j) or _ARROW.search(text) else text

    def ends_value(self, i: int) -> bool:
        """Whether a value can end with the word."""
        return self.type(i) in VALUE_ENDS and not self.is_word(i, *_JOINING)

    def path_end(self, i: int) -> int:
        """The last word of the name with dots that begins at `i`."""
        while self.type(i + 1) == "DOT" and self.type(i + 2) == "NAME":
            i += 2
        return i

    @cached_property
    def surplus(self) -> bool:
        """Whether more braces close than open."""
        return sum(t.type == "RBRACE" for t in self.tokens) > sum(t.type == "LBRACE" for t in self.tokens)

    @cached_property
    def shared(self) -> set[str]:
        """Names of `shared` instances, which have methods."""
        return {str(b) for a, b in zip(self.tokens, self.tokens[1:], strict=False) if a == "shared"}

    @cached_property
    def bound(self) -> set[str]:
        """Names that the text binds anywhere."""
        found = set()
        for i, token in enumerate(self.tokens):
            if token.type != "NAME":
                continue
            named = self.type(i + 1) in ("EQUAL", "COLON") or (i in self.starts and self.type(i + 1) in ("COMMA", "BAD"))
            if named or (self.type(i - 1) == "NAME" and str(self.at(i - 1)) in _NAMING):
                found.add(str(token))
            if self.is_word(i - 1, "for"):
                found |= {str(t) for t in self.tokens[i : i + 8] if t.type == "NAME" and t != "in"}
        return found

    def _line_of(self, i: int) -> int:
        """The word behind the last one on the line of word `i`."""
        return next((k for k in range(i, len(self.tokens)) if self.tokens[k].type == "NEWLINE"), len(self.tokens))

    @cached_property
    def defined(self) -> set[str]:
        """Names of blocks, models and functions, and what is imported."""
        words = {"block", "model", "let", "def", "as", "import"}
        own = {str(b) for a, b in zip(self.tokens, self.tokens[1:], strict=False) if a in words and b.type == "NAME"}
        return own | {str(t) for i in self.starts if self.is_word(i, "import", "from") for t in self.tokens[i : self._line_of(i)]}


_ARROW = re.compile(r"->")
