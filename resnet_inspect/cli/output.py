"""Where a result goes: a terminal, a pipe, or a file that is written whole or not at all."""

import io
import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from errno import EACCES, EISDIR
from typing import NoReturn

import click

from resnet_inspect.cli import terminal
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.stderr import discard, note, step
from resnet_inspect.errors import OutputError, RequestError
from resnet_inspect.render import FORMATS, Format, render
from resnet_inspect.render.width import width_of_stdout
from resnet_inspect.report import Report
from resnet_inspect.whole_file import unfinished, write_whole

BLOCK = 4096  # bytes of a file system that is full for a text, too
SUFFIXES: dict[str, Format] = {
    ".md": "md",
    ".markdown": "md",
    ".json": "json",
    ".csv": "csv",
    ".html": "html",
    ".txt": "table",
    ".tex": "tex",
}
SUMMARY = "GITHUB_STEP_SUMMARY"  # the file whose Markdown GitHub shows as the summary of a job
UNPRINTABLE = "backslashreplace"  # bytes of a file name that are no text; JSON reads them back


def finish(report: Report, asked: Asked) -> NoReturn:
    """Write ``report`` where it was asked for, and exit with its status; a terminal sets the width and the colours."""
    format, output = asked.format or format_of(asked.output), asked.output
    step(f"answered; writing {format} to {'stdout' if output in (None, '-') else output}")
    if format == "github":
        _finish_on_github(report, asked)
    if output is None or output == "-":
        on_terminal = sys.stdout is not None and sys.stdout.isatty()
        color, bars = on_terminal and _takes_color(os.environ), on_terminal and _takes_blocks(sys.stdout.encoding)
        text = render(report, format, terminal.asked().columns or width_of_stdout(), color, bars=bars)
    else:
        text = render(report, format, command=command_line())
    write(text, output)
    tell_written(output, format)
    raise click.exceptions.Exit(report.exit_code)


def _finish_on_github(report: Report, asked: Asked) -> NoReturn:
    """Write the page to -o, else to the job's summary, else to stdout; a job reads its annotations from stdout."""
    from resnet_inspect.render.github import annotations

    page, summary = render(report, "github", command=command_line()), os.environ.get(SUMMARY)
    if asked.output is None and summary:
        with _naming(summary), open(summary, "a", encoding="utf-8") as file:
            file.write(f"{page}\n")
        note("added to the summary of the job")
    else:
        write(page, asked.output)
        tell_written(asked.output, "github")
    write(annotations(report, _file_of(report, asked)), None)
    raise click.exceptions.Exit(report.exit_code)


def _file_of(report: Report, asked: Asked) -> str:
    """The file that a finding is about, from the root of the repository: the model's, or that of its limits."""
    limits = (fact.value for fact in report.facts if fact.key == "config")
    path = next((path for path in (asked.model.partition(":")[0], *limits) if os.path.isfile(str(path))), None)
    return "" if path is None else os.path.relpath(str(path), os.environ.get("GITHUB_WORKSPACE", "."))


def command_line() -> str:
    """The command that makes a page again."""
    return shlex.join(["resnet-inspect", *sys.argv[1:]])


def tell_written(output: str | None, format: Format | None = None) -> None:
    """Say on stderr which file was written, and in which format where its suffix says another."""
    if output is None or output == "-" or is_special(output):
        return
    named_after = SUFFIXES.get(os.path.splitext(output)[1].lower())
    written_as = "md" if format == "github" else format
    differs = format and named_after not in (None, written_as)
    note(f"wrote {output}" + (f" as {format}: its suffix says {named_after}" if differs else ""))


def write(content: str | bytes, output: str | None) -> None:
    """Write text or bytes to the file ``output``, or to stdout for None and ``-``."""
    if output is None or output == "-":
        _to_stdout(content)
        return
    written = content.encode("utf-8", UNPRINTABLE) if isinstance(content, str) else content
    with _naming(output):
        if is_special(output):
            with open(output, "wb") as stream:
                stream.write(written)
        else:
            write_whole(os.path.realpath(output), written)


def check_writable(output: str) -> None:
    """Raise OutputError where ``write`` would, as far as that is known before there is a text."""
    with _naming(output):
        if os.path.isdir(output):
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        if is_special(output):
            if not os.access(output, os.W_OK):
                raise PermissionError(EACCES, os.strerror(EACCES))
            return
        with unfinished(os.path.realpath(output)) as path, open(path, "x", encoding="utf-8") as file:
            file.write(" " * BLOCK)


def is_special(path: str) -> bool:
    """Whether ``path`` is a device, a pipe or a directory, which no file may replace."""
    return os.path.exists(path) and not os.path.isfile(path)


@contextmanager
def _naming(output: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"cannot write {output}: {error.strerror}", hint="choose a folder that exists and that you may write to"
        ) from None


def _to_stdout(content: str | bytes) -> None:
    if sys.stdout is None:  # closed, as by >&-
        raise OutputError("cannot write to stdout: it is closed", hint="give -o a file")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that cannot draw a rule shows question marks
    try:
        click.echo(content, nl=False)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader closed the pipe, as `| head -1` does
        discard(sys.stdout)
        raise SystemExit(0) from None
    except OSError as error:
        discard(sys.stdout)
        raise OutputError(f"cannot write to stdout: {error.strerror}") from None


def _takes_color(environ: Mapping[str, str]) -> bool:
    return terminal.asked().color and "NO_COLOR" not in environ and environ.get("TERM") != "dumb"


def _takes_blocks(encoding: str | None) -> bool:
    try:
        return bool("▏█".encode(encoding or "ascii"))
    except (LookupError, UnicodeEncodeError):
        return False


def format_of(output: str | None) -> Format:
    if output is None or output == "-" or is_special(output):
        return "table"
    suffix = os.path.splitext(output)[1]
    if suffix.lower() not in SUFFIXES:
        raise RequestError(
            f"-o {output}: no format has the suffix {suffix!r}",
            hint=f"use one of {' '.join(SUFFIXES)}, or give --format {'|'.join(FORMATS)}",
        )
    return SUFFIXES[suffix.lower()]
