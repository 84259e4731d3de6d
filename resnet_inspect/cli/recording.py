"""A benchmark while it runs: its Record is saved after every case, its progress is shown on stderr."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from resnet_inspect.benchmark.record import Record
from resnet_inspect.benchmark.record_json import to_json
from resnet_inspect.cli.output import write
from resnet_inspect.errors import RequestError

Save = Callable[[Record], None]
Tell = Callable[[str], None]


@contextmanager
def recording(output: str | None) -> Iterator[tuple[Save, Tell]]:
    """What ``bench`` calls when a case ends and when something begins.

    Raises:
        RequestError: ``output`` is no path of a JSON file in a folder that exists.
    """
    path = None if output == "-" else output
    if path is not None:
        _check(path)
    with _display() as (tell, count):

        def save(record: Record) -> None:
            count(len(record.results), record.planned)
            if path is not None:
                write(to_json(record), path)

        yield save, tell


def _check(path: str) -> None:
    if not path.endswith(".json"):
        raise RequestError(
            f"-o {path}: a Record is JSON", hint="-o run.json, then `resnet-inspect show run.json --format md`"
        )
    folder = os.path.dirname(path)
    if folder and not os.path.isdir(folder):
        raise RequestError(f"-o {path}: there is no folder {folder}", hint="create it first")


@contextmanager
def _display() -> Iterator[tuple[Tell, Callable[[int, int], None]]]:
    """A live display on a terminal, else silence."""
    if not sys.stderr.isatty():
        yield lambda line: None, lambda done, planned: None
        return
    from resnet_inspect.render.progress import live  # rich costs 35 ms

    with live() as display:
        yield display
