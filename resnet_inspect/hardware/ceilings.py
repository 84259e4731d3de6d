"""What a device can do at most, as it was measured or as its data sheet says."""

from dataclasses import dataclass

from resnet_inspect.typed_json import Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceilings:
    """Rates of the fastest arithmetic and of a copy, each the median of repeats, or a data sheet's.

    ``*_spread`` is the distance between the quartiles as a share of the median. ``bytes_per_s`` counts bytes read and
    written. ``device`` is as torch names it where they are measured, else a data sheet's name. ``title`` is the name
    that torch or the system gives the device.
    """

    device: str
    title: str
    precision: str
    flop_per_s: Rate
    flop_spread: float
    bytes_per_s: Rate
    bytes_spread: float
    source: str
