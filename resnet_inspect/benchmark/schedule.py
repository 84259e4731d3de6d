"""Playing the arms of a benchmark: each in a worker of its own, all of a group once a round, in random order.

The workers are given by a function, so that tests play whole benchmarks with fakes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.plan import Plan, reason_to_stop
from resnet_inspect.benchmark.statistics import half_width, median_interval, median_of, pooled
from resnet_inspect.units import text

TWICE = "ceilings"  # the one pass that is asked for before the rounds as well as after them
LEAST_ROUNDS = 2  # of which an interval can be told
GROUP = 4  # arms interleaved at a time, if their memory allows it


class Worker(Protocol):
    """A process that answers one request after the other."""

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer. Raises WorkerLost if there is none."""
        ...

    def close(self) -> None: ...


class WorkerLost(Exception):  # noqa: N818  # it is what happened to a worker, not a fault of ours
    """A worker that will not answer: ``status`` is oom, crashed or timeout, ``detail`` what is known of it."""

    def __init__(self, status: str, detail: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.detail = detail


@dataclass(slots=True)
class RawResult:
    """What has come of one arm so far: raw, as the worker said it. Each list holds one entry a round."""

    case: Case
    status: str = "ok"
    detail: str = ""
    prepared: dict[str, Any] = field(default_factory=dict)
    warm: dict[str, Any] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)
    latency: list[list[float]] = field(default_factory=list)
    device_time: list[list[float]] = field(default_factory=list)
    enqueue: list[list[float]] = field(default_factory=list)
    blocks: list[tuple[int, float]] = field(default_factory=list)
    clocks: list[dict[str, Any]] = field(default_factory=list)
    recompiled: int = 0
    after: dict[str, Any] = field(default_factory=dict)
    passes: dict[str, dict[str, Any]] = field(default_factory=dict)
    ceilings_before: dict[str, Any] | None = None
    stopped: str | None = None


def groups(cases: Sequence[Case], need: Callable[[Case], int], available: int) -> Iterator[list[Case]]:
    """Runs of at most GROUP arms whose bytes fit together; on a GPU every arm has the device to itself."""
    group: list[Case] = []
    for case in cases:
        alone = not case.device.startswith("cpu")
        if group and (alone or len(group) == GROUP or sum(map(need, [*group, case])) > available):
            yield group
            group = []
        group.append(case)
    if group:
        yield group


def conduct(
    group: Sequence[Case],
    start: Callable[[Case], Worker],
    plan: Plan,
    rng: Random,
    tell: Callable[[str], None],
    passes: Sequence[str] = (),
) -> Iterator[RawResult]:
    """Play the arms of a group and yield what came of each, as each ends; a lost worker ends its own arm alone.

    ``passes``: stage, layer, energy, ceilings: what is asked of a worker besides, each in a pass of its own after the
    rounds; ceilings before them too.
    Ctrl-C ends everything, and first yields the arms that have two rounds or more.
    """
    playing: list[tuple[RawResult, Worker]] = []
    try:
        for case in group:
            raw, worker = RawResult(case), start(case)
            playing.append((raw, worker))  # from its start, so that whatever ends this closes it
            tell(f"{case.label}: warming up")
            if not _prepared(raw, worker):
                playing.remove((raw, worker))
                worker.close()
                yield raw
            elif TWICE in passes:
                tell(f"{case.label}: {TWICE}")
                _passed(raw, worker, TWICE)
                raw.ceilings_before = raw.passes.pop(TWICE)
        number = 0
        while playing:
            number += 1
            rng.shuffle(playing)
            for raw, worker in list(playing):
                tell(f"{raw.case.label}: round {number}{_so_far(raw, plan)}")
                warm = True
                if plan.fresh and raw.latency:
                    playing.remove((raw, worker))
                    worker.close()
                    worker = start(raw.case)
                    playing.append((raw, worker))
                    warm = _warmed(raw, worker)
                if not warm or not _round(raw, worker, plan) or _finished(raw, worker, plan):
                    for name in passes if raw.status == "ok" else ():
                        tell(f"{raw.case.label}: {name}")
                        _passed(raw, worker, name)
                    playing.remove((raw, worker))
                    worker.close()
                    yield raw
    except KeyboardInterrupt:
        for raw, worker in playing:
            if raw.after:  # its rounds were over: a pass alone is cut short
                yield raw
            elif len(raw.latency) >= LEAST_ROUNDS:
                raw.stopped = "interrupted"
                if _ended(raw, worker):
                    yield raw
        raise
    finally:
        for _, worker in playing:
            with suppress(WorkerLost):
                worker.close()


def _so_far(raw: RawResult, plan: Plan) -> str:
    """``, 26.4 ms ±1.9%``, when there is something to say."""
    if not raw.latency:
        return ""
    median = median_of(pooled(raw.latency))
    half = half_width(median_interval(raw.latency, plan.seed, resamples=100), median)
    return f", {text(median, 'ms')} ±{text(half, 'share')}"


def _prepared(raw: RawResult, worker: Worker) -> bool:
    return _warmed(raw, worker) and _asked(raw, worker, {"do": "memory"}, lambda answer: setattr(raw, "memory", answer))


def _warmed(raw: RawResult, worker: Worker) -> bool:
    """``take.warm`` is of the last worker; that it settled, of each."""

    def keep(answer: dict[str, Any]) -> None:
        raw.warm = {**answer, "settled": answer["settled"] and raw.warm.get("settled", True)}

    return _asked(raw, worker, {"do": "prepare"}, lambda answer: setattr(raw, "prepared", answer)) and _asked(
        raw, worker, {"do": "warm"}, keep
    )


def _round(raw: RawResult, worker: Worker, plan: Plan) -> bool:
    at_least = -(-plan.min_samples // plan.rounds)
    request = {"do": "round", "seconds": plan.min_round_s, "at_least": at_least, "rewarm": plan.rewarm_s}

    def keep(answer: Mapping[str, Any]) -> None:
        raw.latency.append(answer["latency"])
        raw.blocks.append((answer["block"][0], answer["block"][1]))
        if answer.get("enqueue"):
            raw.enqueue.append(answer["enqueue"])
        if answer.get("device_time"):
            raw.device_time.append(answer["device_time"])
        raw.clocks.append(answer.get("clocks") or {})
        raw.recompiled = max(raw.recompiled, answer.get("recompiled", 0))

    return _asked(raw, worker, request, keep)


def _finished(raw: RawResult, worker: Worker, plan: Plan) -> bool:
    raw.stopped = reason_to_stop(raw.latency, plan)
    if raw.stopped is None:
        return False
    _ended(raw, worker)
    return True


def _ended(raw: RawResult, worker: Worker) -> bool:
    """What is asked when the rounds are over; no phases after Ctrl-C, which may have found the worker warming up."""
    if not _asked(raw, worker, {"do": "after"}, lambda answer: setattr(raw, "after", answer)):
        return False
    if raw.case.task == "train" and raw.stopped != "interrupted":
        _passed(raw, worker, "phases")
    return True


def _passed(raw: RawResult, worker: Worker, name: str) -> None:
    """A worker that is lost here has given its measurement before: the reason is kept, and the arm."""
    try:
        raw.passes[name] = worker.ask({"do": name})
    except WorkerLost as lost:
        raw.passes[name] = {"reason": f"{lost.status}: {lost.detail}" if lost.detail else lost.status}


def _asked(raw: RawResult, worker: Worker, request: Mapping[str, Any], keep: Callable[[dict[str, Any]], None]) -> bool:
    try:
        keep(worker.ask(request))
    except WorkerLost as lost:
        raw.status, raw.detail = lost.status, lost.detail
        return False
    return True
