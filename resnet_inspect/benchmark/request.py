"""What a benchmark is asked for, the cases that it spans, and what counting says of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from resnet_inspect import sources
from resnet_inspect.benchmark.breakdown import layers_of, stages_of
from resnet_inspect.benchmark.case import Case, grid
from resnet_inspect.benchmark.messages import Extra
from resnet_inspect.benchmark.record import Cost, Result
from resnet_inspect.benchmark.result import Counted
from resnet_inspect.errors import RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.memory import PeakMemory, memory_peak
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.graph.fold import fold
from resnet_inspect.hardware.gpu import Probe
from resnet_inspect.resnet import fields
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.sources.batch import Batch
from resnet_inspect.sources.source import Source
from resnet_inspect.vocabulary import ELEMENT_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to measure: every combination of the tuples; None stands for the default of the device or the variant.

    ``cases``, where there are any, are measured as they stand, in place of that grid; ``nets`` names their networks.
    A batch size may be ``max``: the largest that fits. ``min_time_s`` and ``max_time_s`` bound the sampling of a case;
    ``quick`` and ``fresh`` are the plan's.
    """

    nets: tuple[Source, ...]
    image: Batch | None = None
    device: str = "auto"
    batch_sizes: tuple[int | str, ...] | None = None
    tasks: tuple[str, ...] = ("infer",)
    precisions: tuple[str, ...] | None = None
    layouts: tuple[str, ...] = ("contiguous",)
    modes: tuple[str, ...] = ("eager",)
    threads: tuple[int, ...] | None = None
    folded: tuple[bool, ...] = (False,)
    processes: tuple[int | None, ...] = (None,)
    extras: tuple[Extra, ...] = ()
    quick: bool = False
    fresh: bool = False
    min_time_s: float | None = None
    max_time_s: float | None = None
    seed: int = 0
    argv: tuple[str, ...] = ()
    cases: tuple[Case, ...] = ()

    def __post_init__(self) -> None:
        if len({net.name for net in self.nets}) < len(self.nets):
            raise RequestError(
                "two models have one name", hint="name each once, and give spec files names of their own"
            )


def cases_of(request: Request, probe: Probe, cpus: int, largest: Callable[[Case], Case]) -> list[Case]:
    """The grid that a request spans, each case once, in the order it was asked for.

    Raises:
        RequestError: two options contradict each other, or a combination cannot run.
    """
    if request.cases:
        return list(dict.fromkeys(request.cases))
    given = request.image[0] if request.image else None
    sizes = request.batch_sizes or (given or 1,)
    if given not in (None, 1, *sizes):
        raise RequestError(f"--input has a batch of {given}, --batch-size another", hint="give one of the two")
    numbers = [n for n in sizes if isinstance(n, int)]
    if len(numbers) + sizes.count("max") < len(sizes):
        typed = ", ".join(map(str, sizes))
        raise RequestError(f"batch sizes {typed}: not whole numbers or max", hint="as --batch-size 1,8,max")

    def span(batch_sizes: list[int]) -> list[Case]:
        return grid(
            [(net.name, request.image[1:] if request.image else net.image) for net in request.nets],
            probe.device,
            batch_sizes,
            request.tasks,
            request.precisions or (probe.precision,),
            request.layouts,
            request.modes,
            request.threads or (max(1, cpus // max(filter(None, request.processes), default=1)),),
            request.folded,
            request.processes,
        )

    if "max" in sizes and any(request.processes):
        raise RequestError("--batch-size max is for one process", hint="give a number of images")
    cases = span(numbers) if numbers else []
    if "max" in sizes:
        cases += map(largest, span([1]))
    return list(dict.fromkeys(cases))


def most_cases(request: Request) -> int:
    """How many cases a request spans before its device is known; fewer where ``max`` is a batch size that it names."""
    if request.cases:
        return len(set(request.cases))
    axes: tuple[Sequence[object] | None, ...] = (
        [net.name for net in request.nets], request.batch_sizes, request.tasks, request.precisions, request.layouts,
        request.modes, request.threads, request.folded, request.processes,
    )  # fmt: skip
    return prod(len(set(axis)) for axis in axes if axis)


def graph_of(case: Case, net: Source) -> Graph:
    """The network that a case measures, at its input."""
    graph = sources.graph_of(net, case.input)
    return fold(graph) if case.folded else graph


def count(case: Case, net: Source, graph: Graph) -> Counted:
    """What counting says of a case; ``graph`` is its network."""
    work = work_of(graph)
    return Counted(
        cost=Cost(work.params, work.macs, graph.unseen or None),
        spec=net.spec_fields,
        predicted=predict_memory(case, graph),
        stages=stages_of(graph),
        layers=layers_of(graph),
        least_bytes=least_bytes(case, graph),
    )


def least_bytes(case: Case, graph: Graph) -> int | None:
    """The weights, the input and the largest output of a convolution or linear layer, which an eager call holds.

    None where ``predict_memory`` has no prediction either.
    """
    if case.mode != "eager" or case.precision not in ELEMENT_BYTES:
        return None
    largest = max((node.out.numel for node in graph.nodes if node.macs), default=0)
    return ELEMENT_BYTES[case.arithmetic] * (work_of(graph).params + graph.input.numel + largest)


def predict_memory(case: Case, graph: Graph) -> PeakMemory | None:
    """The memory of an eager case; a compiled one, and autocast, hold other tensors."""
    if case.mode != "eager" or case.precision not in ELEMENT_BYTES:
        return None
    return memory_peak(graph, case.task, case.arithmetic)[1]


def measured_graph(result: Result, net: Source | None = None) -> Graph:
    """The network that a result of a Record measured, at its input; ``net`` is the code, where its name does not do.

    Raises:
        RequestError: the Record does not say which network it was, or code has changed since.
    """
    case = result.case
    if not result.spec:
        graph = sources.graph_of(net or sources.find(case.model), case.input)
        if work_of(graph).macs != result.cost.macs:
            raise RequestError(f"{case.model} is no longer what was measured", hint="measure it again")
        return graph
    n, c, h, w = case.input
    return lower(fields.from_mapping(ResNetSpec(), result.spec), case.model, (n, c, h, w))
