"""A copy of a module's structure on the meta device: parameters and buffers without data, and no object shared.

Running the copy changes nothing in the module, and another thread may run the module meanwhile. ``copy.deepcopy``
would copy data, fail on locks, and leave closures and weak references pointing into the module.
"""

import copy
import io
import weakref
from collections import deque
from collections.abc import Callable
from copyreg import _slotnames  # type: ignore[attr-defined]  # pickle's list of slots, which typeshed omits
from enum import Enum
from functools import partial
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

T = TypeVar("T")
SHARED = (type, ModuleType, Enum, str, bytes, int, float, complex, type(None), torch.dtype, torch.device, torch.Size)


def twin(net: nn.Module, keeps_data: bool = False) -> nn.Module:
    """A copy of ``net`` and of every object that it leads to; their tensors are on the meta device.

    ``keeps_data``: they are on the CPU; a pass without gradients may read the learned ones, which are not copied.
    """
    copies = _Copies(_on_cpu if keeps_data else _without_data, "cpu" if keeps_data else "meta")
    copied = copies.of(net)
    while copies.unfilled:
        copies.unfilled.pop()()
    return copied


class _Copies:
    """The copies made so far.

    Attributes:
        tensor: copies one.
        device: where copies of scripted modules are.
        made: copies by the ``id`` of their original, each with its original, whose ``id`` is thereby not used again.
        unfilled: what gives the new copies their contents. Filling them later, not within ``of``, copies cycles and
            deep structures without recursion.
    """

    def __init__(self, tensor: Callable[[Tensor], Tensor], device: str) -> None:
        self.tensor = tensor
        self.device = device
        self.made: dict[int, tuple[Any, Any]] = {}
        self.unfilled: list[Callable[[], None]] = []

    def of(self, x: T) -> T:
        if isinstance(x, SHARED):
            return x
        if id(x) not in self.made:
            self.made[id(x)] = x, self._copied(x)
        copied: T = self.made[id(x)][1]
        return copied

    def _copied(self, x: Any) -> Any:
        match x:
            case Tensor():
                return self.tensor(x)
            case torch.jit.ScriptModule():
                return _script_on(self.device, x)
            case dict() | list() | deque() | set():
                return self._container(x)
            case tuple():
                return tuple.__new__(type(x), map(self.of, x))
            case MethodType():
                return MethodType(self.of(x.__func__), self.of(x.__self__))
            case partial():
                return partial(self.of(x.func), *map(self.of, x.args), **{k: self.of(v) for k, v in x.keywords.items()})
            case weakref.ReferenceType() if type(x) is weakref.ref and x() is not None:
                return weakref.ref(self.of(x()))
            case FunctionType() if x.__closure__ or x.__defaults__ or x.__kwdefaults__:
                return self._function(x)
            case CellType():
                new = CellType()
                self.unfilled.append(lambda: self._fill_cell(new, x))
                return new
            case FunctionType():
                return x
        return self._object(x)

    def _container(self, x: Any) -> Any:
        new = copy.copy(x)

        def fill() -> None:
            content = [*(new.items() if isinstance(x, dict) else new)]
            new.clear()
            if isinstance(x, dict):
                new.update((self._key(key), self.of(value)) for key, value in content)
            elif isinstance(x, set):
                new.update(map(self._key, content))
            else:
                new.extend(map(self.of, content))

        self.unfilled += [fill, lambda: self._fill_attributes(new, x)]
        return new

    def _key(self, key: Any) -> Any:
        """A key's copy; other keys than these compare by value, which a copy without contents does not have yet."""
        return self.of(key) if isinstance(key, nn.Module | Tensor) else key

    def _function(self, x: FunctionType) -> FunctionType:
        closure = tuple(map(self.of, x.__closure__ or ()))
        new = FunctionType(x.__code__, x.__globals__, x.__name__, self.of(x.__defaults__), closure)
        new.__kwdefaults__ = self.of(x.__kwdefaults__)
        new.__qualname__, new.__doc__, new.__module__ = x.__qualname__, x.__doc__, x.__module__
        self.unfilled.append(lambda: self._fill_attributes(new, x))
        return new

    def _fill_cell(self, new: CellType, x: CellType) -> None:
        try:
            new.cell_contents = self.of(x.cell_contents)
        except ValueError:  # an empty cell
            return

    def _object(self, x: Any) -> Any:
        """A copy of any other object; ``x`` itself if it frees a resource, or cannot be copied, as a lock."""
        if hasattr(x, "__del__"):
            return x
        try:
            new = object.__new__(type(x))
        except TypeError:  # its class is written in C
            return _deep_copied(x)
        if not (getattr(x, "__dict__", None) or _slotnames(type(x))):
            return x  # it has no state, so its identity is what counts, as a sentinel's
        self.unfilled.append(lambda: self._fill_attributes(new, x))
        return new

    def _fill_attributes(self, new: Any, x: Any) -> None:
        for name, value in list(getattr(x, "__dict__", {}).items()):
            new.__dict__[name] = self.of(value)
        for name in _slotnames(type(x)):
            if hasattr(x, name):
                object.__setattr__(new, name, self.of(getattr(x, name)))


def _deep_copied(x: Any) -> Any:
    try:
        return copy.deepcopy(x)
    except Exception:  # any class may refuse in its own way
        return x


def _without_data(x: Tensor) -> Tensor:
    """A tensor of the same type on the meta device; a number keeps its value, which code may read."""
    if isinstance(x, nn.Parameter):
        return nn.Parameter(torch.empty_like(x, device="meta"), x.requires_grad)
    if x.dim() == 0 and not x.is_meta:
        return x.detach().cpu().clone()
    return torch.empty_like(x, device="meta", requires_grad=False)


def _on_cpu(x: Tensor) -> Tensor:
    if isinstance(x, nn.Parameter):
        return nn.Parameter(x.detach().cpu(), x.requires_grad)
    return x.detach().cpu().clone()


def _script_on(device: str, x: torch.jit.ScriptModule) -> Any:
    """A copy on ``device``, which only a file can give a scripted module."""
    file = io.BytesIO()
    torch.jit.save(x, file)
    file.seek(0)
    return torch.jit.load(file, map_location=device)  # type: ignore[no-untyped-call]  # torch leaves it untyped
