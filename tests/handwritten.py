"""Ten nets as other people write them: none uses a type of this package."""

from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


def conv_bn(c: int, out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(c, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU(True))


class Residual(nn.Module):
    """A block with its shortcut under a name of its author's."""

    def __init__(self, c: int, out: int, stride: int = 1) -> None:
        super().__init__()
        last = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.branch = nn.Sequential(conv_bn(c, out, stride), last, nn.BatchNorm2d(out))
        project = nn.Sequential(nn.Conv2d(c, out, 1, stride, bias=False), nn.BatchNorm2d(out))
        self.skip = nn.Identity() if c == out and stride == 1 else project

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.branch(x) + self.skip(x))


class ListOfStages(nn.Module):
    """Stages in a ModuleList that a loop calls."""

    def __init__(self, num_classes: int = 10, width: int = 8) -> None:
        super().__init__()
        self.stem = conv_bn(3, width)
        widths = [width, width, 2 * width, 4 * width]
        self.stages = nn.ModuleList(
            nn.Sequential(Residual(c, out, 1 + (c != out)), Residual(out, out)) for c, out in pairwise(widths)
        )
        self.fc = nn.Linear(widths[-1], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        return self.fc(x.mean(dim=(2, 3)))


class Everything(nn.Sequential):
    """One nn.Sequential of all layers, with numbers for names."""

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        for c, out in ((3, 8), (8, 16), (16, 32)):
            layers += [nn.Conv2d(c, out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        super().__init__(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5), nn.Linear(32, 10))


class Functional(nn.Module):
    """Pools, activations and flattening as functions; a block that is called in one line."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 8, 5), nn.Conv2d(8, 16, 5)
        self.fc = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(torch.relu(self.conv2(x)), 2)
        return F.log_softmax(self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1)), dim=1)


class StochasticDepth(ListOfStages):
    """Blocks that training drops at random."""

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for stage in self.stages:
            for block in stage:
                if self.training and torch.rand(1).item() < 0.1:
                    continue
                x = block(x)
        return self.fc(F.adaptive_avg_pool2d(x, (1, 1)).flatten(1))


class StandardizedConv(nn.Conv2d):
    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight - self.weight.mean(dim=(1, 2, 3), keepdim=True)
        weight = weight / (weight.std(dim=(1, 2, 3), keepdim=True) + 1e-5)
        return F.conv2d(x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class Standardized(nn.Module):
    """Weight standardisation by hand, with group norm."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for c, out in ((3, 8), (8, 16)):
            layers += [StandardizedConv(c, out, 3, 2, 1), nn.GroupNorm(4, out), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.classifier = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.body(x).mean((2, 3)))


class TwoHeads(ListOfStages):
    """A tuple of class scores and features."""

    def forward(self, x: Tensor) -> Any:
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        features = x.mean(dim=(2, 3))
        return self.fc(features), features


class DictOutput(ListOfStages):
    """A dictionary, as segmentation nets return one."""

    def forward(self, x: Tensor) -> Any:
        return {"out": super().forward(x)}


class Einsum(nn.Module):
    """Attention over positions, written as einsum."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, 16, 4, 4)
        self.position = nn.Parameter(torch.zeros(1, 64, 16))
        self.qkv, self.out = nn.Linear(16, 48), nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2) + self.position
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        weights = torch.einsum("nic,njc->nij", q, k).softmax(-1)
        return self.out(torch.einsum("nij,njc->nic", weights, v).mean(1))


class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        y = torch.sigmoid(x)
        return gradient * (y + x * y * (1 - y))


class Normalising(nn.Module):
    """Pixels normalised by a buffer, and an activation with a backward of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.stem = nn.Conv2d(3, 8, 3, 2, 1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = Swish.apply(self.stem(x - self.mean))
        return self.fc(x.mean((2, 3)))


class Checkpointed(ListOfStages):
    """Blocks that are computed again in backward."""

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for stage in self.stages:
            for block in stage:
                x = checkpoint(block, x, use_reentrant=False) if self.training else block(x)
        return self.fc(x.mean((2, 3)))
