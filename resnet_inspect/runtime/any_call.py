"""A call that no operation names, as a node all the same: by what torch tells of its tensors."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from resnet_inspect.graph.ops.base import ONE_PIXEL
from resnet_inspect.graph.ops.torch_call import Constant, OtherOutput, TorchCall
from resnet_inspect.runtime.products import products_of_function, products_of_module
from resnet_inspect.runtime.tensors import storage_of, type_of
from resnet_inspect.runtime.windows import Windows, windows_of_function, windows_of_module

if TYPE_CHECKING:
    from resnet_inspect.runtime.calls import Calls

ANYWHERE: Windows = (ONE_PIXEL, ONE_PIXEL)
SUMS = ("add", "iadd", "radd")  # their inputs' gradients are the output's


@dataclass(frozen=True, slots=True)
class AnyCall:
    """A call that has run.

    Attributes:
        reads: the tensors that it reads, each once.
        made: the tensors that it returns or writes over.
        products: its multiply-accumulates.
    """

    path: str
    function: str
    reads: Sequence[Tensor]
    made: Sequence[Tensor]
    products: int
    windows: Windows
    detail: str = ""


def of_module(
    path: str, module: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any], out: Any, counted: int
) -> AnyCall:
    """The call of a module of torch.nn; ``counted``: the multiply-accumulates by torch's own formulas."""
    made = [*tensors_in(out)]
    reads = _each_once((*tensors_in((args, kwargs)), *module.parameters(), *module.buffers()))
    products, windows = counted, ANYWHERE
    if made and isinstance(args[0], Tensor):
        formula = products_of_module(module, args, made[0])
        products = counted if formula is None else formula
        windows = windows_of_module(module, args[0], made[0])
    return AnyCall(path, type(module).__name__, reads, made, products, windows, module.extra_repr())


def of_function(
    path: str, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], out: Any, counted: int
) -> AnyCall:
    """The call of a function; ``counted`` as of a module."""
    function = name.strip("_")
    made = [*tensors_in(args[0] if function == "setitem" else out)]
    reads = _each_once(tensors_in((args, kwargs)))
    products, windows = counted, ANYWHERE
    if made and isinstance(args[0], Tensor):
        windows = windows_of_function(function, args, args[0], made[0])
    if made:
        formula = products_of_function(function, args, made[0])
        products = counted if formula is None else formula
    return AnyCall(path, function, reads, made, products, windows)


def write(calls: "Calls", call: AnyCall) -> None:
    """Append the call, and before it what code computed from weights and constants for it to read."""
    if not call.made:
        return
    first, *others = call.made
    overwrites = any(first is x for x in call.reads)
    if call.function in ("size", "shape", "stride") or (overwrites and not _writes(call.function)):
        return
    for x in call.reads:
        if id(x) not in calls.position_of and (id(x) in calls.weights.computed or (overwrites and x is first)):
            _write_constant(calls, x)
    computed = [x for x in call.reads if id(x) in calls.position_of]
    shares = next((x for x in computed if x is first or (not overwrites and is_alias(x, first))), None)
    if shares is not None:
        computed = [shares, *(x for x in computed if x is not shares)]
    own = [x for x in call.reads if id(x) not in calls.position_of]
    weighs = any(calls.weights.of(x) or isinstance(x, nn.Parameter) for x in call.reads)
    owner, learned, kept = calls.weights.claim(own)
    op = TorchCall(
        call.function,
        type_of(first),
        learned,
        kept,
        call.products,
        weighs and bool(call.products),
        is_view=shares is not None and not overwrites,
        inplace=overwrites,
        passes_gradient=call.function in SUMS or (shares is not None and not overwrites),
        windows=ANYWHERE if call.products and not weighs else call.windows,
        detail=call.detail,
    )
    position = calls.add(call.path, op, tuple(calls.position_of[id(x)] for x in computed), owner)
    calls.stands_for(first, position)
    calls.wrote(position, call, computed)
    written = calls.weights.sharing(first) if overwrites else []
    for other in (*others, *(x for x in written if id(x) not in calls.position_of)):
        if not any(other is x for x in call.reads):
            also = OtherOutput(type_of(other), any(is_alias(other, x) for x in (first, *computed)))
            calls.stands_for(other, calls.add(call.path, also, (position,)))


def _write_constant(calls: "Calls", x: Tensor) -> None:
    """Append a tensor that the pass has computed without the input, and the larger one whose memory it shares."""
    parts = [x, *calls.weights.sharing(x)]
    whole = max(parts, key=Tensor.numel)
    owner, learned, kept = calls.weights.claim([whole])
    computed = calls.weights.computed.get(id(whole))
    path, is_view = (computed.path, computed.is_view) if computed else (calls.scope or "constant", True)
    position = calls.position_of.get(id(whole))
    if position is None:
        led_here = calls.weights.products_of(parts)
        products = sum(led_here, Counter[str]())
        weighs = bool(calls.weights.of(whole))
        constant = Constant(type_of(whole), learned, kept, products.total(), weighs, is_view)
        position = calls.builder.traced(calls.unique(path), constant, (), owner)
        calls.stands_for(whole, position)
        for scope in products:
            calls.flops[scope] += 2 * products[scope]
        for each in led_here:
            each.clear()
    if whole is not x:
        calls.stands_for(x, calls.add(path, OtherOutput(type_of(x), is_view=True), (position,)))


def _writes(function: str) -> bool:
    """Whether a function that returns its argument has changed it, as ``add_`` and ``+=`` do."""
    return function not in ("contiguous", "to", "float", "type_as", "requires_grad", "detach", "dropout", "identity")


def is_alias(x: Tensor, y: Tensor) -> bool:
    return storage_of(x) == storage_of(y)


def _each_once(tensors: Iterator[Tensor] | Sequence[Tensor]) -> list[Tensor]:
    return [*{id(x): x for x in tensors}.values()]


def tensors_in(value: Any) -> Iterator[Tensor]:
    """The tensors in ``value``: in tuples, lists, dictionaries, dataclasses, and objects that hold nothing else."""
    for leaf in tree_leaves(value):
        if isinstance(leaf, Tensor):
            yield leaf
        elif is_dataclass(leaf) and not isinstance(leaf, type):
            yield from tensors_in([getattr(leaf, each.name) for each in fields(leaf)])
