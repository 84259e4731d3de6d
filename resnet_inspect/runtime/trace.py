"""nn.Module -> Graph: the calls that one forward pass makes, on tensors without data.

What runs is written down, so a forward may loop and branch. A module of torch.nn that a Graph has an operation for is
one call; any other is entered, and the functions that it calls are looked up. What has no operation is refused by name.
"""

import sys
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from resnet_inspect.errors import InspectError, TraceError
from resnet_inspect.graph import Builder, Graph, Node, TensorType
from resnet_inspect.graph.ops.base import Op
from resnet_inspect.graph.ops.pointwise import Add
from resnet_inspect.runtime.operations import Unknown, of_function, of_module, pieces, zero_padded

Image = tuple[int, int, int, int]
META = torch.device("meta")
WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel)


def trace(net: nn.Module, image: Image, name: str) -> Graph:
    """The calls that ``net`` makes in eval mode on a batch of images N, C, H, W; ``net`` stays as it is.

    Raises:
        TraceError: it calls what a Graph has no operation for, holds parameters that no call uses, returns anything but
            what it computed last, or fails.
    """
    while (inner := getattr(net, "module" if isinstance(net, WRAPPERS) else "_orig_mod", None)) is not None:
        net = inner  # of torch.compile, too
    _refuse_types(net, name)
    if net._parameters:  # a call needs a module with a name, to hold them
        net = nn.Sequential(OrderedDict({type(net).__name__: net}))
    calls = _Calls(name)
    x = torch.empty(image, device="meta")
    calls.stands_for(x, calls.builder.input(TensorType(image)))
    state = {key: torch.empty_like(value, device="meta") for key, value in net.named_buffers()}
    for key, value in net.named_parameters():
        state[key] = nn.Parameter(torch.empty_like(value, device="meta"), requires_grad=False)
    try:
        with redirect_stdout(sys.stderr), calls.watching(net), torch.no_grad(), _evaluated(net), META, calls:
            out = torch.func.functional_call(net, state, (x,))
    except InspectError:
        raise
    except Exception as error:  # of somebody else's code
        where = calls.scope or type(net).__name__
        unregistered = "register_buffer holds a tensor, nn.ModuleList modules" if "meta" in str(error) else ""
        said = f"{name}: {where} fails on {'×'.join(map(str, image))}: {_first_line(error)}"
        raise TraceError(
            said, hint=unregistered and f"what runs has no data, and no part of it may: {unregistered}"
        ) from error
    nodes = calls.builder.nodes
    if calls.known.get(id(out)) != len(nodes) - 1:
        what = type(out).__name__ if not isinstance(out, Tensor) else "a tensor that it did not compute last"
        raise TraceError(
            f"{name} returns {what}", hint="wrap it in a module whose forward returns one tensor, as net(x)['out']"
        )
    held = dict.fromkeys(calls.known.values(), len(nodes) - 1)
    frozen = sum(not p.requires_grad for p in net.parameters())
    untrainable = f"{frozen} of its parameter tensors are frozen" if frozen else ""
    graph = Graph(name, tuple(_staged(nodes)), calls.builder.containers, calls.held | held, untrainable)
    _refuse_unused(graph, net)
    return graph


class _Calls(TorchFunctionMode):
    """Writes down each call while it is active.

    ``known``: the calls that made the tensors that are alive, by their identity. ``held``: as in a Graph. ``path``: the
    modules that are running, innermost last. ``zeros`` are tensors of zeros that code makes to be joined to others.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.builder = Builder()
        self.known: dict[int, int] = {}
        self.held: dict[int, int] = {}
        self.path: list[str] = []
        self.zeros: list[Tensor] = []
        self.within_call = False
        self.named: dict[str, int] = {}

    @property
    def scope(self) -> str:
        return self.path[-1] if self.path else ""

    def stands_for(self, x: Tensor, position: int) -> None:
        if id(x) in self.known:
            self.held[self.known[id(x)]] = position
        else:
            weakref.finalize(x, self._dies, id(x))
        self.known[id(x)] = position

    def _dies(self, identity: int) -> None:
        self.held[self.known.pop(identity)] = self.builder.last

    @contextmanager
    def watching(self, net: nn.Module) -> Iterator[None]:
        with ExitStack() as hooks:
            for path, module in net.named_modules():
                hooks.callback(module.register_forward_pre_hook(self._enters(path)).remove)
                hooks.callback(module.register_forward_hook(self._leaves(path)).remove)
            yield

    def _enters(self, path: str) -> Callable[[nn.Module, Any], None]:
        def hook(module: nn.Module, args: Any) -> None:
            self.path.append(path)
            try:
                self.within_call = of_module(module) is not None
            except Unknown as unknown:
                raise self._refused(f"{path}: {type(module).__name__}({unknown})") from None
            if not self.within_call:
                self.builder.containers[path] = type(module).__name__

        return hook

    def _leaves(self, path: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, args: Any, out: Any) -> None:
            if self.within_call and (op := of_module(module)):
                self.within_call = False
                self._write(path, [op], args[:1], out, module=True)
            self.path.pop()

        return hook

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        if func.__name__ in ("zeros", "zeros_like", "new_zeros") and not self.within_call:
            self.zeros.append(out)
            return out
        made = out[0] if isinstance(out, tuple) and func.__name__ == "max" else out  # its values; then their indices
        if self.within_call or not any(isinstance(leaf, Tensor) for leaf in tree_leaves(made)):
            return out
        if not any(id(leaf) in self.known for leaf in tree_leaves(args)):
            return out
        name = func.__name__.strip("_")
        path = ".".join(filter(None, (self.scope, name)))
        try:
            if isinstance(made, tuple):
                for op, piece in zip(pieces(name, args, kwargs or {}, made), made, strict=True):
                    self._write(path, [op], args[:1], piece, module=False)
                return out
            if name == "cat" and any(each is zero for each in args[0] for zero in self.zeros):
                found = zero_padded(args[0], (*args[1:], *(kwargs or {}).values()), lambda x: id(x) in self.known)
            else:
                found = of_function(name, args, kwargs or {}, made)
        except Unknown as unknown:
            raise self._refused(f"{path}{f'({unknown})' if str(unknown) else ''}") from None
        if found is None:
            if id(args[0]) in self.known:
                self.stands_for(made, self.known[id(args[0])])
            return out
        ops, inputs = found
        module = bool(ops[0].params())
        self._write(self.scope if module else path, ops, inputs, made, module)
        return out

    def _write(self, path: str, ops: Sequence[Op], inputs: Sequence[Any], out: Tensor, module: bool) -> None:
        places = [self.known[id(x)] for x in inputs if id(x) in self.known]
        if not places or len(places) < len(inputs):
            raise self._refused(f"{path} reads a tensor that the pass did not compute from its input")
        for op in ops:
            if module:
                place = self.builder.module(path, op, *places)
            else:
                earlier = self.named.get(path, 0)
                self.named[path] = earlier + 1
                place = self.builder.call(f"{path}_{earlier}" if earlier else path, op, *places)
            places = [place]
        if self.builder.type(places[0]).shape != tuple(out.shape):
            raise self._refused(f"{path} gives {tuple(out.shape)}, not {self.builder.type(places[0])}")
        self.stands_for(out, places[0])

    def _refused(self, what: str) -> TraceError:
        return TraceError(
            f"{what}, which has no place in the graph of {self.name}",
            hint="a count leaves nothing out: give a part of the net that does without it",
        )


@contextmanager
def _evaluated(net: nn.Module) -> Iterator[None]:
    training = [module for module in net.modules() if module.training]
    net.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


def _staged(nodes: Sequence[Node]) -> Iterator[Node]:
    """The calls with their stages: a stage is what holds blocks, and a block what makes a sum.

    Calls before the first stage are the stem, those after the last the head, others belong to the stage before them.
    """
    held = [node.name.rpartition(".")[0] for node in nodes if isinstance(node.op, Add)]
    holders = {block.rpartition(".")[0] or block for block in held if block}
    stages = [holder for holder in holders if not any(holder.startswith(f"{other}.") for other in holders)]

    def own(node: Node) -> str:
        if not stages:
            return node.name.partition(".")[0]
        return next((stage for stage in stages if node.name.startswith(f"{stage}.")), "")

    last = max((i for i, node in enumerate(nodes) if own(node)), default=0)
    stage = "stem"
    for i, node in enumerate(nodes):
        stage = "head" if i > last else own(node) or stage
        yield replace(node, stage=stage if i else "")


def _refuse_types(net: nn.Module, name: str) -> None:
    """What has no size yet, and what is not of fp32, which is what a Graph counts in."""
    for key, value in net.named_parameters():
        if isinstance(value, nn.parameter.UninitializedParameter):
            raise TraceError(
                f"{name}: {key} has its size from the first batch", hint="call the net once where it is made"
            )
        if value.is_floating_point() and value.dtype != torch.float32:
            raise TraceError(
                f"{name}: {key} is {str(value.dtype).removeprefix('torch.')}, and a net is counted in fp32",
                hint="give it as it was before; --precision says what it runs in",
            )


def _refuse_unused(graph: Graph, net: nn.Module) -> None:
    """A count of parameters that leaves some out would be no count."""
    used = {f"{node.module}.{key}".lstrip(".") for node in graph.weight_owners() for key in node.op.params()}
    left = [key for key, _ in net.named_parameters() if key not in used]
    held, counted = sum(p.numel() for p in net.parameters()), sum(node.params for node in graph.weight_owners())
    if not left and held != counted:
        raise TraceError(
            f"{graph.name} has {held:,} parameters, its calls {counted:,}",
            hint="two modules that share a weight are one too many: call one module twice",
        )
    if left:
        more = f" and {len(left) - 3} more" if len(left) > 3 else ""
        raise TraceError(
            f"{graph.name}: no call uses the parameters {', '.join(left[:3])}{more}",
            hint="take them out, as in net.aux = None: a count of parameters with some that do nothing would mislead",
        )
