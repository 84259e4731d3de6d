"""The colours of every picture, in light and in dark.

The first six slots are Okabe and Ito's palette (Color Universal Design, 2008, jfly.uni-koeln.de/color) without its
yellow, which a white ground swallows; the last two are of Paul Tol's muted scheme (personal.sron.nl/~pault).
Both stay distinct for colour-blind readers.
"""

from typing import NamedTuple


class Paint(NamedTuple):
    light: str
    dark: str


PALETTE = (
    Paint("#0072b2", "#4da6e0"),
    Paint("#e69f00", "#e69f00"),
    Paint("#009e73", "#2bbd94"),
    Paint("#cc79a7", "#dd9abf"),
    Paint("#56b4e9", "#8fd0f5"),
    Paint("#d55e00", "#f07f3c"),
    Paint("#999933", "#c2c25c"),
    Paint("#882255", "#c46a97"),
)
PAINTS = {
    "text": Paint("#1f2328", "#e6edf3"),
    "muted": Paint("#59636e", "#9aa4ae"),
    "grid": Paint("#dce1e6", "#30363d"),
    "band": Paint("#eff2f5", "#1b2129"),
    "grey": Paint("#8c959f", "#7d8590"),
    "ground": Paint("#ffffff", "#0d1117"),
    "ink": Paint("#000000", "#000000"),  # on a colour
    "paper": Paint("#ffffff", "#000000"),  # on a dark one
    **{f"c{slot}": paint for slot, paint in enumerate(PALETTE)},
}
DARK_SLOTS = (0, 7)


def paint_of(color: int | None) -> str:
    """The name of a slot's paint; grey for None."""
    return "grey" if color is None else f"c{color % len(PALETTE)}"


def ink_on(color: int | None) -> str:
    """The paint of letters on a slot's colour."""
    return "paper" if color is not None and color % len(PALETTE) in DARK_SLOTS else "ink"
