"""Peak rates of devices by their makers' data sheets, each with its source.

Peaks are dense: a number "with sparsity" is twice what a dense product can reach. fp32 runs on the ordinary cores; the
other precisions run on tensor cores that accumulate in fp32, as torch's convolutions do. A precision without a number
is unknown: the device lacks it, or its data sheet does not give it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from resnet_inspect.errors import RequestError
from resnet_inspect.hardware.ceilings import Ceilings
from resnet_inspect.vocabulary import Precision

USUAL: tuple[Precision, ...] = ("bf16", "fp16", "tf32", "fp32")  # a device's default is the first with a known peak
TERA, GIGA = 1e12, 1e9


@dataclass(frozen=True, slots=True)
class Device:
    """Peaks by precision in FLOP/s, and memory bandwidth in byte/s, for bytes read and written together.

    ``known_as`` are the names that torch gives the device, or the system gives a CPU. ``spread`` is by what share
    measured ceilings vary; it is 0 for a data sheet. ``memory_bytes`` is the data sheet's memory in decimal GB, as ECC
    and the driver take about what binary GB would add; None where the device is sold with several sizes.
    """

    name: str
    title: str
    peaks: Mapping[Precision, float]
    bandwidth: float
    source: str
    known_as: tuple[str, ...] = ()
    spread: float = 0.0
    memory_bytes: float | None = None

    def peak(self, precision: Precision) -> float:
        """FLOP/s at ``precision``.

        Raises:
            RequestError: no peak is known.
        """
        if precision not in self.peaks:
            raise RequestError(
                f"{self.name}: no {precision} peak is known, by {self.source}",
                hint=f"--precision {' or '.join(self.peaks)}",
            )
        return self.peaks[precision]

    def ridge(self, precision: Precision) -> float:
        """The FLOP/byte at which the roofs meet (Williams et al. 2009, doi:10.1145/1498765.1498785)."""
        return self.peak(precision) / self.bandwidth

    @property
    def precision(self) -> Precision:
        """The default precision: bf16, or the next in ``USUAL`` with a known peak."""
        return next(p for p in USUAL if p in self.peaks)


def _tera(fp32: float, tf32: float | None, bf16: float | None, fp16: float | None) -> dict[Precision, float]:
    peaks: dict[Precision, float | None] = {"fp32": fp32, "tf32": tf32, "bf16": bf16, "fp16": fp16}
    return {precision: peak * TERA for precision, peak in peaks.items() if peak is not None}


HOPPER = _tera(66.9, 494.7, 989.4, 989.4)
A100 = _tera(19.5, 156, 312, 312)
A100_SHEET = "NVIDIA A100 Tensor Core GPU data sheet"
GH100 = "NVIDIA H100 Tensor Core GPU Architecture white paper, 2023"
GA102 = "NVIDIA Ampere GA102 GPU Architecture white paper, 2021, appendix A"
AD102 = "NVIDIA Ada GPU Architecture white paper, 2023, appendix A"
GB202 = "NVIDIA RTX Blackwell GPU Architecture white paper, 2025, appendix A"

DEVICES: tuple[Device, ...] = (
    Device(
        "h200",
        "NVIDIA H200 SXM 141 GB",
        HOPPER,
        4800 * GIGA,
        f"NVIDIA H200 data sheet, dense peaks by {GH100}: the chip is one",
        ("NVIDIA H200",),
        memory_bytes=141 * GIGA,
    ),
    Device(
        "h200-measured",
        "NVIDIA H200 SXM, as measured",
        {"bf16": 790 * TERA},
        4300 * GIGA,
        "a bf16 matrix product of 8192³ on random data, and a copy larger than the cache, on one H200",
        ("NVIDIA H200",),
        memory_bytes=141 * GIGA,
    ),
    Device(
        "h100",
        "NVIDIA H100 SXM 80 GB",
        HOPPER,
        3352 * GIGA,
        GH100,
        ("NVIDIA H100 80GB HBM3",),
        memory_bytes=80 * GIGA,
    ),
    Device(
        "h100-pcie",
        "NVIDIA H100 PCIe 80 GB",
        _tera(51.2, 378, 756, 756),
        2039 * GIGA,
        GH100,
        ("NVIDIA H100 PCIe",),
        memory_bytes=80 * GIGA,
    ),
    Device(
        "a100",
        "NVIDIA A100 SXM 80 GB",
        A100,
        2039 * GIGA,
        A100_SHEET,
        ("NVIDIA A100-SXM4-80GB",),
        memory_bytes=80 * GIGA,
    ),
    Device(
        "a100-pcie",
        "NVIDIA A100 PCIe 80 GB",
        A100,
        1935 * GIGA,
        A100_SHEET,
        ("NVIDIA A100 80GB PCIe",),
        memory_bytes=80 * GIGA,
    ),
    Device(
        "a100-40gb",
        "NVIDIA A100 40 GB",
        A100,
        1555 * GIGA,
        "NVIDIA A100 Tensor Core GPU Architecture white paper, 2020",
        ("NVIDIA A100-SXM4-40GB", "NVIDIA A100-PCIE-40GB", "A100-SXM4-40GB", "A100-PCIE-40GB"),
        memory_bytes=40 * GIGA,
    ),
    Device(
        "l40s",
        "NVIDIA L40S 48 GB",
        _tera(91.6, 183, 362, 362),
        864 * GIGA,
        "NVIDIA L40S data sheet",
        ("NVIDIA L40S",),
        memory_bytes=48 * GIGA,
    ),
    Device(
        "l4",
        "NVIDIA L4 24 GB",
        _tera(30.3, 60, 121, 121),
        300 * GIGA,
        "NVIDIA L4 data sheet: 120 and 242 TFLOP/s with sparsity",
        ("NVIDIA L4",),
        memory_bytes=24 * GIGA,
    ),
    Device(
        "a10",
        "NVIDIA A10 24 GB",
        _tera(31.2, 62.5, 125, 125),
        600 * GIGA,
        "NVIDIA A10 data sheet",
        ("NVIDIA A10",),
        memory_bytes=24 * GIGA,
    ),
    Device(
        "t4",
        "NVIDIA T4 16 GB",
        _tera(8.1, None, None, 65),
        320 * GIGA,
        "NVIDIA T4 product brief PB-09256-001",
        ("Tesla T4",),
        memory_bytes=16 * GIGA,
    ),
    Device(
        "v100",
        "NVIDIA V100 SXM2",
        _tera(15.7, None, None, 125),
        900 * GIGA,
        "NVIDIA V100 data sheet",
        ("Tesla V100-SXM2-16GB", "Tesla V100-SXM2-32GB"),
    ),
    Device(
        "rtx5090",
        "GeForce RTX 5090 32 GB",
        _tera(104.8, 104.8, 209.5, 209.5),
        1792 * GIGA,
        GB202,
        ("NVIDIA GeForce RTX 5090",),
        memory_bytes=32 * GIGA,
    ),
    Device(
        "rtx4090",
        "GeForce RTX 4090 24 GB",
        _tera(82.6, 82.6, 165.2, 165.2),
        1008 * GIGA,
        AD102,
        ("NVIDIA GeForce RTX 4090",),
        memory_bytes=24 * GIGA,
    ),
    Device(
        "rtx3090",
        "GeForce RTX 3090 24 GB",
        _tera(35.6, 35.6, 71, 71),
        936 * GIGA,
        GA102,
        ("NVIDIA GeForce RTX 3090",),
        memory_bytes=24 * GIGA,
    ),
    Device(
        "agx-orin",
        "Jetson AGX Orin 64 GB",
        _tera(5.3, None, None, None),
        204.8 * GIGA,
        "NVIDIA Jetson AGX Orin Series technical brief",
        ("Orin",),
        memory_bytes=64 * GIGA,
    ),
)
BY_NAME = {device.name: device for device in DEVICES}


def find_device(name: str) -> Device:
    """The device with that name in the table.

    Raises:
        RequestError: the table has no such device.
    """
    if name.lower() in BY_NAME:
        return BY_NAME[name.lower()]
    if is_torch_device(name):
        raise RequestError(
            f"no data sheet gives the peaks of {name!r}",
            hint=f"`resnet-inspect roofline --machine --device {name}` measures them",
        )
    near = get_close_matches(name.lower(), BY_NAME, n=1)
    hint = (
        f"did you mean {near[0]!r}?"
        if near
        else "`resnet-inspect devices` lists them; `roofline --machine` measures this one"
    )
    raise RequestError(f"unknown device {name!r}", hint=hint)


def is_torch_device(name: str) -> bool:
    """Whether torch gives the name to a device of this machine, as ``cuda:0``; such a name has no data sheet."""
    return name.partition(":")[0] in ("cpu", "cuda", "mps", "auto")


def find_by_torch_name(name: str) -> Device | None:
    """The device that torch calls ``name``, if the table has it."""
    return next((device for device in DEVICES if name in device.known_as), None)


def device_from_ceilings(ceilings: Ceilings) -> Device:
    """A device with the ceilings that ``runtime.ceilings`` measured."""
    return Device(
        ceilings.device,
        f"{ceilings.title}, as measured",
        {ceilings.precision: ceilings.flop_per_s},  # type: ignore[dict-item]  # runtime.ceilings has checked it
        ceilings.bytes_per_s,
        ceilings.source,
        (ceilings.title,),
        max(ceilings.flop_spread, ceilings.bytes_spread) / 2,
    )
