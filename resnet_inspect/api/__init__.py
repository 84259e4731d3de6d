"""The verbs, for Python and for the command line alike.

Most return an Answer. ``model`` is a variant's name, the path of a spec.toml, a ResNetSpec or code (see ``sources``);
``settings`` are ``field=value`` texts that change its spec; ``input`` is N, C, H, W.
"""

from resnet_inspect.api.answer import Answer
from resnet_inspect.api.checks import budget, check, lint, reconcile
from resnet_inspect.api.comparisons import compare, diff, list_variants
from resnet_inspect.api.hardware import devices, roofline
from resnet_inspect.api.measured import bench, show, verdict
from resnet_inspect.api.network import build, export_spec, fold, lower, spec
from resnet_inspect.api.records import read_record
from resnet_inspect.api.static import flops, memory, summary
from resnet_inspect.api.words import explain, glossary
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
