"""Records the calls of a running forward pass: hooks tell which module runs, a mode which functions it calls.

A second mode, at torch's dispatcher, tells the calls that the first does not see, as those of a scripted function.
"""

import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.jit import ScriptModule
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from resnet_inspect.errors import TraceError
from resnet_inspect.graph import Builder
from resnet_inspect.graph.ops.base import Op
from resnet_inspect.runtime.arguments import positional, read_weights
from resnet_inspect.runtime.aten import as_function
from resnet_inspect.runtime.operations import (
    COMPLETE,
    Unknown,
    of_function,
    of_module,
    pieces,
    zero_padded,
)
from resnet_inspect.runtime.second_count import SecondCount, flops_of
from resnet_inspect.runtime.weights import Weights


class Calls(TorchFunctionMode):
    """Records each call while it is active.

    Attributes:
        position_of: position of the call that made each live tensor, by the tensor's ``id``.
        held: as in ``Graph``.
        path: the running modules, innermost last.
        zeros: tensors of zeros, which code may concatenate with others.
        within_call: a module or function that is one call is running, so what it calls is not recorded.
        named: how many functional calls have each path.
        refusal: the error that was raised, which the code may catch, or TorchScript replace by its own.
        flops: what FlopCounterMode counts for the recorded calls, by the path of the module that made them.
    """

    def __init__(self, net: nn.Module, name: str) -> None:
        super().__init__()
        self.net = net
        self.name = name
        self.weights = Weights(net)
        self.second = SecondCount(lambda: self.scope, self._run)
        self.flops: Counter[str] = Counter()
        self.refusal: TraceError | None = None
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
            try:
                self.within_call = of_module(module) is not None
            except Unknown as unknown:
                raise self._refused(f"{path}: {type(module).__name__}({unknown})", unknown.hint) from None
            if not self.within_call:
                self.builder.containers[path] = type(module).__name__

        return hook

    def _leaves(self, path: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: Any, kwargs: Any, out: Any) -> None:
            if self.within_call and (op := of_module(module)):
                self.within_call = False
                if any(id(x) in self.position_of for x in tree_leaves((args, kwargs))):
                    self._write(path, [op], positional(args, kwargs)[0][:1], out, module=True)
                else:  # as in the parametrization of a weight
                    self.weights.derive((args, kwargs, [*module.parameters()]), out)
            self.path.pop()

        return hook

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        return self._run(func.__name__, func, args, kwargs or {})

    def _run(self, name: str, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """The output of ``func``, which is recorded unless it is a part of a call."""
        if self.within_call:
            return func(*args, **kwargs)
        self.within_call = True
        try:
            out = func(*args, **kwargs)
        finally:
            self.within_call = False
        self._record(*as_function(name.strip("_"), args, kwargs, out))
        return out

    def _record(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], out: Any) -> None:
        if name in ("zeros", "zeros_like", "new_zeros"):
            self.zeros.append(out)
            return
        read = [x for x in tree_leaves((args, kwargs)) if id(x) in self.position_of]
        if not read:
            self.weights.derive((args, kwargs), out)
            return
        made = out[0] if isinstance(out, tuple) and name == "max" else out  # (values, indices)
        if not any(isinstance(leaf, Tensor) for leaf in tree_leaves(made)):
            return
        args, kwargs = positional(args, kwargs)
        path = ".".join(filter(None, (self.scope, name)))
        try:
            if isinstance(made, tuple | list):
                for op, piece in zip(pieces(name, args, kwargs, made), made, strict=True):
                    self._write(path, [op], args[:1], piece, module=False)
                return
            if name == "cat" and any(x is zero for x in args[0] for zero in self.zeros):
                calls = zero_padded(args[0], (*args[1:], *kwargs.values()), lambda x: id(x) in self.position_of)
            else:
                calls = of_function(name, args, kwargs, made)
            if calls is None:
                if id(args[0]) in self.position_of:
                    self.stands_for(made, self.position_of[id(args[0])])
                return
            ops, inputs = calls
            weights = read_weights(name, args, kwargs)
            owner = ""
            if weights:
                owner, op = self.weights.owner(ops[0], weights, self.scope)
                ops = (op,)
            if not all(any(x is taken for taken in inputs) for x in read):
                raise Unknown("a tensor among its other arguments")
        except Unknown as unknown:
            raise self._refused(f"{path}{f'({unknown})' if str(unknown) else ''}", unknown.hint) from None
        self._write(owner or path, ops, inputs, made, module=bool(owner))

    def _write(self, path: str, ops: Sequence[Op], inputs: Sequence[Any], out: Tensor, module: bool) -> None:
        for x in inputs:
            if id(x) not in self.position_of:
                names = ", ".join(sorted(self.weights.of(x)))
                what = f"the parameter {names}" if names else "a tensor that the pass did not compute from its input"
                raise self._refused(f"{path} reads {what}")
        positions = [self.position_of[id(x)] for x in inputs]
        for op in ops:
            if module:
                position = self.builder.module(path, op, *positions)
            else:
                earlier = self.named.get(path, 0)
                self.named[path] = earlier + 1
                position = self.builder.call(f"{path}_{earlier}" if earlier else path, op, *positions)
            self.flops[self.scope] += flops_of(self.builder.nodes[position])
            positions = [position]
        if self.builder.type(position).shape != tuple(out.shape):
            raise self._refused(f"{path} returns {tuple(out.shape)}, not {self.builder.type(position)}")
        self.stands_for(out, position)

    @property
    def unseen(self) -> dict[str, int]:
        """As in ``Graph``."""
        more = self.second.flops.copy()
        more.subtract(self.flops)
        return {path: flops for path, flops in more.items() if flops}

    def _refused(self, call: str, hint: str = COMPLETE) -> TraceError:
        self.refusal = TraceError(f"{call}, which has no place in the graph of {self.name}", hint)
        return self.refusal
