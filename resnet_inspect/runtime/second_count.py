"""A second count of a running pass, from the operations that reach torch's dispatcher.

Calls are recorded where Python makes them. A scripted function, a hook or ``DisableTorchFunction`` may go past that;
nothing goes past the dispatcher.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from resnet_inspect.counting.conventions import TORCH
from resnet_inspect.counting.writing import Call
from resnet_inspect.graph import Node

# Runs an operation of the dispatcher: its name, what performs it, and its arguments.
Run = Callable[[str, Callable[..., Any], Sequence[Any], Mapping[str, Any]], Any]

aten = torch.ops.aten
# Older registries have no formula for the attention kernel of a CPU.
OF_CPUS = {aten._scaled_dot_product_flash_attention_for_cpu: flop_registry[aten._scaled_dot_product_flash_attention]}


class SecondCount(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves __init_subclass__ untyped
    """FLOPs by the path of the running module, by FlopCounterMode's own formulas.

    FlopCounterMode itself would hook every module of the process, those of other threads too.
    """

    supports_higher_order_operators = True

    def __init__(self, scope: Callable[[], str], run: Run) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # and __init__
        self.scope = scope
        self.run = run
        self.flops: Counter[str] = Counter()
        self.total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func is aten._convolution.default:  # as traced modules call it; torch 2.11 cannot run it on meta
            func, args = aten.convolution.default, args[:9]
        operation, kwargs = getattr(func, "_overloadpacket", func), kwargs or {}
        formula = flop_registry.get(operation) or OF_CPUS.get(operation)
        if formula is None and hasattr(func, "decompose"):  # in inference mode, a composite operation arrives whole
            with self:
                out = func.decompose(*args, **kwargs)
            if out is not NotImplemented:
                return out
        out = self.run(operation.__name__, func, args, kwargs)
        if formula is not None:
            flops = formula(*args, **kwargs, out_val=out)
            self.flops[self.scope()] += flops
            self.total += flops
        return out


def flops_of(node: Node) -> int:
    """What FlopCounterMode counts for a call of a Graph."""
    call = Call(node.kind, node, "")
    return sum(rule(call) for rule in TORCH.rules(call))
