"""Makes the files of a folder that trains by itself: one spec, a `__main__.py`, pinned requirements and a page that says how to use it.
Floor 5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, entry_points, requires, version

from netspec import __version__
from netspec.ir import TrainPlan
from netspec.library.shelf.plugins import GROUP

NAME = "netspec-jax"
CORE = ("jax", "jaxlib", "lark", "numpy", "orbax-checkpoint", "pydantic", "rich")
"""What netspec needs, where its own package does not say it."""
SPEC = "spec.net"

MAIN = '''"""A trainer that `netspec compile` wrote: `python FOLDER train`, `resume`, `eval` and `predict`."""

import sys
from pathlib import Path

PLUGINS = {plugins}

if __name__ == "__main__":
    folder = Path(__file__).parent
    try:
        from netspec.cli.own_process import own_process
        from netspec.cli.trainer import run_trainer
    except ImportError:
        sys.exit(f"netspec is not installed: pip install -r {{folder / 'requirements.txt'}}")
    own_process([*sys.argv[1:], str(folder)])
    sys.exit(run_trainer(folder, sys.argv[1:], PLUGINS))
'''

README = """# {name}

A trainer that netspec {version} wrote from `{file}`: `spec.net` has the model and its training, with everything that it imports.

    pip install -r requirements.txt
    python {folder} train{data} --out run
    python {folder} resume run{data}
    python {folder} eval run
    python {folder} predict run FILE… --output answers.csv

What training needs to know of files says `netspec data spec.net`, what a command takes `python {folder} train --help`.
"""


def make_files(plan: TrainPlan, text: str, file: str, folder: str, plugins: Sequence[str]) -> dict[str, str]:
    """The content of each file by name: the same for the same spec and the same installed versions."""
    data = data_option(plan)
    page = README.format(name=plan.name, version=__version__, file=file, folder=folder, data=data)
    needed = "".join(f"{line}\n" for line in requirements(find_extras(plan), plugins))
    return {SPEC: text, "__main__.py": MAIN.format(plugins=list(plugins)), "requirements.txt": needed, "README.md": page}


def data_option(plan: TrainPlan) -> str:
    """What a command line says of the data, where they are files."""
    return " --data DATA" if plan.data.dataset.needs() else ""


def find_extras(plan: TrainPlan) -> list[str]:
    """The extras of netspec that the data chains need, and that which reads pictures to predict, where data are such."""
    chains = [chain for chain in (plan.data, plan.eval.data) if chain is not None]
    found = {op.extra for chain in chains for op in (chain.dataset, *chain.transforms) if op.extra}
    return sorted(found | ({"image"} if any(chain.dataset.pictures for chain in chains) else set()))


def requirements(extras: Sequence[str], plugins: Sequence[str]) -> list[str]:
    """netspec, what it needs and what brings the plugins, each at its installed version."""
    own = f"{NAME}[{','.join(extras)}]" if extras else NAME
    packages = sorted({*_required(extras), *_packages_of(plugins)})
    return [f"{own}=={__version__}", *(f"{name}=={found}" for name in packages if (found := _version(name)))]


def _required(extras: Iterable[str]) -> Iterator[str]:
    """The packages that netspec asks for, and those of the extras."""
    yield from CORE
    try:
        lines = requires(NAME) or []
    except PackageNotFoundError:
        return
    for line in lines:
        extra = re.search(r"""extra\s*==\s*["']([\w-]+)["']""", line)
        if extra is None or extra[1] in extras:
            yield re.split(r"[\s<>=!~;\[]", line, maxsplit=1)[0]


def _packages_of(plugins: Sequence[str]) -> Iterator[str]:
    """The packages that plugins come from."""
    for point in entry_points(group=GROUP):
        if point.name in plugins and point.dist is not None:
            yield point.dist.name


def _version(package: str) -> str:
    """The installed version; nothing for one that is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
