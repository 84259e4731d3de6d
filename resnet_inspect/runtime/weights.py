"""Which tensors of the net a call reads: learned ones, buffers, and those that code computes from them alone."""

import weakref
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from resnet_inspect.graph.ops.base import Op
from resnet_inspect.graph.ops.linear import Conv2d, Learned, Linear
from resnet_inspect.graph.ops.torch_call import Kept
from resnet_inspect.runtime.operations import Unknown
from resnet_inspect.runtime.tensors import storage_of, type_of


@dataclass(frozen=True, slots=True)
class Computed:
    """A tensor that code computed from parameters and constants alone.

    ``path``: of the call. ``is_view``: it is the memory of one that the net keeps. ``products``: multiply-accumulates
    that led to it and that no call of the graph shows, by the module path that made them; outputs of a call share them.
    """

    tensor: weakref.ref[Tensor]
    path: str
    is_view: bool
    products: Counter[str]


NO_PRODUCTS: Mapping[str, int] = {}


class Weights:
    """The parameters and buffers that each tensor comes from, while nothing but these and numbers went into it.

    Weight normalisation, for one, computes a convolution's weight from two parameters in each pass.

    Attributes:
        computed: tensors that the pass computed without the input, by their ``id``.
    """

    def __init__(self, net: nn.Module) -> None:
        self.parameters = dict(net.named_parameters())
        self.buffers = {name: type_of(buffer) for name, buffer in net.named_buffers()}
        kept = (*self.parameters.items(), *net.named_buffers())
        self.names = {id(tensor): frozenset({name}) for name, tensor in kept}
        self.computed: dict[int, Computed] = {}
        self._owners: dict[str, str] = {}  # of each tensor that a call has read

    def of(self, x: Any) -> frozenset[str]:
        """Names of the parameters that ``x`` comes from."""
        return self._read(x) & self.parameters.keys()

    def _read(self, x: Any) -> frozenset[str]:
        return self.names.get(id(x), frozenset())

    def derive(self, path: str, inputs: Any, out: Any, products: Mapping[str, int] = NO_PRODUCTS) -> None:
        """Note that ``out`` was computed from ``inputs`` by the call at ``path``, with ``products``."""
        read = [*{id(x): x for x in tree_leaves(inputs) if isinstance(x, Tensor)}.values()]
        names = frozenset[str]().union(*map(self._read, read))
        kept = [x for x in read if id(x) not in self.computed or self.computed[id(x)].is_view]
        made = [x for x in tree_leaves(out) if isinstance(x, Tensor)]
        total = Counter(products)
        for led_here in self.products_of(read) if made else ():
            total.update(led_here)
            led_here.clear()
        for x in made:
            if any(x is each for each in read):
                if id(x) in self.computed:
                    self.computed[id(x)].products.update(total)
                continue
            is_view = any(storage_of(x) == storage_of(each) for each in kept)
            if id(x) not in self.computed:
                weakref.finalize(x, self._forget, id(x))
            self.computed[id(x)] = Computed(weakref.ref(x), path, is_view, total)
            if names:
                self.names[id(x)] = self._read(x) | names

    def products_of(self, tensors: Iterable[Tensor]) -> list[Counter[str]]:
        """The products that led to these tensors, each once."""
        led_here = [self.computed[id(x)].products for x in tensors if id(x) in self.computed]
        return [*{id(each): each for each in led_here}.values()]

    def sharing(self, x: Tensor) -> list[Tensor]:
        """The computed tensors that live in the memory of ``x``."""
        alive = [tensor for each in self.computed.values() if (tensor := each.tensor()) is not None]
        return [tensor for tensor in alive if tensor is not x and storage_of(tensor) == storage_of(x)]

    def _forget(self, identity: int) -> None:
        self.computed.pop(identity, None)
        self.names.pop(identity, None)

    def owner(self, op: Op, read: Mapping[str, Tensor], scope: str) -> tuple[str, Op]:
        """The module that owns the learned tensors of a call, and the call's operation with their names.

        ``read`` has the tensors that the call reads as its weight and bias, ``scope`` the module that calls.

        Raises:
            Unknown: they are not learned, no operation names what they are computed from, or products led to them.
        """
        computed = (self.computed.get(id(x)) for x in read.values())
        if not all(map(self.of, read.values())) or any(each and each.products for each in computed):
            raise Unknown
        names = sorted(frozenset[str]().union(*map(self.of, read.values())))
        owner = common_owner(names)
        if not self._are_its_own(op, names, owner):
            if scope and all(name.startswith(f"{scope}.") for name in names):
                owner = scope
            if not owner or not isinstance(op, Conv2d | Linear):
                raise Unknown
            learned = tuple((name[len(owner) + 1 :], tuple(self.parameters[name].shape)) for name in names)
            op = replace(op, learned=learned)
        self._own(owner, names)
        return owner, op

    def owner_of_module(self, module: nn.Module, path: str) -> str:
        """The module that names the parameters of the module at ``path``: another one, where the two share them.

        Raises:
            Unknown: no module owns them all.
        """
        names = [name for parameter in module.parameters() for name in self.of(parameter)]
        owner = common_owner(names) if names else path
        self._own(owner, names)
        return owner

    def _own(self, owner: str, names: Iterable[str]) -> None:
        if any(self._owners.setdefault(name, owner) != owner for name in names):
            raise Unknown

    def claim(self, tensors: Iterable[Tensor]) -> tuple[str, Learned, Kept]:
        """Who owns the parameters and buffers among ``tensors`` that no call before this one reads, and these."""
        names = sorted(frozenset[str]().union(*map(self._read, tensors)) - self._owners.keys())
        owner = common_owner(names) if names else ""
        self._own(owner, names)
        cut = len(owner) + 1 if owner else 0
        learned = tuple((name[cut:], tuple(self.parameters[name].shape)) for name in names if name in self.parameters)
        return owner, learned, tuple((name[cut:], self.buffers[name]) for name in names if name in self.buffers)

    def _are_its_own(self, op: Op, names: list[str], owner: str) -> bool:
        own = {f"{owner}.{key}": tuple(shape) for key, shape in op.params().items()}
        return own == {name: tuple(self.parameters[name].shape) for name in names}


def common_owner(names: list[str]) -> str:
    """The innermost module that holds all tensors of these names; empty if that is the net."""
    paths = [name.split(".")[:-1] for name in names]
    levels = takewhile(lambda level: len({*level}) == 1, zip(*paths, strict=False))
    return ".".join(level[0] for level in levels)
