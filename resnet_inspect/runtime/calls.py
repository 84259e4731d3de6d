"""Records the calls of a running forward pass: hooks tell which module runs, a mode which functions it calls."""

import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from resnet_inspect.errors import TraceError
from resnet_inspect.graph import Builder
from resnet_inspect.graph.ops.base import Op
from resnet_inspect.runtime.operations import Unknown, of_function, of_module, pieces, zero_padded


class Calls(TorchFunctionMode):
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
