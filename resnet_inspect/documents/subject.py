"""What a document is about: nets, where their times hold, and the Records that measured them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from resnet_inspect.benchmark.record import Record, Result
from resnet_inspect.counting.accuracy import Accuracy, highest, side_of
from resnet_inspect.counting.writing import Layout
from resnet_inspect.graph import Graph
from resnet_inspect.hardware.devices import Device
from resnet_inspect.questions.times import inferences_of
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.typed_json import JsonObject
from resnet_inspect.vocabulary import Precision

if TYPE_CHECKING:
    from resnet_inspect.prediction.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A net, and what is known of it apart from its calls.

    ``spec`` is None and ``spec_fields`` is empty for code. ``layout`` is what counters see. ``published_as`` is the
    name under which papers and libraries print its costs, empty where they hold for another net.
    """

    graph: Graph
    spec: ResNetSpec | None
    spec_fields: JsonObject
    layout: Layout
    published_as: str = ""
    published: tuple[Accuracy, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.graph.name

    @property
    def top(self) -> Accuracy | None:
        """The best published result at this size of weights that saw ImageNet-1k alone."""
        return highest(self.published, side_of(self.graph.input.shape))

    def measured(self, record: Record) -> list[Result]:
        """The Record's inferences of this net at this input, be they valid or not."""
        return inferences_of(record.results, self.name, self.spec_fields, self.graph.input.shape)

    def inferences(self, record: Record) -> list[Result]:
        """Those that are valid."""
        return [result for result in self.measured(record) if result.valid and result.device_or_latency]


@dataclass(frozen=True, slots=True)
class Place:
    """Where least times hold, and the profile that predicts times there or on another machine, if any.

    The device ``stands_in`` where nobody named it and nobody knows the peaks of the profile's machine.
    """

    device: Device
    precision: Precision
    profile: "Profile | None" = None
    stands_in: bool = False

    @property
    def words(self) -> str:
        return f"{self.precision} on {self.device.title}"

    @property
    def is_one_machine(self) -> bool:
        """Whether predictions, if there are any, are of the device of the least times."""
        of = self.profile.conditions if self.profile else None
        return of is None or of.device == self.device.name or of.machine in self.device.known_as

    def ran(self, record: Record, result: Result) -> bool:
        """Whether ``result`` was measured here."""
        return result.case.arithmetic == self.precision and record.processor(result) in self.device.known_as


@dataclass(frozen=True, slots=True)
class Run:
    """A Record, and how its file is called."""

    name: str
    record: Record
