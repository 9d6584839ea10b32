"""Learning rates drawn as text: curves, axes, moments, and what cannot be drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from netspec.cli.main import main
from netspec.compile import check
from netspec.source import Source
from netspec.tools.plot import BRAILLE, PLAIN, Picture, Tick, glyphs_for, plot, table
from netspec.tools.schedule_drawing import draw_schedules

SPEC = """netspec 1
model M {
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> dense(10)
}
train M {
  data = DATA -> batch(32)
  loss = softmax_cross_entropy(logits, label)
  optimizer = OPTIMIZER
  duration = DURATION
}
"""
ARRAYS = "arrays(fields={image: f32[8, 8, 1], label: i32[]})"


def drawn(optimizer: str, duration: str = "40 epochs", data: str = "digits()", width: int = 60, glyphs=PLAIN) -> str:
    spec = SPEC.replace("OPTIMIZER", optimizer).replace("DURATION", duration).replace("DATA", data)
    checked = check(Source("m.net", spec))
    assert checked.typed is not None and checked.problems == ()
    return draw_schedules(checked.typed.trains[0], width, glyphs)


WARMUP = """
train M: 40 epochs, 1,600 steps

learning_rate of adam: warmup_linear(0.002, warmup=10 epochs)

0.002 |              **
      |            **  *****
      |          **         ****
      |         *               *****
      |        *                     ****
0.001 |      **                          ****
      |     *                                *****
      |   **                                      ****
      | **                                            *****
    0 |*                                                   *
      ++------------+--------------------------------------+
 step  0           400                                 1,600
epoch  0           10                                     40

   step  epoch       rate
      0      0          0  first step
    400     10      0.002  peak, the warm-up is over
  1,599     40  1.667e-06  last step, the decay is over
"""


def test_a_curve_with_both_axes():
    assert drawn("adam(warmup_linear(0.002, warmup=10 epochs))") == WARMUP.strip()


def test_the_same_in_braille():
    text = drawn("adam(warmup_linear(0.002, warmup=10 epochs))", glyphs=BRAILLE)
    assert "⡠" in text and "*" not in text and [len(line) <= 60 for line in text.splitlines()].count(False) <= 1


@pytest.mark.parametrize("width", [1, 79])
def test_it_is_as_wide_as_the_terminal(width: int):
    lines = drawn("adam(cosine(0.1))", width=width).splitlines()
    assert max(len(line) for line in lines[4:18]) == max(width, 30 + 7)


def test_a_length_in_steps_has_one_axis():
    text = drawn("adam(step(0.1, at=[300 steps], to=[0.01]))", "1_000 steps", ARRAYS)
    assert "train M: 1,000 steps" in text and "epoch" not in text
    assert text.splitlines()[-3:] == ["     0   0.1  first step", "   300  0.01  changes", "   999  0.01  last step"]


def test_epochs_of_unknown_length_are_the_axis():
    text = drawn("sgd(restarts(cosine(0.1), every=10 epochs, lengthen=2))", "70 epochs", ARRAYS)
    assert " step" not in text.split("  epoch  rate")[0] and "drawn against epochs" in text.splitlines()[-1]
    assert "     10   0.1  begins anew" in text.splitlines() and "     70     0  last step, the last cycle is over" in text.splitlines()


@pytest.mark.parametrize(
    "rate", ["rsqrt(0.1, warmup=5 epochs)", "warmup_cosine(0.1, warmup=500 steps)", "warmup(rsqrt(0.1, warmup=1 epoch), 1 epoch)"]
)
def test_no_curve_where_nobody_can_tell(rate: str):
    text = drawn(f"adam({rate})", data=ARRAYS)
    assert text.splitlines()[-1].startswith("No curve: steps and epochs meet here") and "|" not in text


def test_parts_show_their_moments():
    text = drawn("adam(join([linear(0.0, end=0.1), constant(0.1), warmup(cosine(0.2), 2 epochs)], at=[5 epochs, 30 epochs]))")
    assert [line.split("  ")[-1] for line in text.splitlines()[-5:]] == [
        "first step",
        "the next schedule begins",
        "the next schedule begins",
        "peak, the warm-up is over",
        "last step, the decay is over",
    ]


def test_many_moments_are_counted():
    text = drawn("adam(restarts(linear(0.1), every=1 epoch))")
    assert text.splitlines()[-1] == "and 23 more moments before the last step"


def test_a_rate_that_stays_the_same_is_a_line():
    assert drawn("clip_by_global_norm(1.0) -> adam(0.01)").splitlines()[-1] == "learning_rate of adam: 0.01 at every step"


def test_every_group_has_its_rate():
    lines = drawn('groups({"**/kernel": adam(0.01), else: sgd(0.1)})').splitlines()
    assert lines[2::2] == [
        'learning_rate of adam, for "**/kernel": 0.01 at every step',
        "learning_rate of sgd, for else: 0.1 at every step",
    ]


def test_what_follows_the_loss_is_told():
    last = drawn("adam(0.01) -> reduce_on_plateau(0.5)").splitlines()[-1]
    assert last == "The steps are multiplied by the factor of reduce_on_plateau, which follows the loss."


def test_a_training_of_one_step():
    text = drawn("adam(cosine(0.1))", "1 step")
    assert text.splitlines()[-1] == "     0      0   0.1  last step, the decay is over"


def test_a_rate_of_nothing():
    text = drawn("adam(constant(0.0))", "10 steps")
    assert text.splitlines()[13].strip().startswith("0 |***")


def test_every_update_and_section(capsys: pytest.CaptureFixture[str], root: Path, tmp_path: Path):
    spec = (root / "tests/samples/gan.net").read_text(encoding="utf-8").replace("adam(2e-4, b1=0.5)", "adam(cosine(2e-4), b1=0.5)", 1)
    (tmp_path / "gan.net").write_text(spec, encoding="utf-8")
    assert main(["show", str(tmp_path / "gan.net"), "--as", "schedule"]) == 0
    out = capsys.readouterr().out
    assert "learning_rate of adam, in the update critic: cosine(0.0002)" in out and "in the update maker: 0.0002 at every step" in out


def test_a_file_that_trains_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    (tmp_path / "m.net").write_text(SPEC.split("train")[0])
    assert main(["show", str(tmp_path / "m.net"), "--as", "schedule"]) == 0
    assert "no `train` section" in capsys.readouterr().out


def test_what_can_be_written_is_drawn():
    assert (glyphs_for("utf-8"), glyphs_for("ascii"), glyphs_for(None), glyphs_for("no such")) == (BRAILLE, PLAIN, PLAIN, PLAIN)


def test_labels_that_have_no_room_are_left_out():
    ticks = [Tick(place, (label,)) for place, label in ((0, "0"), (1, "1,000"), (0.5, "500"), (0.52, "520"), (0.99, "990"))]
    lines = plot(Picture(lambda n: [1.0] * n, 1.0, ticks, ("step",)), 47, PLAIN).splitlines()
    assert lines[-1].split() == ["step", "0", "500", "1,000"] and lines[-2].count("+") == 5 and len(lines[-1]) == 47


def test_a_table_is_aligned():
    assert table(("a", "bb", ""), [("1", "2", "x"), ("10", "200", "y")]).splitlines() == ["   a   bb", "   1    2  x", "  10  200  y"]
