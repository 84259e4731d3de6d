"""Which learned tensors the weights of a call come from: its module's own, or those they are computed from."""

import weakref
from collections.abc import Mapping
from dataclasses import replace
from itertools import takewhile
from typing import Any

from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from resnet_inspect.graph.ops.base import Op
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.runtime.operations import Unknown


class Weights:
    """The parameters that each tensor comes from, while nothing but parameters and constants went into it.

    Weight normalisation, for one, computes a convolution's weight from two parameters in each pass.
    """

    def __init__(self, net: nn.Module) -> None:
        self.parameters = dict(net.named_parameters())
        self.names = {id(parameter): frozenset({name}) for name, parameter in self.parameters.items()}

    def of(self, x: Any) -> frozenset[str]:
        return self.names.get(id(x), frozenset())

    def derive(self, inputs: Any, out: Any) -> None:
        """Note that ``out`` was computed from ``inputs``."""
        names = frozenset[str]().union(*map(self.of, tree_leaves(inputs)))
        for x in tree_leaves(out):
            if names and isinstance(x, Tensor) and self.of(x) != names:
                if id(x) not in self.names:
                    weakref.finalize(x, self.names.pop, id(x), None)
                self.names[id(x)] = self.of(x) | names

    def owner(self, op: Op, read: Mapping[str, Tensor], scope: str) -> tuple[str, Op]:
        """The module that owns the learned tensors of a call, and the call's operation with their names.

        ``read`` has the tensors that the call reads as its weight and bias, ``scope`` the module that calls.

        Raises:
            Unknown: they are not learned, are not the net's, or no module owns them all.
        """
        for key, x in read.items():
            if not self.of(x) and isinstance(x, nn.Parameter):
                raise Unknown(f"its {key} is no parameter of the net", "register lists of modules as nn.ModuleList")
            if not self.of(x):
                raise Unknown(f"its {key} is not learned")
        names = sorted(frozenset[str]().union(*map(self.of, read.values())))
        owner = _common_owner(names)
        if not self._are_its_own(op, names, owner):
            if scope and all(name.startswith(f"{scope}.") for name in names):
                owner = scope
            if not owner or not isinstance(op, Conv2d | Linear):
                raise Unknown(f"its weights are computed from {', '.join(names)}")
            learned = tuple((name[len(owner) + 1 :], tuple(self.parameters[name].shape)) for name in names)
            op = replace(op, learned=learned)
        return owner, op

    def _are_its_own(self, op: Op, names: list[str], owner: str) -> bool:
        own = {f"{owner}.{key}": tuple(shape) for key, shape in op.params().items()}
        return own == {name: tuple(self.parameters[name].shape) for name in names}


def _common_owner(names: list[str]) -> str:
    """The innermost module that holds all parameters of these names; empty if that is the net."""
    paths = [name.split(".")[:-1] for name in names]
    levels = takewhile(lambda level: len({*level}) == 1, zip(*paths, strict=False))
    return ".".join(level[0] for level in levels)
