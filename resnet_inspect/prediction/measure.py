"""A calibration's Record: a first net with the ceilings of the machine, then the nets of the list that time allows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from resnet_inspect import sources
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.process import probe
from resnet_inspect.benchmark.record import Record, Result
from resnet_inspect.benchmark.request import Request, graph_of
from resnet_inspect.benchmark.run import Count, Save, Tell, run
from resnet_inspect.hardware import machine as machines
from resnet_inspect.hardware.devices import device_from_ceilings
from resnet_inspect.hardware.floor import floors_ms
from resnet_inspect.prediction.calibration_nets import ANCHOR, CALIBRATION, choose_cases, limits_for, nets_of

MIN_TIME_S = 1.5  # of sampling a case, in two rounds: many cases tell more than long ones
MARGIN = 1.3  # a net may be further from its floor than the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How nets are to run; None stands for the default of the device. A profile comes of each number of threads."""

    device: str = "auto"
    precision: str | None = None
    layout: str = "contiguous"
    mode: str = "eager"
    threads: tuple[int, ...] | None = None


def measure(way: Way, quick: bool, seed: int, argv: Sequence[str], save: Save, tell: Tell, progress: Count) -> Record:
    """Measure the calibration's nets; ``save``, ``tell`` and ``progress`` are those of ``benchmark.run``.

    A Record with fewer results than planned was interrupted.

    Raises:
        RequestError: a combination cannot run. MachineError: the machine has no such device.
    """
    probed = probe(way.device)
    threads = way.threads or (machines.usable_cpus(machines.read()),)
    request = Request(
        nets=(sources.find(ANCHOR.net),),
        image=(ANCHOR.batch, 3, ANCHOR.side, ANCHOR.side),
        device=probed.device,
        precisions=(way.precision or probed.precision,),
        layouts=(way.layout,),
        modes=(way.mode,),
        threads=threads,
        extras=("ceilings",),
        quick=True,
        min_time_s=None if quick else MIN_TIME_S,
        seed=seed,
        argv=tuple(argv),
    )
    most = len(threads) * len(CALIBRATION)  # how many there is time for, the first net tells
    first = run(request, save, tell, lambda ended, planned: progress(ended, planned + most))
    cases = [case for result in first.results for case in _following(result, quick)]
    if not cases or is_interrupted(first):
        return first
    progress(len(first.results), first.planned + len(cases))
    rest = replace(request, nets=tuple(map(sources.find, nets_of(cases))), extras=(), cases=tuple(cases))
    record = run(
        rest,
        lambda record: save(_joined(first, record)),
        tell,
        lambda ended, planned: progress(first.planned + ended, first.planned + planned),
    )
    return _joined(first, record)


def is_interrupted(record: Record) -> bool:
    """Whether a signal ended the run before its last case."""
    return len(record.results) < record.planned or any(r.stopped == "interrupted" for r in record.results)


def _following(first: Result, quick: bool) -> list[Case]:
    """The cases that are to be measured in the way of ``first``; none where that failed."""
    latency, ceilings = first.metrics.latency, first.ceilings
    if not first.valid or latency is None or ceilings is None:
        return []
    device = device_from_ceilings(ceilings)

    def floor_ms(case: Case) -> float:
        fused, eager = floors_ms(graph_of(case, sources.find(case.model)), device, case.arithmetic)
        return fused if case.is_compiled else eager

    above_floor = MARGIN * latency.median_ms / floor_ms(first.case)
    limits = limits_for(first.case, quick)
    return choose_cases(first.case, lambda case: above_floor * floor_ms(case) / 1e3, limits)


def _joined(first: Record, record: Record) -> Record:
    planned, results = first.planned + record.planned, first.results + record.results
    return replace(record, planned=planned, results=results)
