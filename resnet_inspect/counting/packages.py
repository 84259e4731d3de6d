"""The packages that count operations: each with its conventions and the function that runs it."""

from dataclasses import dataclass

from resnet_inspect.counting.conventions import (
    CALFLOPS_FLOPS,
    CALFLOPS_MACS,
    DEEPSPEED_FLOPS,
    DEEPSPEED_MACS,
    FLOPTH,
    FVCORE,
    FVCORE_ACTIVATIONS,
    PTFLOPS,
    PTFLOPS_ATEN,
    PTFLOPS_NOFUNC,
    THOP,
    TORCH,
    TORCHINFO,
)
from resnet_inspect.counting.count import Convention


@dataclass(frozen=True, slots=True)
class Package:
    """The conventions that a package counts by, and the name of the function in ``runtime.counters`` that runs it."""

    conventions: tuple[Convention, ...]
    runner: str


# The keys are the names by which pip and import know the packages.
PACKAGES = {
    "torch": Package((TORCH,), "run_torch"),
    "fvcore": Package((FVCORE, FVCORE_ACTIVATIONS), "run_fvcore"),
    "thop": Package((THOP,), "run_thop"),
    "ptflops": Package((PTFLOPS, PTFLOPS_NOFUNC, PTFLOPS_ATEN), "run_ptflops"),
    "torchinfo": Package((TORCHINFO,), "run_torchinfo"),
    "calflops": Package((CALFLOPS_FLOPS, CALFLOPS_MACS), "run_calflops"),
    "deepspeed": Package((DEEPSPEED_FLOPS, DEEPSPEED_MACS), "run_deepspeed"),
    "flopth": Package((FLOPTH,), "run_flopth"),
}
