"""Memory and compiled programs of a command's process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from netspec.cli import own_process
from netspec.limits import LIMITS
from netspec.record import replace
from netspec.train import kept_memory, kept_programs
from netspec.train.kept_memory import KEPT, _obstacle

GLIBC = pytest.mark.skipif(not kept_memory.is_glibc(), reason="the C library is another one")


@GLIBC
@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"JAX_PLATFORMS": "cpu"}, ""),
        ({"JAX_PLATFORMS": "cpu", "MALLOC_ARENA_MAX": "2"}, "as the environment says (MALLOC_ARENA_MAX)"),
        ({"JAX_PLATFORMS": "cpu", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}, "as the environment says (GLIBC_TUNABLES)"),
        ({"JAX_PLATFORMS": "cuda,cpu"}, "as the C library has it, since an accelerator has memory of its own"),
    ],
)
def test_what_speaks_against_the_settings(environment: dict[str, str], said: str) -> None:
    assert _obstacle(environment) == said


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert _obstacle({"JAX_PLATFORMS": "cpu"}) == "as the C library has it, which is not the GNU one"


def test_a_command_called_from_python_sets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def never() -> None:
        raise AssertionError

    monkeypatch.setattr(kept_memory, "keep_memory", never)
    monkeypatch.setattr(kept_programs, "keep_programs", never)
    assert not own_process._owned, "pytest's process is no command's"
    own_process.prepare_process()


@GLIBC
@pytest.mark.parametrize(
    ("words", "again"),
    [
        (["train", "m.net"], True),
        (["--debug", "train", "m.net"], True),
        (["eval", "run"], True),
        (["resume", "run", "trainer"], True),
        (["check", "train"], False),
        (["train", "m.net", "--set", "train.lowering=portable"], False),
        (["train", "--out", "runs/portable", "m.net"], True),
        (["train", "plain.txt"], False),
        (["train", "plain.net"], False),
        (["eval", "old"], False),
        (["predict", "nowhere", "x.csv"], True),
    ],
)
def test_commands_that_train_start_again_unless_they_are_portable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], again: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "m.net": "",
        "plain.net": "lowering = portable",
        "plain.txt": "lowering = portable",
        "run/spec.net": "",
        "old/settings.json": '{"lowering": {"value": "portable"}}',
    }.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)
    calls: list[str] = []
    monkeypatch.setattr(kept_memory, "start_again", lambda: calls.append("again"))
    monkeypatch.setattr(own_process, "_owned", False)
    monkeypatch.setattr(own_process, "collect_rarely", lambda: None)
    own_process.own_process(words)
    assert bool(calls) is again


def test_a_process_that_has_jax_is_not_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(os, "execve", never)
    monkeypatch.setitem(sys.modules, "jax", sys)
    monkeypatch.setattr(kept_memory, "_obstacle", lambda _: "")
    monkeypatch.delenv(kept_memory.VARIABLE, raising=False)
    kept_memory.start_again()


@pytest.mark.parametrize("refused", [False, True])
def test_a_process_starts_again_by_the_words_it_was_started_by(monkeypatch: pytest.MonkeyPatch, refused: bool) -> None:
    started: list[tuple[str, list[str], dict[str, str]]] = []

    def start(path: str, words: list[str], environment: dict[str, str]) -> None:
        if refused:
            raise PermissionError
        started.append((path, words, environment))

    monkeypatch.setattr(os, "execve", start)
    monkeypatch.setattr(kept_memory, "_obstacle", lambda _: "")
    monkeypatch.delenv(kept_memory.VARIABLE, raising=False)
    monkeypatch.delitem(sys.modules, "jax", raising=False)
    monkeypatch.setattr(sys, "orig_argv", ["python", "-X", "dev", "-m", "netspec", "train", "a b.net"])
    kept_memory.start_again()
    assert (
        started == []
        if refused
        else started
        == [
            (
                sys.executable,
                [sys.executable, "-X", kept_memory.AGAIN, "-X", "dev", "-m", "netspec", "train", "a b.net"],
                {**os.environ, kept_memory.VARIABLE: kept_memory.TUNABLES},
            )
        ]
    )


def test_no_environment_makes_a_third_start(tmp_path: Path) -> None:
    """Where the variable does not arrive: a wrapper takes it away."""
    site = tmp_path / "sitecustomize.py"
    site.write_text("import os\nos.environ.pop('GLIBC_TUNABLES', None)\nprint('started', flush=True)\n")
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), root]), "JAX_PLATFORMS": "cpu"}
    words = [sys.executable, "-m", "netspec", "train", "nowhere.net"]
    ended = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2 and ended.stdout.count("started") <= 2


PROGRAM = """import sys
print('began', flush=True)
sys.argv = ['netspec', 'train', 'nowhere.net']
from netspec.cli.main import main
sys.exit(main())
"""


@pytest.mark.parametrize("start", ["-", "-c"])
def test_a_program_that_calls_the_command_is_not_started_again(tmp_path: Path, start: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2]), "JAX_PLATFORMS": "cpu"}
    words = [sys.executable, start, *([PROGRAM] if start == "-c" else [])]
    ended = subprocess.run(words, input=PROGRAM, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout.count("began")) == (2, 1) and "nowhere.net" in ended.stdout + ended.stderr


SPEC = """netspec 1
model M {
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> dense(10)
}
train M {
  data = digits() -> batch(64)
  loss = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.1)
  duration = 3 steps
}
"""


def trained(folder: Path, *options: str, **more: str) -> dict[str, str]:
    """What the process of a training, as a shell starts it, wrote of itself."""
    (folder / "m.net").write_text(SPEC)
    own = ("JAX_COMPILATION_CACHE_DIR", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES")
    clean = {name: x for name, x in os.environ.items() if name not in own and not name.startswith(("MALLOC_", kept_memory.VARIABLE))}
    environment = {**clean, "JAX_PLATFORMS": "cpu", "NETSPEC_CACHE": str(folder / "cache"), **more}
    words = [sys.executable, "-m", "netspec", "train", "m.net", *options]
    ended = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    newest = max((folder / "runs").iterdir(), key=lambda path: path.name)
    return json.loads((newest / "processes.jsonl").read_text().splitlines()[-1])


@GLIBC
def test_a_training_keeps_memory_and_programs_and_its_log_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    found = trained(tmp_path)
    folder = next((tmp_path / "cache" / "programs").iterdir())
    assert found["memory"] == KEPT and found["programs"] == f"kept in {folder}"
    assert (folder.stat().st_mode & 0o777, folder.parent.stat().st_mode & 0o777) == (0o700, 0o700)
    assert (folder / kept_programs.STAMP).exists()
    other = trained(tmp_path, "--set", "train.lowering=portable", JAX_COMPILATION_CACHE_DIR=str(tmp_path / "own"))
    assert other["memory"] == kept_memory.LEFT and other["programs"].startswith(f"kept in {tmp_path / 'own'}, as the environment says")


# --- the folder of compiled programs ---------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NETSPEC_CACHE", str(tmp_path / "cache"))
    return kept_programs.programs_dir()


def test_a_folder_that_others_could_write_to_is_made_the_user_s_alone(place: Path) -> None:
    place.mkdir(parents=True, mode=0o777)
    folder = kept_programs._prepare(place)
    assert folder is not None and folder.parent == place and place.stat().st_mode & 0o077 == 0


def test_what_is_no_folder_of_the_user_s_is_not_used(place: Path, tmp_path: Path) -> None:
    place.parent.mkdir()
    (tmp_path / "elsewhere").mkdir()
    place.symlink_to(tmp_path / "elsewhere")
    assert kept_programs._prepare(place) is None and not list((tmp_path / "elsewhere").iterdir())
    place.unlink()
    place.touch()
    assert kept_programs._prepare(place) is None


def test_incomplete_and_too_many_programs_are_deleted(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import zlib

    folder = kept_programs._prepare(place)
    assert folder is not None
    whole = zlib.compress(os.urandom(1000))
    for number in range(4):
        path = folder / f"{number}-cache"
        path.write_bytes(whole)
        os.utime(path, (number, 10**10))
    (folder / "cut-cache").write_bytes(whole[:500])
    kept_programs._prepare(place)
    assert sorted(path.name for path in folder.glob("*-cache")) == [f"{number}-cache" for number in range(4)]
    for number in range(4):
        os.utime(folder / f"{number}-cache", (number, number))
    entries = sorted((float(path.stat().st_atime), path.stat().st_size, path) for path in folder.glob("*-cache"))
    monkeypatch.setattr(kept_programs, "LIMITS", replace(LIMITS, program_bytes=3 * len(whole)))
    kept_programs._shrink(entries)
    assert [path.name for path in sorted(folder.glob("*-cache"))] == ["2-cache", "3-cache"]


def test_programs_of_another_processor_go_when_nobody_has_used_them_for_long(place: Path) -> None:
    for name, age in (("old", LIMITS.unused_program_seconds + 60), ("new", LIMITS.unused_program_seconds - 60)):
        stamp = place / name / kept_programs.STAMP
        stamp.parent.mkdir(parents=True)
        stamp.touch()
        os.utime(stamp, (time.time() - age,) * 2)
    (place / "mine").mkdir()
    folder = kept_programs._prepare(place)
    assert folder is not None and {path.name for path in place.iterdir()} == {"new", "mine", folder.name}


def test_an_entry_that_leads_elsewhere_goes(place: Path, tmp_path: Path) -> None:
    """Only what this user has written there is run."""
    import zlib

    folder = kept_programs._prepare(place)
    assert folder is not None
    (tmp_path / "code").write_bytes(zlib.compress(b"code"))
    (folder / "planted-cache").symlink_to(tmp_path / "code")
    (folder / "lost-cache").symlink_to(tmp_path / "nowhere")
    kept_programs._prepare(place)
    assert list(folder.glob("*-cache")) == [] and (tmp_path / "code").exists()
