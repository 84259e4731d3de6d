"""What autograd records of the calls, read off its own graph in a second pass with gradients."""

import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import BackwardCFunction
from torch.autograd.graph import Node as Gradient
from torch.autograd.graph import saved_tensors_hooks

from resnet_inspect.graph import Backward, Graph, Saved, TensorType
from resnet_inspect.graph.facts.gradients import trained_parameters
from resnet_inspect.graph.ops.base import Op
from resnet_inspect.runtime.any_call import AnyCall, tensors_in
from resnet_inspect.runtime.calls import Calls
from resnet_inspect.runtime.tensors import memory_of, storage_of


class CallsWithGradients(Calls):
    """Also keeps autograd's node of each call.

    Attributes:
        gradients: the node that made each call's output; None where autograd records nothing. Of several operations
            in one call only the last is here.
        released: in a pass without gradients, whose saved tensors would keep it, the last call during which code
            refers to each call's output as autograd made it, not detached.
        repacks: code changes what autograd saves, as ``torch.utils.checkpoint`` does.
        packed: what autograd has saved since the running call began.
        saved: what it keeps of each call that no operation names.
        kept: the storages of the parameters, which it keeps in any case.
    """

    def __init__(self, net: nn.Module, name: str) -> None:
        super().__init__(net, name)
        self.gradients: dict[int, Gradient | None] = {}
        self.released: dict[int, int] = {}
        self.repacks = False
        self.packed: list[Tensor] = []
        self.saved: dict[int, Saved] = {}
        self.kept = {*map(storage_of, net.parameters())}

    @contextmanager
    def watching(self) -> Iterator[None]:
        with super().watching(), saved_tensors_hooks(self._pack, _unpack):
            yield

    def _pack(self, x: Tensor) -> Tensor:
        self.packed.append(x)
        return x.detach()

    def _begin(self) -> None:
        super()._begin()
        self.packed.clear()

    def _write(self, path: str, ops: Sequence[Op], inputs: Sequence[Any], out: Tensor, owner: str = "") -> None:
        super()._write(path, ops, inputs, out, owner)
        position = self.position_of[id(out)]
        node = self.builder.nodes[position]
        if len(ops) == 1 and not node.op.extra_bytes(node.ins, node.out, 4, True):
            saved = self._saved(inputs, [out], [*inputs, out])
            if saved.others:  # copies of its inputs in another layout
                self.saved[position] = saved

    def wrote(self, position: int, call: AnyCall, inputs: Sequence[Tensor]) -> None:
        if call.function == "scaled_dot_product_attention" and call.made[0].dim() == 4:
            self.saved[position] = _saved_by_attention(call, frozenset(self.position_of[id(x)] for x in inputs))
            return
        self.saved[position] = self._saved(inputs, call.made, call.reads)

    def _saved(self, inputs: Sequence[Tensor], made: Sequence[Tensor], reads: Sequence[Tensor]) -> Saved:
        """What autograd has packed in the call that has just run; ``inputs`` are those of its ``reads`` with a node."""
        packed = {storage_of(x): x for x in self.packed}
        read = frozenset(self.position_of[id(x)] for x in inputs if packed.pop(storage_of(x), None) is not None)
        output = any(packed.pop(storage_of(x), None) is not None for x in made)
        kept = self.kept | {*map(storage_of, reads)}
        others = tuple(memory_of(x) for key, x in packed.items() if key not in kept)
        self.packed.clear()
        return Saved(read, output, others)

    def stands_for(self, x: Tensor, position: int) -> None:
        super().stands_for(x, position)
        if position not in self.gradients:
            self.gradients[position] = x.grad_fn
            weakref.finalize(x, self._release, position)
        hooks = torch._C._autograd._top_saved_tensors_default_hooks(False)
        self.repacks |= hooks is None or hooks[0] != self._pack

    def _release(self, position: int) -> None:
        self.released[position] = self.builder.last


def _unpack(x: Tensor) -> Tensor:
    return x


def _saved_by_attention(call: AnyCall, inputs: frozenset[int]) -> Saved:
    """What the fused kernels of CPUs and GPUs save: the inputs, the output, and the log of each query's sum.

    A pass on the meta device takes the attention apart, and saves the weights of all pairs.
    """
    out = call.made[0]
    return Saved(inputs, True, (TensorType(tuple(out.shape[:-1])),))


def with_backward(graph: Graph, released: Mapping[int, int], net: nn.Module, run: Callable[[Calls], Any]) -> Graph:
    """``graph`` with what autograd records of each call, or why that cannot be told.

    ``run`` passes once more through ``net``, with gradients for its parameters; ``released`` is of the first pass,
    which had none.
    """
    calls = CallsWithGradients(net, graph.name)
    names: dict[Tensor, str] = {parameter: name for name, parameter in net.named_parameters()}
    try:
        out = run(calls)
        calls.write_unused()
    except Exception as error:  # the user's code may raise anything
        first_line, *_ = [*str(error).splitlines(), ""]
        return replace(graph, untrainable=f"with gradients it fails: {type(error).__name__}: {first_line}")
    if [(n.op, n.inputs) for n in calls.builder.nodes] != [(n.op, n.inputs) for n in graph.nodes]:
        return replace(graph, untrainable="its code makes other calls when gradients are recorded")
    results = [x.grad_fn for x in tensors_in(out) if x.grad_fn is not None]
    if not results:
        return replace(graph, untrainable="nothing in it needs a gradient")
    if calls.repacks:
        return replace(graph, untrainable="its code changes what backward keeps, as checkpoints do")
    passed = [*{node for result in results for node in (result, *_before(result, frozenset()))}]
    if own := next((type(node).__name__ for node in passed if isinstance(node, BackwardCFunction)), None):
        return replace(graph, untrainable=f"its code has a backward of its own, {own}")
    graph = replace(graph, recorded=_recorded(calls, released, names))
    if set(trained_parameters(graph)) != set(_parameters(passed, names)):
        return replace(graph, untrainable="its gradients take another way than its calls")
    return graph


def _recorded(
    calls: CallsWithGradients, released: Mapping[int, int], names: Mapping[Tensor, str]
) -> dict[int, Backward]:
    """The backward of each recorded call: what lies between autograd's node of its output and those of its inputs."""
    recorded: dict[int, Backward] = {}
    made, nodes = calls.gradients, calls.builder.nodes
    others = frozenset(made.values()) - {None}
    first = 0
    for last, gradient in made.items():
        position, first = first, last + 1
        if gradient is None:
            continue
        unchanged = any(made[i] is gradient for i in nodes[position].inputs)
        passed = [gradient] if unchanged else [*_before(gradient, others)]
        inputs = frozenset(i for i in nodes[position].inputs if made[i] in passed)
        if nodes[position].op.inplace and made[nodes[position].inputs[0]] is not None:
            inputs |= {nodes[position].inputs[0]}  # in place of a view, autograd writes the view's history anew
        module = nodes[position].module
        owner = f"{module}." if module else ""
        params = frozenset(name.removeprefix(owner) for name in _parameters(passed, names))
        until = released.get(last, len(nodes) - 1)
        recorded[position] = Backward(inputs, params, until, calls.saved.get(position))
        for following in range(position + 1, last + 1):
            recorded[following] = Backward(frozenset({following - 1}), frozenset(), until)
    return recorded


def _before(gradient: Gradient, stops: frozenset[Gradient | None]) -> Iterator[Gradient]:
    """The nodes that backward runs after ``gradient``, up to and including ``stops``."""
    seen, pending = {gradient}, [gradient]
    while pending:
        for following, _ in pending.pop().next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                yield following
                if following not in stops:
                    pending.append(following)


def _parameters(passed: list[Gradient], names: Mapping[Tensor, str]) -> Iterator[str]:
    """Names of the parameters to which the nodes ``passed`` add a gradient."""
    for node in passed:
        variable = getattr(node, "variable", None)  # of AccumulateGrad
        if variable is not None and variable in names:
            yield names[variable]
