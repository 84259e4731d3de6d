"""What a benchmark must know about torch and its devices before it measures.

``python -m resnet_inspect.runtime.environment DEVICE`` prints it as JSON, so that the process that runs the benchmark
neither loads torch nor touches a GPU.
"""

import json
import sys
from importlib.metadata import version

import torch

from resnet_inspect import __version__
from resnet_inspect.errors import InspectError, MachineError, RequestError
from resnet_inspect.hardware.devices import has_sheet
from resnet_inspect.hardware.gpu import Probe
from resnet_inspect.runtime import gpu
from resnet_inspect.typed_json import encode


def probe(device: str) -> Probe:
    """The device that ``device`` stands for, the precision torch uses there untouched, the versions, and the GPU.

    Raises:
        RequestError: no device has that name.
        MachineError: this machine has no such device.
    """
    resolved = resolve(device)
    # From Ampere on torch runs convolutions in TF32 by default, but the classifier's product only in a tf32 case.
    ampere = resolved.startswith("cuda") and torch.cuda.get_device_capability(resolved)[0] >= 8
    versions = {name: version(name) for name in ("torch", "torchvision")} | {"resnet-inspect": __version__}
    described = gpu.describe(torch.device(resolved).index or 0) if resolved.startswith("cuda") else None
    return Probe(resolved, "tf32" if ampere else "fp32", versions, described)


def resolve(device: str) -> str:
    """The device's full name: the best device for ``auto``, ``cuda:0`` for ``cuda``."""
    kind, _, index = device.partition(":")
    if device == "auto":
        return "cuda:0" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    if kind not in ("cpu", "cuda", "mps") or (":" in device and not (kind == "cuda" and index.isdigit())):
        names = "use cpu, cuda, cuda:N, mps or auto"
        if has_sheet(device):
            floors = f"`resnet-inspect predict --device {device}` says what a pass takes there at least"
            raise RequestError(f"{device} is a data sheet, and nothing runs on it", hint=f"{names}; {floors}")
        raise RequestError(f"unknown device {device!r}", hint=names)
    if kind == "cuda" and not torch.cuda.is_available():
        raise MachineError("this machine has no CUDA device that torch can use", hint="use --device cpu")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise MachineError(
            f"this machine has no {device}, only {torch.cuda.device_count()} CUDA devices", hint="use --device cuda:0"
        )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise MachineError("this machine has no MPS device", hint="use --device cpu")
    return f"cuda:{int(index or 0)}" if kind == "cuda" else kind


def flags() -> dict[str, bool | int | str]:
    """The settings of torch in this process that decide which kernels run; every value is JSON."""
    return {
        "cudnn_enabled": torch.backends.cudnn.enabled,
        "cudnn_benchmark": torch.backends.cudnn.benchmark,
        "cudnn_deterministic": torch.backends.cudnn.deterministic,
        "cudnn_allow_tf32": torch.backends.cudnn.allow_tf32,
        "matmul_allow_tf32": torch.backends.cuda.matmul.allow_tf32,
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "mkldnn_enabled": torch.backends.mkldnn.enabled,
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
        "threads": torch.get_num_threads(),
        "interop_threads": torch.get_num_interop_threads(),
    }


if __name__ == "__main__":
    try:
        print(json.dumps(encode(probe(sys.argv[1]))))
    except InspectError as error:
        print(json.dumps({"error": error.message, "hint": error.hint, "exit_code": error.exit_code}))
