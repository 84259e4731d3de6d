"""Random nets on the meta device: lowering predicts what torch does."""

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import law, lowered, specs
from torch.utils.flop_counter import FlopCounterMode

from resnet_inspect.counting.conventions import TORCH
from resnet_inspect.counting.count import count
from resnet_inspect.counting.training import training_flops
from resnet_inspect.counting.writing import as_written
from resnet_inspect.errors import ShapeError
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.runtime.build import build

sizes = st.tuples(st.integers(1, 3), st.integers(24, 80), st.integers(24, 80))


@law(80)
@given(specs(), sizes)
def test_shapes_parameters_and_flops_are_what_torch_finds(spec: ResNetSpec, size: tuple[int, int, int]) -> None:
    graph = lowered(spec, *size)
    net = build(graph, device="meta").eval()
    assert sum(p.numel() for p in net.parameters()) == work_of(graph).params
    state = {f"{node.module}.{k}": v for node in graph.weight_owners() for k, v in node.op.params().items()}
    assert {name: tuple(p.shape) for name, p in net.named_parameters()} == state
    seen: dict[str, tuple[int, ...]] = {}
    performers = {node.module for node in graph.nodes}
    for name, module in net.named_modules():
        if name not in performers:
            continue
        module.register_forward_hook(lambda _m, _i, out, name=name: seen.__setitem__(name, tuple(out.shape)))
    with FlopCounterMode(display=False) as counter:
        out = net(torch.empty(graph.input.shape, device="meta"))
    assert tuple(out.shape) == graph.output.shape
    for node in graph.nodes:
        if node.module:
            # A module called twice shows its last output; the calls of one ReLU may differ in shape.
            last = [other for other in graph.nodes if other.module == node.module][-1]
            assert seen[node.module] == last.out.shape
    assert counter.get_total_flops() == count(TORCH, as_written(graph)).total


@law(80)
@given(specs(), sizes)
def test_a_training_step_costs_what_flopcountermode_counts(spec: ResNetSpec, size: tuple[int, int, int]) -> None:
    graph = lowered(spec, 2, *size[1:])
    # BatchNorm refuses to train on one value a channel.
    assume(all(n.kind != "BatchNorm2d" or n.out.numel > n.out.shape[1] for n in graph.nodes))
    net = build(graph, device="meta").train()
    with FlopCounterMode(display=False) as counter:
        net(torch.empty(graph.input.shape, device="meta")).sum().backward()
    assert counter.get_total_flops() == sum(training_flops(graph, TORCH).values())


@law(25)
@given(specs(), st.integers(24, 48))
def test_inplace_calls_leave_gradients_as_they_are(spec: ResNetSpec, size: int) -> None:
    graph = lowered(spec, 2, size)
    assume(all(n.kind != "BatchNorm2d" or n.out.numel > n.out.shape[1] for n in graph.nodes))
    torch.manual_seed(0)
    net = build(graph)
    x = torch.rand(graph.input.shape)
    safe = build(graph)
    safe.load_state_dict(net.state_dict())
    for module in safe.modules():
        if isinstance(module, torch.nn.ReLU):
            module.inplace = False
    before = x.clone()
    ours, theirs = net(x), safe(x)
    assert torch.equal(x, before)
    assert torch.equal(ours, theirs)
    ours.sum().backward()
    theirs.sum().backward()
    for p, q in zip(net.parameters(), safe.parameters(), strict=True):
        assert (p.grad is None) == (q.grad is None)
        assert p.grad is None or torch.equal(p.grad, q.grad)


@pytest.mark.parametrize("size", [(1, 24, 31), (1, 33, 24)])
def test_where_the_two_branches_differ_torch_fails_too(size: tuple[int, int, int]) -> None:
    n, h, w = size
    spec = ResNetSpec(block="basic", depths=(1, 1), shortcut="D", antialias="avg", stem_pool="none", stem=((3, 1, 64),))
    with pytest.raises(ShapeError, match=r"layer2\.0\.add"):
        lower(spec, "odd", (n, 3, h, w))
    net = build(lower(spec, "even", (n, 3, 32, 32)), device="meta")
    with pytest.raises(RuntimeError):
        net(torch.empty(n, 3, h, w, device="meta"))
