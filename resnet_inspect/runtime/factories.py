"""What a function that makes a network takes, where it refuses an argument."""

import inspect
import re
import traceback
from collections.abc import Callable, Mapping
from typing import Any

# CPython's own words; the name before them is the function that was called.
REFUSED = re.compile(
    r"([\w.<>]+)\(\) got (?:an unexpected keyword|multiple values for (?:keyword )?)\s?argument '(\w+)'"
)


def refused_argument(
    make: Callable[..., Any], kwargs: Mapping[str, object], error: TypeError
) -> tuple[str, list[str]] | None:
    """Which of ``kwargs`` the call of ``make`` refused with ``error``, and the names that it takes.

    A factory with ``**kwargs`` hands them on: the names are then its own and those of the function that refused. None
    where the error is about another argument, as in a fault of the code itself.
    """
    match = REFUSED.search(str(error))
    if match is None or match[2] not in kwargs:
        return None
    taken = dict.fromkeys(_names(make))
    if (refuser := _called(error, match[1])) is not None:
        taken |= dict.fromkeys(_names(refuser, with_defaults=True))
    return match[2], [name for name in taken if name != match[2]]


def _names(make: Callable[..., Any], with_defaults: bool = False) -> list[str]:
    """Its keyword arguments; only those ``with_defaults`` where a factory in between gives the others."""
    try:
        parameters = inspect.signature(make).parameters.values()
    except (TypeError, ValueError):  # of a builtin
        return []
    return [
        p.name
        for p in parameters
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and not (with_defaults and p.default is p.empty)
    ]


def _called(error: TypeError, qualname: str) -> Callable[..., Any] | None:
    """The function or class of that name that the frames of the traceback know, innermost first."""
    names = {qualname, qualname.removesuffix(".__init__")}
    for frame in reversed([frame for frame, _ in traceback.walk_tb(error.__traceback__)]):
        for value in (*frame.f_locals.values(), *frame.f_globals.values()):
            if (isinstance(value, type) or inspect.isfunction(value)) and value.__qualname__ in names:
                return value
    return None
