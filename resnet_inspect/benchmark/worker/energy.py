"""The energy of a call, by the GPU's own counter."""

import time
from collections.abc import Callable

from resnet_inspect.benchmark.messages import Energy, Unavailable

SECONDS = 10.0  # of a window: the counter moves in steps of some 0.1 s
CALLS = 10  # between two looks at the clock, so that the queue stays full

Call = Callable[[], object]


def per_image(
    joules: Callable[[], float | None],
    run: Call,
    sync: Call,
    images: int,
    seconds: float = SECONDS,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Energy:
    """Joules an image over a window of calls back to back, and beyond what the device takes idle in that time.

    Idle is the device with its context and weights, waiting. ``joules`` reads the counter, None where it is silent.

    Raises:
        Unavailable: the counter is silent.
    """
    sync()
    idle = _window(joules, lambda: sleep(seconds), clock)
    calls = 0

    def work() -> None:
        nonlocal calls
        end = clock() + seconds
        while clock() < end:
            for _ in range(CALLS):
                run()
            sync()
            calls += CALLS

    busy = _window(joules, work, clock)
    if idle is None or busy is None:
        raise Unavailable("NVML does not tell the energy")
    idle_w, done = idle[0] / idle[1], images * calls
    return Energy(
        j_per_image=busy[0] / done,
        net_j_per_image=(busy[0] - idle_w * busy[1]) / done,
        idle_w=idle_w,
        busy_w=busy[0] / busy[1],
        window_s=busy[1],
        images=done,
    )


def _window(joules: Callable[[], float | None], work: Call, clock: Callable[[], float]) -> tuple[float, float] | None:
    """Joules and seconds of ``work``."""
    before, start = joules(), clock()
    work()
    after, end = joules(), clock()
    return None if before is None or after is None else (after - before, end - start)
