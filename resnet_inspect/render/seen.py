"""A Report whose every text can be seen: the border between what files and code of others say and a reader's screen."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from operator import is_
from typing import Any

from resnet_inspect.escape import visible
from resnet_inspect.report import Report


def make_visible(report: Report) -> Report:
    """``report`` with an escape for each character that cannot be seen, wherever a text stands in it."""
    seen: Report = _see(report)
    return seen


def _see(value: Any) -> Any:  # a Report or any part of one
    if isinstance(value, str):
        return visible(value)
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        seen_names = {visible(name): part for name, part in value.items()}
        return value if seen_names == value else seen_names
    if is_dataclass(value) and not isinstance(value, type):
        texts = (field.name for field in fields(value) if field.name != "units")  # as many as the rows' cells
        return replace(value, **{name: _see(getattr(value, name)) for name in texts})
    seen = tuple(map(_see, value))
    return value if all(map(is_, seen, value)) else seen  # a table has few rows to change, and many to keep
