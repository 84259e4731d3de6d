"""One word and what it means."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """``aliases`` are other words for it, Chinese ones too; ``see`` are keys of terms near to it.

    The numbers of a text are those of resnet50 at 1×3×224×224 unless it names another net.
    """

    key: str
    title: str
    aliases: tuple[str, ...]
    text: str
    source: str = ""
    see: tuple[str, ...] = ()
