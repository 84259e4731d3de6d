"""What a ResNet costs, exactly and before anything runs.

>>> import resnet_inspect as ri
>>> ri.summary("resnet50").to_markdown()

Importing this package imports neither torch nor the rest of it: each name is fetched when it is first used.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from resnet_inspect.api import (
        Answer,
        bench,
        budget,
        build,
        check,
        compare,
        devices,
        diff,
        explain,
        export_spec,
        flops,
        fold,
        glossary,
        lint,
        lower,
        memory,
        read_record,
        reconcile,
        roofline,
        show,
        spec,
        summary,
        verdict,
    )
    from resnet_inspect.api import list_variants as list  # noqa: A004  # the command's own name
    from resnet_inspect.errors import InspectError
    from resnet_inspect.graph import Graph
    from resnet_inspect.resnet.spec import Attention, ResNetSpec

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "Attention",
    "Graph",
    "InspectError",
    "ResNetSpec",
    "bench",
    "budget",
    "build",
    "check",
    "compare",
    "devices",
    "diff",
    "explain",
    "export_spec",
    "flops",
    "fold",
    "glossary",
    "lint",
    "list",
    "lower",
    "memory",
    "read_record",
    "reconcile",
    "roofline",
    "show",
    "spec",
    "summary",
    "verdict",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    api = import_module("resnet_inspect.api")
    value: object = getattr(api, "list_variants" if name == "list" else name)
    globals()[name] = value
    return value


def __dir__() -> Sequence[str]:
    return __all__
