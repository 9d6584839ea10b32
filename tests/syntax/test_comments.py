"""Comments belong to the statement, stage or section that they stand at, and none is lost."""

from __future__ import annotations

import pytest

from netspec.syntax import tree
from netspec.syntax.tree_walk import all_comments
from tests.syntax.texts import clean, formatted

TEXT = """# above

## about the file
netspec 1  # behind the version

## a model
## of two lines
model M {  # behind the brace
  # first

  # second
  input x: f32[B]  # behind x

  y = x  # behind the head
    # above the stage
    -> f(1)  # behind the stage
    -> g(
      2,  # inside
    )
  repeat 2 {
    y = y -> h
    # last in repeat
  }  # behind repeat

  # last in model
}  # behind the model
# at the end
"""

FORMATTED = """# above

## about the file
netspec 1  # behind the version

## a model
## of two lines
# behind the brace
model M {
  # first

  # second
  input x: f32[B]  # behind x

  # behind the head
  # inside
  y = x
    # above the stage
    -> f(1)  # behind the stage
    -> g(2)
  repeat 2 {
    y = y -> h
    # last in repeat
  }  # behind repeat

  # last in model
}  # behind the model
# at the end
"""


def test_comments_are_kept_where_they_belong() -> None:
    assert formatted(TEXT) == FORMATTED
    assert formatted(FORMATTED) == FORMATTED


def test_no_comment_is_lost() -> None:
    assert all_comments(clean(TEXT)) == all_comments(clean(FORMATTED))
    assert sum(all_comments(clean(TEXT)).values()) == sum("#" in line for line in TEXT.splitlines())


def test_where_the_tree_keeps_them() -> None:
    (model,) = clean(TEXT).sections
    assert isinstance(model, tree.Model)
    assert model.comments == tree.Comments(("## a model", "## of two lines", "# behind the brace"), "# behind the model")
    _, binding, repeat = model.body.statements
    assert isinstance(binding, tree.Binding) and isinstance(binding.value, tree.Chain) and isinstance(repeat, tree.Repeat)
    assert binding.value.stages[0].comments == tree.Comments(("# above the stage",), "# behind the stage")
    assert repeat.body.trailing == ("# last in repeat",)


PLAIN = "\n".join(line.split("  #")[0] for line in FORMATTED.splitlines() if not line.strip().startswith("#")) + "\n"


@pytest.mark.parametrize("comment", ["  # here\n", "\n# here\n", "\n\n  ## here\n\n"])
def test_a_comment_survives_at_every_line_end(comment: str) -> None:
    lines = PLAIN.splitlines(keepends=True)
    for i in range(len(lines)):
        text = "".join([*lines[:i], lines[i].rstrip(), comment, *lines[i + 1 :]])
        once = formatted(text)
        assert all_comments(clean(text)) == {comment.strip(): 1} == all_comments(clean(once))
        assert formatted(once) == once
