"""CPUs, one socket each: peak = cores × highest turbo clock × FLOP a cycle and core.

The clock is the highest that is sold, which no CPU holds on all cores, so that the peak is one that nothing exceeds.
Bandwidth is that of all memory channels; data that a cache keeps moves faster.

FLOP a cycle are two for each lane of two vector units (Intel 64 and IA-32 Architectures Optimization Reference Manual;
AMD's Software Optimization Guides for Zen 3 and Zen 4): 64 in fp32 with AVX-512, 32 with AVX2, and 32 on Zen 4, whose
units are 256 bits wide. AVX512_BF16 does twice as many; AMX multiplies tiles of 16×32 by 32×16 in 16 cycles: 1024.
"""

from collections.abc import Mapping

from resnet_inspect.hardware.device import Device
from resnet_inspect.vocabulary import Precision

AVX512: Mapping[Precision, int] = {"fp32": 64}
AMX: Mapping[Precision, int] = {"fp32": 64, "bf16": 1024}
AVX2: Mapping[Precision, int] = {"fp32": 32}
ZEN4: Mapping[Precision, int] = {"fp32": 32, "bf16": 64}
INTEL, AMD = "Intel's product specifications", "AMD's product specifications"


def _cpu(
    name: str,
    title: str,
    cores: int,
    clock_ghz: float,
    per_cycle: Mapping[Precision, int],
    channels: int,
    megatransfers: int,
    source: str,
    known_as: str,
) -> Device:
    """A CPU; a transfer of a channel moves 8 bytes."""
    return Device(
        name,
        f"{title}, {cores} cores",
        {precision: cores * clock_ghz * 1e9 * flop for precision, flop in per_cycle.items()},
        channels * megatransfers * 1e6 * 8,
        f"{source}: {cores} cores × {clock_ghz:g} GHz, {channels} channels of {megatransfers} MT/s",
        (known_as,),
    )


DEVICES: tuple[Device, ...] = (
    _cpu("xeon-8480", "Intel Xeon Platinum 8480+", 56, 3.8, AMX, 8, 4800, INTEL, "Intel(R) Xeon(R) Platinum 8480+"),
    _cpu(
        "xeon-8380", "Intel Xeon Platinum 8380", 40, 3.4, AVX512, 8, 3200, INTEL,
        "Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz",
    ),
    _cpu("epyc-9654", "AMD EPYC 9654", 96, 3.7, ZEN4, 12, 4800, AMD, "AMD EPYC 9654 96-Core Processor"),
    _cpu("epyc-7763", "AMD EPYC 7763", 64, 3.5, AVX2, 8, 3200, AMD, "AMD EPYC 7763 64-Core Processor"),
    _cpu("ryzen-7950x", "AMD Ryzen 9 7950X", 16, 5.7, ZEN4, 2, 5200, AMD, "AMD Ryzen 9 7950X 16-Core Processor"),
)  # fmt: skip
