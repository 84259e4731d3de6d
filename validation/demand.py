"""A table of what is demanded of a measurement, its bound, and what was reached."""

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from resnet_inspect.benchmark.compare import Comparison

Row = tuple[str, str, str, str]  # what, bound, reached, how that is to be read: met, NOT MET, or nothing


def row(what: str, bound: str, reached: str, ok: bool) -> Row:
    return what, bound, reached, "met" if ok else "NOT MET"


def told(found: Sequence[Comparison]) -> str:
    return ", ".join(f"{n} {outcome}" for outcome, n in Counter(one.outcome for one in found).most_common())


def show(rows: Iterator[Row]) -> None:
    table = Table(box=None, pad_edge=False)
    for i, column in enumerate(("what", "bound", "reached", "")):
        table.add_column(column, no_wrap=i == 3, width=(50, 18, 36, 8)[i])
    for one in rows:
        table.add_row(*one)
    Console(width=max(Console().width, 120)).print(table, "")
