from dataclasses import dataclass
from lark import Token
from netspec.diagnostics import syntax as d
from netspec.source import Span
@dataclass
class Place:
    lexed: object
    index: int
    token: Token
    start: int
    depth: int
    parser: object
def explain(place):
    t=place.token
    return d.UnexpectedWord(at=Span(place.lexed.source, t.start_pos, t.end_pos), found=str(t))
