"""Values that a reader of numbers, words, paths or JSON may not expect."""

from random import Random
from typing import Any

WORDS = (
    "", " ", "-", "--", "0", "-1", "1", "2", "7", "007", "+5", "1.5", ".5", "5.", "1e3", "1e400", "-1e400", "1e-400",
    "nan", "inf", "-inf", "0x10", "1_000", "²", "٣", "１２", "½", "∞", "9" * 20, "9" * 310, "9" * 5000,
    "1" + "0" * 400 + "G", "true", "none", "None", "null", "max", "a=b", "=", "==", "a=", "=b", ",", ",,", "1,", ",1",
    "1,,2", ":", "::", ":x", "x:", "a:b:c", "/", "//", ".", "..", "/nonexistent/x", "x" * 300, "x/" * 300, "\n",
    "a\nb", "\r", "\t", "\x1b[31mred", "\x07", "\u202edcba", "\u200b", "\ufeff", "\udcff", "a\udc80b", "\ud800", "𝕏",
    "é", "e\u0301", "中文", "🧨", "%s", "%n", "{}", "{0}", "{x!r}", "$HOME", "`id`", "'", '"', "\\", "*", "[", "]",
    "[a", "(", "?", "<b>", "|", "&&", "#", "~", "!", "@", "[bold]", "[/]", "[link=x]",
)  # fmt: skip
INTEGERS = (0, 1, -1, 2, 3, 7, 1000, -(2**31), 2**31, 2**53 + 1, 2**63, -(2**63), 2**64, 10**20, 10**309, 10**4000)
FLOATS = (0.0, -0.0, 1.0, -1.0, 0.5, 1e-9, 1e-300, 5e-324, 1e18, 1e300, 1.7976931348623157e308, -1e308)
LITERALS = ("nan", "inf", "-inf")  # of JSON as Python writes it, and of TOML


def word(rng: Random) -> str:
    """A hostile word, or random characters of several alphabets."""
    if rng.random() < 0.8:
        return rng.choice(WORDS)
    alphabets = (1, 128), (128, 0x3000)
    return "".join(chr(rng.randrange(*rng.choice(alphabets))) for _ in range(rng.randrange(9)))


def typed(rng: Random) -> str:
    """A word as a program is given it: bytes that are no text arrive as lone surrogates, and no byte is null."""
    return word(rng).encode(errors="surrogatepass").decode(errors="surrogateescape")


def value(rng: Random, depth: int = 0) -> Any:
    """A JSON value of any type."""
    kind = rng.randrange(9 if depth < 3 else 7)
    match kind:
        case 0:
            return None
        case 1:
            return rng.random() < 0.5
        case 2 | 3:
            return rng.choice(INTEGERS)
        case 4:
            return rng.choice((*FLOATS, *map(float, LITERALS)))
        case 5 | 6:
            return word(rng)
        case 7:
            return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {word(rng): value(rng, depth + 1) for _ in range(rng.randrange(3))}


def like(part: Any, rng: Random) -> Any:
    """A hostile value of the same type as ``part``."""
    match part:
        case bool():
            return not part
        case int():
            return rng.choice(INTEGERS)
        case float():
            return rng.choice(FLOATS)
        case str():
            return word(rng)
        case list():
            return rng.choice(([], part[:1], part[::-1], part + part, part[:-1]))
        case dict():
            return rng.choice(({}, {word(rng): inner for inner in part.values()}, {**part, word(rng): value(rng)}))
    return value(rng)
