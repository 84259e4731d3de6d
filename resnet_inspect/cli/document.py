"""The files of a document: one page, a page with a folder of pictures next to it, or a folder with all of these."""

import os
import re
from typing import NoReturn
from urllib.parse import quote

import click

from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import command_line, finish, format_of, is_special, tell_written, write
from resnet_inspect.errors import OutputError, RequestError
from resnet_inspect.render import draw, render
from resnet_inspect.report import Report

PICTURES = "pictures"
# What a page calls its pictures; any other file in their folder is the user's.
OURS = re.compile(r"(architecture|stages|memory|roofline|two-nets|verdict|(difference|pareto|run-\d+)-[a-z0-9-]+)\.svg")


def finish_document(report: Report, asked: Asked) -> NoReturn:
    """Write ``report`` where it was asked for, and exit with its status."""
    output = asked.output
    if output is not None and is_folder(asked):
        _write_pictures(report, os.path.join(output, PICTURES))
        write(render(report, "md", command=command_line(), pictures=PICTURES), os.path.join(output, "report.md"))
        write(render(report, "html", command=command_line()), os.path.join(output, "index.html"))
        tell_written(os.path.join(output, "index.html"))
    elif output is not None and _is_markdown(asked, output):
        pictures = f"{os.path.splitext(output)[0]}-{PICTURES}"
        _write_pictures(report, pictures)
        folder = quote(os.path.basename(pictures), errors="surrogateescape")
        write(render(report, "md", command=command_line(), pictures=folder), output)
        tell_written(output, "md")
    else:
        finish(report, asked)
    raise click.exceptions.Exit(report.exit_code)


def record_beside(asked: Asked) -> str:
    """Where a Record is kept that is measured for a page; the page's folder exists after this.

    Raises:
        RequestError: the page goes to stdout, or would take the Record's place, or has no format.
    """
    output = asked.output
    if output is None or output == "-" or (is_special(output) and not is_folder(asked)):
        raise RequestError("--bench keeps its Record next to the page", hint="give -o a folder or a file")
    if is_folder(asked):
        _make_folder(output)
        return os.path.join(output, "run.json")
    if not asked.format:
        format_of(output)
    record = f"{os.path.splitext(output)[0]}.json"
    if record == output:
        raise RequestError(f"--bench keeps its Record as {record}", hint="give -o FILE.html or FILE.md")
    return record


def is_folder(asked: Asked) -> bool:
    """Whether -o names a folder: one that exists, or a name without a suffix where no --format makes it a file."""
    output = asked.output
    if not output or output == "-" or asked.format:
        return False
    return os.path.isdir(output) or not (os.path.exists(output) or os.path.splitext(output)[1])


def _is_markdown(asked: Asked, output: str) -> bool:
    """Whether the page is a Markdown file, which can have pictures next to it."""
    if output == "-" or is_special(output):
        return False
    return asked.format == "md" if asked.format else output.lower().endswith((".md", ".markdown"))


def _write_pictures(report: Report, folder: str) -> None:
    """Put the pictures of ``report`` in ``folder``, in place of those of an earlier page."""
    _make_folder(folder)
    drawings = draw(report)
    for name, drawing in drawings.items():
        write(drawing, os.path.join(folder, name))
    for name in os.listdir(folder):
        if OURS.fullmatch(name) and name not in drawings:
            os.remove(os.path.join(folder, name))


def _make_folder(folder: str) -> None:
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror}", hint="choose another -o") from None
