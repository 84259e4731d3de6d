"""AMD's GPUs. Their matrix cores multiply fp32 as fast as their vector units do."""

from resnet_inspect.hardware.device import GIGA, Device, tera

DEVICES: tuple[Device, ...] = (
    Device(
        "mi300x",
        "AMD Instinct MI300X 192 GB",
        tera(163.4, 653.7, 1307.4, 1307.4),
        5325 * GIGA,
        "AMD Instinct MI300X data sheet, and AMD CDNA 3 Architecture white paper",
        ("AMD Instinct MI300X",),
        memory_bytes=192 * GIGA,
    ),
)
