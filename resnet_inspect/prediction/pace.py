"""How fast the machine is now, by the reference workload of its calibration."""

from collections.abc import Callable

from resnet_inspect import sources
from resnet_inspect.benchmark.request import Request
from resnet_inspect.benchmark.run import run
from resnet_inspect.errors import InconclusiveError, RequestError
from resnet_inspect.prediction.measure import is_interrupted
from resnet_inspect.prediction.one_pace import pace_of
from resnet_inspect.prediction.profile import Profile
from resnet_inspect.prediction.profiles import check_is_here


def measure_drift(profile: Profile, tell: Callable[[str], None]) -> float:
    """The reference workload's time now over its time at the calibration: above 1 the machine is slower.

    A small net is measured, as the workload is timed before each round of a case.

    Raises:
        RequestError: the profile has no such time, or is of another machine. InconclusiveError: it could not be timed.
        KeyboardInterrupt: stopped.
    """
    conditions, before_ms = profile.conditions, profile.reference_ms
    if before_ms is None or conditions.threads is None:
        raise RequestError(
            "--pace needs a calibration of a CPU: no reference workload was timed for this profile",
            hint="leave out --pace",
        )
    check_is_here(profile, conditions.device)
    request = Request(
        nets=(sources.find("resnet18"),),
        image=(1, 3, 32, 32),
        device=conditions.device,
        threads=(conditions.threads,),
        quick=True,
    )
    record = run(request, lambda record: None, tell, lambda ended, planned: None)
    if is_interrupted(record):
        raise KeyboardInterrupt  # which ``run`` keeps to itself
    now_ms = pace_of(record.results)
    if now_ms is None:
        raise InconclusiveError("the reference workload could not be timed", hint="leave out --pace")
    return now_ms / before_ms
