"""What a benchmark must know of torch and its devices before any long work; asked in a process of its own.

``python -m resnet_inspect.runtime.environment DEVICE`` prints it as JSON, so that the process that conducts the
measurement neither loads torch nor touches a GPU.
"""

import json
import sys
from importlib.metadata import version

import torch

from resnet_inspect import __version__
from resnet_inspect.errors import InspectError, MachineError, RequestError
from resnet_inspect.hardware.gpu import Probe
from resnet_inspect.runtime import gpu
from resnet_inspect.typed_json import encode


def probe(device: str) -> Probe:
    """The device that ``device`` stands for, the precision torch uses there untouched, the versions, and the GPU.

    Raises:
        RequestError: no device is called so.
        MachineError: this machine has none of that kind.
    """
    resolved = resolve(device)
    # Convolutions are TF32 by default from Ampere on. The classifier's product is not, and in an arm called tf32 it is.
    ampere = resolved.startswith("cuda") and torch.cuda.get_device_capability(resolved)[0] >= 8
    versions = {name: version(name) for name in ("torch", "torchvision")} | {"resnet-inspect": __version__}
    described = gpu.describe(torch.device(resolved).index or 0) if resolved.startswith("cuda") else None
    return Probe(resolved, "tf32" if ampere else "fp32", versions, described)


def resolve(device: str) -> str:
    """``auto`` as the best device there is, ``cuda`` as ``cuda:0``; others as they are."""
    kind, _, index = device.partition(":")
    if device == "auto":
        return "cuda:0" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    if kind not in ("cpu", "cuda", "mps") or (":" in device and not (kind == "cuda" and index.isdigit())):
        raise RequestError(f"unknown device {device!r}", hint="use cpu, cuda, cuda:N, mps or auto")
    if kind == "cuda" and not torch.cuda.is_available():
        raise MachineError("this machine has no CUDA device that torch can use", hint="use --device cpu")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise MachineError(
            f"there is no {device} among {torch.cuda.device_count()} devices", hint="use --device cuda:0"
        )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise MachineError("this machine has no MPS device", hint="use --device cpu")
    return f"cuda:{int(index or 0)}" if kind == "cuda" else kind


def flags() -> dict[str, bool | int | str]:
    """What torch is set to in this process, as far as it decides which kernels run; every value is JSON."""
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
