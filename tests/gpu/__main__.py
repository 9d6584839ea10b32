"""Holds netspec to the CPU's numbers on a GPU, and times three models beside Flax: `python -m tests.gpu`, under five minutes.

Where there is no GPU it says so and ends with 1; `--here` then tries all checks but the times on whatever there is. A line that begins with
`WRONG` is a number that is not the CPU's: in f32 with products of the highest precision to 1e-5 of the largest, in bf16 to 2e-2.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.compile import compile
from netspec.files import models_dir
from netspec.kernels.family import Sample, Variant
from netspec.kernels.shelf import load_families, load_variants
from netspec.library.base import Clock
from netspec.testing.kernel_laws import KernelCase
from netspec.train.synthetic_batch import choose_sizes, make_batch
from tests.benchmarks.interleave import interleave
from tests.benchmarks.peers import linen, own
from tests.benchmarks.workloads import WORKLOADS, Workload
from tests.compilations import compilations

SMALL: dict[str, dict[str, Any]] = {
    "digits": {"rate": 0.0},
    "karate": {},
    "karate_gcn": {},
    "mnist": {},
    "seq2seq": {"hidden": 16},
}
"""Models of the zoo that are small, without dropout, so that both sides draw nothing."""
BOUNDS = {"float32": 1e-5, "bfloat16": 2e-2}
Line = tuple[bool, str]
"""(it is as it should be, what is said)."""


def far(found: Any, wanted: Any) -> float:
    """The largest distance of two numbers in the same place, as a share of the largest number of its array."""
    pairs = zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True)
    return max(distance(np.asarray(one, np.float64), np.asarray(other, np.float64)) for one, other in pairs)


def distance(found: np.ndarray, wanted: np.ndarray) -> float:
    finite = np.isfinite(wanted)
    largest = np.abs(wanted[finite]).max(initial=0.0)
    return float(np.abs(found[finite] - wanted[finite]).max(initial=0.0) / max(largest, 1e-6))


def on_cpu() -> Any:
    return jax.default_device(jax.devices("cpu")[0])


# --- kernels ---------------------------------------------------------------------------------------------------------


def kernels() -> Iterator[Line]:
    """Every reference and every variant for this backend, on its samples: results, and gradients in f32."""
    for family in load_families().values():
        for variant in (family.reference, *(v for v in load_variants() if v.family is family)):
            worst = {dtype: [kernel(variant, one, dtype) for one in (*family.samples, *variant.samples)] for dtype in BOUNDS}
            said = ", ".join(f"{dtype} {max(x for x in offs if x is not None):.1e}" for dtype, offs in worst.items() if any_of(offs))
            if said:
                right = all(off is None or off <= BOUNDS[dtype] for dtype, offs in worst.items() for off in offs)
                yield right, f"{family.name} by {variant.name}: {said}"


def any_of(offs: list[float | None]) -> bool:
    return any(off is not None for off in offs)


def kernel(variant: Variant, sample: Sample, dtype: str) -> float | None:
    """How far it is from the reference on the CPU; None where it would not be chosen for the sample."""
    case = KernelCase(variant, sample)
    if not case.runs_here or (variant is not variant.family.reference and not case.reason):
        return None
    found = results(case, case.run, dtype)
    with on_cpu():
        cpu = KernelCase(variant, sample)
        wanted = results(cpu, cpu.reference, dtype)
    return far(found, wanted)


def results(case: KernelCase, run: Callable[..., Any], dtype: str) -> list[np.ndarray]:
    arrays = case.floats_as(dtype)
    slopes = case.slopes(run, arrays) if dtype == "float32" and not case.variant.forward_only else []
    return [np.asarray(x, np.float64) for x in (*jax.tree.leaves(run(arrays)), *slopes)]


# --- models ----------------------------------------------------------------------------------------------------------


def models() -> Iterator[Line]:
    """The loss and the gradients of the small models of the zoo."""
    for name, settings in SMALL.items():
        found = slopes(name, settings, "automatic")
        with on_cpu():
            wanted = slopes(name, settings, "portable")
        off = far(found, wanted)
        yield off <= 1e-4, f"{name}.net: loss and gradients f32 {off:.1e}"


def slopes(name: str, settings: dict[str, Any], lowering: str) -> Any:
    program = compile(models_dir() / f"{name}.net", set=settings, lowering=lowering).at(Clock(steps_per_epoch=10, total_steps=100))
    assert program.plan is not None
    batch, state = make_batch(program, program.plan, choose_sizes(program, program.plan, {"B": 8})), program.init(0)
    return jax.device_get(jax.value_and_grad(program.loss)(state.params, batch, buffers=state.buffers, key=jax.random.key(0)))


def fused_attention() -> Iterator[Line]:
    """cuDNN's attention in bf16 through JAX, beside JAX's own on the CPU in f32."""
    rng = np.random.default_rng(0)
    given = [rng.standard_normal((2, 128, 4, 64)).astype(np.float32) for _ in range(3)]
    run = jax.jit(lambda *x: jax.nn.dot_product_attention(*x, is_causal=True, implementation="cudnn"))
    short = [jnp.asarray(x, jnp.bfloat16) for x in given]
    called = "cudnn" in run.lower(*short).compile().as_text()
    found = jax.device_get(run(*short))
    with on_cpu():
        off = far(found, jax.nn.dot_product_attention(*map(jnp.asarray, given), is_causal=True, implementation="xla"))
    yield called and off <= BOUNDS["bfloat16"], f"attention by cuDNN: bf16 {off:.1e}, {'a call of it' if called else 'no call of it'}"


def donation() -> Iterator[Line]:
    """A step takes its state's memory, and is compiled once."""
    running = own.make(workload := WORKLOADS["mnist"].at("small"), workload.batch())
    before = jax.tree.leaves(running.state.params)
    with compilations() as compiled:
        for _ in range(3):
            running.step()
    taken = all(x.is_deleted() for x in before)
    yield taken, f"donation: the first state is {'gone' if taken else 'still there'}"
    yield compiled.count("step") <= 1, f"three steps compile the step {compiled.count('step')} times"


# --- times -----------------------------------------------------------------------------------------------------------

TIMED = {"mnist": (128, "f32"), "resnet50": (64, "mixed(bf16)"), "lm_small": (64, "mixed(bf16)")}
"""(batch, precision) by workload."""


def times() -> Iterator[Line]:
    """Steps beside Flax's, in turns, and the most memory so far."""
    for name, (batch, precision) in TIMED.items():
        workload = WORKLOADS[name].at("full")
        workload = Workload(**{**vars(workload), "sizes": {**workload.sizes, "batch": batch}})
        data = workload.batch()
        ours = own.make(workload, data, precision)
        theirs = linen.make(workload, data, precision)
        pairs = interleave(lambda p=ours: p.steps(5), lambda p=theirs: p.steps(5), 10, warm=2)
        peak = (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use", 0) / 2**20
        yield True, f"{pairs.line(f'{name} b{batch} {precision}, 5 steps', 'flax')}; at most {peak:,.0f} MiB so far"
        del ours, theirs


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.gpu", description=__doc__)
    parser.add_argument("--here", action="store_true", help="try all but the times on the backend that there is")
    args = parser.parse_args(argv)
    gpu, device = jax.default_backend() == "gpu", jax.devices()[0].device_kind
    if not (gpu or args.here):
        print(f"There is no GPU here, only {device}: nothing was checked.")
        return 1
    print(device, flush=True)
    right = True
    with jax.default_matmul_precision("highest"):
        for check in (kernels, models, donation, *((fused_attention,) if gpu else ())):
            for holds, said in check():
                right = right and holds
                print("     " if holds else "WRONG", said, flush=True)
    for _, said in times() if gpu else ():
        print("     ", said, flush=True)
    return 0 if right else 1


if __name__ == "__main__":
    raise SystemExit(main())
