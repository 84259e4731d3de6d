"""What a tensor tells of itself, on the meta device too."""

from torch import Tensor

from resnet_inspect.graph import TensorType


def storage_of(x: Tensor) -> int:
    """What tells storages apart on the meta device too, where every address is 0."""
    return int(x.untyped_storage()._cdata)


def type_of(x: Tensor) -> TensorType:
    return TensorType(tuple(x.shape), str(x.dtype).removeprefix("torch."))
