"""How well a net classifies images that it was not trained on."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from resnet_inspect.training.loop.datasets import batches
from resnet_inspect.training.loop.group import ALONE, Group
from resnet_inspect.training.loop.trainee import first_output


def evaluate(
    net: nn.Module,
    loader: Any,
    context: Callable[[], Any],
    device: torch.device,
    stopped: Callable[[], bool] = lambda: False,
    group: Group = ALONE,
) -> tuple[float, float] | None:
    """Mean cross-entropy and accuracy over the images of every process's ``loader``; None where one was ``stopped``.

    The net is left in the mode in which it was.
    """
    was_training = net.training
    net.eval()
    losses, hits, images, is_stopped = [], [], 0, False
    try:
        with torch.no_grad():
            for x, y in batches(loader):
                if is_stopped := stopped():
                    break
                x, y = x.to(device, non_blocking=True), y.to(device, non_blocking=True)
                with context():
                    out = first_output(net(x)).float()
                losses.append(F.cross_entropy(out, y, reduction="sum").double())
                hits.append((out.argmax(1) == y).sum())
                images += len(y)
    finally:
        net.train(was_training)
    loss, hit, seen, stops = group.sums([float(sum(losses)), float(sum(hits)), images, is_stopped])
    return None if stops else (loss / seen, hit / seen)
