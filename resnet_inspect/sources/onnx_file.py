"""A network in an ONNX file, whoever exported it."""

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from resnet_inspect.errors import RequestError
from resnet_inspect.exchange import require_onnx
from resnet_inspect.graph import Graph
from resnet_inspect.sources.batch import Batch, Image
from resnet_inspect.sources.source import WithoutSpec
from resnet_inspect.sources.variant import Settings
from resnet_inspect.typed_json import JsonObject

if TYPE_CHECKING:
    from onnx import ModelProto


@dataclass(frozen=True, slots=True)
class OnnxFile(WithoutSpec):
    """The model in the file at ``path``, which takes any batch that its nodes take."""

    path: str
    model: "ModelProto"

    @property
    def name(self) -> str:
        return PurePath(self.path).stem

    @property
    def image(self) -> Image:
        _, *image = self._input
        if not all(image):
            raise RequestError(f"{self.path} leaves the size of its images open", hint="as --input 1,3,224,224")
        return tuple(image)

    @property
    def batch_size(self) -> int:
        return self._input[0] or 1

    @property
    def _input(self) -> tuple[int, ...]:
        from resnet_inspect.exchange import from_onnx

        shape = from_onnx.input_shape(self.model)
        if len(shape) != 4:
            raise RequestError(f"{self.path} has an input of {len(shape)} dimensions, not N,C,H,W")
        return shape

    @property
    def job(self) -> JsonObject:
        raise RequestError(f"{self.path} is read, not run", hint="name the code that it was exported from")

    def graph(self, batch: Batch) -> Graph:
        from resnet_inspect.exchange import from_onnx

        nodes, containers, has_stages, results = from_onnx.read(self.model, batch, self.path)
        if not has_stages:
            from resnet_inspect.runtime.stages import staged  # it imports no torch

            nodes = tuple(staged(nodes, containers))
        return Graph(self.name, nodes, containers, results=results)


def find(path: str, settings: Settings = ()) -> OnnxFile:
    """The model in the file at ``path``.

    Raises:
        RequestError: there are settings, which change a spec; or the file cannot be read, or is no ONNX.
        MachineError: the package onnx is missing.
    """
    if settings:
        raise RequestError("--set changes a spec, and ONNX has none", hint="set it when you export the net")
    require_onnx()
    from resnet_inspect.exchange import from_onnx

    return OnnxFile(path, from_onnx.load(path))
