"""What torch's allocator is asked for on a CPU."""

import torch
from torch import nn
from torch.nn import functional as F

from resnet_inspect.benchmark.worker.requested_memory import requested_on_cpu


def resident(net: nn.Module) -> int:
    return sum(t.numel() * t.element_size() for t in [*net.parameters(), *net.buffers()])


def measured(net: nn.Module, x: torch.Tensor, optimizer: torch.optim.Optimizer | None = None) -> int:
    """Peak bytes asked for, weights, buffers, input and optimizer state included, without workspaces."""
    if optimizer is None:
        net.eval()

        def call() -> None:
            with torch.inference_mode():
                net(x)
    else:
        y = torch.zeros(len(x), dtype=torch.long)

        def call() -> None:
            F.cross_entropy(net(x), y).backward()
            optimizer.step()

    state = 0
    if optimizer is not None:
        call()  # the first step makes the optimizer's state
        optimizer.zero_grad(set_to_none=True)
        tensors = [t for values in optimizer.state.values() for t in values.values() if isinstance(t, torch.Tensor)]
        state = sum(t.numel() * t.element_size() for t in tensors)
    return resident(net) + x.nbytes + state + requested_on_cpu(call).peak_bytes
