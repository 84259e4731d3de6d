"""How wide a text may be where it is printed."""

import os
import sys


def width_of_stdout() -> int | None:
    """COLUMNS, or the terminal's width; None in a pipe, where every row stays on one line."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns) > 0:
        return int(columns)
    terminal = sys.stdout is not None and sys.stdout.isatty()
    return os.get_terminal_size(sys.stdout.fileno()).columns if terminal else None
