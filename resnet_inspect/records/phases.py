"""The phases of a training step as a table, and where they do not add up to the step that the rounds timed."""

from collections.abc import Iterator
from typing import NamedTuple

from resnet_inspect.benchmark.record import Metric, Record
from resnet_inspect.benchmark.statistics import mean_half_width
from resnet_inspect.report import Column, Table, tabulate
from resnet_inspect.units import text


class Phase(NamedTuple):
    """The mean of a phase over common steps; ``half_width`` is half its 95 % interval, None where that is unknown."""

    ms: float
    half_width: float | None

    @property
    def share(self) -> float | None:
        return self.half_width / self.ms if self.half_width is not None and self.ms else None


class Step(NamedTuple):
    """The phases of a training step, and its latency in the rounds."""

    case: str
    forward: Phase
    backward: Phase
    optimizer: Phase
    whole: Phase
    latency: Metric | None


COLUMNS: tuple[Column[Step], ...] = (
    Column("case", "case", lambda step: step.case),
    Column("forward_ms", "forward", lambda step: step.forward.ms, "ms"),
    Column("forward_ci95", "±", lambda step: step.forward.share, "share", optional=True),
    Column("backward_ms", "backward", lambda step: step.backward.ms, "ms"),
    Column("backward_ci95", "±", lambda step: step.backward.share, "share", optional=True),
    Column("optimizer_ms", "optimizer", lambda step: step.optimizer.ms, "ms"),
    Column("optimizer_ci95", "±", lambda step: step.optimizer.share, "share", optional=True),
    Column("step_ms", "step", lambda step: step.whole.ms, "ms"),
    Column("step_ci95", "±", lambda step: step.whole.share, "share", optional=True),
)


def tables(record: Record) -> Iterator[Table]:
    """One table of all training steps; the intervals where a step has them."""
    if steps := [*_steps(record)]:
        used = [
            column for column in COLUMNS if not column.optional or any(column.value(step) is not None for step in steps)
        ]
        yield tabulate("phases", "phases of a training step", used, steps)


def notes(record: Record) -> Iterator[str]:
    """How to read the table, and each step whose phases add up to another time than the rounds found."""
    steps = [*_steps(record)]
    if any(step.whole.half_width is not None for step in steps):
        yield "phases: means over steps timed apart from the rounds, and half of each mean's 95 % interval"
    for step in steps:
        (ms, half_width), latency = step.whole[:2], step.latency
        if half_width is None or latency is None:
            continue
        low, high = latency.ci95_ms
        if ms + half_width < low or ms - half_width > high:
            bounds = f"{text(low, 'ms')} to {text(high, 'ms')}"
            yield (
                f"the phases of {step.case} add up to {text(ms, 'ms')} ± {text(half_width, 'ms')}, but the median step "
                f"of the rounds takes {bounds}: the machine changed its pace in between, or some steps stall; trust "
                "the phases' shares more than their times"
            )


def _steps(record: Record) -> Iterator[Step]:
    for result in record.results:
        if (phases := result.phases) is None:
            continue
        columns = [*zip(*phases.samples_ms or (), strict=True)]
        columns += [tuple(map(sum, phases.samples_ms))] if phases.samples_ms else []
        half_widths = [mean_half_width(column) for column in columns] or [None] * 4
        means = phases.forward_ms, phases.backward_ms, phases.optimizer_ms, phases.step_ms
        forward, backward, optimizer, whole = map(Phase, means, half_widths)
        yield Step(result.case.label, forward, backward, optimizer, whole, result.metrics.latency)
