"""Show on a terminal what a running benchmark or training is doing."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from math import ceil
from typing import IO, Any, cast

from rich.console import Console, ConsoleDimensions
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from resnet_inspect.escape import visible

WITH_A_BAR = 60  # characters of a line that has room for one

Tell = Callable[[str], None]
Count = Callable[[float, int], None]


class DoneColumn(ProgressColumn):
    """How many have ended, of how many, and the time that the others will take at the pace so far.

    ``at_most_s``, where it is given, is the time that everything may take; what is left of it is shown instead.
    """

    def __init__(self, noun: str, clock: Callable[[], float], at_most_s: float | None) -> None:
        super().__init__()
        self.noun, self.clock, self.at_most_s = noun, clock, at_most_s
        self.start_s = self.since_s = clock()
        self.before: float | None = None  # a run that is resumed begins with steps that are done

    def render(self, task: Task) -> Text:
        if task.total is not None and self.before is None:
            self.before, self.since_s = task.completed, self.clock()
        ended = "" if task.total is None else f"{int(task.completed)}/{task.total:.0f} {self.noun}, "
        left, prefix = self._left_s(task), "" if self.at_most_s is None else "at most "
        return Text((ended if left is None else f"{ended}{prefix}{timedelta(seconds=ceil(left))} left,").rstrip())

    def _left_s(self, task: Task) -> float | None:
        if self.at_most_s is not None:
            return max(0.0, self.start_s + self.at_most_s - self.clock())
        done = task.completed - (self.before or 0.0)
        if not done or task.total is None:
            return None
        return max(0.0, (self.clock() - self.since_s) * (task.total - task.completed) / done)


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


class RoomyConsole(Console):
    """A console with room at the end of each line for the ^C that a terminal writes: it must not begin a line."""

    @property  # type: ignore[misc]  # rich's may be set; nobody does
    def size(self) -> ConsoleDimensions:
        width, height = super().size
        return ConsoleDimensions(max(1, width - len("^C") - 1), height)


@contextmanager
def live(
    console: Console | None = None,
    noun: str = "cases",
    at_most_s: float | None = None,
    width: int | None = None,
    color: bool = True,
) -> Iterator[tuple[Tell, Count, Tell]]:
    """Yield three functions: show what goes on, count what has ended and is planned, leave a line above.

    The display redraws only when one of them is called, because a timer would disturb the measurement. It draws on
    stderr unless ``console`` is given, in one line, and is erased in the end. ``noun`` is what is counted; what is
    half done counts as 0.5. ``at_most_s`` is the time that everything may take, where that is known.
    """
    stream = cast(IO[str], LastingStream(sys.stderr))
    console = console or RoomyConsole(file=stream, width=width, no_color=None if color else True)
    progress = Progress(
        *([BarColumn(bar_width=20)] if console.width >= WITH_A_BAR else []),
        DoneColumn(noun, console.get_time, at_most_s),
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
        console=console,
        auto_refresh=False,
        transient=True,
        expand=True,
    )
    with progress:
        task = progress.add_task("starting", total=None)
        progress.refresh()

        def tell(line: str) -> None:
            progress.update(task, description=visible(line), refresh=True)

        def count(ended: float, planned: int) -> None:
            progress.update(task, completed=ended, total=planned, refresh=True)

        def leave(line: str) -> None:
            console.print(visible(line), markup=False, highlight=False)

        yield tell, count, leave
