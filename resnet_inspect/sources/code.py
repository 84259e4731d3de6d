"""A network written in Python: by the name of what makes it, or as a module in memory."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from resnet_inspect.errors import RequestError, TraceError
from resnet_inspect.graph import Graph
from resnet_inspect.sources.batch import Batch, Image
from resnet_inspect.sources.variant import Settings
from resnet_inspect.typed_json import JsonObject

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class NamedCode:
    """``torchvision:NAME``, ``timm:NAME``, ``file.py:NAME`` or ``package.module:NAME``; made when first asked for."""

    name: str

    @property
    def image(self) -> Image:
        return _image(_made(self.name))

    @property
    def batch_size(self) -> int:
        return 1

    @property
    def spec_fields(self) -> JsonObject:
        return {}

    @property
    def notes(self) -> tuple[str, ...]:
        return ()

    @property
    def job(self) -> JsonObject:
        return {"code": self.name}

    def graph(self, batch: Batch) -> Graph:
        net = _made(self.name)
        try:
            return _traced(net, batch, self.name)
        except TraceError as error:
            from resnet_inspect.runtime import code  # torch lives behind this line

            if task := code.task_of(self.name):
                raise TraceError(f"{self.name} is a {task} net: {error.message}", error.hint) from None
            raise


@dataclass(frozen=True, slots=True)
class ModuleInMemory:
    """A module of torch, which no other process can make again."""

    module: "nn.Module"

    @property
    def name(self) -> str:
        return type(self.module).__name__

    @property
    def image(self) -> Image:
        return _image(self.module)

    @property
    def batch_size(self) -> int:
        return 1

    @property
    def spec_fields(self) -> JsonObject:
        return {}

    @property
    def notes(self) -> tuple[str, ...]:
        return ()

    @property
    def job(self) -> JsonObject:
        raise RequestError(
            f"a {self.name} in memory cannot be made again in another process",
            hint='put what makes it in a file and name that, as ri.bench("net.py:make")',
        )

    def graph(self, batch: Batch) -> Graph:
        return _traced(self.module, batch, self.name)


def find(model: "str | nn.Module", settings: Settings = ()) -> NamedCode | ModuleInMemory:
    """The code that ``model`` names, or the module that it is or returns when called.

    Raises:
        RequestError: there are settings, which change a spec; or ``model`` gives no module.
    """
    if settings:
        raise RequestError("--set changes a spec, and code has none", hint="change the code")
    if isinstance(model, str):
        return NamedCode(model)
    module = model
    # A class has named_modules too, and has to be called all the same.
    if isinstance(model, type) or not hasattr(model, "named_modules"):
        from resnet_inspect.runtime import code  # torch lives behind this line

        module = code.call(model)
    if not hasattr(module, "named_modules"):
        raise RequestError(f"a {type(module).__name__} is no model", hint="give a name, a spec or a torch.nn.Module")
    return ModuleInMemory(module)


@cache
def _made(name: str) -> "nn.Module":
    from resnet_inspect.runtime import code  # torch lives behind this line

    return code.make(name)


def _image(module: "nn.Module") -> Image:
    from resnet_inspect.runtime import code  # torch lives behind this line

    return code.image_of(module)


def _traced(module: "nn.Module", batch: Batch, name: str) -> Graph:
    from resnet_inspect.runtime import trace  # torch lives behind this line

    return trace.trace(module, batch, name)
