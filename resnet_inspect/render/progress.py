"""Show on a terminal what a running benchmark is doing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

from resnet_inspect.escape import visible

Tell = Callable[[str], None]
Count = Callable[[int, int], None]


@contextmanager
def live(console: Console | None = None) -> Iterator[tuple[Tell, Count]]:
    """Yield two functions: one shows a line of text, the other how many cases are done and how many are planned.

    The display redraws only when one of them is called, because a timer would disturb the measurement. It draws on
    stderr unless ``console`` is given, and leaves nothing on the screen.
    """
    progress = Progress(
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("cases,"),
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
            progress.update(task, description=visible(line), refresh=True)

        def count(done: int, planned: int) -> None:
            progress.update(task, completed=done, total=planned, refresh=True)

        yield tell, count
