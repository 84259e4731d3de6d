"""The modules that performed the nodes of an ONNX model, as far as who exported it says so."""

import json
import re
from collections import Counter

from onnx import ModelProto, NodeProto

from resnet_inspect.exchange.to_onnx import CONTAINERS
from resnet_inspect.graph.facts.module_tree import enclosing
from resnet_inspect.typed_json import decode

WEIGHT = re.compile(r"([\w.]+)\.(weight|bias)")  # of a state_dict


class Names:
    """Paths of modules: those that ``export`` wrote, or else those of the weights and of torch.onnx's scopes.

    torch's exporter by TorchScript names a node by the scopes that it runs in, as ``/layer1/layer1.0/conv1/Conv``; the
    one by torch.export keeps their paths and classes in the node's metadata.

    Attributes:
        containers: class names of the modules that hold others, by path; Module where the model has none.
    """

    def __init__(self, model: ModelProto) -> None:
        self._paths = {node.output[0]: _path(node) for node in model.graph.node}
        self._calls: Counter[str] = Counter()
        try:
            stored = json.loads(_metadata(model).get(CONTAINERS, "{}"))
            self.containers = decode(dict[str, str], stored, CONTAINERS)
        except ValueError:
            self.containers = {}
        classes = {path: name for node in model.graph.node for path, name in _scopes(node)}
        around = {outer for path in self._paths.values() for outer in enclosing(path)}
        self.containers |= {path: classes.get(path, "Module") for path in around - self.containers.keys()}

    def stage(self, node: NodeProto) -> str:
        return _metadata(node).get("stage", "")

    def of(self, node: NodeProto) -> tuple[bool, str]:
        """Whether a module of its own performs the node, and its path; or the name of a functional call."""
        if "module" in (own := _metadata(node)):
            return bool(own["module"]), own["module"] or node.name
        path = self._paths[node.output[0]]
        if path and path not in self.containers:
            return True, path
        name = f"{path}.{node.op_type.lower()}" if path else node.op_type.lower()
        self._calls[name] += 1
        return False, name if self._calls[name] == 1 else f"{name}_{self._calls[name] - 1}"


def _path(node: NodeProto) -> str:
    for name in node.input:
        if weight := WEIGHT.fullmatch(name):
            return weight[1]
    if scopes := _scopes(node):
        return scopes[-1][0]
    path = outer = ""
    for scope in node.name.split("/")[1:-1]:
        within = outer and scope.startswith(f"{outer}.")  # a Sequential is in the names of its layers
        path = path.removesuffix(outer) + scope if within else ".".join(filter(None, (path, scope)))
        outer = scope
    return path


def _scopes(node: NodeProto) -> list[tuple[str, str]]:
    """Path and class of each module around a node that torch.export exported, outermost first."""
    lists = ("pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy")  # of Python, the node itself comes last
    paths, classes = (re.findall("'([^']*)'", _metadata(node).get(key, "")) for key in lists)
    return [(path, name.rpartition(".")[2]) for path, name in zip(paths, classes, strict=False)][:-1]


def _metadata(proto: ModelProto | NodeProto) -> dict[str, str]:
    return {each.key: each.value for each in proto.metadata_props}
