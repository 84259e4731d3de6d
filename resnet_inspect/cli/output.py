"""Where a result goes: the terminal, a pipe, or a file that is written whole or not at all."""

import os
import sys
from pathlib import Path

import click

from resnet_inspect.errors import OutputError, RequestError
from resnet_inspect.render import FORMATS, Format, render
from resnet_inspect.report import Report

SUFFIXES: dict[str, Format] = {".md": "md", ".markdown": "md", ".json": "json", ".csv": "csv", ".txt": "table"}


def show(report: Report, format: Format | None, output: str | None) -> None:
    """Write ``report`` to ``output``, or to stdout as wide and as colourful as what reads it."""
    format = format or _format_of(output)
    if output is None or output == "-":
        terminal = sys.stdout.isatty()
        text = render(report, format, _width(terminal), terminal and "NO_COLOR" not in os.environ)
    else:
        text = render(report, format)
    write(text, output)


def write(text: str, output: str | None) -> None:
    """Write text to the file ``output``, or to stdout for None and ``-``."""
    if output is None or output == "-":
        _to_stdout(text)
        return
    path = Path(output)
    try:
        if path.exists() and not path.is_file():
            with path.open("w", encoding="utf-8") as stream:
                stream.write(text)
        else:
            _replace(path, text)
    except OSError as error:
        raise OutputError(f"cannot write {output}: {error.strerror}") from None


def _replace(path: Path, text: str) -> None:
    """Put a whole new file where ``path`` is, keeping the permissions of the one it replaces."""
    path = path.resolve()
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(text, encoding="utf-8")
        if path.exists():
            unfinished.chmod(path.stat().st_mode)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _to_stdout(text: str) -> None:
    try:
        click.echo(text, nl=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough, as in `| head -1`; Python must not fail again on flushing at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(f"cannot write to stdout: {error.strerror}") from None


def _width(terminal: bool) -> int | None:
    """COLUMNS, or the terminal's own width; None in a pipe, where a row keeps to one line."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns) > 0:
        return int(columns)
    return os.get_terminal_size(sys.stdout.fileno()).columns if terminal else None


def _format_of(output: str | None) -> Format:
    suffix = Path(output).suffix.lower() if output else ""
    if output is None or output == "-" or (Path(output).exists() and not Path(output).is_file()):
        return "table"
    if suffix not in SUFFIXES:
        raise RequestError(
            f"-o {output}: no format goes by the suffix {suffix!r}",
            hint=f"use one of {' '.join(SUFFIXES)}, or give --format {'|'.join(FORMATS)}",
        )
    return SUFFIXES[suffix]
