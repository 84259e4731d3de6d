"""What every net of a library costs, counted or remembered."""

from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import version

from resnet_inspect import __version__
from resnet_inspect.errors import RequestError
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.questions.variants import Floor
from resnet_inspect.sources import Input, Kwargs, find, graph_of
from resnet_inspect.sources.batch import read_batch
from resnet_inspect.sources.costs import Costs, Store, cache_file
from resnet_inspect.sources.library import match_nets

ANY_IMAGE = (3, 224, 224)
Progress = Callable[[int, int, str], None]  # how many are counted, of how many, and the next


def count_library(
    pattern: str,
    kwargs: Kwargs,
    input: Input,
    batch_size: int | None,
    floor: Floor | None,
    use_cache: bool,
    progress: Progress | None,
) -> Iterator[Costs]:
    """What each net that matches costs at its own image or at ``input``.

    Raises:
        MachineError: the library is not installed. UnknownModelError: no net matches. RequestError: ``input`` is no
            batch.
    """
    names = match_nets(pattern)
    read_batch(input, batch_size, ANY_IMAGE)  # a wrong one is the user's mistake, not each net's
    store = Store(cache_file() if use_cache else None)
    for place, name in enumerate(names):
        key = _key(name, kwargs, input, batch_size, floor)
        costs = store.find(key)
        if costs is None:
            if progress:
                progress(place, len(names), name)
            costs = _count(name, kwargs, input, batch_size, floor)
            store.keep(key, costs)
        yield costs


def _key(name: str, kwargs: Kwargs, input: Input, batch_size: int | None, floor: Floor | None) -> str:
    """All that the costs depend on."""
    versions = _version(name.partition(":")[0]), _version("torch"), __version__
    return repr((name, kwargs, input, batch_size, floor and floor.on, *versions))


@cache
def _version(package: str) -> str:
    return version(package)


def _count(name: str, kwargs: Kwargs, input: Input, batch_size: int | None, floor: Floor | None) -> Costs:
    net = find(name, (), kwargs)
    try:
        graph = graph_of(net, input, batch_size)
    except RequestError as error:
        return Costs(net.name, refusal=error.message)
    work = work_of(graph)
    floor_ms, eager_ms = floor.of(graph) if floor else (0.0, 0.0)
    return Costs(net.name, graph.input.shape, work.params, work.macs, work.activations, floor_ms, eager_ms)
