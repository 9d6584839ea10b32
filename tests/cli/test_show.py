"""`netspec show`: every view of a model, and which models are shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from netspec.cli.main import main

TWO = """netspec 1
model Small {
  input x: f32[B, 8]
  output y = x -> dense(4)
}
model Large {
  input x: f32[B, 8]
  output y = x -> wide: dense(400) -> relu
}
"""


@pytest.fixture
def spec(tmp_path: Path) -> str:
    file = tmp_path / "m.net"
    file.write_text(TWO)
    return str(file)


def shown(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main(["show", *argv]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_the_table_of_mnist(capsys: pytest.CaptureFixture[str], root: Path) -> None:
    table = shown(capsys, str(root / "models/mnist.net"))
    assert table.splitlines()[0].split("  ")[0] == "layer"
    assert "824,458" in table.splitlines()[-1]


def test_all_models_are_shown_one_after_the_other(capsys: pytest.CaptureFixture[str], spec: str) -> None:
    table = shown(capsys, spec)
    assert table.startswith("model Small\n\nlayer") and "\n\nmodel Large\n\nlayer" in table
    assert "wide (dense)" in table and "3,600" in table


def test_one_model(capsys: pytest.CaptureFixture[str], spec: str) -> None:
    table = shown(capsys, spec, "--model", "Small")
    assert table.startswith("layer") and "36" in table and "wide" not in table


def test_an_unknown_model_offers_the_nearest(capsys: pytest.CaptureFixture[str], spec: str) -> None:
    assert main(["show", spec, "--model", "Smal"]) == 2
    assert "has no model `Smal` to show; it has `Small`." in capsys.readouterr().err


VIEWS = {
    "tree": "Model Small",
    "ir": "body Small\n  input %0 x: f32[B, 8]",
    "shapes": "f32[B, 4]",
    "costs": "parameters",
    "table": "output shape",
}


@pytest.mark.parametrize("view", VIEWS)
def test_views(view: str, capsys: pytest.CaptureFixture[str], spec: str) -> None:
    assert VIEWS[view] in shown(capsys, spec, "--as", view)


def test_resolved_settings_say_where_they_come_from(capsys: pytest.CaptureFixture[str], root: Path) -> None:
    text = shown(capsys, str(root / "models/mnist.net"), "--as", "resolved")
    lines = [line for line in text.splitlines() if line.startswith("  ")]
    assert text.startswith("train MnistCNN") and any("# default" in line for line in lines) and any("mnist.net:" in line for line in lines)
    assert all(" = " in line and "  # " in line for line in lines)


def test_a_bad_spec_shows_its_problems_and_what_could_be_typed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "m.net"
    file.write_text(TWO.replace("dense(400)", "dens(400)"))
    assert main(["show", str(file)]) == 1
    out, err = capsys.readouterr()
    assert "error[unknown-name]" in err and "wide" not in out


def test_a_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(tmp_path / "no.net")]) == 2
    assert "error[no-such-file]" in capsys.readouterr().err


def test_settings_of_the_command_line_are_shown(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(root / "models" / "digits.net"), "--as", "resolved", "--set", "train.duration=3 epochs"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "duration" in line)
    assert line.split() == ["duration", "=", "3", "epochs", "#", "command", "line"]


def test_params_are_shown_with_their_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "m.net"
    file.write_text("""netspec 1
param base: int = 8
param width: int = 3
model M {
  param width: int = 2 * base
  param classes: int = 10
  param norm: layer = layer_norm
  param rate: float?
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> dense(width) -> norm -> dense(classes)
}
train M(width=base + 1) {
  data = digits() -> batch(32)
  loss = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.1)
  duration = 1 epoch
}
""")
    shows = ["show", str(file), "--as", "resolved", "--set", "base=16", "--set", "classes=11"]
    assert main(shows) == 0
    lines = [line.replace(str(file), "m.net").split() for line in capsys.readouterr().out.splitlines() if line.startswith("  param")]
    assert [" ".join(line) for line in lines] == [
        "param base = 16 # command line",
        "param width = 3 # m.net:3",
        "param M.width = 17 # m.net:12",
        "param classes = 11 # command line",
        "param norm = layer_norm # m.net:7",
        "param rate = none # default",
    ]
    assert main([*shows, "--set", "M.width=5"]) == 0, "also over what `train M(…)` gives"
    line = next(line for line in capsys.readouterr().out.splitlines() if "M.width" in line)
    assert line.split() == ["param", "M.width", "=", "5", "#", "command", "line"]


# --- kernels -----------------------------------------------------------------------------------------------------------
ROWS = [["layer", "kernel", "variant", "why", "of"], ["dense_0", "contract", "reference", "by_matrices", "does"]]


def test_kernels_of_every_model(capsys: pytest.CaptureFixture[str], spec: str) -> None:
    text = shown(capsys, spec, "--as", "kernels", "--at", "B=1_000")
    small, large = text.removeprefix("model Small\n\n").split("\n\nmodel Large\n\n")
    assert [line.split()[:5] for line in small.splitlines() if "--" not in line] == ROWS
    assert large.splitlines()[-1].startswith("wide ") and large.rstrip().endswith("f32[1000, 8], f32[8, 400]")
    assert shown(capsys, spec, "--as", "kernels", "--at", "B=1", "--model", "Small").startswith("layer")


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        ((), 2, "which kernels are chosen depends on the size of `B` and `T`: add `--at B=32,T=32`."),
        (("--at", "B=2"), 2, "depends on the size of `T`: add `--at T=32`."),
        (("--at", "B=2", "--at", "T=4", "--at", "b=3"), 2, "no input has a free dim `b`; there is `B`."),
        (("--at", "B=2", "--at", "T=9"), 1, "error[size-excluded]"),
        (("--at", f"B={10**30}", "--at", "T=8"), 1, "error[size-out-of-range]: an axis of `x`"),
        (("--at", f"B={2**38}", "--at", "T=8"), 1, "error[size-out-of-range]: an axis of `x`"),
        (("--at", "B=2", "--at", "T=4", "--model", "N"), 2, "has no model `N`"),
    ],
)
def test_sizes_are_asked_for(argv: tuple[str, ...], code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.net").write_text("netspec 1\nmodel M {\n  dim T <= 8\n  input x: f32[B, T, 8]\n  output y = x -> dense(4)\n}\n")
    assert main(["show", str(tmp_path / "m.net"), "--as", "kernels", *argv]) == code
    assert said in capsys.readouterr().err


def test_a_spec_with_problems_has_no_kernels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.net").write_text("netspec 1\nmodel M {\n  input x: f32[B, 8]\n  output y = x -> dens(4)\n}\n")
    assert main(["show", str(tmp_path / "m.net"), "--as", "kernels", "--at", "B=2"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and "unknown-name" in err


@pytest.mark.parametrize("text", ["B", "B=", "=3", "B=0", "B=two", "B=-1"])
def test_a_size_is_a_number(text: str, spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", spec, "--as", "kernels", "--at", text]) == 2
    assert "is not DIM=SIZE" in capsys.readouterr().err


FROZEN = """netspec 1
model M {
  input x: f32[B, 3]
  output y = (x -> body: dense(4, bias=false) -> body_norm: batch_norm -> relu -> head: dense(1))[:, 0]
}
train M {
  data = arrays(fields={x: f32[3], t: f32[]}) -> batch(8)
  loss = mean_squared_error(y, t)
  optimizer = sgd(0.1) -> freeze("body*/**")
  duration = 4 epochs
}
"""


def test_the_table_names_what_a_training_leaves_as_it_is(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "frozen.net"
    file.write_text(FROZEN)
    table, _, still = shown(capsys, str(file)).partition("frozen in `train M`:")
    assert table.splitlines()[0].startswith("layer")
    paths = still.split()
    assert {"body/kernel", "body_norm/bias", "body_norm/mean", "body_norm/var"} <= set(paths)
    assert not any(path.startswith("head") for path in paths)
    file.write_text(FROZEN.replace(' -> freeze("body*/**")', ""))
    assert "frozen" not in shown(capsys, str(file))


ALEXNET = """netspec 1
model AlexNet {
  dim H >= 99
  dim W >= 99
  input image: f32[B, H, W, 3]
  output logits = image
    -> conv(64, 11, stride=4, padding=2) -> relu -> max_pool(3, stride=2)
    -> conv(192, 5, padding=2) -> relu -> max_pool(3, stride=2)
    -> conv(384, 3) -> relu -> conv(256, 3) -> relu -> conv(256, 3) -> relu -> max_pool(3, stride=2)
    -> adaptive_avg_pool([6, 6]) -> flatten -> dropout(0.5) -> dense(4096) -> relu -> dropout(0.5) -> dense(4096) -> relu -> dense(1000)
}
"""


@pytest.fixture
def alexnet(tmp_path: Path) -> str:
    file = tmp_path / "alexnet.net"
    file.write_text(ALEXNET)
    return str(file)


def test_a_table_with_free_sizes_fits_the_terminal(capsys: pytest.CaptureFixture[str], alexnet: str) -> None:
    lines = shown(capsys, alexnet).splitlines()
    assert max(map(len, lines)) <= 100
    assert "f32[B, H2, W2, 192]" in lines[5] and "H2 = (H + 1)//8 - 1" in lines and "61,100,840  ~29.2k*B*H*W + 122M*B" in lines[-11]
    assert lines[-1] == "~ leading terms only; exact at sizes: --at B=…,H=…,W=…"


def test_sizes_make_it_exact(capsys: pytest.CaptureFixture[str], alexnet: str) -> None:
    table = shown(capsys, alexnet, "--at", "B=1,H=224", "--at", "W=224")
    assert "f32[1, 55, 55, 64]" in table and table.rstrip().endswith("61,100,840  1,430,080,104  4,429,728")
    shapes = shown(capsys, alexnet, "--as", "shapes", "--at", "H=224,W=224")
    assert "f32[B, 27, 27, 192]" in shapes and "H" not in shapes


@pytest.mark.parametrize(
    ("sizes", "code", "said"),
    [
        ("H=50", 1, "error[size-excluded]"),
        ("C=3", 2, "no input has a free dim `C`; there is `B`, `H` or `W`."),
        ("H", 2, "DIM=SIZE"),
        ("W=2147483648", 1, "error[size-out-of-range]: `W` is 2,147,483,648"),
        ("W=" + 5000 * "9", 2, "DIM=SIZE"),
        ("B=1,H=224,B=2", 2, "gives `B` two sizes, 1 and 2"),
    ],
)
def test_sizes_that_the_model_cannot_have(sizes: str, code: int, said: str, capsys: pytest.CaptureFixture[str], alexnet: str) -> None:
    assert main_or_exit(["show", alexnet, "--at", sizes]) == code
    assert said in capsys.readouterr().err


def test_what_a_model_requires_simplifies_its_sizes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "m.net"
    file.write_text(ALEXNET.replace("dim H >= 99", "require H >= 128 and H % 32 == 0"))
    assert "f32[B, H//4 - 1, (W + 1)//4 - 1, 64]" in shown(capsys, str(file), "--as", "shapes")


def test_a_depth_adds_the_layers_of_a_block_up(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "m.net"
    file.write_text("""netspec 1
block Mlp {
  input x: f32[B, D]
  output x -> dense(4 * D) -> relu -> dense(D)
}
model M {
  input x: f32[B, 16]
  repeat 3 { x = x -> Mlp }
  output y = x -> dense(2)
}
""")
    whole, flat = shown(capsys, str(file)).splitlines(), shown(capsys, str(file), "--depth", "1").splitlines()
    assert flat[2].split() == ["Mlp_0..2", "f32[B,", "16]", "6,384", "12,720*B", "1,728*B"] and len(flat) == len(whole) - 2
    assert flat[-1].split() == whole[-1].split()


def test_sizes_count_for_views_that_show_some(capsys: pytest.CaptureFixture[str], spec: str) -> None:
    for view in ("ir", "tree"):
        assert main(["show", spec, "--as", view, "--at", "B=3"]) == 2
        out, err = capsys.readouterr()
        assert out == "" and f"`--at` gives sizes to `table`, `shapes`, `costs`, `markdown`, `kernels`, not to `{view}`." in err


def main_or_exit(argv: list[str]) -> int:
    """The exit code, also where the arguments are refused."""
    try:
        return main(argv)
    except SystemExit as left:
        return int(left.code or 0)
