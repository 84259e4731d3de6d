"""A term of the glossary."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """A word and its meaning. ``aliases`` are other words for it, in Chinese too; ``see`` holds keys of related terms.

    Numbers are for resnet50 at 1×3×224×224 unless the text names another net.
    """

    key: str
    title: str
    aliases: tuple[str, ...]
    text: str
    source: str = ""
    see: tuple[str, ...] = ()
