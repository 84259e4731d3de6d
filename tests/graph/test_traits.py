"""Every operation declares its traits, and torch treats memory as they say."""

import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module

import pytest
import torch
from torch import Tensor, nn

from resnet_inspect.graph import TensorType, ops
from resnet_inspect.graph.ops.base import Op
from resnet_inspect.graph.ops.gate import AdaptiveMaxPool2d, Cat, Conv1d, Max, Mean, Mul, Reshape, Sigmoid
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.graph.ops.pointwise import (
    Activation,
    Add,
    BatchNorm2d,
    Clone,
    Dropout,
    GroupNorm,
    Identity,
    Input,
    ReLU,
    SameShape,
    Scale,
)
from resnet_inspect.graph.ops.pool import AdaptiveAvgPool2d, AvgPool2d, BlurPool2d, MaxPool2d
from resnet_inspect.graph.ops.positions import PositionEmbedding, ScaledDotProductAttention, Transpose
from resnet_inspect.graph.ops.reshape import Flatten, Pad, Slice, Subsample
from resnet_inspect.graph.ops.torch_call import Constant, OtherOutput, TorchCall
from resnet_inspect.graph.ops.weighing import MatMul, Sum
from resnet_inspect.runtime.modules import FUNCTIONS, function, module

TRAITS = (
    "is_view", "is_view_in_training", "inplace", "saves_input", "saves_output", "passes_gradient", "fusion",
    "extra_bytes",
)  # fmt: skip


TOLD_BY_A_RUN = (TorchCall, Constant, OtherOutput)  # their traits are read off torch, call by call
MODULES = [import_module(info.name) for info in pkgutil.iter_modules(ops.__path__, f"{ops.__name__}.")]


def operations(base: type[Op] = Op) -> Iterator[type[Op]]:
    """Every class from which no other derives, and Identity, from which Dropout does."""
    for kind in base.__subclasses__():
        yield from operations(kind)
        current = any(vars(each).get(kind.__name__) is kind for each in MODULES)  # dataclass(slots=True) makes two
        if current and (kind is Identity or not kind.__subclasses__()):
            yield kind


def undeclared(kind: type[Op]) -> list[str]:
    """Traits that neither the class nor a base below Op declares."""
    classes = [each for each in kind.__mro__ if each not in (Op, object)]
    return [trait for trait in TRAITS if not any(trait in vars(each) for each in classes)]


@pytest.mark.parametrize("kind", [*operations()], ids=lambda kind: kind.__name__)
def test_an_operation_declares_every_trait(kind: type[Op]) -> None:
    assert undeclared(kind) == []


def test_an_operation_that_declares_no_trait_has_none() -> None:
    class Bare(Op):
        pass

    class Pointwise(SameShape):
        pass

    assert undeclared(Bare) == [*TRAITS]
    assert undeclared(Pointwise) == [trait for trait in TRAITS if not trait.startswith("is_view")]
    for trait in TRAITS[:-1]:
        with pytest.raises(NotImplementedError):
            getattr(Bare(), trait)
    with pytest.raises(NotImplementedError):
        Bare().extra_bytes((), TensorType(()), 4, True)


IMAGE = (2, 6, 8, 8)
CASES: list[tuple[Op, tuple[tuple[int, ...], ...]]] = [
    (Conv2d(6, 4, 3), (IMAGE,)),
    (Conv1d(6, 6, 3), ((2, 6, 9),)),
    (Linear(7, 3), ((2, 7),)),
    (BatchNorm2d(6), (IMAGE,)),
    (GroupNorm(2, 6), (IMAGE,)),
    *((ReLU(inplace), (IMAGE,)) for inplace in (True, False)),
    *((Activation(name, name != "GELU"), (IMAGE,)) for name in ("SiLU", "LeakyReLU", "GELU", "Hardswish", "ReLU6")),
    *((Activation(name), (IMAGE,)) for name in ("LeakyReLU", "Tanh", "Softmax", "LogSoftmax", "Mish")),
    *((Scale(inplace), (IMAGE,)) for inplace in (True, False)),
    (Clone(), (IMAGE,)),
    (Identity(), (IMAGE,)),
    (Dropout(), (IMAGE,)),
    (Dropout(channels=True), (IMAGE,)),
    *((Add(inplace), (IMAGE, IMAGE)) for inplace in (True, False)),
    (Mul(), (IMAGE, (2, 6, 1, 1))),
    (MaxPool2d(3, 2), (IMAGE,)),
    (AvgPool2d(2, 2), (IMAGE,)),
    (AdaptiveAvgPool2d(), (IMAGE,)),
    (AdaptiveMaxPool2d(), (IMAGE,)),
    (BlurPool2d(6), (IMAGE,)),
    (Sigmoid(), (IMAGE,)),
    (Max((1,)), (IMAGE,)),
    (Mean((2, 3)), (IMAGE,)),
    (Sum((1,)), (IMAGE,)),
    (MatMul(), ((2, 6, 9), (2, 9, 1))),
    (Cat(), (IMAGE, IMAGE)),
    (Flatten(), (IMAGE,)),
    (Reshape((48, 8)), (IMAGE,)),
    (Slice(1, 3), (IMAGE,)),
    (Subsample(2), (IMAGE,)),
    (Pad(right=1), (IMAGE,)),
    (Transpose(1, 2), ((2, 6, 8),)),
    (PositionEmbedding(6, 8), ((2, 6, 8),)),
    (ScaledDotProductAttention(), ((2, 3, 6, 8),) * 3),
]


def in_torch(op: Op) -> Callable[..., Tensor]:
    match op:
        case Activation("Softmax" | "LogSoftmax" as name):
            return getattr(nn, name)(1)
        case Activation(name, True):
            return getattr(nn, name)(inplace=True)
        case Activation(name):
            return getattr(nn, name)()
        case Scale(True):
            return lambda x: x.mul_(0.5)
        case Scale():
            return lambda x: x * 0.5
        case Clone():
            return torch.clone
        case Dropout(channels):
            return nn.Dropout2d(0.1) if channels else nn.Dropout(0.1)
        case _ if isinstance(op, FUNCTIONS):
            call, arguments = function(op, op.inplace)
            return lambda *inputs: call(*inputs, *arguments)
    return module(op, op.inplace)


def batches(shapes: tuple[tuple[int, ...], ...]) -> list[Tensor]:
    """Inputs that are no leaves of autograd, which an in-place call would refuse."""
    return [torch.rand(shape, requires_grad=True) * 1.0 for shape in shapes]


def memory(x: Tensor) -> int:
    return x.untyped_storage().data_ptr()


def test_every_operation_is_held_against_torch() -> None:
    assert {type(op) for op, _ in CASES} == {*operations()} - {Input, *TOLD_BY_A_RUN}


@pytest.mark.parametrize(("op", "shapes"), CASES, ids=repr)
def test_autograd_saves_what_the_traits_say(op: Op, shapes: tuple[tuple[int, ...], ...]) -> None:
    run, given, saved = in_torch(op), batches(shapes), list[Tensor]()
    with torch.autograd.graph.saved_tensors_hooks(lambda x: saved.append(x) or x, lambda x: x):
        out = run(*given)
    where = {memory(x): x.untyped_storage().nbytes() for x in saved}
    copied = op.inplace and op.saves_input  # autograd saves a copy of what is then overwritten
    if not op.inplace:
        assert any(memory(x) in where for x in given) is op.saves_input
    assert (memory(out) in where) is op.saves_output
    state = [*run.parameters(), *run.buffers()] if isinstance(run, nn.Module) else []
    for x in (*given, out, *state):
        where.pop(memory(x), None)
    types = tuple(TensorType(shape) for shape in shapes)
    extra = op.extra_bytes(types, op.infer(*types), 4, True)
    assert sum(where.values()) == extra + copied * given[0].nbytes


@pytest.mark.parametrize(("op", "shapes"), CASES, ids=repr)
def test_torch_writes_where_the_traits_say(op: Op, shapes: tuple[tuple[int, ...], ...]) -> None:
    run, given = in_torch(op), batches(shapes)
    assert (memory(run(*given)) == memory(given[0])) is (op.is_view_in_training or op.inplace)
    if isinstance(run, nn.Module):
        run.eval()
    with torch.no_grad():
        assert (memory(run(*given)) == memory(given[0])) is (op.is_view or op.inplace)


@pytest.mark.parametrize(("op", "shapes"), CASES, ids=repr)
def test_autograd_hands_on_the_gradient_where_the_traits_say(op: Op, shapes: tuple[tuple[int, ...], ...]) -> None:
    given, gradients = batches(shapes), list[Tensor]()
    for x in given:
        x.register_hook(gradients.append)
    out = in_torch(op)(*given)
    gradient = torch.rand(out.shape)
    out.backward(gradient)
    assert len(gradients) == len(given)
    handed_on = [memory(x) == memory(gradient) for x in gradients]
    assert handed_on == [op.passes_gradient] * len(given)
