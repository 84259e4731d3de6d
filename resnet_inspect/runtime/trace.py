"""nn.Module -> Graph: the calls of one forward pass, on tensors without data.

The trace records what runs, so a forward may loop and branch. A module of torch.nn with an operation becomes one call.
For any other module, the functions that its forward calls are recorded. A call without an operation is an error that
names it.
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
    """The calls of ``net`` in eval mode on a batch of images N, C, H, W; ``net`` itself does not change.

    Raises:
        TraceError: ``net`` fails, makes a call without an operation, has parameters that no call uses, or returns
            something other than its last result.
    """
    while (inner := getattr(net, "module" if isinstance(net, WRAPPERS) else "_orig_mod", None)) is not None:
        net = inner  # torch.compile wraps a net, too
    _refuse_types(net, name)
    if net._parameters:  # a call's weights need a module with a name
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
    except Exception as error:  # the user's code may raise anything
        where = calls.scope or type(net).__name__
        hint = "register every tensor with register_buffer and every list of modules as nn.ModuleList"
        raise TraceError(
            f"{name}: {where} fails on {'×'.join(map(str, image))}: {_first_line(error)}",
            hint=hint if "meta" in str(error) else "",
        ) from error
    nodes = calls.builder.nodes
    if calls.position_of.get(id(out)) != len(nodes) - 1:
        result = type(out).__name__ if not isinstance(out, Tensor) else "a tensor that it did not compute last"
        raise TraceError(
            f"{name} returns {result}", hint="wrap it in a module whose forward returns one tensor, as net(x)['out']"
        )
    held = dict.fromkeys(calls.position_of.values(), len(nodes) - 1)
    frozen = sum(not p.requires_grad for p in net.parameters())
    untrainable = f"{frozen} of its parameter tensors are frozen" if frozen else ""
    graph = Graph(name, tuple(_staged(nodes)), calls.builder.containers, calls.held | held, untrainable)
    _refuse_unused(graph, net)
    return graph


class _Calls(TorchFunctionMode):
    """Records each call while it is active.

    Attributes:
        position_of: position of the call that made each live tensor, by the tensor's ``id``.
        held: as in ``Graph``.
        path: the running modules, innermost last.
        zeros: tensors of zeros, which code may concatenate with others.
        within_call: a module that is one call is running, so its functions are not recorded.
        named: how many functional calls have each path.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.builder = Builder()
        self.position_of: dict[int, int] = {}
        self.held: dict[int, int] = {}
        self.path: list[str] = []
        self.zeros: list[Tensor] = []
        self.within_call = False
        self.named: dict[str, int] = {}

    @property
    def scope(self) -> str:
        return self.path[-1] if self.path else ""

    def stands_for(self, x: Tensor, position: int) -> None:
        if id(x) in self.position_of:
            self.held[self.position_of[id(x)]] = position
        else:
            weakref.finalize(x, self._dies, id(x))
        self.position_of[id(x)] = position

    def _dies(self, identity: int) -> None:
        self.held[self.position_of.pop(identity)] = self.builder.last

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
        made = out[0] if isinstance(out, tuple) and func.__name__ == "max" else out  # (values, indices)
        if self.within_call or not any(isinstance(leaf, Tensor) for leaf in tree_leaves(made)):
            return out
        if not any(id(leaf) in self.position_of for leaf in tree_leaves(args)):
            return out
        name = func.__name__.strip("_")
        path = ".".join(filter(None, (self.scope, name)))
        try:
            if isinstance(made, tuple):
                for op, piece in zip(pieces(name, args, kwargs or {}, made), made, strict=True):
                    self._write(path, [op], args[:1], piece, module=False)
                return out
            if name == "cat" and any(x is zero for x in args[0] for zero in self.zeros):
                calls = zero_padded(args[0], (*args[1:], *(kwargs or {}).values()), lambda x: id(x) in self.position_of)
            else:
                calls = of_function(name, args, kwargs or {}, made)
        except Unknown as unknown:
            raise self._refused(f"{path}{f'({unknown})' if str(unknown) else ''}") from None
        if calls is None:
            if id(args[0]) in self.position_of:
                self.stands_for(made, self.position_of[id(args[0])])
            return out
        ops, inputs = calls
        module = bool(ops[0].params())
        self._write(self.scope if module else path, ops, inputs, made, module)
        return out

    def _write(self, path: str, ops: Sequence[Op], inputs: Sequence[Any], out: Tensor, module: bool) -> None:
        positions = [self.position_of[id(x)] for x in inputs if id(x) in self.position_of]
        if not positions or len(positions) < len(inputs):
            raise self._refused(f"{path} reads a tensor that the pass did not compute from its input")
        for op in ops:
            if module:
                position = self.builder.module(path, op, *positions)
            else:
                earlier = self.named.get(path, 0)
                self.named[path] = earlier + 1
                position = self.builder.call(f"{path}_{earlier}" if earlier else path, op, *positions)
            positions = [position]
        if self.builder.type(position).shape != tuple(out.shape):
            raise self._refused(f"{path} returns {tuple(out.shape)}, not {self.builder.type(position)}")
        self.stands_for(out, position)

    def _refused(self, call: str) -> TraceError:
        return TraceError(
            f"{call}, which has no place in the graph of {self.name}",
            hint="a count must be complete: trace a part of the net without this call",
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
    """The calls with their stages: a stage contains blocks, and a block computes a sum.

    Calls before the first stage are the stem, calls after the last stage the head. Any other call belongs to the stage
    before it.
    """
    blocks = [node.name.rpartition(".")[0] for node in nodes if isinstance(node.op, Add)]
    holders = {block.rpartition(".")[0] or block for block in blocks if block}
    stages = [holder for holder in holders if not any(holder.startswith(f"{outer}.") for outer in holders)]

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
    """Refuse parameters without a size, and any that are not fp32, in which a Graph counts."""
    for key, value in net.named_parameters():
        if isinstance(value, nn.parameter.UninitializedParameter):
            raise TraceError(
                f"{name}: {key} has no size before the first batch", hint="call the net once after constructing it"
            )
        if value.is_floating_point() and value.dtype != torch.float32:
            raise TraceError(
                f"{name}: {key} is {str(value.dtype).removeprefix('torch.')}, not float32",
                hint="give the net in float32; --precision sets the type in which it runs",
            )


def _refuse_unused(graph: Graph, net: nn.Module) -> None:
    """Refuse parameters that the calls do not account for: the count would be wrong."""
    used = {f"{node.module}.{key}".lstrip(".") for node in graph.weight_owners() for key in node.op.params()}
    unused = [key for key, _ in net.named_parameters() if key not in used]
    total, counted = sum(p.numel() for p in net.parameters()), sum(node.params for node in graph.weight_owners())
    if not unused and total != counted:
        raise TraceError(
            f"{graph.name} has {total:,} parameters, but its calls use {counted:,}",
            hint="two modules share a weight; call one module twice instead",
        )
    if unused:
        more = f" and {len(unused) - 3} more" if len(unused) > 3 else ""
        raise TraceError(
            f"{graph.name}: no call uses the parameters {', '.join(unused[:3])}{more}",
            hint="remove them, as in net.aux = None",
        )
