"""Files that are written whole or not at all: a new file next to the old one, then renamed over it."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PID = re.compile("[1-9][0-9]{0,8}")


def write_whole(path: str, content: bytes) -> None:
    """Write a new file next to ``path``, then rename it over ``path``; the old permissions stay.

    Raises:
        OSError: it cannot be written, and the old file stays as it was.
    """
    with unfinished(path) as new:
        with open(new, "xb") as file:
            file.write(content)
        if os.path.exists(path):
            os.chmod(new, os.stat(path).st_mode)
        os.replace(new, path)


@contextmanager
def unfinished(path: str) -> Iterator[str]:
    """A name next to ``path``; a file of that name is gone afterwards, and so are those of saves that were killed."""
    folder, name = os.path.split(path)
    _remove_abandoned(folder, name)
    new = os.path.join(folder, f".{name}.{os.getpid()}")
    try:
        yield new
    finally:
        with suppress(FileNotFoundError):
            os.unlink(new)


def _remove_abandoned(folder: str, name: str) -> None:
    """Remove each unfinished ``name`` whose process is gone."""
    with suppress(OSError):
        for entry in os.listdir(folder):
            beginning, _, pid = entry.rpartition(".")
            if beginning == f".{name}" and PID.fullmatch(pid) and not _is_running(int(pid)):
                os.unlink(os.path.join(folder, entry))


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # of another user
        pass
    return True
