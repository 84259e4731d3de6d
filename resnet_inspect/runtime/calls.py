"""Records the calls of a running forward pass: hooks tell which module runs, a mode which functions it calls.

A second mode, at torch's dispatcher, tells the calls that the first does not see, as those of a scripted function.
"""

import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FunctionType
from typing import Any

from torch import Tensor, nn
from torch.jit import ScriptModule
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from resnet_inspect.errors import ShapeError
from resnet_inspect.graph import Builder, TensorType
from resnet_inspect.graph.ops.base import Op
from resnet_inspect.graph.ops.torch_call import UNUSED, Constant
from resnet_inspect.runtime import any_call
from resnet_inspect.runtime.any_call import AnyCall
from resnet_inspect.runtime.arguments import positional, read_weights
from resnet_inspect.runtime.aten import as_function
from resnet_inspect.runtime.leaves import is_one_call
from resnet_inspect.runtime.operations import Unknown, of_function, of_module, pieces, zero_padded
from resnet_inspect.runtime.second_count import SecondCount, flops_of
from resnet_inspect.runtime.tensors import type_of
from resnet_inspect.runtime.weights import Weights

FILLED = ("zeros", "ones", "empty", "full")
NEW = ("zeros", *(f"new_{each}" for each in FILLED), *(f"{each}_like" for each in (*FILLED, "rand", "randn")))
IN_PARTS = ("multi_head_attention_forward",)  # functions of torch, written in Python, that are several calls


class Calls(TorchFunctionMode):
    """Records each call while it is active.

    Attributes:
        position_of: position of the call that made each live tensor, by the tensor's ``id``.
        held: as in ``Graph``.
        path: the running modules, innermost last.
        zeros: tensors of zeros, which code may concatenate with others.
        within_call: a module or function that is one call is running, so what it calls is not recorded.
        named: how many functional calls have each path.
        flops: what FlopCounterMode counts for the recorded calls, by the path of the module that made them.
        counted: what the second count had when the running call began.
        entered: the path of the running module that is one call.
    """

    def __init__(self, net: nn.Module, name: str) -> None:
        super().__init__()
        self.net = net
        self.name = name
        self.weights = Weights(net)
        self.second = SecondCount(lambda: self.scope, self._run)
        self.flops: Counter[str] = Counter()
        self.builder = Builder()
        self.position_of: dict[int, int] = {}
        self.held: dict[int, int] = {}
        self.path: list[str] = []
        self.zeros: list[Tensor] = []
        self.within_call = False
        self.named: dict[str, int] = {}
        self.counted = 0
        self.entered: str | None = None

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
    def watching(self) -> Iterator[None]:
        """Record what runs. A module's own hooks run before it is entered and after it is left."""
        for path, module in self.net.named_modules():
            if isinstance(module, ScriptModule):  # takes no hooks
                continue
            module.register_forward_pre_hook(self._enters(path), with_kwargs=True)
            module.register_forward_hook(self._leaves(path), with_kwargs=True, prepend=True)
        with self.second, self:
            yield

    def _enters(self, path: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: Any, kwargs: Any) -> None:
            self.path.append(path)
            if self.within_call:
                return
            self.within_call = is_one_call(module)
            self._begin()
            if self.within_call:
                self.entered = path
            else:
                self.builder.containers[path] = type(module).__name__

        return hook

    def _leaves(self, path: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: Any, kwargs: Any, out: Any) -> None:
            if self.within_call and self.entered == path:
                self._record_module(path, module, args, kwargs, out)
                self.within_call, self.entered = False, None
            self.path.pop()

        return hook

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        return self._run(func.__name__, func, args, kwargs or {})

    def _run(self, name: str, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """The output of ``func``, which is recorded unless it is a part of a call, or several calls."""
        if self.within_call:
            return func(*args, **kwargs)
        if name in IN_PARTS:
            with self:
                return _in_parts(func)(*args, **kwargs)
        self.within_call = True
        self._begin()
        try:
            out = func(*args, **kwargs)
            if name == "scaled_dot_product_attention" and out.dim() == 4:
                out = _laid_out_as_fused(out)
        finally:
            self.within_call = False
        self._record(*as_function(name.strip("_") if name != "__setitem__" else name, args, kwargs, out))
        return out

    def _begin(self) -> None:
        self.counted = self.second.total

    def _record_module(self, path: str, module: nn.Module, args: Any, kwargs: Any, out: Any) -> None:
        if not any(id(x) in self.position_of for x in tree_leaves((args, kwargs))):
            read = (args, kwargs, [*module.parameters()])
            self.weights.derive(path, read, out, self._own_products())  # as a weight's parametrization
            return
        args, kwargs = positional(args, kwargs)
        try:
            op = of_module(module)
            if op is None or not self._fits([op], args[:1], out):
                raise Unknown
            owner = self.weights.owner_of_module(module, path)
        except Unknown:
            any_call.write(self, any_call.of_module(path, module, args, kwargs, out, self._products()))
            return
        self._write(path, [op], args[:1], out, owner)

    def _record(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], out: Any) -> None:
        path = ".".join(filter(None, (self.scope, name.strip("_"))))
        if name in NEW:  # of its argument it takes the shape alone
            self.zeros += [out] if "zeros" in name else []
            self.weights.derive(path, (), out)
            return
        if not any(id(x) in self.position_of for x in tree_leaves((args, kwargs))):
            self.weights.derive(path, (args, kwargs), out, self._own_products())
            return
        args, kwargs = positional(args, kwargs)
        try:
            self._record_known(path, name, args, kwargs, out)
        except Unknown:
            any_call.write(self, any_call.of_function(path, name, args, kwargs, out, self._products()))

    def _record_known(self, path: str, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], out: Any) -> None:
        made = out[0] if isinstance(out, tuple) and name == "max" else out  # (values, indices)
        if isinstance(made, tuple | list):
            if id(args[0]) not in self.position_of:
                raise Unknown
            for op, piece in zip(pieces(name, args, kwargs, made), made, strict=True):
                self._write(path, [op], args[:1], piece)
            return
        if name == "cat" and any(x is zero for x in args[0] for zero in self.zeros):
            calls = zero_padded(args[0], (*args[1:], *kwargs.values()), lambda x: id(x) in self.position_of)
        else:
            calls = of_function(name, args, kwargs, made)
        if calls is None:
            if id(args[0]) not in self.position_of:
                raise Unknown
            self.stands_for(made, self.position_of[id(args[0])])
            return
        ops, inputs = calls
        read = [x for x in tree_leaves((args, kwargs)) if id(x) in self.position_of]
        if not all(any(x is taken for taken in inputs) for x in read) or not self._fits(ops, inputs, made):
            raise Unknown
        weights, owner = read_weights(name, args, kwargs), ""
        if weights:
            owner, op = self.weights.owner(ops[0], weights, self.scope)
            ops = (op,)
        self._write(owner or path, ops, inputs, made, owner)

    def _fits(self, ops: Sequence[Op], inputs: Sequence[Any], out: Any) -> bool:
        """Whether ``ops``, one after the other, take these inputs and give this output."""
        if not isinstance(out, Tensor) or any(id(x) not in self.position_of for x in inputs):
            return False
        types = tuple(self.builder.type(self.position_of[id(x)]) for x in inputs)
        try:
            for op in ops:
                types = (op.infer(*types),)
        except (ShapeError, ValueError):  # or a shape of another rank
            return False
        return types[0] == type_of(out)

    def _write(self, path: str, ops: Sequence[Op], inputs: Sequence[Any], out: Tensor, owner: str = "") -> None:
        positions = tuple(self.position_of[id(x)] for x in inputs)
        for op in ops:
            positions = (self.add(path, op, positions, owner),)
        self.stands_for(out, positions[0])

    def add(self, path: str, op: Op, inputs: tuple[int, ...], owner: str = "") -> int:
        """The position of a call at ``path`` that reads weights of the module ``owner``."""
        position = self.builder.traced(self.unique(path), op, inputs, owner)
        self.flops[self.scope] += flops_of(self.builder.nodes[position])
        return position

    def unique(self, path: str) -> str:
        """``path``, with a number from its second call on."""
        earlier = self.named.get(path, 0)
        self.named[path] = earlier + 1
        return f"{path}_{earlier}" if earlier else path

    def _products(self) -> int:
        """Multiply-accumulates that torch's own formulas count in the call that has just run."""
        return (self.second.total - self.counted) // 2

    def _own_products(self) -> dict[str, int]:
        return {self.scope: products} if (products := self._products()) else {}

    def write_unused(self) -> None:
        """Append the parameters and buffers that no call reads, so that sums over the calls are the net's."""
        nodes = self.builder.nodes
        read = {name for node in nodes for name in node.weights()}
        learned = tuple((n, tuple(p.shape)) for n, p in self.net.named_parameters() if n not in read)
        owned = {f"{node.module}.{key}".removeprefix(".") for node in nodes for key in node.op.buffers()}
        kept = tuple((n, type_of(b)) for n, b in self.net.named_buffers() if n not in owned)
        if learned or kept:
            self.builder.traced(UNUSED, Constant(TensorType(()), learned, kept, is_view=True), (), "")

    def wrote(self, position: int, call: AnyCall, inputs: Sequence[Tensor]) -> None:
        """Called after a call that no operation names, as long as its tensors live."""

    @property
    def unseen(self) -> dict[str, int]:
        """As in ``Graph``."""
        more = self.second.flops.copy()
        more.subtract(self.flops)
        return {path: flops for path, flops in more.items() if flops}


def _laid_out_as_fused(out: Tensor) -> Tensor:
    """Attention's output (N, heads, L, E) in the order N, L, heads, E, as the fused kernels of CPUs and GPUs write it.

    A pass on the meta device takes the attention apart. There a transpose and a reshape, which follow, would copy.
    """
    return out.transpose(1, 2).contiguous().transpose(1, 2)


def _in_parts(func: FunctionType) -> FunctionType:
    """``func`` without its own question whether a mode wants it as one call."""
    scope = {**func.__globals__, "has_torch_function": lambda tensors: False}
    parts = FunctionType(func.__code__, scope, func.__name__, func.__defaults__, func.__closure__)
    parts.__kwdefaults__ = func.__kwdefaults__
    return parts
