"""How well a net classifies images that it was not trained on."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from resnet_inspect.training.loop.datasets import batches
from resnet_inspect.training.loop.trainee import first_output


def evaluate(
    net: nn.Module, loader: Any, context: Callable[[], Any], device: torch.device, check: Callable[[], None]
) -> tuple[float, float]:
    """Mean cross-entropy and accuracy over the images of ``loader``; ``check`` is called between batches.

    The net is left in the mode in which it was.
    """
    was_training = net.training
    net.eval()
    losses, hits, images = [], [], 0
    try:
        with torch.no_grad():
            for x, y in batches(loader):
                check()
                x, y = x.to(device, non_blocking=True), y.to(device, non_blocking=True)
                with context():
                    out = first_output(net(x)).float()
                losses.append(F.cross_entropy(out, y, reduction="sum").double())
                hits.append((out.argmax(1) == y).sum())
                images += len(y)
    finally:
        net.train(was_training)
    return float(sum(losses)) / images, int(sum(hits)) / images
