"""Which input a net takes, told from its signature and from the module that refused its input."""

import inspect
from collections.abc import Mapping

from torch import nn
from torch.jit import ScriptModule

from resnet_inspect.graph import TensorType


def input_hint(
    net: nn.Module, inputs: Mapping[int | str, TensorType], refused_by: str, is_first: bool, error: Exception
) -> str:
    """A remedy for a pass that ``error`` ended in the module at the path ``refused_by``; empty where none is known.

    ``is_first``: no call came before it, so that it refused the input itself.
    """
    if isinstance(net, ScriptModule):  # tells neither its signature nor its modules
        return ""
    if missing := _missing(net, inputs):
        return missing
    module = net.get_submodule(refused_by)
    if sizes := _sizes_for(module) if is_first else "":
        return f"{refused_by or type(module).__name__} takes --input {sizes}"
    if isinstance(module, nn.Linear) and "shapes" in str(error):
        return f"{refused_by} takes {module.in_features:,} values: give the --input that the net is made for"
    return ""


def _missing(net: nn.Module, inputs: Mapping[int | str, TensorType]) -> str:
    signature = inspect.signature(net.forward)
    by_keyword = {place: 0 for place in inputs if isinstance(place, str)}
    try:
        signature.bind(*range(len(inputs) - len(by_keyword)), **by_keyword)
    except TypeError:
        required = [each for each in signature.parameters.values() if each.default is each.empty]
        names = [each.name for each in required if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
        if any(each.kind is each.KEYWORD_ONLY for each in required):
            return f"forward takes {', '.join(names)}: in Python, give inputs by keyword"
        return f"forward takes {', '.join(names)}: give an --input for each, in this order"
    return ""


def _sizes_for(module: nn.Module) -> str:
    """Sizes, and a type where it is no float32, of a batch of one that ``module`` takes; empty if unknown."""
    match module:
        case nn.Embedding() | nn.EmbeddingBag():
            return "1,10:int64"
        case nn.Linear():
            sizes = f"1,{module.in_features}"
        case nn.Conv1d():
            sizes = f"1,{module.in_channels},1000"
        case nn.Conv2d():
            sizes = f"1,{module.in_channels},224,224"
        case nn.Conv3d():
            sizes = f"1,{module.in_channels},16,112,112"
        case _:
            return ""
    dtype = str(module.weight.dtype).removeprefix("torch.")
    return sizes if dtype == "float32" else f"{sizes}:{dtype}"
