"""One arm held against another: by the quantity that a caller waits for, beside the machine's own pace."""

from dataclasses import dataclass

from resnet_inspect.benchmark.assemble import HOST_BOUND
from resnet_inspect.benchmark.compare import DELTA, Comparison, compare
from resnet_inspect.benchmark.record import Result


@dataclass(frozen=True, slots=True)
class Between:
    """``comparison`` of a quantity whose medians are ``old_ms`` and ``new_ms``."""

    old_ms: float
    new_ms: float
    comparison: Comparison


def between(old: Result, new: Result, seed: int, comparable: bool = True, scale: float = 1.0) -> Between | None:
    """``new`` against ``old``; None where one of the two has no valid measurement.

    The device's time is taken where it is what a caller waits for in both, latency otherwise. ``comparable``: both ran
    on one machine with one torch and equal environment variables, so that their yardsticks may be divided, where they
    have equal threads. New times are multiplied by ``scale``. A difference decides nothing where others had a part of
    the CPU, or Ctrl-C ended a run. Rounds are not paired, inside one Record neither: arms end after different numbers
    of them.
    """
    name = "latency" if _waits_for_host(old) or _waits_for_host(new) else "device_time"
    one, other = old.metrics.get(name), new.metrics.get(name)
    if one is None or other is None or not (old.valid and new.valid):
        return None
    paces = None
    if comparable and old.case.threads == new.case.threads and old.paces_ms and new.paces_ms:
        paces = old.paces_ms, new.paces_ms
    delta = DELTA[new.case.device.partition(":")[0]]
    rounds = [[scale * ms for ms in samples] for samples in other.rounds]
    doubtful = crowded(old) or crowded(new) or "interrupted" in (old.stopped, new.stopped)
    found = compare(one.rounds, rounds, delta, seed, doubtful=doubtful, paces=paces)
    return Between(one.median_ms, other.median_ms, found)


def crowded(result: Result) -> bool:
    """Whether other programs had a part of the CPU: a time is then theirs too."""
    return any(found["code"] == "crowded" for found in result.findings)


def _waits_for_host(result: Result) -> bool:
    """Whether the chip's share is not what a caller waits for, or not known."""
    device, enqueue = result.metrics.get("device_time"), result.metrics.get("enqueue")
    return device is None or enqueue is None or enqueue.median_ms > HOST_BOUND * device.median_ms
