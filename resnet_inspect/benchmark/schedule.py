"""Playing the cases of a benchmark: each in its own worker, all of a group once a round, in random order.

A case goes through the states of ``State``, one method a state. Workers come from a function, so that tests play whole
benchmarks with fakes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from random import Random
from typing import Any, Literal, TypeVar

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import (
    CEILINGS,
    ENERGY,
    EXCHANGE,
    FINISH,
    LAYER,
    MEMORY,
    PHASES,
    PREPARE,
    ROUND,
    STAGE,
    WARM_UP,
    Energy,
    Exchange,
    Extra,
    Finished,
    Lost,
    MarkedCalls,
    MeasuredMemory,
    Phases,
    Prepared,
    Request,
    RoundSamples,
    Unavailable,
    WarmedUp,
    Worker,
    WorkerLost,
)
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.statistics import half_width, median_interval, median_of, pooled
from resnet_inspect.benchmark.stopping import Stop, reason_to_stop
from resnet_inspect.hardware.ceilings import Ceilings
from resnet_inspect.hardware.gpu import GpuState
from resnet_inspect.units import text

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class RawResult:
    """What a worker answered for a case, before any statistics; ``unavailable`` says why an extra is None."""

    case: Case
    status: Literal["ok"] | Lost = "ok"
    detail: str = ""
    prepared: Prepared | None = None
    warmed_up: WarmedUp | None = None
    memory: MeasuredMemory | None = None
    rounds: tuple[RoundSamples, ...] = ()
    stopped: Stop | None = None
    finished: Finished | None = None
    phases: Phases | None = None
    stage: MarkedCalls | None = None
    layer: MarkedCalls | None = None
    energy: Energy | None = None
    ceilings_before: Ceilings | None = None
    ceilings_after: Ceilings | None = None
    exchange: Exchange | None = None
    unavailable: Mapping[str, str] = field(default_factory=dict)

    @property
    def latency_ms(self) -> list[tuple[float, ...]]:
        return [r.latency_ms for r in self.rounds]

    @property
    def device_time_ms(self) -> list[tuple[float, ...]]:
        return [r.device_time_ms for r in self.rounds if r.device_time_ms]

    @property
    def enqueue_ms(self) -> list[tuple[float, ...]]:
        return [r.enqueue_ms for r in self.rounds if r.enqueue_ms]

    @property
    def recompiled_graphs(self) -> int:
        return max((r.recompiled_graphs for r in self.rounds), default=0)

    @property
    def power_capped(self) -> bool:
        states = [r.state for r in self.rounds]
        return any(isinstance(state, GpuState) and "power cap" in (state.throttle or ()) for state in states)


# After each round, of what every case has answered so far: which cases stop, and why.
Referee = Callable[[Sequence[RawResult]], Mapping[Case, Stop]]


class State(Enum):
    """Where a case stands; from each state it may be lost, which is DONE."""

    STARTED = "its worker runs"
    SAMPLING = "warm, one round after the other"
    SAMPLED = "a stopping rule holds"
    DONE = "measured, lost or interrupted"


def conduct(
    cases: Sequence[Case],
    start: Callable[[Case], Worker],
    plan: Plan,
    rng: Random,
    tell: Callable[[str], None],
    extras: Sequence[Extra] = (),
    referee: Referee | None = None,
    watch: Callable[[RawResult], None] = lambda raw: None,
) -> Iterator[RawResult]:
    """Play the cases of a group and yield what came of each, as each ends; a lost worker ends its own case only.

    ``extras`` are measured after the rounds, ceilings before them too. A ``referee`` stops the cases in place of the
    plan's rules. ``watch`` is given what a case has answered, each time it has played a round. Ctrl-C ends everything,
    and first yields the cases that have a whole round.
    """
    players: list[Player] = []
    try:
        for case in cases:
            player = Player(case, start, plan, tell, tuple(extras), referee is not None)
            players.append(player)  # before it works, so that whatever ends this closes its worker
            player.prepare()
            if player.state is State.DONE:
                yield player.end()
        number = 0
        while playing := [player for player in players if player.state is State.SAMPLING]:
            number += 1
            rng.shuffle(playing)
            for player in playing:
                player.play_round(number)
                if player.state is State.SAMPLED:
                    player.finish()
                if player.state is State.DONE:
                    yield player.end()
                else:
                    watch(player.raw)
            stops = referee([player.raw for player in players]) if referee is not None else {}
            for player in players:
                if player.case in stops and player.state is State.SAMPLING:
                    player.stop(stops[player.case])
                    player.finish()
                    yield player.end()
    except KeyboardInterrupt:
        for each in sorted(players, key=lambda each: each is player):  # last the one whose worker is busy, or hangs
            if not each.ended and each.interrupt():
                yield each.end()
        raise
    finally:
        for player in players:
            if not player.ended:
                player.close()


# extra -> the field of a RawResult that holds it, and what a worker is asked
EXTRAS: dict[Extra, tuple[str, Request[object]]] = {
    "stage": ("stage", STAGE),
    "layer": ("layer", LAYER),
    "energy": ("energy", ENERGY),
    "ceilings": ("ceilings_after", CEILINGS),
}


class Player:
    """One case on its way through the states; ``raw`` is what its worker has answered so far."""

    def __init__(
        self,
        case: Case,
        start: Callable[[Case], Worker],
        plan: Plan,
        tell: Callable[[str], None],
        extras: tuple[Extra, ...],
        is_refereed: bool = False,
    ) -> None:
        self.case, self.start, self.plan, self.tell, self.extras = case, start, plan, tell, extras
        self.is_refereed = is_refereed
        self.raw = RawResult(case)
        self.worker = start(case)
        self.state = State.STARTED
        self.ended = False

    def prepare(self) -> None:
        """STARTED -> SAMPLING."""
        self.tell(f"{self.case.label}: warming up")
        with self._ending_when_lost():
            self._warm_up()
            self._keep(memory=self.worker.ask(MEMORY))
            if "ceilings" in self.extras:
                self.tell(f"{self.case.label}: ceilings")
                with suppress(Unavailable, WorkerLost):  # those after the rounds say why
                    self._keep(ceilings_before=self.worker.ask(CEILINGS))
            self.state = State.SAMPLING

    def play_round(self, number: int) -> None:
        """SAMPLING -> SAMPLING, or SAMPLED when a rule of the plan holds; where there is a referee, it decides."""
        self.tell(f"{self.case.label}: round {number}{self._so_far()}")
        with self._ending_when_lost():
            if self.plan.fresh and self.raw.rounds:
                self.worker.close()
                self.worker = self.start(self.case)
                self._warm_up()
            self._keep(rounds=(*self.raw.rounds, self.worker.ask(ROUND)))
            if not self.is_refereed:
                self.stop(reason_to_stop(self.raw.latency_ms, self.plan))

    def stop(self, reason: Stop | None) -> None:
        """SAMPLING -> SAMPLED, if there is a reason."""
        self._keep(stopped=reason)
        if reason is not None:
            self.state = State.SAMPLED

    def finish(self) -> None:
        """SAMPLED -> DONE: a last look at the outputs, then the extras."""
        with self._ending_when_lost():
            self._keep(finished=self.worker.ask(FINISH))
            if self.case.task == "train":
                self._measure("phases", "phases", PHASES)
            if (self.case.processes or 1) > 1:
                self._measure("exchange", "exchange", EXCHANGE)
            for extra in self.extras:
                self.tell(f"{self.case.label}: {extra}")
                self._measure(extra, *EXTRAS[extra])
            self.state = State.DONE

    def interrupt(self) -> bool:
        """Any state -> DONE after Ctrl-C; whether the case is to be kept.

        The worker may be busy: what it does not answer at once stays unknown. No phases are asked for: it may be
        warming up.
        """
        self.state = State.DONE
        if self.raw.finished is None and self.raw.rounds:
            self._keep(stopped="interrupted")
            with suppress(WorkerLost):
                self._keep(finished=self.worker.ask(FINISH))
        return bool(self.raw.rounds)

    def end(self) -> RawResult:
        """What came of the case; its worker is closed."""
        self.close()
        self.ended = True
        return self.raw

    def close(self) -> None:
        with suppress(WorkerLost):
            self.worker.close()

    def _warm_up(self) -> None:
        """``warmed_up`` is the last worker's; ``settled`` holds only where it holds of each."""
        self._keep(prepared=self.worker.ask(PREPARE))
        warmed_up, earlier = self.worker.ask(WARM_UP), self.raw.warmed_up
        settled = warmed_up.settled and (earlier is None or earlier.settled)
        self._keep(warmed_up=replace(warmed_up, settled=settled))

    def _measure(self, name: str, field: str, request: Request[object]) -> None:
        """A worker that is lost here has measured its case before: the reason is kept, and the result."""
        try:
            self._keep(**{field: self.worker.ask(request)})
        except (Unavailable, WorkerLost) as error:
            self._keep(unavailable={**self.raw.unavailable, name: error.reason})

    @contextmanager
    def _ending_when_lost(self) -> Iterator[None]:
        try:
            yield
        except WorkerLost as lost:
            self._keep(status=lost.status, detail=lost.detail)
            self.state = State.DONE

    def _keep(self, **answers: Any) -> None:  # fields of a RawResult
        self.raw = replace(self.raw, **answers)

    def _so_far(self) -> str:
        """``, 26.4 ms ±1.9%``, when there is something to say; a referee goes by no interval of a case's own."""
        if not self.raw.rounds:
            return ""
        latency = self.raw.latency_ms
        median = median_of(pooled(latency))
        if self.is_refereed:
            return f", {text(median, 'ms')}"
        half = half_width(median_interval(latency, self.plan.seed, resamples=100), median)
        return f", {text(median, 'ms')} ±{text(half, 'share')}"
