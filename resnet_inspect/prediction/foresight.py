"""What this machine's own profiles foresee of cases that have not run."""

from collections.abc import Callable

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.record import Result
from resnet_inspect.graph import Graph
from resnet_inspect.prediction.drift import at_drift
from resnet_inspect.prediction.one_pace import pace_of
from resnet_inspect.prediction.profile import Profile
from resnet_inspect.prediction.profiles import own_profiles

Way = tuple[str, str, str, int | None]  # precision, layout, mode and threads, as a profile's conditions have them


def foresee_by_profiles() -> Callable[[Case, Graph, Result | None], float]:
    """A function that gives the low end of the interval of a case's predicted time, in milliseconds.

    It is 0 where no profile of this machine has the case's device, precision, layout, mode and threads. A result of now
    tells the machine's pace: where its reference workload takes less time than at the calibration, so may the case.
    """
    profiles: dict[str, dict[Way, Profile]] = {}

    def foresee(case: Case, graph: Graph, now: Result | None) -> float:
        if case.kind not in profiles:
            profiles[case.kind] = {_way(profile): profile for profile in own_profiles(case.kind)}
        threads = None if case.kind == "cuda" else case.threads
        profile = profiles[case.kind].get((case.precision, case.layout, case.mode, threads))
        if profile is None:
            return 0.0
        now_ms, then_ms = pace_of([now]) if now is not None else None, profile.reference_ms
        drift = now_ms / then_ms if now_ms and then_ms else 1.0
        return at_drift(profile.predict(graph), drift).low_ms or 0.0

    return foresee


def _way(profile: Profile) -> Way:
    of = profile.conditions
    return of.precision, of.layout, of.mode, of.threads
