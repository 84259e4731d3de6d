"""What a network is: types, operations, nodes, and the graph they make."""

from resnet_inspect.graph.graph import Backward, Builder, Graph, Node, Saved
from resnet_inspect.graph.types import TensorType

__all__ = ["Backward", "Builder", "Graph", "Node", "Saved", "TensorType"]
