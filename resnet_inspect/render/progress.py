"""What a benchmark is doing, on a terminal, while it does it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

Tell = Callable[[str], None]
Count = Callable[[int, int], None]


@contextmanager
def live(console: Console | None = None) -> Iterator[tuple[Tell, Count]]:
    """A function for a line that says what is going on, and one for how many arms are done, of how many.

    It draws when it is told something and never between, so as to take nothing from what is being measured. Nothing
    of it stays on the screen, by default that of stderr.
    """
    progress = Progress(
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("arms,"),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
        console=console or Console(stderr=True),
        auto_refresh=False,
        transient=True,
        expand=True,
    )
    with progress:
        task = progress.add_task("starting", total=None)

        def tell(line: str) -> None:
            progress.update(task, description=line, refresh=True)

        def count(done: int, planned: int) -> None:
            progress.update(task, completed=done, total=planned, refresh=True)

        yield tell, count
