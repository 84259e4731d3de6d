"""What every source of a network can do: one implementation a file of this room."""

from typing import Protocol, runtime_checkable

from resnet_inspect.graph import Graph
from resnet_inspect.sources.batch import Batch, Image, Inputs
from resnet_inspect.typed_json import JsonObject


class Source(Protocol):
    """A network, from wherever the user has it."""

    @property
    def name(self) -> str:
        """What a reader calls the network."""

    @property
    def image(self) -> Image:
        """Channels, height and width that the network is made for."""

    @property
    def batch_size(self) -> int:
        """Images in a batch that nobody sizes."""

    @property
    def spec_fields(self) -> JsonObject:
        """The fields of the network's spec as JSON values; empty for code, which has no spec."""

    @property
    def job(self) -> JsonObject:
        """What a worker process makes the network of: as ``benchmark.messages.Job`` has it.

        Raises:
            RequestError: no other process can make it.
        """

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of how the network was described."""

    def graph(self, batch: Batch) -> Graph:
        """The network applied to a batch of N, C, H, W.

        Raises:
            ShapeError: the network cannot take it.
            TraceError: code does what a Graph has no operation for.
        """


@runtime_checkable
class TakesInputs(Protocol):
    """A source that takes other inputs than one batch of images."""

    def graph_of_inputs(self, inputs: Inputs) -> Graph:
        """The network applied to these inputs.

        Raises:
            TraceError: the network cannot take them.
        """


class WithoutSpec:
    """What a source says that has no spec."""

    __slots__ = ()

    @property
    def batch_size(self) -> int:
        return 1

    @property
    def spec_fields(self) -> JsonObject:
        return {}

    @property
    def notes(self) -> tuple[str, ...]:
        return ()
