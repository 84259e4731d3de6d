"""What a long command shows while it works: one live line on a terminal, lines with --verbose, else nothing."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache

from resnet_inspect.cli import stderr, terminal

Tell = Callable[[str], None]
Count = Callable[[float, int], None]


@contextmanager
def display(noun: str = "cases", at_most_s: float | None = None) -> Iterator[tuple[Tell, Count, Tell]]:
    """Yield three functions: show what goes on, count what has ended and is planned, and leave a line on stderr.

    ``noun`` is what is counted; ``at_most_s`` is the time that everything may take, where that is known.
    """
    asked = terminal.asked()
    if asked.volume != "normal" or sys.stderr is None or not sys.stderr.isatty():
        yield stderr.step, lambda ended, planned: None, stderr.note
        return
    from resnet_inspect.render.progress import live  # rich costs 35 ms

    with live(noun=noun, at_most_s=at_most_s, width=asked.columns, color=asked.color) as shown:
        yield shown


@contextmanager
def counting_nets() -> Iterator[Callable[[int, int, str], None]]:
    """Yield a function that shows how many nets of a library are counted, of how many, and which is next."""
    with ExitStack() as stack:
        start = cache(lambda: stack.enter_context(display("nets")))  # the zoo's own nets take no time to show

        def show(counted: int, planned: int, name: str) -> None:
            tell, count, _ = start()
            tell(name)
            count(counted, planned)

        yield show
