"""Peak memory by following storages: a second instrument, which shares no code with the measurement of a worker."""

import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Storages(TorchDispatchMode):
    """Adds up the storages that operations return, until nothing refers to them."""

    def __init__(self, before: Iterable[torch.Tensor]) -> None:
        super().__init__()
        self.before = {tensor.untyped_storage()._cdata for tensor in before}
        self.alive: dict[int, int] = {}
        self.peak = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, torch.Tensor):
                self._follow(leaf.untyped_storage())
        self.peak = max(self.peak, sum(self.alive.values()))
        return out

    def _follow(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key not in self.before and key not in self.alive:
            self.alive[key] = storage.nbytes()
            weakref.finalize(storage, self.alive.pop, key)


def peak_of_storages(call: Callable[[], object], before: Iterable[torch.Tensor]) -> int:
    """Peak bytes that ``call`` makes on top of the tensors ``before``.

    ``call`` may not run in inference mode, where the operations that torch composes of others do not show their parts.
    """
    with Storages(before) as storages:
        call()
    return storages.peak
