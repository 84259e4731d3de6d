"""What ``torch.compile`` needs besides torch: a compiler and Python's headers."""

import os
import shlex
import shutil
import sys
import sysconfig

from resnet_inspect.errors import MachineError

INCLUDE_PATHS = ("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH")  # where a compiler looks for headers, too


def refuse_without_compiler(device: str) -> None:
    """Refuse to compile for a CPU or a CUDA device where that must fail.

    Raises:
        MachineError: there is no compiler, or no Python.h.
    """
    kind = device.partition(":")[0]
    if kind not in ("cpu", "cuda"):
        return
    language, variable, commands = compilers(kind)
    if not any(map(_is_there, commands)):
        missing = " or ".join(filter(str.strip, commands)) or f"name in {variable}"
        raise MachineError(
            f"--mode compile needs a {language} compiler: there is no {missing}",
            hint=f"install one, as by `apt install g++`, or name yours in {variable}; --mode eager needs none",
        )
    header = os.path.join(sysconfig.get_path("include"), "Python.h")
    elsewhere = sys.platform == "darwin" or any(variable in os.environ for variable in INCLUDE_PATHS)
    if not elsewhere and not os.path.isfile(header):
        raise MachineError(
            f"--mode compile needs Python's headers: there is no {header}",
            hint="install them, as by `apt install python3-dev`; --mode eager needs none",
        )


def compilers(kind: str) -> tuple[str, str, list[str]]:
    """The language, the variable that names a compiler, and the commands; one of them must be there.

    As ``torch._inductor.config.cpp.cxx`` and ``triton.runtime.build`` look for them.
    """
    if kind == "cuda":
        return "C", "CC", [os.environ["CC"]] if "CC" in os.environ else ["gcc", "clang"]
    return "C++", "CXX", [os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")]


def _is_there(command: str) -> bool:
    try:
        words = shlex.split(command)
    except ValueError:  # an open quote
        return False
    return bool(words) and shutil.which(words[0]) is not None
