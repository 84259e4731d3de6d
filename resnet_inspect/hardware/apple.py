"""Apple's GPUs. Apple publishes only the fp32 rate, and none of later chips."""

from resnet_inspect.hardware.device import GIGA, Device, tera

DEVICES: tuple[Device, ...] = (
    Device(
        "m1-pro",
        "Apple M1 Pro, GPU of 16 cores",
        tera(5.2, None, None, None),
        200 * GIGA,
        "Apple's announcement of M1 Pro and M1 Max, October 2021",
        ("Apple M1 Pro",),
    ),
    Device(
        "m1-max",
        "Apple M1 Max, GPU of 32 cores",
        tera(10.4, None, None, None),
        400 * GIGA,
        "Apple's announcement of M1 Pro and M1 Max, October 2021",
        ("Apple M1 Max",),
    ),
    Device(
        "m2",
        "Apple M2, GPU of 10 cores",
        tera(3.6, None, None, None),
        100 * GIGA,
        "Apple's announcement of M2, June 2022",
        ("Apple M2",),
    ),
)
