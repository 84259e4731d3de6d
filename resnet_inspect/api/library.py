"""What every net of a library costs, counted or remembered."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from resnet_inspect import __version__
from resnet_inspect.errors import RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.questions.nets import Floor, price
from resnet_inspect.sources import Input, Kwargs, find, graph_of
from resnet_inspect.sources.batch import read_batch
from resnet_inspect.sources.costs import Costs, Store, cache_file
from resnet_inspect.sources.library import match_nets

if TYPE_CHECKING:
    from resnet_inspect.prediction.profile import Prediction, Profile
    from resnet_inspect.vocabulary import Precision

ANY_IMAGE = (3, 224, 224)
Progress = Callable[[int, int, str], None]  # how many are counted, of how many, and the next


@dataclass(frozen=True, slots=True)
class Pricing:
    """What is asked of each net in addition to its work: a floor, the peak memory at a precision, a predicted time.

    ``profile`` tells one profile from another.
    """

    floor: Floor | None = None
    memory: "Precision | None" = None
    predict: "Callable[[Graph], Prediction] | None" = None
    profile: str = ""

    def by(self, profile: "Profile") -> "Pricing":
        """This pricing, with the times that ``profile`` predicts."""
        from resnet_inspect.prediction.profile_json import checksum

        # Two profiles of equal conditions may differ, and the repr of a set differs with each process.
        return replace(self, predict=profile.predict, profile=checksum(profile))

    @property
    def key(self) -> tuple[str | None, ...]:
        floor = (self.floor.on, self.floor.figures) if self.floor else ()
        return *floor, self.memory, self.profile

    def price(self, name: str, graph: Graph) -> Costs:
        """What ``graph``, called ``name``, costs."""
        from resnet_inspect.graph.facts.memory import peak_bytes

        costs = price(name, graph, self.floor, self.predict)
        return costs if self.memory is None else replace(costs, peak_bytes=peak_bytes(graph, "infer", self.memory))


def count_library(
    pattern: str,
    kwargs: Kwargs,
    input: Input,
    batch_size: int | None,
    pricing: Pricing,
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
        key = _key(name, kwargs, input, batch_size, pricing)
        costs = store.find(key)
        if costs is None:
            if progress:
                progress(place, len(names), name)
            costs = _count(name, kwargs, input, batch_size, pricing)
            store.keep(key, costs)
        yield costs


def _key(name: str, kwargs: Kwargs, input: Input, batch_size: int | None, pricing: Pricing) -> str:
    """All that the costs depend on."""
    versions = _version(name.partition(":")[0]), _version("torch"), __version__
    return repr((name, kwargs, input, batch_size, pricing.key, *versions))


@cache
def _version(package: str) -> str:
    return version(package)


def _count(name: str, kwargs: Kwargs, input: Input, batch_size: int | None, pricing: Pricing) -> Costs:
    net = find(name, (), kwargs)
    try:
        graph = graph_of(net, input, batch_size)
    except RequestError as error:
        return Costs(net.name, refusal=error.message)
    return pricing.price(net.name, graph)
