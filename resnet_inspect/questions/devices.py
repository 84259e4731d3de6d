"""The devices whose peaks are known, as a table."""

from resnet_inspect.hardware.devices import DEVICES, Device, own_devices
from resnet_inspect.report import Column, Report, tabulate
from resnet_inspect.vocabulary import PRECISIONS, Precision


def devices() -> Report:
    """A row for each device: dense peaks, bandwidth, the intensity at which the roofs meet, and the source.

    Raises:
        RequestError: an entry of the nearest pyproject.toml is wrong.
    """
    known = (*DEVICES, *own_devices().values())
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
        title=f"{len(known)} devices",
        tables=(tabulate("devices", "devices", columns, known),),
        notes=(
            "peaks are dense: half of what a data sheet prints with sparsity; – is unknown",
            "ridge: FLOP/byte at bf16, or at the next precision whose peak is known",
        ),
    )


def _peak(precision: Precision) -> Column[Device]:
    return Column(f"{precision}_flop_per_s", precision, lambda device: device.peaks.get(precision), "flop_rate")
