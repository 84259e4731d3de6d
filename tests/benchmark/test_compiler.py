"""What compiling needs, held against where torch looks for it."""

import stat
import sys
import sysconfig
from pathlib import Path

import pytest
from conftest import Run

from resnet_inspect.benchmark.compiler import INCLUDE_PATHS, compilers, refuse_without_compiler
from resnet_inspect.errors import MachineError


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose PATH is one empty folder, and which has Python's headers."""
    for variable in ("CC", "CXX", *INCLUDE_PATHS):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "bin").mkdir()
    (tmp_path / "Python.h").touch()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    return tmp_path / "bin"


def install(folder: Path, name: str) -> None:
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(stat.S_IRWXU)


@pytest.mark.parametrize("kind", ["cpu", "cuda:0"])
@pytest.mark.parametrize("name", ["g++", "gcc", "clang", "clang++", "c99"])
def test_one_of_the_compilers_must_be_there(kind: str, name: str, machine: Path) -> None:
    install(machine, name)
    if name in compilers(kind.partition(":")[0])[2]:
        refuse_without_compiler(kind)
    else:
        with pytest.raises(MachineError, match=r"--mode compile needs a C(\+\+)? compiler: there is no \w+") as error:
            refuse_without_compiler(kind)
        assert error.value.hint


@pytest.mark.parametrize(
    ("cxx", "found"),
    [
        ("mine", True),
        ("mine -O3", True),
        ("'mine' --version", True),
        ("other", False),
        ("", False),
        (" ", False),
        ("'", False),
    ],
)
def test_a_named_compiler_is_found_where_torch_finds_it(
    cxx: str, found: bool, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch._inductor.cpp_builder import cpp_compiler_search
    from torch._inductor.exc import InvalidCxxCompiler

    install(machine, "mine")
    monkeypatch.setenv("CXX", cxx)
    if found:
        assert cpp_compiler_search((None, cxx)) == cxx
        refuse_without_compiler("cpu")
    else:
        with pytest.raises(InvalidCxxCompiler):
            cpp_compiler_search((None, cxx))
        with pytest.raises(MachineError, match="C\\+\\+ compiler"):
            refuse_without_compiler("cpu")


def test_the_compiler_that_nobody_named_is_that_of_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._inductor import config

    assert [None, *compilers("cpu")[2]] == [*config.cpp.cxx]


def test_the_headers_must_be_there(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(machine, compilers("cpu")[2][0])
    (machine.parent / "Python.h").unlink()
    if sys.platform != "darwin":
        with pytest.raises(MachineError, match=r"Python's headers: there is no .*/Python\.h"):
            refuse_without_compiler("cpu")
    monkeypatch.setenv("CPATH", "/elsewhere")
    refuse_without_compiler("cpu")


def test_of_other_devices_nothing_is_known(machine: Path) -> None:
    refuse_without_compiler("mps")


def test_bench_says_it_in_one_line_before_any_case_starts(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    done = run("bench", "resnet18", "--device", "cpu", "--mode", "eager,compile", scripted=True)
    assert (done.returncode, done.stdout) == (3, "")
    error, hint = done.stderr.splitlines()
    assert error == "error: --mode compile needs a C++ compiler: there is no no-such-compiler"
    assert hint.startswith("hint:  install one")
