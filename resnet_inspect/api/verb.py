"""A verb as Python calls it: what it does not take is refused in words."""

import os
from collections.abc import Callable, Collection, Sequence
from functools import wraps
from types import NoneType, UnionType
from typing import Any, ParamSpec, TypeVar, Union, get_args, get_origin

from resnet_inspect.errors import RequestError

P = ParamSpec("P")
R = TypeVar("R")

# option of a command, or a word of other libraries -> the parameter
PARAMETERS = {
    "set": "settings",
    "as": "tool",
    "for": "goal",
    "lang": "language",
    "gate": "gates",
    "set_recipe": "recipe_settings",
    "min_time": "min_time_s",
    "max_time": "max_time_s",
    "words": "word",
    "file": "profile",
    "output": "folder",
    "no_cache": "use_cache",
    "record": "records",
    "image_size": "input",
    "input_size": "input",
    "input_shape": "input",
}
# option of a command -> what stands for it
ELSEWHERE = {
    "format": "an answer has to_markdown(), to_html(), to_csv(), to_json(), to_latex()",
    "output": "write answer.to_markdown(), or record.to_json(), to a file",
    "config": 'give the limits, as max_params="26M"',
    "list": "ri.glossary() lists every word",
    "action": "ri.profiles() lists them, ri.profile() shows one",
    "from": 'ri.calibrate_from("results.csv") fits to a table',
    "bench": 'give records=ri.bench("resnet50", per="stage")',
    "record": "save is called with the Record whenever a case ends",
}
# annotation -> whether a value is of that kind, and the words for it
PLAIN: dict[Any, tuple[Callable[[Any], bool], str]] = {
    bool: (lambda value: isinstance(value, bool), "True or False"),
    int: (lambda value: isinstance(value, int) and not isinstance(value, bool), "a whole number"),
    float: (lambda value: isinstance(value, int | float) and not isinstance(value, bool), "a number"),
    str: (lambda value: isinstance(value, str | os.PathLike), "text"),
    os.PathLike[str]: (lambda value: isinstance(value, os.PathLike), "a path"),
}


def refuse_in_words(verb: Callable[P, R], name: str) -> Callable[P, R]:
    """``verb``, which raises RequestError where its arguments do not fit; it is the package's function ``name``."""

    @wraps(verb)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        from inspect import signature  # only Python's callers pay for it
        from reprlib import repr as shorten

        taken = signature(verb)
        try:
            given = taken.bind(*args, **kwargs)
        except TypeError as error:
            wrong = [word for word in kwargs if word not in taken.parameters]
            if not wrong:
                raise RequestError(f"{name}: {error}", hint=f"`help(ri.{name})` says what it takes") from None
            raise RequestError(f"{name} takes no {wrong[0]!r}", _hint(wrong[0], taken.parameters)) from None
        for word, value in given.arguments.items():
            kind = taken.parameters[word].annotation
            # A number of numpy's or torch's becomes one of Python's.
            given.arguments[word] = value = value.item() if getattr(value, "ndim", None) == 0 else value
            if not _fits(value, kind):
                raise RequestError(f"{name}: {word} {shorten(value)} is not {_words(kind)}")
        return verb(*given.args, **given.kwargs)

    call.__module__, call.__qualname__, call.__name__ = "resnet_inspect", name, name  # where pickle looks
    return call


def _hint(word: str, parameters: Collection[str]) -> str:
    from difflib import get_close_matches

    if PARAMETERS.get(word) not in parameters and word in ELSEWHERE:
        return ELSEWHERE[word]
    near = get_close_matches(PARAMETERS.get(word, word), parameters, n=1)
    return f"did you mean {near[0]}?" if near else f"it takes {', '.join(parameters) or 'nothing'}"


def _fits(value: object, kind: Any) -> bool:  # an annotation
    """Whether ``value`` may be of ``kind``; what is not plain the verb checks itself."""
    if kind in PLAIN:
        return PLAIN[kind][0](value)
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return any(_fits(value, part) for part in parts)
    if origin is Sequence:
        return isinstance(value, list | tuple) and all(_fits(part, parts[0]) for part in value)
    return value is None or kind is not NoneType


def _words(kind: Any) -> str:  # an annotation
    if kind in PLAIN:
        return PLAIN[kind][1]
    if get_origin(kind) is Sequence:
        return f"a list, each {_words(get_args(kind)[0])}"
    return " or ".join(_words(part) for part in get_args(kind) if part is not NoneType)
