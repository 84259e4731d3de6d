"""Records as arguments of a verb: in memory, or as the file that holds one."""

import os
from typing import TYPE_CHECKING, Union

from resnet_inspect.errors import RequestError

if TYPE_CHECKING:
    from resnet_inspect.benchmark.record import Record

Recorded = Union["Record", str, "os.PathLike[str]"]


def as_record(record: Recorded) -> "Record":
    """``record`` itself, or read from its file; raises as ``read_record`` does."""
    if isinstance(record, str | os.PathLike):
        return read_record(record)
    from resnet_inspect.benchmark.record import Record

    if not isinstance(record, Record):
        raise RequestError(f"a {type(record).__name__} is no Record", hint="give what ri.bench returned, or its file")
    return record


def read_record(path: str | os.PathLike[str]) -> "Record":
    """The Record in a file.

    Raises:
        RequestError: the file cannot be read, is cut off, has another version, or was edited.
    """
    from resnet_inspect.api.shown import show_as
    from resnet_inspect.api.shown_record import ShownRecord
    from resnet_inspect.benchmark.record_json import from_json

    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        is_coded = isinstance(error, UnicodeDecodeError)
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text" if is_coded else error
        raise RequestError(f"{os.fspath(path)}: {reason}", hint="give a file that bench -o wrote") from None
    return show_as(ShownRecord, from_json(text, os.fspath(path)))
