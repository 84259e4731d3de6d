"""A table of demands on a measurement: the bound, what was reached, and whether it was met. honesty.py prints them."""

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from resnet_inspect.benchmark.compare import Comparison

Row = tuple[str, str, str, str]  # what, bound, reached, and met, NOT MET or nothing


def demand(what: str, bound: str, reached: str, met: bool) -> Row:
    return what, bound, reached, "met" if met else "NOT MET"


def count_outcomes(comparisons: Sequence[Comparison]) -> str:
    """As ``37 SAME, 3 INCONCLUSIVE``."""
    counts = Counter(comparison.outcome for comparison in comparisons)
    return ", ".join(f"{n} {outcome}" for outcome, n in counts.most_common())


def is_decided(comparison: Comparison) -> bool:
    """Whether it claims a difference."""
    return comparison.outcome in ("SLOWER", "FASTER")


def show(rows: Iterator[Row]) -> None:
    table = Table(box=None, pad_edge=False)
    for i, column in enumerate(("what", "bound", "reached", "")):
        table.add_column(column, no_wrap=i == 3, width=(50, 18, 36, 8)[i])
    for row in rows:
        table.add_row(*row)
    Console(width=max(Console().width, 120)).print(table, "")
