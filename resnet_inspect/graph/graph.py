"""A network as a straight list of typed calls, and the builder that writes the list."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from math import prod
from typing import NamedTuple

from resnet_inspect.errors import ShapeError
from resnet_inspect.graph.ops.base import Op, Shape
from resnet_inspect.graph.ops.pointwise import Input
from resnet_inspect.graph.types import TensorType

MAX_ELEMENTS = 2**63 - 1  # torch's own limit: sizes and element counts are int64


@dataclass(frozen=True, slots=True)
class Node:
    """One call: an operation applied to the outputs of earlier nodes.

    ``inputs`` are positions in ``Graph.nodes``. ``module`` is the path of the nn.Module that performs the call, empty
    for a functional one; nodes may share a module (torchvision reuses a block's single ReLU) and so its weights.
    """

    name: str
    op: Op
    inputs: tuple[int, ...]
    ins: tuple[TensorType, ...]
    out: TensorType
    stage: str
    module: str

    @property
    def kind(self) -> str:
        return self.op.kind

    @property
    def params(self) -> int:
        return sum(map(prod, self.op.params().values()))

    @property
    def buffers(self) -> int:
        return sum(map(prod, self.op.buffers().values()))

    @property
    def macs(self) -> int:
        return self.op.macs(self.ins, self.out)

    @property
    def macs_without_weights(self) -> int:
        return self.op.macs_without_weights(self.ins, self.out)

    def weights(self) -> dict[str, Shape]:
        """The learned tensors that it reads: state_dict name -> shape. A call without a module gives whole names."""
        owner = f"{self.module}." if self.module else ""
        return {owner + key: shape for key, shape in self.op.params().items()}

    @property
    def activations(self) -> int:
        """Output elements of a convolution or linear layer, as fvcore and timm (Macts) count them."""
        return self.out.numel if self.macs else 0


class Saved(NamedTuple):
    """What autograd keeps of a call: inputs by position, its output or not, and other tensors."""

    inputs: frozenset[int] = frozenset()
    output: bool = False
    others: tuple[TensorType, ...] = ()


class Backward(NamedTuple):
    """The gradients that the backward of one call computes.

    Attributes:
        inputs: positions of the calls whose outputs get one.
        params: state_dict suffixes of the call's parameters that get one.
        until: for a traced network, the position of the last call during which its code still refers to the call's
            output, other than detached.
        saved: what it keeps, where the run told that and no operation does.
    """

    inputs: frozenset[int]
    params: frozenset[str]
    until: int = 0
    saved: Saved | None = None

    @property
    def of_weight(self) -> bool:
        """Whether it computes a gradient of more than a bias, which costs a convolution MACs."""
        return bool(self.params - {"bias"})


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in the order they run: the first is the input, the last the output.

    Attributes:
        containers: class names of the modules that hold other modules, by path (``layer1.0`` -> ``Bottleneck``).
        held: for a traced network, the position of the last call during which its code still refers to a call's output,
            by that call's position; empty for a lowered spec.
        recorded: for a traced network, the backward of each call that autograd records, by position; None for a
            lowered spec, in which every parameter is trained.
        untrainable: why a training step cannot be derived from the calls; empty if it can.
        unseen: for a traced network, the FLOPs that torch counts in its pass and that no call accounts for, by module
            path; below 0 where the calls account for more.
        results: positions of the calls whose outputs the network returns; empty for the last call alone.
        frozen: names of the learned tensors that are not trained.
        notes: what a reader of any number of it should know.
    """

    name: str
    nodes: tuple[Node, ...]
    containers: Mapping[str, str]
    held: Mapping[int, int] = field(default_factory=dict)
    recorded: Mapping[int, Backward] | None = None
    untrainable: str = ""
    unseen: Mapping[str, int] = field(default_factory=dict)
    results: tuple[int, ...] = ()
    frozen: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def input(self) -> TensorType:
        return self.nodes[0].out

    @property
    def output(self) -> TensorType:
        return self.nodes[self.returned[0]].out

    @property
    def calls(self) -> Iterator[tuple[int, Node]]:
        """The nodes other than inputs, with their positions."""
        return ((position, node) for position, node in enumerate(self.nodes) if not isinstance(node.op, Input))

    @property
    def returned(self) -> tuple[int, ...]:
        """Positions of the calls whose outputs the network returns."""
        return self.results or (len(self.nodes) - 1,)

    @property
    def inputs(self) -> tuple[int, ...]:
        """Positions of the inputs."""
        return tuple(position for position, node in enumerate(self.nodes) if isinstance(node.op, Input))

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages, in the order they run."""
        return tuple(dict.fromkeys(node.stage for node in self.nodes if node.stage))

    def weight_owners(self) -> Iterator[Node]:
        """The calls that are the first to read a learned tensor: of each module with weights, mostly its first call."""
        seen: set[tuple[str, str]] = set()
        for node in self.nodes:
            tensors = {(node.module, key) for key in node.op.params()}
            if not tensors <= seen:
                seen |= tensors
                yield node

    def weights(self) -> dict[str, Shape]:
        """The learned tensors: state_dict name -> shape. Several calls may read one tensor."""
        return {name: shape for node in self.nodes for name, shape in node.weights().items()}


def _check_size(path: str, *shapes: tuple[int, ...]) -> None:
    largest = max(map(prod, shapes))
    if largest > MAX_ELEMENTS:
        raise ShapeError(f"{path}: {largest:,} elements exceed torch's int64 limit", hint="give a smaller size")


@dataclass(slots=True)
class Builder:
    """Writes a graph call by call and infers each type, so a half-typed graph cannot exist.

    Names are relative to ``scope``, the path of the module being written.
    """

    nodes: list[Node] = field(default_factory=list)
    containers: dict[str, str] = field(default_factory=dict)
    stage: str = ""
    scope: str = ""
    _calls: dict[str, int] = field(default_factory=dict)
    _written: dict[Hashable, tuple[str, slice, dict[str, str]]] = field(default_factory=dict)

    def type(self, x: int) -> TensorType:
        return self.nodes[x].out

    @property
    def last(self) -> int:
        return len(self.nodes) - 1

    def position(self, name: str) -> int:
        """The position of the node called ``name``, the whole path."""
        return next(i for i in range(self.last, -1, -1) if self.nodes[i].name == name)

    def module(self, name: str, op: Op, *inputs: int) -> int:
        """Append a call of the module at ``name`` on ``inputs``, by default on the newest node.

        A module's second call becomes a node of its own, ``name_1``, as torch.fx names it.
        """
        path = self.scope + name
        earlier = self._calls.get(path, 0)
        self._calls[path] = earlier + 1
        return self._append(f"{path}_{earlier}" if earlier else path, op, inputs or (self.last,), path)

    def again(self, name: str, earlier: int, *inputs: int) -> int:
        """Append a call, at ``name``, of the module that performs the node at ``earlier``."""
        node = self.nodes[earlier]
        return self._append(self.scope + name, node.op, inputs or (self.last,), node.module)

    def call(self, name: str, op: Op, *inputs: int) -> int:
        """Append a functional call on ``inputs``, by default on the newest node."""
        return self._append(self.scope + name, op, inputs or (self.last,), "")

    def input(self, type: TensorType, name: str = "input") -> int:
        """Append an input of the network."""
        return self._append(name, Input(type), (), "")

    def traced(self, name: str, op: Op, inputs: tuple[int, ...], module: str) -> int:
        """Append a call of code, which may read weights of a module of another name."""
        return self._append(name, op, inputs, module)

    def _append(self, path: str, op: Op, inputs: tuple[int, ...], module: str) -> int:
        ins = tuple([self.nodes[i].out for i in inputs])
        try:
            out = op.infer(*ins)
        except ShapeError as error:
            raise type(error)(f"{path}: {error.message}", error.hint) from None
        if not ins or out is not ins[0]:  # otherwise neither the size nor the weights can exceed earlier ones
            _check_size(path, out.shape, *op.params().values())
        self.nodes.append(Node(path, op, inputs, ins, out, self.stage, module))
        return len(self.nodes) - 1

    def within(self, name: str, class_name: str, write: Callable[[], int]) -> int:
        """Run ``write`` with its names relative to the container ``name``."""
        outer, self.scope = self.scope, f"{self.scope}{name}."
        self.containers[self.scope[:-1]] = class_name
        try:
            return write()
        finally:
            self.scope = outer

    def repeat(self, name: str, class_name: str, key: Hashable, write: Callable[[], int]) -> int:
        """As ``within``, but copy an earlier container with the same ``key`` and input type.

        The container may read only the newest node. Deep nets repeat a few blocks hundreds of times.
        """
        path, memo = self.scope + name, (key, self.nodes[-1].out)
        if memo in self._written:
            return self._copy(path, *self._written[memo])
        first, before = len(self.nodes), len(self.containers)
        y = self.within(name, class_name, write)
        new = islice(reversed(self.containers.items()), len(self.containers) - before)
        inside = {module[len(path) :]: class_name for module, class_name in new}
        self._written[memo] = (path, slice(first, len(self.nodes)), inside)
        return y

    def _copy(self, path: str, source: str, nodes: slice, containers: Mapping[str, str]) -> int:
        cut, shift, stage = len(source), len(self.nodes) - nodes.start, self.stage
        self.containers.update({path + name: class_name for name, class_name in containers.items()})
        self.nodes += [
            Node(
                path + node.name[cut:],
                node.op,
                tuple([i + shift for i in node.inputs]),
                node.ins,
                node.out,
                stage,
                node.module and path + node.module[cut:],
            )
            for node in self.nodes[nodes]
        ]
        return len(self.nodes) - 1
