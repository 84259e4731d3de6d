"""Playing the arms of a benchmark: each in a worker of its own, all of a group once a round, in random order.

The workers are given by a function, so that tests play whole benchmarks with fakes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from resnet_inspect.benchmark.case import Config
from resnet_inspect.benchmark.plan import Protocol as Plan
from resnet_inspect.benchmark.plan import reason_to_stop
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
class Take:
    """What has come of one arm so far: raw, as the worker said it. Each list holds one entry a round."""

    config: Config
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


def groups(configs: Sequence[Config], need: Callable[[Config], int], available: int) -> Iterator[list[Config]]:
    """Runs of at most GROUP arms whose bytes fit together; on a GPU every arm has the device to itself."""
    group: list[Config] = []
    for config in configs:
        alone = not config.device.startswith("cpu")
        if group and (alone or len(group) == GROUP or sum(map(need, [*group, config])) > available):
            yield group
            group = []
        group.append(config)
    if group:
        yield group


def conduct(
    group: Sequence[Config],
    start: Callable[[Config], Worker],
    plan: Plan,
    rng: Random,
    tell: Callable[[str], None],
    passes: Sequence[str] = (),
) -> Iterator[Take]:
    """Play the arms of a group and yield what came of each, as each ends; a lost worker ends its own arm alone.

    ``passes``: stage, layer, energy, ceilings: what is asked of a worker besides, each in a pass of its own after the
    rounds; ceilings before them too.
    Ctrl-C ends everything, and first yields the arms that have two rounds or more.
    """
    playing: list[tuple[Take, Worker]] = []
    try:
        for config in group:
            take, worker = Take(config), start(config)
            playing.append((take, worker))  # from its start, so that whatever ends this closes it
            tell(f"{config.label}: warming up")
            if not _prepared(take, worker):
                playing.remove((take, worker))
                worker.close()
                yield take
            elif TWICE in passes:
                tell(f"{config.label}: {TWICE}")
                _passed(take, worker, TWICE)
                take.ceilings_before = take.passes.pop(TWICE)
        number = 0
        while playing:
            number += 1
            rng.shuffle(playing)
            for take, worker in list(playing):
                tell(f"{take.config.label}: round {number}{_so_far(take, plan)}")
                warm = True
                if plan.fresh and take.latency:
                    playing.remove((take, worker))
                    worker.close()
                    worker = start(take.config)
                    playing.append((take, worker))
                    warm = _warmed(take, worker)
                if not warm or not _round(take, worker, plan) or _finished(take, worker, plan):
                    for name in passes if take.status == "ok" else ():
                        tell(f"{take.config.label}: {name}")
                        _passed(take, worker, name)
                    playing.remove((take, worker))
                    worker.close()
                    yield take
    except KeyboardInterrupt:
        for take, worker in playing:
            if take.after:  # its rounds were over: a pass alone is cut short
                yield take
            elif len(take.latency) >= LEAST_ROUNDS:
                take.stopped = "interrupted"
                if _ended(take, worker):
                    yield take
        raise
    finally:
        for _, worker in playing:
            with suppress(WorkerLost):
                worker.close()


def _so_far(take: Take, plan: Plan) -> str:
    """``, 26.4 ms ±1.9%``, when there is something to say."""
    if not take.latency:
        return ""
    median = median_of(pooled(take.latency))
    half = half_width(median_interval(take.latency, plan.seed, resamples=100), median)
    return f", {text(median, 'ms')} ±{text(half, 'share')}"


def _prepared(take: Take, worker: Worker) -> bool:
    return _warmed(take, worker) and _asked(
        take, worker, {"do": "memory"}, lambda answer: setattr(take, "memory", answer)
    )


def _warmed(take: Take, worker: Worker) -> bool:
    """``take.warm`` is of the last worker; that it settled, of each."""

    def keep(answer: dict[str, Any]) -> None:
        take.warm = {**answer, "settled": answer["settled"] and take.warm.get("settled", True)}

    return _asked(take, worker, {"do": "prepare"}, lambda answer: setattr(take, "prepared", answer)) and _asked(
        take, worker, {"do": "warm"}, keep
    )


def _round(take: Take, worker: Worker, plan: Plan) -> bool:
    at_least = -(-plan.min_samples // plan.rounds)
    request = {"do": "round", "seconds": plan.min_round_s, "at_least": at_least, "rewarm": plan.rewarm_s}

    def keep(answer: Mapping[str, Any]) -> None:
        take.latency.append(answer["latency"])
        take.blocks.append((answer["block"][0], answer["block"][1]))
        if answer.get("enqueue"):
            take.enqueue.append(answer["enqueue"])
        if answer.get("device_time"):
            take.device_time.append(answer["device_time"])
        take.clocks.append(answer.get("clocks") or {})
        take.recompiled = max(take.recompiled, answer.get("recompiled", 0))

    return _asked(take, worker, request, keep)


def _finished(take: Take, worker: Worker, plan: Plan) -> bool:
    take.stopped = reason_to_stop(take.latency, plan)
    if take.stopped is None:
        return False
    _ended(take, worker)
    return True


def _ended(take: Take, worker: Worker) -> bool:
    """What is asked when the rounds are over; no phases after Ctrl-C, which may have found the worker warming up."""
    if not _asked(take, worker, {"do": "after"}, lambda answer: setattr(take, "after", answer)):
        return False
    if take.config.task == "train" and take.stopped != "interrupted":
        _passed(take, worker, "phases")
    return True


def _passed(take: Take, worker: Worker, name: str) -> None:
    """A worker that is lost here has given its measurement before: the reason is kept, and the arm."""
    try:
        take.passes[name] = worker.ask({"do": name})
    except WorkerLost as lost:
        take.passes[name] = {"reason": f"{lost.status}: {lost.detail}" if lost.detail else lost.status}


def _asked(take: Take, worker: Worker, request: Mapping[str, Any], keep: Callable[[dict[str, Any]], None]) -> bool:
    try:
        keep(worker.ask(request))
    except WorkerLost as lost:
        take.status, take.detail = lost.status, lost.detail
        return False
    return True
