"""The cases of `drawings.md`: one function per drawing, named as its heading."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from netspec.diagnostics.base import Diagnostic, Place
from netspec.source import NOWHERE, Span
from tests.diagnostics.samples import SampleProblem, SampleWarning, find, source

DRAWINGS: dict[str, Callable[[], Sequence[Diagnostic]]] = {}

UNET = source(
    """netspec 1
model M {
  input x: f32[B, 8, 8, 64]
  y = x -> conv(128, 3)

  z = y

  output x + y
}
"""
)


def drawing(make: Callable[[], Sequence[Diagnostic]]) -> Callable[[], Sequence[Diagnostic]]:
    DRAWINGS[make.__name__.replace("_", " ")] = make
    return make


@drawing
def one_place() -> Sequence[Diagnostic]:
    return [SampleProblem(at=find(UNET, "conv"), says="there is no layer `conv`.", under="not known here")]


@drawing
def a_second_place_and_a_repair() -> Sequence[Diagnostic]:
    return [
        SampleProblem(
            at=find(UNET, "x + y"),
            says="`+` needs equal shapes, but the last dims differ: 64 and 128.",
            under="f32[B, 8, 8, 64] + f32[B, 8, 8, 128]",
            others=(Place(find(UNET, "conv(128, 3)"), "f32[B, 8, 8, 128]"),),
            repair="project `x` first: `x -> conv(128, 1)`",
        )
    ]


@drawing
def several_places_on_one_line() -> Sequence[Diagnostic]:
    left, plus, right = (Span(UNET, find(UNET, "x + y").start + i, find(UNET, "x + y").start + i + 1) for i in (0, 2, 4))
    others = (Place(left, "f32[B, 8, 8, 64]"), Place(right, "f32[B, 8, 8, 128]"))
    return [SampleProblem(at=plus, under="unequal", others=others)]


@drawing
def the_same_place_twice_is_drawn_once() -> Sequence[Diagnostic]:
    plus = find(UNET, "x + y")
    return [SampleProblem(at=plus, under="unequal", others=(Place(plus, "f32[B, 8, 8, 64]"), Place(plus, "f32[B, 8, 8, 64]")))]


@drawing
def a_place_inside_the_guilty_one() -> Sequence[Diagnostic]:
    return [SampleProblem(at=find(UNET, "conv(128, 3)"), under="this call", others=(Place(find(UNET, "128"), "the features"),))]


@drawing
def a_place_without_words() -> Sequence[Diagnostic]:
    return [SampleProblem(at=find(UNET, "x + y"), others=(Place(find(UNET, "128"), ""),))]


@drawing
def places_far_apart() -> Sequence[Diagnostic]:
    far = source("netspec 1\nparam a: int = 1\n" + "# …\n" * 120 + "param a: int = 2\n")
    return [SampleProblem(at=find(far, "a: int", 1), says="`a` is defined twice.", others=(Place(find(far, "a: int"), "first here"),))]


@drawing
def where_the_shape_came_from() -> Sequence[Diagnostic]:
    lines = [
        "input image: f32[B, 28, 28, 1]",
        "-> conv(8, 3)",
        "-> relu",
        "-> max_pool(2)",
        "-> conv(16, 3)",
        "-> max_pool(2)",
        "-> conv(4, 9)",
    ]
    shapes = ["[B, 28, 28, 1]", "[B, 28, 28, 8]", "[B, 28, 28, 8]", "[B, 14, 14, 8]", "[B, 14, 14, 16]", "[B, 7, 7, 16]"]
    text = source("netspec 1\n" + "\n".join(lines) + "\n")
    seen = [find(text, line.removeprefix("-> "), lines[:i].count(line)) for i, line in enumerate(lines)]
    chain = tuple(Place(span, f"f32{shape}") for span, shape in zip(seen, shapes, strict=False))
    return [SampleProblem(at=find(text, "conv(4, 9)"), says="a kernel of 9 does not fit into 7.", chain=chain)]


@drawing
def the_call_that_led_into_a_block() -> Sequence[Diagnostic]:
    text = source(
        "netspec 1\nblock Double {\n  input x: f32[B, D]\n  output x @ x\n}\nmodel M {\n  input a: f32[B, 4]\n  output y = a -> Double\n}\n"
    )
    return [
        SampleProblem(at=find(text, "@"), trail=(Place(find(text, "Double", 1), "in the call of block `Double`"),), repair="transpose one")
    ]


@drawing
def a_long_trail() -> Sequence[Diagnostic]:
    text = source("netspec 1\n" + "".join(f"B{i}\n" for i in range(9)))
    trail = tuple(Place(find(text, f"B{i}"), f"in the call of block `B{i}`") for i in range(9))
    return [SampleProblem(at=find(text, "netspec"), trail=trail)]


@drawing
def a_place_in_another_file() -> Sequence[Diagnostic]:
    parts = source("netspec 1\n\n\n\n\n\n\n\n\n\nblock Stem {\n  param width: int where width > 0\n}\n", "lib/parts.net")
    text = source('netspec 1\nimport Stem from "lib/parts.net"\nmodel M {\n  x = image -> Stem(0)\n}\n')
    return [SampleProblem(at=find(text, "0"), under="0", others=(Place(find(parts, "width > 0"), "required here"),), repair="give a width")]


@drawing
def tabs() -> Sequence[Diagnostic]:
    text = source("netspec 1\nmodel M {\n\tx = y\t-> dens(3)\n}\n")
    return [SampleProblem(at=find(text, "dens"), under="a tab counts as four", others=(Place(find(text, "y\t"), "with a tab behind"),))]


@drawing
def wide_and_combining_characters() -> Sequence[Diagnostic]:
    text = source('netspec 1\nrequire H > 0, "高さは正 e\u0301tage" + wrong\n')
    return [SampleProblem(at=find(text, "wrong"), under="exactly under it", others=(Place(find(text, "高さ"), "two columns each"),))]


@drawing
def characters_that_steer_a_terminal() -> Sequence[Diagnostic]:
    text = source("netspec 1\n# \x1b[31mred\u202eright to left\u200b\nx = y\n", "evil\x1b[2J\n.net")
    return [SampleProblem(at=find(text, "\u202e"), says="a bidi control: \u202e\x07", under="\x1b[2J", repair="remove \u202e")]


@drawing
def a_long_line_is_cut_on_both_sides() -> Sequence[Diagnostic]:
    text = source("netspec 1\n  y = x" + "".join(f" -> dense({i})" for i in range(60)) + "\n")
    return [SampleProblem(at=find(text, "dense(30)"), under="here", others=(Place(find(text, "dense(31)"), "next"),))]


@drawing
def a_long_line_is_cut_at_its_end() -> Sequence[Diagnostic]:
    text = source("netspec 1\n  y = x" + "".join(f" -> dense({i})" for i in range(60)) + "\n")
    return [SampleProblem(at=find(text, "dense(0)"), under="here")]


@drawing
def a_long_line_is_cut_at_its_start() -> Sequence[Diagnostic]:
    text = source("netspec 1\n  y = x" + "".join(f" -> dense({i})" for i in range(60)) + "\n")
    return [SampleProblem(at=find(text, "dense(59)"), under="here", others=(Place(find(text, "dense(1)"), "far to the left"),))]


@drawing
def a_guilty_place_longer_than_the_line_shown() -> Sequence[Diagnostic]:
    text = source("netspec 1\nx = [" + "0, " * 100 + "0]\n")
    return [SampleProblem(at=Span(text, text.text.index("["), len(text.text) - 1), under="too many")]


@drawing
def a_long_line_of_wide_characters() -> Sequence[Diagnostic]:
    text = source("netspec 1\n# " + "層" * 80 + "!\n")
    return [SampleProblem(at=find(text, "!"), under="the last one")]


@drawing
def a_span_over_three_lines() -> Sequence[Diagnostic]:
    text = source("netspec 1\n  y = x\n    -> conv(3)\n    -> relu\n  z = y\n")
    return [SampleProblem(at=Span(text, text.text.index("x\n"), text.text.index("\n  z")), under="the whole chain")]


@drawing
def a_span_over_many_lines() -> Sequence[Diagnostic]:
    text = source("netspec 1\nmodel M {\n" + "  # nothing\n" * 20 + "}\n")
    return [SampleProblem(at=Span(text, text.text.index("model"), len(text.text)), under="has no output")]


@drawing
def a_span_that_ends_with_its_line_end() -> Sequence[Diagnostic]:
    return [SampleProblem(at=Span(UNET, find(UNET, "z = y").start, find(UNET, "z = y").end + 1), under="one line only")]


@drawing
def the_end_of_a_line() -> Sequence[Diagnostic]:
    end = find(UNET, "model M {").end
    return [SampleProblem(at=Span(UNET, end, end), under="never closed")]


@drawing
def the_end_of_the_file() -> Sequence[Diagnostic]:
    end = len(UNET.text)
    return [SampleProblem(at=Span(UNET, end, end), under="the file ends here", others=(Place(find(UNET, "{"), "opened here"),))]


@drawing
def the_end_of_a_file_without_a_last_line_end() -> Sequence[Diagnostic]:
    text = source("netspec 1\nmodel M {")
    return [SampleProblem(at=Span(text, len(text.text), len(text.text)), under="`}` is missing")]


@drawing
def an_empty_file() -> Sequence[Diagnostic]:
    return [SampleProblem(at=Span(source(""), 0, 0), says="the file is empty.", repair="begin with `netspec 1`")]


@drawing
def no_place_at_all() -> Sequence[Diagnostic]:
    return [SampleProblem(at=NOWHERE, says="the loss is nan at step 12.", repair="lower the learning rate")]


@drawing
def a_message_and_a_repair_of_several_lines() -> Sequence[Diagnostic]:
    says, repair = "two specs differ:\n  params: 10 and 12\n  flops: 3 and 4", "write\nx -> dense(3)\ninstead"
    return [SampleProblem(at=find(UNET, "conv"), says=says, repair=repair)]


@drawing
def many_places() -> Sequence[Diagnostic]:
    text = source("netspec 1\n" + "x\n" * 14)
    others = tuple(Place(find(text, "x", i), "and here") for i in range(1, 13))
    return [SampleProblem(at=find(text, "x"), under="here", others=others)]


@drawing
def in_the_order_of_the_text_and_of_the_files() -> Sequence[Diagnostic]:
    other = source("netspec 1\nparam b: int\n", "models/a.net")
    return [
        SampleWarning(at=find(UNET, "z"), says="`z` is never used."),
        SampleProblem(at=find(other, "b"), says="`b` is third."),
        SampleProblem(at=find(UNET, "x"), says="`x` is first."),
        SampleProblem(says="this belongs to no file."),
    ]


@drawing
def a_warning() -> Sequence[Diagnostic]:
    return [SampleWarning(at=find(UNET, "z"), says="`z` is never used.", repair="remove it, or name it `_`")]
