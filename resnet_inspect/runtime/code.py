"""Networks that are code: from torchvision, timm, a file or a module."""

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn
from torchvision import models

from resnet_inspect.errors import MachineError, RequestError, UnknownModelError
from resnet_inspect.runtime.undisturbed import same_draws

FORMS = "as in torchvision:resnet50, timm:resnet50, net.py:make or package.module:make"


def make(source: str) -> nn.Module:
    """The network that ``torchvision:NAME``, ``timm:NAME``, ``file.py:NAME`` or ``package.module:NAME`` names.

    In a file or module, NAME is a network, or a function or class that returns one without arguments. The weights that
    it draws leave the random states as they are.

    Raises:
        UnknownModelError: nothing has that name.
        RequestError: the code cannot be imported, fails, or returns no network.
        MachineError: timm is not installed.
    """
    library, _, name = source.rpartition(":")
    if not (library and name):
        raise UnknownModelError(f"unknown model {source!r}", hint=FORMS)
    with same_draws():
        return _made(source, library, name)


def _made(source: str, library: str, name: str) -> nn.Module:
    if library == "torchvision":
        return _from(source, name, models.list_models(), lambda name: call(models.get_model_builder(name)))
    if library == "timm":
        try:
            import timm
        except ImportError:
            raise MachineError("timm is not installed", hint="pip install timm") from None
        return _from(source, name, timm.list_models(), timm.create_model)
    with redirect_stdout(sys.stderr):  # stdout belongs to the report
        return _own(source, library, name)


def _own(source: str, library: str, name: str) -> nn.Module:
    module = _imported(source, library)
    try:
        net = getattr(module, name)
    except AttributeError:
        raise UnknownModelError(f"{library} has no {name!r}", hint=_nearest(name, vars(module))) from None
    if not isinstance(net, nn.Module):
        try:
            net = call(net)
        except (Exception, SystemExit) as error:  # the user's code may raise anything
            raise _failed(source, error) from error
    if not isinstance(net, nn.Module):
        hint = "is a `return` missing?" if net is None else ""
        raise RequestError(f"{source} returns {type(net).__name__}, not a torch.nn.Module", hint=hint)
    return net


def call(make: Callable[..., Any]) -> Any:
    """What ``make`` returns without arguments; a builder of torchvision's downloads no weights.

    The weights that it draws leave the random states as they are.
    """
    with same_draws():
        return make(**without_weights(make))


def without_weights(make: Callable[..., Any]) -> dict[str, None]:
    """The arguments with which a builder of torchvision's loads no weights; its default may be a backbone's."""
    if not str(getattr(make, "__module__", "")).startswith("torchvision."):
        return {}
    return {name: None for name in inspect.signature(make).parameters if name.startswith("weights")}


def image_of(net: nn.Module) -> tuple[int, ...]:
    """Channels, height and width of the images for ``net``; with frames before the height where it takes videos.

    They come from timm's ``pretrained_cfg``; else from the first convolution's channels, at 224×224, or 16 frames of
    112×112, the sizes of torchvision's nets.
    """
    config = getattr(net, "pretrained_cfg", None) or {}
    if size := config.get("input_size"):
        return tuple(size)
    for module in net.modules():
        if isinstance(module, nn.Conv3d):
            return module.in_channels, 16, 112, 112
        if isinstance(module, nn.Conv2d):
            return module.in_channels, 224, 224
    return 3, 224, 224


def _from(source: str, name: str, names: list[str], create: Any) -> nn.Module:
    if name not in names:
        library = source.partition(":")[0]
        raise UnknownModelError(
            f"unknown model {source!r}", hint=_nearest(source, [f"{library}:{each}" for each in names])
        )
    net: nn.Module = create(name)
    return net


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
        return RequestError(f"{source}: {error}", hint="write it as def make(): return ResNet(18)")
    where = f"{Path(last.filename).name}, line {last.lineno}"
    return RequestError(f"{source}: {type(error).__name__}: {error} ({where})", hint=hint)


def _nearest(name: str, names: Iterable[str]) -> str:
    near = get_close_matches(name, names, n=3)
    return f"did you mean {' or '.join(map(repr, near))}?" if near else ""
