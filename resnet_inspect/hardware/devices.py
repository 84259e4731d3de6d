"""Peak rates of devices by their makers' data sheets, each with its source.

Peaks are dense: a number "with sparsity" is twice what a dense product can reach. fp32 runs on the ordinary cores; the
other precisions run on tensor cores that accumulate in fp32, as torch's convolutions do. A precision without a number
is unknown: the device lacks it, or its data sheet does not give it.
"""

from difflib import get_close_matches
from pathlib import Path

from resnet_inspect.errors import RequestError
from resnet_inspect.hardware import amd, apple, cpus, jetson, nvidia
from resnet_inspect.hardware.ceilings import Ceilings
from resnet_inspect.hardware.device import Device

__all__ = [
    "DEVICES",
    "Device",
    "device_from_ceilings",
    "find_by_torch_name",
    "find_device",
    "has_sheet",
    "is_torch_device",
    "own_devices",
]

DEVICES = (*nvidia.DEVICES, *jetson.DEVICES, *amd.DEVICES, *apple.DEVICES, *cpus.DEVICES)
TORCH_DEVICES = ("cpu", "cuda", "mps", "auto")
BY_NAME = {device.name: device for device in DEVICES}


def find_device(name: str) -> Device:
    """The device with that name in the table, or in the nearest pyproject.toml.

    Raises:
        RequestError: there is no such device, or the file is wrong.
    """
    if name.lower() in BY_NAME:
        return BY_NAME[name.lower()]
    if is_torch_device(name):
        raise RequestError(
            f"no data sheet gives the peaks of {name!r}",
            hint=f"`resnet-inspect roofline --machine --device {name}` measures them",
        )
    own = own_devices()
    if name.lower() in own:
        return own[name.lower()]
    near = get_close_matches(name.lower(), [*BY_NAME, *own], n=1)
    hint = (
        f"did you mean {near[0]!r}?"
        if near
        else "`resnet-inspect devices` lists them; `roofline --machine` measures this one"
    )
    raise RequestError(f"unknown device {name!r}", hint=hint)


def has_sheet(name: str) -> bool:
    """Whether a device of that name is in the table, or in the nearest pyproject.toml."""
    return name.lower() in BY_NAME or name.lower() in own_devices()


def own_devices() -> dict[str, Device]:
    """The devices of the nearest pyproject.toml by name; raises as ``read_devices`` does."""
    from resnet_inspect.hardware.own_devices import read_devices  # which a built-in device does without

    try:
        folder = Path.cwd()
    except FileNotFoundError:  # the working folder is gone
        return {}
    return read_devices(folder, {*BY_NAME, *TORCH_DEVICES})


def is_torch_device(name: str) -> bool:
    """Whether torch gives the name to a device of this machine, as ``cuda:0``; such a name has no data sheet."""
    return name.partition(":")[0] in TORCH_DEVICES


def find_by_torch_name(name: str) -> Device | None:
    """The device that torch calls ``name``, if the table has it."""
    return next((device for device in DEVICES if name in device.known_as), None)


def device_from_ceilings(ceilings: Ceilings) -> Device:
    """A device with ceilings of torch's cpu or cuda, which are measured, or of a data sheet, by that one's name."""
    return Device(
        ceilings.device,
        f"{ceilings.title}, as measured" if is_torch_device(ceilings.device) else ceilings.title,
        {ceilings.precision: ceilings.flop_per_s},  # type: ignore[dict-item]  # runtime.ceilings has checked it
        ceilings.bytes_per_s,
        ceilings.source,
        (ceilings.title,),
        max(ceilings.flop_spread, ceilings.bytes_spread) / 2,
    )
