"""What a name that no variant has may stand for: a file that is not read, or a net of torchvision or timm."""

import os
import re
from itertools import accumulate

from resnet_inspect.errors import UnknownModelError
from resnet_inspect.resnet import zoo
from resnet_inspect.sources.library import LIBRARIES, library_nets

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
    """A net of that very name in a library; else variants whose names go on after it; else names near to it."""
    for library in LIBRARIES:
        if name in library_nets(library):
            return [f"{library}:{name}"]
    bare = re.sub("[-_]", "", name.lower())  # resnet20 and ResNet-20 for resnet20_cifar
    longer = [variant.name for variant in zoo.variants() if bare in accumulate(variant.name.split("_"))]
    if near := sorted(longer, key=len)[:3] or zoo.nearest(name):
        return near
    from difflib import get_close_matches

    nets = {net: f"{library}:{net}" for library in reversed(LIBRARIES) for net in library_nets(library)}
    return [nets[net] for net in get_close_matches(name.lower(), nets)]
