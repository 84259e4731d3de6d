"""A Graph and a Record as the verbs give them: a notebook shows their tables in place of their fields."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from resnet_inspect.api.answer import Answer, answer
from resnet_inspect.escape import visible
from resnet_inspect.graph import Graph

T = TypeVar("T")


class Shown:
    """What a notebook shows as the answer about it. It equals the dataclass with the same fields."""

    __slots__ = ()

    def _answer(self) -> Answer:
        raise NotImplementedError

    def _repr_html_(self) -> str:
        return self._answer()._repr_html_()

    def _repr_markdown_(self) -> str:
        return self._answer()._repr_markdown_()

    def __eq__(self, other: object) -> bool:
        names = _names(self)
        return names == _names(other) and all(getattr(self, name) == getattr(other, name) for name in names)


class ShownGraph(Shown, Graph):
    """A Graph, shown as its summary."""

    __slots__ = ()

    def _answer(self) -> Answer:
        from resnet_inspect.questions.summary import summary

        return answer(summary(self))

    def __repr__(self) -> str:
        return f"<Graph {visible(self.name)}, input {self.input}, {len(self.nodes):,} nodes>"


def show_as(kind: Callable[..., T], value: Any) -> T:
    """A dataclass as its subclass ``kind``."""
    return kind(**{name: getattr(value, name) for name in _names(value)})


def _names(value: Any) -> list[str]:
    return [field.name for field in fields(value)] if is_dataclass(value) else []
