"""What a tensor tells of itself, on the meta device too."""

from torch import Tensor

from resnet_inspect.graph import TensorType


def storage_of(x: Tensor) -> int:
    """What tells storages apart on the meta device too, where every address is 0."""
    return int(x.untyped_storage()._cdata)


def type_of(x: Tensor) -> TensorType:
    return TensorType(tuple(x.shape), str(x.dtype).removeprefix("torch."))


def memory_of(x: Tensor) -> TensorType:
    """The type of the storage that ``x`` lies in: an expanded tensor's is smaller than the tensor, a slice's larger."""
    elements = x.untyped_storage().nbytes() // x.element_size()
    return type_of(x) if elements == x.numel() else TensorType((elements,), type_of(x).dtype)
