"""What is known of a device: peak rates, bandwidth and memory, by its maker's data sheet."""

from collections.abc import Mapping
from dataclasses import dataclass

from resnet_inspect.errors import RequestError
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


def tera(fp32: float, tf32: float | None, bf16: float | None, fp16: float | None) -> dict[Precision, float]:
    """Peaks in FLOP/s of numbers in TFLOP/s."""
    peaks: dict[Precision, float | None] = {"fp32": fp32, "tf32": tf32, "bf16": bf16, "fp16": fp16}
    return {precision: peak * TERA for precision, peak in peaks.items() if peak is not None}
