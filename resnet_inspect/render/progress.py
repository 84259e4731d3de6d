"""Show on a terminal what a running benchmark or training is doing."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from math import ceil
from typing import IO, Any, cast

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from resnet_inspect.escape import visible

Tell = Callable[[str], None]
Count = Callable[[int, int], None]


class DoneColumn(ProgressColumn):
    """How many cases have ended, of how many, and the time that the others will take, where it is known."""

    def __init__(self, noun: str) -> None:
        super().__init__()
        self.noun = noun

    def render(self, task: Task) -> Text:
        if task.total is None:
            return Text()
        ended = f"{task.completed:.0f}/{task.total:.0f} {self.noun},"
        left = task.time_remaining
        return Text(ended if left is None else f"{ended} {timedelta(seconds=ceil(left))} left,")


class LastingStream:
    """A terminal that may be closed while a benchmark runs; what is written to it then is lost."""

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError):
            self.stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self.stream.flush()

    def __getattr__(self, name: str) -> Any:  # whatever rich asks of a stream
        return getattr(self.stream, name)


@contextmanager
def live(console: Console | None = None, noun: str = "cases") -> Iterator[tuple[Tell, Count, Tell]]:
    """Yield three functions: show what goes on, count the cases that have ended and are planned, leave a line above.

    The display redraws only when one of them is called, because a timer would disturb the measurement. It draws on
    stderr unless ``console`` is given, and is erased in the end. ``noun`` is what is counted.
    """
    console = console or Console(file=cast(IO[str], LastingStream(sys.stderr)))
    progress = Progress(
        BarColumn(bar_width=20),
        DoneColumn(noun),
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
        console=console,
        auto_refresh=False,
        transient=True,
        expand=True,
    )
    with progress:
        task = progress.add_task("starting", total=None)

        def tell(line: str) -> None:
            progress.update(task, description=visible(line), refresh=True)

        def count(ended: int, planned: int) -> None:
            progress.update(task, completed=ended, total=planned, refresh=True)

        def leave(line: str) -> None:
            console.print(visible(line), markup=False, highlight=False)

        yield tell, count, leave
