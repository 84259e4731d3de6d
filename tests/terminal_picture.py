"""A picture of a terminal: what a command shows there, as SVG that fetches nothing."""

import re
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT  # the default of export_svg, which has no other name
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text
from screens import written

# Rich's own page fetches two fonts. A reader's own take the same room, because each run of text names its length.
FORMAT = re.sub(r"@font-face {{.*?}}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace(
    "Fira Code, monospace", "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
)
LINE = re.compile(r"<text [^>]*>(.*?)</text>")


def draw_terminal(command: str, columns: int, folder: Path) -> str:
    """What ``resnet-inspect …`` shows in a terminal so many columns wide, as SVG."""
    shown = written(*command.split()[1:], columns=columns, cwd=folder)
    console = Console(record=True, width=columns, file=StringIO(), color_system="truecolor", legacy_windows=False)
    console.print(Text.from_ansi(shown.replace("\r\n", "\n").rstrip()))
    return console.export_svg(title=f"$ {command}", theme=DIMMED_MONOKAI, code_format=FORMAT, unique_id="terminal")


def words(picture: str) -> list[str]:
    """The texts of the picture, in order: how rich draws them differs between its releases."""
    return LINE.findall(picture)
