"""Lists with commas, as they are typed."""

from collections.abc import Callable

import click


def words(allowed: tuple[str, ...] | None = None) -> Callable[[str], tuple[str, ...]]:
    """A reader of words that must all be allowed; in capitals or not."""

    def read(text: str) -> tuple[str, ...]:
        values = tuple(word.strip().lower() if allowed else word.strip() for word in text.split(","))
        for value in values:
            if allowed is not None and value not in allowed:
                raise click.BadParameter(f"{value!r} is not one of {', '.join(allowed)}")
        return values

    return read


def whole_numbers(text: str) -> tuple[int, ...]:
    """1,8,32"""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a list of whole numbers, as 1,8,32") from None


def batch_sizes(text: str) -> tuple[int | str, ...]:
    """1,8,max"""
    return tuple(part if part == "max" else whole_numbers(part)[0] for part in text.split(","))
