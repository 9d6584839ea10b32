"""Writes the text of a first spec, and of the files by which a repository guards its specs. Floor 5."""

from __future__ import annotations

from netspec import __version__

WORKFLOW = ".github/workflows/netspec.yml"
HOOKS = ".pre-commit-config.yaml"


def name_model(stem: str) -> str:
    """`my-net` -> `MyNet`; constants of Python name no model."""
    name = "".join(part[:1].upper() + part[1:] for part in stem.replace("-", "_").split("_"))
    return f"{name}Net" if name in ("True", "False", "None") else name


def write_spec(model: str, path: str) -> str:
    """A small model with its training, on data that come with netspec."""
    return f"""netspec 1

## Tells handwritten digits apart. Say here what your model is for.
model {model} {{
  ## How many kinds of image there are. `--set classes=…` changes it from the command line.
  param classes: int = 10

  ## What goes in: grey images of 8 by 8 pixels with values in 0..1. `B` stands for any number of them.
  input image: f32[B, 8, 8, 1]
  ## What comes out: a score for each class; the largest is the answer.
  output logits = image -> conv(16, kernel=3) -> relu -> max_pool(2) -> flatten -> dense(classes)
}}

## How it is trained: `netspec train {path}`. The images come with netspec.
train {model} {{
  # Where examples come from, in which order, and how many make a batch.
  data = digits() -> shuffle -> batch(32)
  # What is made small, and what is reported besides.
  loss = softmax_cross_entropy(logits, label)
  metric accuracy = accuracy(logits, label)
  # By which steps, and for how long.
  optimizer = adam(2e-3)
  duration = 20 epochs
}}

## What is to stay so: `netspec check` fails where an edit breaks it.
expect {model} {{
  params <= 5_000
  logits: f32[B, 10]
  flops <= 100k at B=1
}}
"""


def write_table(files: str) -> str:
    """The table of pyproject.toml."""
    return f"""[tool.netspec]
files = ["{files}"]  # what `netspec check` and `netspec lock` look at
locked = true  # each spec is as the lock beside it says; `netspec lock` writes it anew
"""


def write_workflow(files: str) -> str:
    """What GitHub runs on a pull request."""
    return f"""name: netspec
on:
  push:
    branches: [main]
  pull_request:
permissions:
  contents: read
jobs:
  specs:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0
      - uses: actions/setup-python@v5
        with:
          python-version: "3.11"
      - name: install
        run: python -m pip install --quiet netspec-jax=={__version__}
      - name: check
        run: netspec check --format github
      - name: format
        run: netspec fmt --check {files}
      - name: summary
        if: always()
        run: |
          report="$(mktemp -d)/netspec.md"
          netspec check --format markdown --output-file "$report" > /dev/null || status=$?
          if [ -f "$report" ]; then cat "$report" >> "$GITHUB_STEP_SUMMARY"; fi
          if [ "${{status:-0}}" -gt 1 ]; then
            printf '\\n❌ `netspec check` ended with exit code %s; the log of this step says why.\\n' "$status" >> "$GITHUB_STEP_SUMMARY"
            exit "$status"
          fi
      - name: difference
        if: always() && github.event_name == 'pull_request'
        run: netspec diff "git:origin/$GITHUB_BASE_REF" --format markdown >> "$GITHUB_STEP_SUMMARY" || true
"""


def write_hooks() -> str:
    """What pre-commit runs before a commit."""
    return r"""repos:
  - repo: local
    hooks:
      - id: netspec-fmt
        name: netspec fmt
        entry: netspec fmt --specs-among
        language: system
        files: \.(net|netspec|json)$
      - id: netspec-check
        name: netspec check
        entry: netspec check
        language: system
        files: \.(net|netspec|json)(\.lock)?$
        pass_filenames: false
"""
