"""`check` stays light: what it must not import, and the public names that are looked up on first use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "jax",
    "jaxlib",
    "numpy",
    "scipy",
    "ml_dtypes",
    "rich",
    "orbax",
    "tensorstore",
    "flax",
    "optax",
    "pydantic",
    "lark",
    "netspec.diagnostics.pages",
)
SLOW = ("dataclasses", "inspect", "ast", "hashlib", "shutil", "tempfile", "logging", "socket", "email", "zipfile", "asyncio", "subprocess")
"""Modules of the standard library that cost a clean check milliseconds and do nothing for it."""

STANDARD = set(
    "argparse bisect collections contextlib contextvars copyreg datetime encodings enum errno fnmatch functools gc genericpath gettext "
    "glob importlib ipaddress itertools json keyword linecache locale math ntpath operator os pathlib posixpath re reprlib shlex signal "
    "stat string textwrap threading token tokenize tomllib traceback types typing urllib warnings weakref zlib".split()
)
"""Modules of the standard library that a clean check may import, besides those that begin with an underscore. Most come with `argparse`,
`pathlib`, `re`, `typing` and `json`, two with pyproject.toml where it has a table for netspec."""
OWN = 294
"""Modules of netspec that checking `models/mnist.net` may import at most. Each costs a third of a millisecond."""


def run(code: str, *argv: str, cwd: Path) -> str:
    """The standard output of Python code run in a fresh process."""
    done = subprocess.run([sys.executable, "-c", code, *argv], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.smoke
@pytest.mark.parametrize("spec", ["models/mnist.net", "models"])
def test_check_imports_nothing_heavy(root: Path, spec: str) -> None:
    code = f"""
import sys
from netspec.cli.main import main
assert main(["check", sys.argv[1]]) == 0
print([name for name in {HEAVY} if name in sys.modules])
"""
    assert run(code, spec, cwd=root).splitlines()[-1] == "[]"


def test_check_imports_nothing_heavy_when_it_finds_problems(root: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.net"
    bad.write_text("netspec 1\nmodel M {\n  input x: f32[B, 4]\n  output y = x -> dens(3) -> dense(2, size=1)\n  output z = x + q\n}\n")
    code = f"""
import sys
from netspec.cli.main import main
assert main(["check", sys.argv[1]]) == 1
print([name for name in {HEAVY} if name in sys.modules])
"""
    assert run(code, str(bad), cwd=root).splitlines()[-1] == "[]"


@pytest.mark.parametrize("spec", ["models/mnist.net", "models/digits.net", "tests/architectures"])
def test_a_clean_check_imports_nothing_slow(root: Path, spec: str) -> None:
    code = f"""
import sys
before = set(sys.modules)
from netspec.cli.main import main
assert main(["check", sys.argv[1]]) == 0
print([name for name in {SLOW} if name in sys.modules.keys() - before])
"""
    assert run(code, spec, cwd=root).splitlines()[-1] == "[]"


def test_a_check_keeps_to_its_budget_of_imports(root: Path) -> None:
    """What `python -X importtime -m netspec check models/mnist.net` lists, as names and as a number."""
    code = """
import sys
before = set(sys.modules)
from netspec.cli.main import main
assert main(["check", "models/mnist.net"]) == 0
print(*sys.modules.keys() - before)
"""
    names = run(code, cwd=root).splitlines()[-1].split()
    own = [name for name in names if name.partition(".")[0] == "netspec"]
    others = {name.partition(".")[0] for name in names} - {"netspec"}
    assert {name for name in others - STANDARD if not name.startswith("_")} == set()
    assert len(own) <= OWN, f"{len(own)} modules of netspec"


def test_compiling_a_program_imports_nothing_that_only_runs_need(root: Path) -> None:
    """What reads checkpoints and logs takes as long to import as a small spec to check, and a program that only takes steps has none."""
    code = """
import sys
import netspec
netspec.compile("models/mnist.net")
print(*sys.modules)
"""
    names = set(run(code, cwd=root).split())
    assert names & {"pydantic", "netspec.train.run_folder", "netspec.train.session", "netspec.train.checkpoint_contents"} == set()


def test_importing_netspec_imports_only_itself(root: Path) -> None:
    code = """
import sys
before = set(sys.modules)
import netspec
third = {name.split(".")[0] for name in set(sys.modules) - before} - sys.stdlib_module_names
print(sorted(third), [name for name in sys.modules if name.startswith("netspec.")])
"""
    assert run(code, cwd=root).strip() == "['netspec'] []"


FORMS = [
    'import netspec; print(callable(netspec.compile), netspec.compile is __import__("sys").modules["netspec.compile"].compile)',
    "import netspec.compile; from netspec.compile import check; print(callable(netspec.compile), netspec.check is check)",
    "from netspec.compile import check; import netspec; print(callable(netspec.compile), netspec.check is check)",
    "from netspec import compile; import netspec.compile; print(callable(compile), netspec.compile is compile)",
    "from netspec import *; import netspec; print(callable(compile), netspec.load is load)",
]


@pytest.mark.parametrize("code", FORMS)
def test_compile_is_the_function_whatever_was_imported_first(root: Path, code: str) -> None:
    """The package has a module `compile` and a function `compile`; importing the first must not hide the second."""
    assert run(code, cwd=root).strip() == "True True"


def test_an_unknown_name_is_an_attribute_error() -> None:
    import netspec

    with pytest.raises(AttributeError, match="no attribute 'comple'"):
        netspec.comple  # noqa: B018
    assert dir(netspec) == netspec.__all__
