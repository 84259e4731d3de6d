"""What a benchmark is asked for, and the configurations that it spans."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from resnet_inspect import sources
from resnet_inspect.benchmark.case import Case, grid
from resnet_inspect.benchmark.record import Result
from resnet_inspect.errors import RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.memory import memory_peak
from resnet_inspect.graph.fold import fold
from resnet_inspect.resnet import fields
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.sources.source import Source
from resnet_inspect.vocabulary import ELEMENT_BYTES


@dataclass(frozen=True, slots=True)
class Request:
    """What to measure: every combination of the tuples; None stands for the default of the device or the variant.

    A batch size may be ``max``: the largest that fits.
    """

    nets: tuple[Source, ...]
    image: tuple[int, int, int, int] | None
    device: str
    batch_sizes: tuple[int | str, ...] | None
    tasks: tuple[str, ...]
    precisions: tuple[str, ...] | None
    layouts: tuple[str, ...]
    modes: tuple[str, ...]
    threads: tuple[int, ...] | None
    fused: tuple[bool, ...] = (False,)


def by_name(nets: tuple[Source, ...]) -> dict[str, Source]:
    found = {net.name: net for net in nets}
    if len(found) < len(nets):
        raise RequestError("two models have one name", hint="name each once, and give spec files names of their own")
    return found


def configs_of(request: Request, torch: Mapping[str, Any], cpus: int, largest: Callable[[Case], Case]) -> list[Case]:
    """The grid that a request spans, each configuration once, in the order it was asked for."""
    given = request.image[0] if request.image else None
    sizes = request.batch_sizes or (given or 1,)
    if given not in (None, 1, *sizes):
        raise RequestError(f"--input has a batch of {given}, --batch-size says otherwise", hint="give one of the two")
    numbers = [n for n in sizes if isinstance(n, int)]
    if len(numbers) + sizes.count("max") < len(sizes):
        said = ", ".join(map(str, sizes))
        raise RequestError(f"batch sizes {said}: not whole numbers or max", hint="as --batch-size 1,8,max")

    def spanned(batch_sizes: list[int]) -> list[Case]:
        return grid(
            [(net.name, request.image[1:] if request.image else net.image) for net in request.nets],
            torch["device"],
            batch_sizes,
            request.tasks,
            request.precisions or (torch["precision"],),
            request.layouts,
            request.modes,
            request.threads or (cpus,),
            request.fused,
        )

    found = spanned(numbers) if numbers else []
    if "max" in sizes:
        found += map(largest, spanned([1]))
    return list(dict.fromkeys(found))


def graph_of(case: Case, net: Source) -> Graph:
    graph = sources.graph_of(net, case.input)
    return fold(graph) if case.fused else graph


def predicted_of(case: Case, graph: Graph) -> dict[str, int] | None:
    """The memory rows of an eager arm; a compiled one, and autocast, hold other tensors."""
    if case.mode != "eager" or case.precision not in ELEMENT_BYTES:
        return None
    return asdict(memory_peak(graph, case.task, case.precision)[1])  # type: ignore[arg-type]  # the grid has checked them


def measured_graph(result: Result) -> Graph:
    """The net that a result of a Record is of, at its input.

    Raises:
        RequestError: the Record does not say which net it was, or code has changed since.
    """
    case = result.case
    if sources.is_code(case.model):
        graph = sources.graph_of(sources.find(case.model), case.input)
        if sum(node.macs for node in graph.nodes) != result.cost["macs"]:
            raise RequestError(f"{case.model} is no longer what was measured", hint="measure it again")
        return graph
    n, c, h, w = case.input
    return lower(fields.from_mapping(ResNetSpec(), result.spec), case.model, (n, c, h, w))
