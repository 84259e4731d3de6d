"""The devices whose peaks are known, side by side."""

from resnet_inspect.hardware.devices import DEVICES, Device
from resnet_inspect.report import Column, Report, tabulate
from resnet_inspect.vocabulary import PRECISIONS, Precision


def devices() -> Report:
    """One row a device: dense peaks, bandwidth, the intensity at which its two roofs meet, and who says so."""
    columns: tuple[Column[Device], ...] = (
        Column("device", "device", lambda device: device.name),
        Column("title", "name", lambda device: device.title, optional=True),
        *map(_peak, PRECISIONS),
        Column("bandwidth_bytes_per_s", "bandwidth", lambda device: device.bandwidth, "byte_rate"),
        Column("ridge_flop_per_byte", "ridge", lambda device: device.ridge(device.precision), "rate", optional=True),
        Column("source", "source", lambda device: device.source, optional=True),
    )
    return Report(
        kind="devices",
        model=None,
        title=f"{len(DEVICES)} devices",
        tables=(tabulate("devices", "devices", columns, DEVICES),),
        notes=(
            "dense peaks: where a data sheet counts sparsity, half of what it prints; – where none is known",
            "ridge: FLOP/byte at bf16, or the nearest to it that is known",
        ),
    )


def _peak(precision: Precision) -> Column[Device]:
    return Column(f"{precision}_flop_per_s", precision, lambda device: device.peaks.get(precision), "flop_rate")
