"""What a ResNet costs, exactly and before anything runs.

>>> import resnet_inspect as ri
>>> print(ri.summary("resnet50").to_markdown())

Importing this package imports no torch; ``build`` and ``check`` do, when they are called.
"""

from resnet_inspect.api import Answer, build, compare, export_spec, flops, graph, spec, summary
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
    "build",
    "compare",
    "export_spec",
    "flops",
    "graph",
    "list",
    "spec",
    "summary",
]
