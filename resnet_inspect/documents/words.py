"""Phrases that several sections share."""

from collections.abc import Sequence


def describe_batch(shape: Sequence[int]) -> str:
    """``one image of 224×224``, ``32 images of 224×224``; other inputs by their shape."""
    if len(shape) != 4:
        return f"an input of {'×'.join(map(str, shape))}"
    images, _, height, width = shape
    return f"{'one image' if images == 1 else f'{images} images'} of {height}×{width}"


def enumerate_words(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
