"""Published accuracy as facts, notes and columns: always with its source and its recipe."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from resnet_inspect.counting.accuracy import Accuracy, highest, side_of
from resnet_inspect.report import Column, Fact
from resnet_inspect.units import Value, text

T = TypeVar("T")
OF_WEIGHTS = (
    "top-1: the best published at that size of weights trained on ImageNet-1k alone; it depends on the recipe, too"
)


def accuracy_facts(published: Sequence[Accuracy], shape: tuple[int, ...]) -> tuple[Fact, ...]:
    """The best result at that size of weights that saw ImageNet-1k alone; none for a net without any result."""
    if not published:
        return ()
    top = highest(published, side_of(shape))
    values: tuple[Value, Value, Value] = (top.top1, top.top5, top.label) if top else (None, None, None)
    return (
        Fact("top1", "top-1", values[0], "percent"),
        Fact("top5", "top-5", values[1], "percent"),
        Fact("top1_source", "top-1 of", values[2]),
    )


def accuracy_notes(published: Sequence[Accuracy], shape: tuple[int, ...]) -> Iterator[str]:
    """How far the recipe decides: the range at that size, and what more data gives."""
    if not published:
        return
    side = side_of(shape)
    here = [row for row in published if row.size == side]
    alone = [row.top1 for row in here if not row.more_data]
    if len(alone) > 1:
        bounds = f"{text(min(alone), 'percent')} to {text(max(alone), 'percent')}"
        yield f"top-1 is of the weights: {bounds} by recipe at {side}×{side}, trained on ImageNet-1k alone"
    more = highest(here, side, "any")
    if more and more.more_data:
        yield f"top-1 with more data: {text(more.top1, 'percent')} by {more.label}, trained on {more.more_data}, too"
    if not here:
        sizes = sorted({row.size for row in published})
        yield f"top-1 is published at {', '.join(f'{size}×{size}' for size in sizes)}"


def accuracy_columns(result: Callable[[T], Accuracy | None], optional: bool = True) -> tuple[Column[T], ...]:
    """A row's top-1 with its source and recipe."""

    def read(item: T, field: str) -> Value:
        row = result(item)
        return None if row is None else getattr(row, field)

    return (
        Column("top1", "top-1", lambda item: read(item, "top1"), "percent", optional),
        Column("top1_source", "recipe", lambda item: read(item, "label"), optional=optional, spare=True),
    )
