"""Folded networks against the ones they came from."""

import pytest
import torch
from torch import nn

from resnet_inspect import sources
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.worker.prepare import agreement, prepare
from resnet_inspect.graph.fold import fold
from resnet_inspect.runtime.build import build
from resnet_inspect.runtime.folded import folded

NETS = ("resnet18", "resnet50d", "seresnet50", "cbam_resnet18", "preresnet20_cifar", "resnetblur50", "resnet50_gn")


@pytest.mark.parametrize("model", NETS)
def test_a_folded_net_gives_the_outputs_of_its_own_in_fewer_modules(model: str) -> None:
    torch.manual_seed(0)
    graph = sources.graph_of(sources.find(model), (2, 3, 64, 64))
    net, x = build(graph), torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        net(x)  # statistics that are not those of a new BatchNorm
        net.eval()
        shorter = folded(net, graph, fold(graph))
        assert torch.allclose(shorter(x), net(x), rtol=1e-3, atol=1e-4)
    norms = [sum(isinstance(m, nn.BatchNorm2d) for m in part.modules()) for part in (net, shorter)]
    gone = len(graph.nodes) - len(fold(graph).nodes)
    assert norms[0] - norms[1] == gone
    assert (gone > 0) is (model != "resnet50_gn")


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_folded_case_is_compared_with_the_net_it_came_from(precision: str) -> None:
    case = Case("resnet18", "cpu", 2, (2, 3, 64, 64), "infer", precision, "contiguous", "eager", 1, folded=True)
    ready = prepare(case, sources.graph_of(sources.find("resnet18"), case.input), 0)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in ready.net.modules())
    with torch.inference_mode():
        finite, error = agreement(ready, case)
    assert finite
    assert error is not None
    assert 0 < error < (1e-5 if precision == "fp32" else 2e-2)
    with torch.no_grad():
        ready.net.get_parameter("layer4.1.conv2.bias").zero_()
        assert agreement(ready, case)[1] > 0.02, "a bias that was lost is found"
