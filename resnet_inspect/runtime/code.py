"""Networks that are code: from torchvision, timm, a file or a module."""

import importlib
import importlib.util
import inspect
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stdout
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn
from torchvision import models

from resnet_inspect.errors import InspectError, MachineError, RequestError, UnknownModelError
from resnet_inspect.runtime.factories import refused_argument
from resnet_inspect.runtime.undisturbed import same_draws

FORMS = "as in torchvision:resnet50, timm:resnet50, net.py:make or package.module:make"


NO_KWARGS: Mapping[str, object] = {}


def make(source: str, kwargs: Mapping[str, object] = NO_KWARGS) -> nn.Module:
    """The network that ``torchvision:NAME``, ``timm:NAME``, ``file.py:NAME`` or ``package.module:NAME`` names.

    In a file or module, NAME is a network, or a function or class that returns one from ``kwargs``. The weights that it
    draws leave the random states as they are.

    Raises:
        UnknownModelError: nothing has that name.
        RequestError: the code cannot be imported, takes no such arguments, fails, or returns no network.
        MachineError: timm is not installed.
    """
    library, _, name = source.rpartition(":")
    if not (library and name):
        raise UnknownModelError(f"unknown model {source!r}", hint=FORMS)
    with same_draws(), redirect_stdout(sys.stderr):  # stdout belongs to the report
        net = _factory(source, library, name)
        if isinstance(net, nn.Module):
            if kwargs:
                raise RequestError(f"{source} is a net, which takes no --kwargs", hint="name what makes it")
            return net
        try:
            with warnings.catch_warnings():
                if library in LIBRARIES:  # torchvision's advise how to initialise weights
                    warnings.simplefilter("ignore")
                net = call(net, kwargs, source)
        except InspectError:
            raise
        except (Exception, SystemExit) as error:  # the user's code may raise anything
            raise _failed(source, error) from error
    if not isinstance(net, nn.Module):
        hint = "is a `return` missing?" if net is None else ""
        raise RequestError(f"{source} returns {type(net).__name__}, not a torch.nn.Module", hint=hint)
    return net


def make_without_data(source: str, kwargs: Mapping[str, object] = NO_KWARGS) -> nn.Module | None:
    """A library's network on the meta device; None for other code, and where its constructor reads values."""
    if source.partition(":")[0] not in LIBRARIES:
        return None
    try:
        with torch.device("meta"):
            return make(source, kwargs)
    except Exception:  # a constructor may raise anything; with data, it says what is wrong
        return None


def _factory(source: str, library: str, name: str) -> Any:
    """What makes the network, or the network itself."""
    if library in LIBRARIES:
        return LIBRARIES[library](source, name)
    module = _imported(source, library)
    try:
        return getattr(module, name)
    except AttributeError:
        raise UnknownModelError(f"{library} has no {name!r}", hint=_nearest(name, vars(module)) or FORMS) from None


def _of_torchvision(source: str, name: str) -> Callable[..., Any]:
    _check_name(source, name, models.list_models())
    builder: Callable[..., Any] = models.get_model_builder(name)
    return builder


def _of_timm(source: str, name: str) -> Callable[..., Any]:
    try:
        import timm
    except ImportError:
        raise MachineError("timm is not installed", hint="pip install timm") from None
    _check_name(source, name, timm.list_models())
    return partial(timm.create_model, name)


LIBRARIES = {"torchvision": _of_torchvision, "timm": _of_timm}


def call(make: Callable[..., Any], kwargs: Mapping[str, object] = NO_KWARGS, name: str = "") -> Any:
    """What ``make`` returns for ``kwargs``; a builder of torchvision's downloads no weights unless they ask for some.

    The weights that it draws leave the random states as they are. ``name`` is what the user calls it.

    Raises:
        RequestError: it does not take one of them.
    """
    try:
        with same_draws():
            return make(**{**without_weights(make), **kwargs})
    except TypeError as error:
        if refused := refused_argument(make, kwargs, error):
            wrong, taken = refused
            hint = f"it takes {', '.join(taken)}" if taken else "it takes none"
            raise RequestError(f"{name or make.__name__} takes no {wrong!r}", hint=hint) from error
        raise


def without_weights(make: Callable[..., Any]) -> dict[str, None]:
    """The arguments with which a builder of torchvision's loads no weights; its default may be a backbone's."""
    if not str(getattr(make, "__module__", "")).startswith("torchvision."):
        return {}
    return {name: None for name in inspect.signature(make).parameters if name.startswith("weights")}


def image_of(net: nn.Module, source: str = "") -> tuple[int, ...]:
    """Channels, height and width of the images for ``net``; with frames before the height where it takes videos.

    They come from timm's ``pretrained_cfg``, from the one size that a vision transformer takes, or from the crops for
    the weights of torchvision's net ``source``. Else they are the first convolution's channels at 224×224, or 16 frames
    of 112×112.
    """
    config = getattr(net, "pretrained_cfg", None) or {}
    if size := config.get("input_size"):
        return tuple(size)
    if isinstance(side := getattr(net, "image_size", None), int):
        return 3, side, side
    if crop := _crop_of(source):
        return crop
    for module in net.modules():
        if isinstance(module, nn.Conv3d):
            return module.in_channels, 16, 112, 112
        if isinstance(module, nn.Conv2d):
            return module.in_channels, 224, 224
    return 3, 224, 224


def _crop_of(source: str) -> tuple[int, ...]:
    """As ``image_of``, from the crops for the weights of torchvision's net ``source``; empty if unknown."""
    library, _, name = source.partition(":")
    if library != "torchvision" or name not in models.list_models():
        return ()
    transforms = getattr(models.get_model_weights(name), "DEFAULT", None)
    sizes = getattr(transforms and transforms.transforms, "keywords", {}).get("crop_size", ())
    height, *width = (sizes,) if isinstance(sizes, int) else sizes or (0,)
    frames = (16,) if "video" in models.get_model_builder(name).__module__ else ()
    return (3, *frames, height, *(width or (height,))) if height else ()


def classes_of(net: nn.Module) -> dict[str, str]:
    """The class of each module, by its path: ``timm.GroupNorm`` where torch has another class of that name."""
    return {path: _class_name(type(module)) for path, module in net.named_modules()}


def _class_name(cls: type[nn.Module]) -> str:
    own = getattr(nn, cls.__name__, cls)
    return cls.__name__ if own is cls else f"{cls.__module__.partition('.')[0]}.{cls.__name__}"


def _check_name(source: str, name: str, names: Iterable[str]) -> None:
    if name not in names:
        library = source.partition(":")[0]
        every = f"`resnet-inspect list '{library}:*'` shows every net"
        raise UnknownModelError(f"unknown model {source!r}", hint=_nearest(name, names, f"{library}:") or every)


def _imported(source: str, library: str) -> ModuleType:
    """Import the file or module; it may import from its own folder, or from the working folder."""
    path = Path(library)
    is_file = path.suffix == ".py"
    if is_file and not path.is_file():
        raise UnknownModelError(f"unknown model {source!r}: there is no file {library}", hint=FORMS)
    folder = str(path.parent.resolve() if is_file else Path.cwd())
    sys.path.insert(0, folder)
    try:
        return _executed(path) if is_file else importlib.import_module(library)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{library}.".startswith(f"{error.name}."):
            raise _failed(source, error) from error
        raise UnknownModelError(f"unknown model {source!r}: there is no module {error.name}", hint=FORMS) from None
    except (Exception, SystemExit) as error:  # the user's code may raise anything
        raise _failed(source, error) from error
    finally:
        sys.path.remove(folder)


def _executed(path: Path) -> ModuleType:
    """Run the file as a module named by its path, so that ``random.py`` does not replace the standard library's."""
    name = str(path.resolve()).replace(".", "_")  # a dot would make it a package's, for a relative import
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # a dataclass in the file looks up its annotations there
    spec.loader.exec_module(module)
    return module


def _failed(source: str, error: BaseException) -> RequestError:
    *_, last = traceback.extract_tb(error.__traceback__)
    hint = ""
    if isinstance(error, SystemExit):
        hint = "put code that reads the command line under `if __name__ == '__main__'`"
    elif "relative import" in str(error):
        hint = "run from the folder that holds the package, and name it as package.module:make"
    if last.filename == __file__:  # the call itself failed
        return RequestError(f"{source}: {error}", hint="give --kwargs depth=18, or write def make(): return ResNet(18)")
    where = f"{Path(last.filename).name}, line {last.lineno}"
    return RequestError(f"{source}: {type(error).__name__}: {error} ({where})", hint=hint)


def _nearest(name: str, names: Iterable[str], prefix: str = "") -> str:
    near = [repr(prefix + each) for each in get_close_matches(name, names, n=3)]
    return f"did you mean {' or '.join(near)}?" if near else ""
