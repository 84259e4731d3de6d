"""What a ResNet costs, exactly and before anything runs.

>>> import resnet_inspect as ri
>>> ri.summary("resnet50").to_markdown()

Importing this package imports neither torch nor its own modules: each name is imported when it is first used.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resnet_inspect.api.answer import Answer
    from resnet_inspect.api.calibration import calibrate, profile, profiles
    from resnet_inspect.api.checks import budget, check, lint, reconcile
    from resnet_inspect.api.choices import choose
    from resnet_inspect.api.comparisons import compare, diff
    from resnet_inspect.api.comparisons import list_variants as list  # noqa: A004  # the command's own name
    from resnet_inspect.api.documents import make_report
    from resnet_inspect.api.exports import export
    from resnet_inspect.api.hardware import devices, roofline
    from resnet_inspect.api.measured import bench, show, verdict
    from resnet_inspect.api.network import build, export_spec, fold, lower, spec
    from resnet_inspect.api.plots import plot
    from resnet_inspect.api.prediction import calibrate_from, predict
    from resnet_inspect.api.records import read_record
    from resnet_inspect.api.static import flops, memory, summary
    from resnet_inspect.api.training import accuracy, train
    from resnet_inspect.api.tuning import tune
    from resnet_inspect.api.words import explain, glossary
    from resnet_inspect.errors import InspectError
    from resnet_inspect.graph import Graph
    from resnet_inspect.resnet.choices import Attention
    from resnet_inspect.resnet.spec import ResNetSpec

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "Attention",
    "Graph",
    "InspectError",
    "ResNetSpec",
    "accuracy",
    "bench",
    "budget",
    "build",
    "calibrate",
    "calibrate_from",
    "check",
    "choose",
    "compare",
    "devices",
    "diff",
    "explain",
    "export",
    "export_spec",
    "flops",
    "fold",
    "glossary",
    "lint",
    "list",
    "lower",
    "make_report",
    "memory",
    "plot",
    "predict",
    "profile",
    "profiles",
    "read_record",
    "reconcile",
    "roofline",
    "show",
    "spec",
    "summary",
    "train",
    "tune",
    "verdict",
]


# module -> the names it gives
HOMES = {
    "api.answer": "Answer",
    "api.calibration": "calibrate profile profiles",
    "api.checks": "budget check lint reconcile",
    "api.choices": "choose",
    "api.comparisons": "compare diff list",
    "api.documents": "make_report",
    "api.exports": "export",
    "api.hardware": "devices roofline",
    "api.measured": "bench show verdict",
    "api.network": "build export_spec fold lower spec",
    "api.plots": "plot",
    "api.prediction": "calibrate_from predict",
    "api.records": "read_record",
    "api.static": "flops memory summary",
    "api.training": "accuracy train",
    "api.tuning": "tune",
    "api.words": "explain glossary",
    "errors": "InspectError",
    "graph": "Graph",
    "resnet.choices": "Attention",
    "resnet.spec": "ResNetSpec",
}


def __getattr__(name: str) -> Any:
    for module, names in HOMES.items():
        if name in names.split():
            home = import_module(f"{__name__}.{module}")
            value: Any = getattr(home, "list_variants" if name == "list" else name)
            if module.startswith("api.") and not isinstance(value, type):
                from resnet_inspect.api.verb import refuse_in_words

                value = refuse_in_words(value, name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> Sequence[str]:
    return __all__
