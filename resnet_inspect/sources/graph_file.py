"""A network that ``export`` wrote: a Graph as JSON, which holds one input."""

from dataclasses import dataclass

from resnet_inspect.errors import RequestError
from resnet_inspect.exchange import graph_json
from resnet_inspect.graph import Graph
from resnet_inspect.sources.batch import Batch, Image
from resnet_inspect.sources.source import WithoutSpec
from resnet_inspect.sources.variant import Settings
from resnet_inspect.typed_json import JsonObject


@dataclass(frozen=True, slots=True)
class GraphFile(WithoutSpec):
    """The Graph in the file at ``path``."""

    path: str
    whole: Graph

    @property
    def name(self) -> str:
        return self.whole.name

    @property
    def image(self) -> Image:
        _, *image = self.whole.input.shape
        return tuple(image)

    @property
    def batch_size(self) -> int:
        return self.whole.input.shape[0]

    @property
    def job(self) -> JsonObject:
        raise RequestError(f"{self.path} holds no weights to run", hint="name what it was exported from")

    def graph(self, batch: Batch) -> Graph:
        if batch != self.whole.input.shape:
            raise RequestError(
                f"{self.path} holds {self.name} at {self.whole.input} alone",
                hint=f"export the net again with --input {','.join(map(str, batch))}",
            )
        return self.whole


def find(path: str, settings: Settings = ()) -> GraphFile:
    """The network in the file at ``path``.

    Raises:
        RequestError: there are settings, which change a spec; or the file cannot be read, or holds no network.
    """
    if settings:
        raise RequestError("--set changes a spec, and a Graph has none", hint="set it when you export the net")
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        is_coded = isinstance(error, UnicodeDecodeError)
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text" if is_coded else error
        raise RequestError(f"{path}: {reason}", hint="give a file that `export -o net.json` wrote") from None
    return GraphFile(path, graph_json.from_json(text, path))
