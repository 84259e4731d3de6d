"""A benchmark while it runs: its Record is saved after every case, its progress is shown on stderr."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from resnet_inspect.benchmark.record import Record
from resnet_inspect.benchmark.record_json import Written, to_json
from resnet_inspect.cli import progress, stderr
from resnet_inspect.cli.output import check_writable, tell_written, write
from resnet_inspect.cli.progress import Count, Tell
from resnet_inspect.errors import OutputError, RequestError


class Recording:
    """The file of a Record that grows; without a ``path`` nothing is saved.

    A save that fails is said once and ends nothing: ``settle`` tries again.
    """

    def __init__(self, path: str | None) -> None:
        self.path = path
        self.warn: Tell = stderr.note
        self.written: Written = {}
        self.unsaved: Record | None = None
        self.is_written = False
        self.is_warned = False

    def save(self, record: Record) -> None:
        if self.path is None:
            return
        try:
            write(to_json(record, self.written), self.path)
            self.unsaved, self.is_written = None, True
        except OutputError as error:
            self.unsaved = record
            if not self.is_warned:
                self.is_warned = True
                self.warn(f"warning: {error.message}; the run goes on, and saves again after each case and at the end")

    def settle(self) -> None:
        """Save what could not be saved, and say which file was written.

        Raises:
            OutputError: it still cannot be saved.
        """
        if self.unsaved is not None and self.path is not None:
            write(to_json(self.unsaved, self.written), self.path)
            self.is_written = True
        if self.is_written:
            tell_written(self.path)


@contextmanager
def recording(output: str | None) -> Iterator[Recording]:
    """The Record's file, which is whole after this, whatever is printed within.

    Raises:
        RequestError: ``output`` is no path of a JSON file in a folder that exists. OutputError: it cannot be written.
    """
    path = None if output == "-" else output
    if path is not None:
        check(path, "Record", "run.json")
    record = Recording(path)
    try:
        yield record
    finally:
        record.settle()


def check(path: str, noun: str, example: str) -> None:
    """Raise where a ``noun`` cannot be saved as ``path``, as ``example`` could be."""
    if not path.endswith(".json"):
        shown = ", then `resnet-inspect show run.json --format md`" if noun == "Record" else ""
        raise RequestError(f"-o {path}: a {noun} is JSON", hint=f"-o {example}{shown}")
    folder = os.path.dirname(path)
    if folder and not os.path.isdir(folder):
        raise RequestError(f"-o {path}: there is no folder {folder}", hint="create it first")
    check_writable(path)


@contextmanager
def display(record: Recording, at_most_s: float | None = None) -> Iterator[tuple[Tell, Count]]:
    """What a benchmark shows while it runs; what is wrong with its file is said above it."""
    with progress.display(at_most_s=at_most_s) as (tell, count, record.warn):
        yield tell, count
    record.warn = stderr.note
