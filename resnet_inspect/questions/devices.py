"""The devices whose peaks are known, side by side."""

from resnet_inspect.hardware.devices import DEVICES
from resnet_inspect.report import Column, Report, Row, Table
from resnet_inspect.vocabulary import PRECISIONS


def devices() -> Report:
    """One row a device: dense peaks, bandwidth, the intensity at which its two roofs meet, and who says so."""
    columns = (
        Column("device", "device"),
        Column("title", "name", optional=True),
        *(Column(f"{p}_flop_per_s", p, "flop_rate") for p in PRECISIONS),
        Column("bandwidth_bytes_per_s", "bandwidth", "byte_rate"),
        Column("ridge_flop_per_byte", "ridge", "rate", optional=True),
        Column("source", "source", optional=True),
    )
    rows: tuple[Row, ...] = tuple(
        (
            device.name,
            device.title,
            *(device.peaks.get(p) for p in PRECISIONS),
            device.bandwidth,
            device.ridge(device.precision),
            device.source,
        )
        for device in DEVICES
    )
    return Report(
        kind="devices",
        model=None,
        title=f"{len(rows)} devices",
        tables=(Table("devices", "devices", columns, rows),),
        notes=(
            "dense peaks: where a data sheet counts sparsity, half of what it prints; – where none is known",
            "ridge: FLOP/byte at bf16, or the nearest to it that is known",
        ),
    )
