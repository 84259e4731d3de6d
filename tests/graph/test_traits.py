"""Every operation declares its traits."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module

import pytest

from resnet_inspect.graph import TensorType, ops
from resnet_inspect.graph.ops.base import Op
from resnet_inspect.graph.ops.pointwise import Identity, SameShape

TRAITS = (
    "is_view", "is_view_in_training", "inplace", "saves_input", "saves_output", "passes_gradient", "fusion",
    "extra_bytes",
)  # fmt: skip


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
