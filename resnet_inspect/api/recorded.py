"""Records, as a verb is given them: themselves, or the file that holds one."""

import os
from typing import TYPE_CHECKING, Union

from resnet_inspect.errors import RequestError

if TYPE_CHECKING:
    from resnet_inspect.benchmark.record import Record

Recorded = Union["Record", str, "os.PathLike[str]"]


def recorded(given: Recorded) -> "Record":
    """Raises what ``read_record`` does."""
    return read_record(given) if isinstance(given, str | os.PathLike) else given


def read_record(path: "str | os.PathLike[str]") -> "Record":
    """The Record in a file.

    Raises:
        RequestError: it cannot be read, is cut off, of another version, or was edited.
    """
    from resnet_inspect.benchmark.record_json import from_json

    try:
        with open(path, encoding="utf-8") as file:
            return from_json(file.read(), os.fspath(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no UTF-8 text"
        raise RequestError(f"{os.fspath(path)}: {reason}", hint="give a file that bench -o wrote") from None
