"""What a user asks of the terminal, in every command and before it: how much is said, in which colours, how wide."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import click

WIDEST = 9999  # as COLUMNS: rich takes 34 bytes for each cell of a line


@dataclass(frozen=True, slots=True)
class Terminal:
    """``columns`` is None where the terminal itself sets the width."""

    volume: Literal["quiet", "normal", "verbose"] = "normal"
    color: bool = True
    columns: int | None = None


def asked() -> Terminal:
    """What the running command was asked for; the defaults where none runs."""
    context = click.get_current_context(silent=True)
    return (context.find_root().obj if context else None) or Terminal()


def _keep(context: click.Context, option: click.Parameter, value: Any) -> None:  # whatever the option's type gives
    """Add an option to those of the whole command line, where a later one wins; the help keeps to --columns, too."""
    if value is None:
        return
    root = context.find_root()
    root.obj = replace(root.obj or Terminal(), **{str(option.name): value})
    context.terminal_width = root.obj.columns


def _option(*names: str, **attributes: Any) -> click.Option:  # those of click
    return click.Option(names, is_eager=True, expose_value=False, callback=_keep, default=None, **attributes)


OPTIONS = (
    _option("-q", "--quiet", "volume", flag_value="quiet", help="Say nothing on stderr but errors."),
    _option("-v", "--verbose", "volume", flag_value="verbose", help="Say on stderr what is done, line by line."),
    _option("--no-color", "color", flag_value=False, type=bool, help="No colours, as with the variable NO_COLOR."),
    _option(
        "--columns",
        type=click.IntRange(1, WIDEST),
        metavar="N",
        help="Width in characters, also in a pipe; default: COLUMNS, or the terminal's.",
    ),
)
