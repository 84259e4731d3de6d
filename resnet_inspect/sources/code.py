"""A network written in Python: by the name of what makes it, or as a module in memory."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO, cast

from resnet_inspect.errors import RequestError, TraceError
from resnet_inspect.graph import Graph, TensorType
from resnet_inspect.kwargs import Kwargs, read_kwargs, write_kwargs
from resnet_inspect.sources.batch import Batch, Image, Inputs
from resnet_inspect.sources.source import WithoutSpec
from resnet_inspect.sources.variant import Settings
from resnet_inspect.typed_json import JsonObject

if TYPE_CHECKING:
    from torch import nn

    from resnet_inspect.sources.source import Source


@dataclass(frozen=True, slots=True)
class NamedCode(WithoutSpec):
    """``torchvision:NAME``, ``timm:NAME``, ``file.py:NAME`` or ``package.module:NAME``; made when first asked for.

    ``kwargs`` are texts NAME=VALUE, with which it is made.
    """

    code: str
    kwargs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return " ".join((self.code, *self.kwargs))

    @property
    def module(self) -> "nn.Module":
        """The network, without data where a library makes it: its weights would take seconds and gigabytes."""
        return _made(self.code, self.kwargs, without_data=True)

    @property
    def runnable(self) -> "nn.Module":
        """The network with its weights."""
        return _made(self.code, self.kwargs)

    @property
    def image(self) -> Image:
        return _image(self.module, self.code)

    @property
    def classes(self) -> dict[str, str]:
        """The class of each module by its path, as ``counting.writing.as_traced`` takes them."""
        return _classes(self.module)

    @property
    def job(self) -> JsonObject:
        return {"code": self.code, "kwargs": list(self.kwargs)} if self.kwargs else {"code": self.code}

    def graph(self, batch: Batch) -> Graph:
        return self.graph_of_inputs({0: TensorType(batch)})

    def graph_of_inputs(self, inputs: Inputs) -> Graph:
        try:
            return _traced(self.module, inputs, self.name)
        except TraceError:
            if self.runnable is self.module:
                raise
            return _traced(self.runnable, inputs, self.name)


@dataclass(frozen=True, slots=True)
class ModuleInMemory(WithoutSpec):
    """A module of torch, which no other process can make again."""

    module: "nn.Module"

    @property
    def runnable(self) -> "nn.Module":
        return self.module

    @property
    def name(self) -> str:
        return type(self.module).__name__

    @property
    def image(self) -> Image:
        return _image(self.module)

    @property
    def classes(self) -> dict[str, str]:
        """The class of each module by its path, as ``counting.writing.as_traced`` takes them."""
        return _classes(self.module)

    @property
    def job(self) -> JsonObject:
        raise RequestError(
            f"a {self.name} in memory cannot be made again in another process",
            hint='put what makes it in a file and name that, as ri.bench("net.py:make")',
        )

    def graph(self, batch: Batch) -> Graph:
        return self.graph_of_inputs({0: TensorType(batch)})

    def graph_of_inputs(self, inputs: Inputs) -> Graph:
        return _traced(self.module, inputs, self.name)


@dataclass(frozen=True, slots=True)
class PickledModule(ModuleInMemory):
    """A module in memory, and the file from which workers read it."""

    file: BinaryIO

    @property
    def job(self) -> JsonObject:
        return {"module": self.file.fileno(), "path": sys.path}


@contextmanager
def readable(sources: "Iterable[Source]") -> "Iterator[tuple[Source, ...]]":
    """``sources`` as other processes can read them: a module in memory with its file, which is open within.

    Raises:
        RequestError: they cannot read one.
    """
    with ExitStack() as files:
        yield tuple(_pickled(source, files) if isinstance(source, ModuleInMemory) else source for source in sources)


def _pickled(source: ModuleInMemory, files: ExitStack) -> PickledModule:
    from resnet_inspect.runtime import pickled  # torch lives behind this line

    return PickledModule(source.module, files.enter_context(pickled.save(source.module)))


def find(model: "str | nn.Module", settings: Settings = (), kwargs: Kwargs = ()) -> NamedCode | ModuleInMemory:
    """The code that ``model`` names, or the module that it is or returns when called with ``kwargs``.

    Raises:
        RequestError: there are settings, which change a spec; or ``model`` gives no module.
    """
    if settings:
        raise RequestError("--set changes a spec, and code has none", hint="give --kwargs, or change the code")
    arguments = read_kwargs(kwargs)
    module: object = model
    if isinstance(model, str):
        if (texts := write_kwargs(arguments)) is not None:
            return NamedCode(model, texts)
        from resnet_inspect.runtime import code  # torch lives behind this line

        module = code.make(model, arguments)
    # A class has named_modules too, and has to be called all the same.
    elif isinstance(model, type) or not hasattr(model, "named_modules"):
        from resnet_inspect.runtime import code  # torch lives behind this line

        module = code.call(model, arguments)
    elif arguments:
        raise RequestError(f"a {type(model).__name__} is made already, and takes no kwargs", hint="give what makes it")
    if not hasattr(module, "named_modules"):
        raise RequestError(
            f"{type(module).__name__!r} object is no model", hint="give a name, a spec or a torch.nn.Module"
        )
    return ModuleInMemory(cast("nn.Module", module))


@lru_cache(maxsize=2)  # the two of a diff: a list of a library makes a thousand
def _made(name: str, kwargs: tuple[str, ...], without_data: bool = False) -> "nn.Module":
    from resnet_inspect.runtime import code  # torch lives behind this line

    if without_data and (net := code.make_without_data(name, read_kwargs(kwargs))):
        return net
    return _made(name, kwargs) if without_data else code.make(name, read_kwargs(kwargs))


def _image(module: "nn.Module", name: str = "") -> Image:
    from resnet_inspect.runtime import code  # torch lives behind this line

    return code.image_of(module, name)


def _classes(module: "nn.Module") -> dict[str, str]:
    from resnet_inspect.runtime import code  # torch lives behind this line

    return code.classes_of(module)


def _traced(module: "nn.Module", inputs: Inputs, name: str) -> Graph:
    from resnet_inspect.runtime import trace  # torch lives behind this line

    return trace.trace(module, inputs, name)
