"""NVIDIA's Jetson modules, at the clocks of their fastest power mode.

Data sheets print the sparse int8 TOPS of Orin's tensor cores, which are four times their dense fp16 FLOP/s; rounded
down, as 40 for 40.96. So the fp16 peaks follow from clocks: a multiprocessor does 2048 FLOP a cycle on Orin and 1024 on
Xavier (NVIDIA's architecture white papers of A100, whose tensor cores Orin has, and of V100).
"""

from resnet_inspect.hardware.device import GIGA, Device, tera

ORIN, VOLTA = 2048 / 1e6, 1024 / 1e6  # TFLOP/s of a multiprocessor at 1 MHz
AGX_ORIN = "NVIDIA Jetson AGX Orin Series technical brief"
ORIN_NX = "NVIDIA Jetson Orin NX Series data sheet"
ORIN_NANO = "NVIDIA Jetson Orin Nano Series data sheet"
XAVIER = "NVIDIA Jetson AGX Xavier Series data sheet"
XAVIER_NX = "NVIDIA Jetson Xavier NX Series data sheet"

DEVICES: tuple[Device, ...] = (
    Device(
        "agx-orin",
        "Jetson AGX Orin 64 GB",
        tera(5.3, None, None, 16 * ORIN * 1300),
        204.8 * GIGA,
        f"{AGX_ORIN}: 2048 cores at 1300 MHz, 170 sparse int8 TOPS of the GPU",
        ("Orin",),  # torch calls every module of the family so
        memory_bytes=64 * GIGA,
    ),
    Device(
        "orin-nx",
        "Jetson Orin NX 16 GB",
        tera(1.88, None, None, 8 * ORIN * 918),
        102.4 * GIGA,
        f"{ORIN_NX}: 1024 cores at 918 MHz, 60 sparse int8 TOPS of the GPU",
        memory_bytes=16 * GIGA,
    ),
    Device(
        "orin-nano",
        "Jetson Orin Nano 8 GB",
        tera(1.28, None, None, 8 * ORIN * 625),
        68 * GIGA,
        f"{ORIN_NANO}: 1024 cores at 625 MHz, 40 sparse int8 TOPS",
        memory_bytes=8 * GIGA,
    ),
    Device(
        "orin-nano-super",
        "Jetson Orin Nano Super 8 GB",
        tera(2.09, None, None, 8 * ORIN * 1020),
        102 * GIGA,
        f"{ORIN_NANO}: 1024 cores at 1020 MHz, 67 sparse int8 TOPS",
        memory_bytes=8 * GIGA,
    ),
    Device(
        "agx-xavier",
        "Jetson AGX Xavier 32 GB",
        tera(1.41, None, None, 8 * VOLTA * 1377),
        136.5 * GIGA,
        f"{XAVIER}: 512 cores at 1377 MHz",
        ("Xavier",),  # and so of this family
        memory_bytes=32 * GIGA,
    ),
    Device(
        "xavier-nx",
        "Jetson Xavier NX 8 GB",
        tera(0.845, None, None, 6 * VOLTA * 1100),
        59.7 * GIGA,
        f"{XAVIER_NX}: 384 cores and 48 tensor cores at 1100 MHz",
        memory_bytes=8 * GIGA,
    ),
)
