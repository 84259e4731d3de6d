"""The verbs, for Python and for the command line alike: load, ask, measure.

Every verb that asks returns an Answer. ``model`` is a variant's name, the path of a spec.toml or a ResNetSpec;
``settings`` are ``field=value`` texts that change its spec; ``input`` is N, C, H, W.
"""

from resnet_inspect.api.answer import Answer
from resnet_inspect.api.ask import compare, export_spec, flops, fold, list_variants, lower, memory, spec, summary
from resnet_inspect.api.limits import devices, diff, roofline
from resnet_inspect.api.measure import bench, budget, build, check, reconcile, show, verdict
from resnet_inspect.api.recorded import read_record
from resnet_inspect.api.words import explain, glossary, lint
from resnet_inspect.errors import InspectError
from resnet_inspect.graph import Graph
from resnet_inspect.resnet.spec import Attention, ResNetSpec

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
    "list_variants",
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
