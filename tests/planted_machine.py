"""A machine whose speed is known: its workers answer what planted coefficients say of their net, with noise."""

from dataclasses import dataclass, field, replace
from math import inf
from random import Random
from typing import TypeVar

import pytest
from raw_results import CPU_ROUND, FINISHED, GPU, GPU_STATE, MEMORY, PREPARED, WARMED_UP

from resnet_inspect.benchmark import run as benchmark
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import Job, Request, RoundSamples, WorkerLost
from resnet_inspect.graph import Graph
from resnet_inspect.hardware.ceilings import Ceilings
from resnet_inspect.hardware.gpu import Probe
from resnet_inspect.prediction import measure
from resnet_inspect.prediction.features import CLASSES, features_of
from resnet_inspect.prediction.profile import seconds_of
from resnet_inspect.resnet.fields import from_mapping
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec

A = TypeVar("A")

FLOP_PER_S, BYTES_PER_S = 2e11, 4e10
ENQUEUE_S = 1e-6  # of the host, for a call to a GPU
# Of a CPU: 3×3 convolutions near the peak, 1×1 slower, depthwise far from it.
TRUTH: dict[str, float] = {
    **dict.fromkeys(CLASSES, 1 / (0.6 * BYTES_PER_S)),
    "conv3x3": 1 / (0.8 * FLOP_PER_S),
    "conv1x1": 1 / (0.5 * FLOP_PER_S),
    "dilated": 1 / (0.6 * FLOP_PER_S),
    "grouped": 1 / (0.3 * FLOP_PER_S),
    "depthwise": 1 / (0.05 * FLOP_PER_S),
    "stem": 1 / (0.4 * FLOP_PER_S),
    "linear": 1 / (0.2 * FLOP_PER_S),
    "products": 1 / (0.1 * FLOP_PER_S),
    "calls": 5e-6,
}


@dataclass
class PlantedMachine:
    """Answers for every worker; it computes ``speed`` times as fast as TRUTH, and each round takes ``slower`` as long.

    ``fails`` names nets whose workers are lost in their first round, ``interrupts`` one at which Ctrl-C comes;
    it also comes after ``last_round`` rounds.
    """

    noise: float = 0.02
    speed: float = 1.0
    slower: tuple[float, ...] = (1.0,)
    fails: frozenset[str] = frozenset()
    interrupts: str = ""
    last_round: float = inf
    device: str = "cpu"
    rng: Random = field(default_factory=lambda: Random(0))
    rounds: int = 0
    measured: list[Case] = field(default_factory=list)

    def seconds(self, graph: Graph, case: Case) -> float:
        """The true time of a call at the usual pace."""
        amounts = features_of(graph, case.arithmetic, case.mode, case.kind == "cpu").amounts
        calls_s = amounts["calls"] * TRUTH["calls"]
        return calls_s + (seconds_of(amounts, TRUTH) - calls_s) / self.speed

    def install(self, monkeypatch: pytest.MonkeyPatch) -> "PlantedMachine":
        gpu = None if self.device == "cpu" else GPU
        probe = Probe(self.device, "fp32", {"torch": "2.15.0", "torchvision": "0.29.2", "resnet-inspect": "0"}, gpu)
        for module in benchmark, measure:
            monkeypatch.setattr(module, "probe", lambda device: probe)
        monkeypatch.setattr(benchmark, "ProcessWorker", lambda job: PlantedWorker(self, job))
        return self


class PlantedWorker:
    """A worker of one case of a ``PlantedMachine``."""

    def __init__(self, machine: PlantedMachine, job: Job) -> None:
        self.machine, self.case = machine, job.case
        n, c, h, w = job.case.input
        graph = lower(from_mapping(ResNetSpec(), job.source["spec"]), job.case.model, (n, c, h, w))
        self.ms = 1e3 * machine.seconds(graph, job.case)
        self.enqueue_ms = (
            1e3
            * ENQUEUE_S
            * features_of(graph, job.case.arithmetic, job.case.mode, job.case.kind == "cpu").amounts["calls"]
        )

    def ask(self, request: Request[A]) -> A:
        answers = {
            "prepare": PREPARED,
            "warm-up": WARMED_UP,
            "memory": MEMORY,
            "finish": FINISHED,
            "ceilings": self.ceilings(),
        }
        answer = self.round() if request.name == "round" else answers[request.name]
        assert isinstance(answer, request.answer)
        return answer

    def ceilings(self) -> Ceilings:
        return Ceilings(
            device=self.case.device,
            title="planted",
            precision=self.case.arithmetic,
            flop_per_s=FLOP_PER_S * self.machine.speed,
            flop_spread=0.01,
            bytes_per_s=BYTES_PER_S * self.machine.speed,
            bytes_spread=0.01,
            source="planted",
        )

    def round(self) -> RoundSamples:
        machine = self.machine
        if self.case.model in machine.fails:
            raise WorkerLost("crashed", "planted")
        if self.case.model == machine.interrupts or machine.rounds >= machine.last_round:
            raise KeyboardInterrupt
        slower = machine.slower[machine.rounds % len(machine.slower)]
        machine.rounds += 1
        machine.measured.append(self.case)
        ms = self.ms * slower * machine.rng.lognormvariate(0, machine.noise)
        latency = tuple(ms * machine.rng.lognormvariate(0, 0.005) for _ in range(6))
        reference = tuple(piece * slower for piece in CPU_ROUND.reference_ms)
        state = replace(CPU_ROUND, reference_ms=reference)
        samples = RoundSamples(latency_ms=latency, block_calls=2, block_ms=2 * ms, state=state)
        if self.case.device == "cpu":
            return samples
        device_ms = tuple(0.99 * sample for sample in latency)
        return replace(samples, state=GPU_STATE, device_time_ms=device_ms, enqueue_ms=(self.enqueue_ms,) * len(latency))

    def close(self) -> None:
        pass
