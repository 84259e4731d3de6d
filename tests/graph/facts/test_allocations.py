"""Request by request, the bytes alive are those of the predicted course of memory, kind by kind."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import law, lowered, specs

import resnet_inspect as ri
from resnet_inspect.errors import InspectError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.allocations import Kind, Tensor, kept, steps
from resnet_inspect.graph.facts.memory import PeakMemory, memory_course, memory_peak
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.vocabulary import OPTIMIZERS, PRECISIONS, TASKS, Optimizer, Precision, Task

FIELDS: dict[Kind, str] = {
    "weights": "weight_bytes",
    "buffers": "buffer_bytes",
    "input": "input_bytes",
    "activations": "activation_bytes",
    "gradients": "gradient_bytes",
    "weight gradients": "weight_gradient_bytes",
    "optimizer": "optimizer_bytes",
}


def check(graph: Graph, task: Task, precision: Precision, optimizer: Optimizer) -> None:
    held = [*kept(graph, task, precision, optimizer)]
    alive = {*held}
    assert len(alive) == len(held)
    course = [*memory_course(graph, task, precision, optimizer)]
    played = [*steps(graph, task, precision, optimizer)]
    assert [(step.call, step.phase) for step in played if step.call] == [(call, phase) for call, phase, _ in course]
    for step, (_, _, expected) in zip(played, course, strict=False):
        assert {*step.freed} <= alive
        alive = (alive - {*step.freed}) | {*step.made}
        assert by_kind(alive) == {kind: getattr(expected, field) for kind, field in FIELDS.items()}, step
    alive -= {*played[-1].freed}
    left = {tensor.kind for tensor in alive - {*held}}
    assert left <= ({"weight gradients"} if task == "train" else set())
    assert max(memory.peak_bytes for *_, memory in course) == peak(graph, task, precision, optimizer).peak_bytes


def by_kind(alive: set[Tensor]) -> dict[Kind, int]:
    sums: Counter[Kind] = Counter()
    for tensor in alive:
        sums[tensor.kind] += tensor.size
    return {kind: sums[kind] for kind in FIELDS}


def peak(graph: Graph, task: Task, precision: Precision, optimizer: Optimizer) -> PeakMemory:
    return memory_peak(graph, task, precision, optimizer)[1]


@law(40)
@given(specs(), st.sampled_from(TASKS), st.sampled_from(PRECISIONS), st.sampled_from(OPTIMIZERS))
def test_requests_add_up_to_the_course_of_memory(
    spec: ResNetSpec, task: Task, precision: Precision, optimizer: Optimizer
) -> None:
    check(lowered(spec, 2, 64), task, precision, optimizer)


@pytest.mark.parametrize("model", ["resnet50", "preresnet110_cifar", "torchvision:densenet121", "torchvision:vit_b_16"])
@pytest.mark.parametrize("task", TASKS)
def test_so_do_those_of_a_well_known_net(model: str, task: Task) -> None:
    check(ri.lower(model), task, "fp32", "adam")


def test_a_step_that_cannot_train_has_none() -> None:
    with pytest.raises(InspectError):
        next(steps(ri.lower("resnet18", input=(1, 3, 32, 32)), "train"))
