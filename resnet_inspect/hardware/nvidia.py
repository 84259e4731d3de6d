"""NVIDIA's GPUs."""

from resnet_inspect.hardware.device import GIGA, TERA, Device, tera

HOPPER = tera(66.9, 494.7, 989.4, 989.4)
A100 = tera(19.5, 156, 312, 312)
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
        tera(51.2, 378, 756, 756),
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
        tera(91.6, 183, 362, 362),
        864 * GIGA,
        "NVIDIA L40S data sheet",
        ("NVIDIA L40S",),
        memory_bytes=48 * GIGA,
    ),
    Device(
        "l4",
        "NVIDIA L4 24 GB",
        tera(30.3, 60, 121, 121),
        300 * GIGA,
        "NVIDIA L4 data sheet: 120 and 242 TFLOP/s with sparsity",
        ("NVIDIA L4",),
        memory_bytes=24 * GIGA,
    ),
    Device(
        "a10",
        "NVIDIA A10 24 GB",
        tera(31.2, 62.5, 125, 125),
        600 * GIGA,
        "NVIDIA A10 data sheet",
        ("NVIDIA A10",),
        memory_bytes=24 * GIGA,
    ),
    Device(
        "t4",
        "NVIDIA T4 16 GB",
        tera(8.1, None, None, 65),
        320 * GIGA,
        "NVIDIA T4 product brief PB-09256-001",
        ("Tesla T4",),
        memory_bytes=16 * GIGA,
    ),
    Device(
        "v100",
        "NVIDIA V100 SXM2",
        tera(15.7, None, None, 125),
        900 * GIGA,
        "NVIDIA V100 data sheet",
        ("Tesla V100-SXM2-16GB", "Tesla V100-SXM2-32GB"),
    ),
    Device(
        "rtx5090",
        "GeForce RTX 5090 32 GB",
        tera(104.8, 104.8, 209.5, 209.5),
        1792 * GIGA,
        GB202,
        ("NVIDIA GeForce RTX 5090",),
        memory_bytes=32 * GIGA,
    ),
    Device(
        "rtx4090",
        "GeForce RTX 4090 24 GB",
        tera(82.6, 82.6, 165.2, 165.2),
        1008 * GIGA,
        AD102,
        ("NVIDIA GeForce RTX 4090",),
        memory_bytes=24 * GIGA,
    ),
    Device(
        "rtx3090",
        "GeForce RTX 3090 24 GB",
        tera(35.6, 35.6, 71, 71),
        936 * GIGA,
        GA102,
        ("NVIDIA GeForce RTX 3090",),
        memory_bytes=24 * GIGA,
    ),
)
