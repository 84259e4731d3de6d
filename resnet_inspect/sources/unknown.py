"""What a name that no variant has may stand for: a file that is not read, or a net of torchvision or timm."""

import os
import re
from importlib.util import find_spec
from pathlib import Path

from resnet_inspect.errors import UnknownModelError
from resnet_inspect.resnet import zoo

CHECKPOINT = (
    "a checkpoint, and its weights do not tell the net",
    "name the net that it was saved from: a variant of `resnet-inspect list`, or code as net.py:make",
)
# suffix of a file -> what it is, and what to do
FILES = {
    **dict.fromkeys((".pth", ".pt", ".tar", ".ckpt", ".bin", ".safetensors", ".pkl", ".h5", ".npz"), CHECKPOINT),
    ".py": ("a file of code", "name what it makes, as {name}:make"),
}
OTHER = ("neither a spec.toml nor code", "`resnet-inspect export-spec` prints a spec to start from")


def explain_unknown(name: str) -> UnknownModelError:
    """The error for a name that the zoo lacks."""
    suffix = os.path.splitext(name)[1].lower()
    if suffix in FILES or os.path.exists(name):
        kind, remedy = FILES.get(suffix, OTHER)
        return UnknownModelError(f"{name} is {kind}", hint=remedy.format(name=name))
    return UnknownModelError(f"unknown model {name!r}", hint=zoo.did_you_mean(_meant(name)))


def _meant(name: str) -> list[str]:
    """A net of that very name in a library; else variants, or else nets of a library, with a name near to it."""
    for library in ("torchvision", "timm"):
        if name in library_nets(library):
            return [f"{library}:{name}"]
    if near := zoo.nearest(name):
        return near
    from difflib import get_close_matches

    nets = {net: f"{library}:{net}" for library in ("timm", "torchvision") for net in library_nets(library)}
    return [nets[net] for net in get_close_matches(name.lower(), nets)]


def library_nets(library: str) -> list[str]:
    """The nets that a library makes by name, read off its source: to import it takes seconds. Empty if it is missing.

    Both libraries write ``@register_model`` above each function that makes a net.
    """
    package = find_spec(library)
    if package is None or not package.submodule_search_locations:
        return []
    files = sorted(Path(package.submodule_search_locations[0]).glob("models/*.py"))
    pattern = re.compile(r"^@register_model\b.*?^def (\w+)\(", re.MULTILINE | re.DOTALL)
    return [net for file in files for net in pattern.findall(file.read_text(encoding="utf-8"))]
