"""What a benchmark must know of torch and its devices before any long work, asked without touching a GPU."""

from importlib.metadata import version

import torch

from resnet_inspect.errors import MachineError, RequestError


def versions() -> dict[str, str]:
    return {name: version(name) for name in ("torch", "torchvision")} | {"resnet-inspect": _own()}


def resolve(device: str) -> str:
    """``auto`` as the best device there is, ``cuda`` as ``cuda:0``; others as they are.

    Raises:
        RequestError: no device is called so.
        MachineError: this machine has none of that kind.
    """
    kind, _, index = device.partition(":")
    if device == "auto":
        return "cuda:0" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    if kind not in ("cpu", "cuda", "mps") or (index and not (kind == "cuda" and index.isdigit())):
        raise RequestError(f"unknown device {device!r}", hint="use cpu, cuda, cuda:N, mps or auto")
    if kind == "cuda" and not torch.cuda.is_available():
        raise MachineError("this machine has no CUDA device that torch can use", hint="use --device cpu")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise MachineError(
            f"this machine has {torch.cuda.device_count()} CUDA devices, no {device}", hint="use --device cuda:0"
        )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise MachineError("this machine has no MPS device", hint="use --device cpu")
    return f"cuda:{index or 0}" if kind == "cuda" else kind


def default_precision(device: str) -> str:
    """What torch runs untouched: convolutions are TF32 on Ampere and later, fp32 elsewhere."""
    if not device.startswith("cuda"):
        return "fp32"
    return "tf32" if torch.cuda.get_device_capability(device)[0] >= 8 else "fp32"


def _own() -> str:
    from resnet_inspect import __version__

    return __version__
