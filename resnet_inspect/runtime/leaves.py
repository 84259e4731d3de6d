"""Which modules are recorded as one call, and not by the functions that their forward calls."""

from typing import Any

from torch import nn

from resnet_inspect.runtime.operations import Unknown, of_module

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


def is_one_call(module: nn.Module) -> bool:
    """Whether a call of ``module`` is recorded as one, not by the functions that its forward calls."""
    try:
        return of_module(module) is not None or _is_leaf_of_torch(module)
    except Unknown:
        return True


def _is_leaf_of_torch(module: nn.Module) -> bool:
    """Whether it is a module of torch.nn that holds no other, with its own ``forward``."""
    kind: Any = type(module)
    own = kind.__module__.startswith("torch.nn.modules.") and "forward" not in vars(module)
    return own and not module._modules and not isinstance(module, CONTAINERS)
