"""More arithmetic than any CPU does: a call that takes less time than it has not done its arithmetic."""

from resnet_inspect.hardware.machine import Machine
from resnet_inspect.vocabulary import ELEMENT_BYTES, Precision

CLOCK_HZ = 6.2e9  # the highest turbo clock that is sold: Intel Core i9-14900KS, Intel's product specifications

# By the widest vectors of a machine: FLOP of one core in a cycle, in 32-bit types and in 16-bit types.
PER_CYCLE = {
    # Two fused multiply-adds a cycle, of 8 and of 16 floats: Intel 64 and IA-32 Architectures Optimization Reference
    # Manual. 16-bit instructions (AVX512_BF16, AVX512_FP16) do twice as many.
    "AVX2": (32, 64),
    "AVX-512": (64, 128),
    # The same manual: a TDPBF16PS multiplies tiles of 16×32 by 32×16 in 16 cycles.
    "AMX": (64, 1024),
}
# Others may have a unit that adds the outer product of 16 by 16 floats each cycle: Arm's SME with vectors of 512 bits.
UNTOLD = (512, 1024)

# Tiles of 6×6 outputs by Winograd's algorithm take 64 products, not 324 (Lavin and Gray 2016, arXiv 1509.09308). No
# library has larger ones: their rounding grows. Fewer multiplications are all that shortens a convolution so.
WINOGRAD = 324 / 64


def most_flop_per_s(machine: Machine, precision: Precision, threads: int) -> float:
    """FLOP/s of convolutions that no ``threads`` cores of such a machine reach, by any algorithm."""
    wide, narrow = PER_CYCLE.get(machine.vectors or "", UNTOLD)
    return WINOGRAD * threads * CLOCK_HZ * (wide if ELEMENT_BYTES[precision] == 4 else narrow)
