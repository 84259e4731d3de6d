"""The nets that torchvision and timm make by name."""

import re
from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path

from resnet_inspect.errors import MachineError, UnknownModelError

LIBRARIES = ("torchvision", "timm")
# Both libraries write this above each function that makes a net; a few functions give the net another name.
REGISTERED = re.compile(r"^@register_model(?:\(name=\"(\w+)\"\))?.*?^def (\w+)\(", re.MULTILINE | re.DOTALL)


def library_nets(library: str) -> list[str]:
    """The nets that a library makes by name, read off its source: to import it takes seconds.

    Empty if it is not installed.
    """
    package = find_spec(library)
    if package is None or not package.submodule_search_locations:
        return []
    files = sorted((Path(package.submodule_search_locations[0]) / "models").rglob("*.py"))
    return [
        named or function for file in files for named, function in REGISTERED.findall(file.read_text(encoding="utf-8"))
    ]


def is_pattern(pattern: str) -> bool:
    """Whether a pattern is of a library's nets, as ``timm:resnet*``."""
    library, colon, _ = pattern.partition(":")
    return bool(colon) and library in LIBRARIES


def match_nets(pattern: str) -> list[str]:
    """The nets ``timm:NAME`` whose names match the glob ``timm:PATTERN``, by name.

    Raises:
        MachineError: the library is not installed. UnknownModelError: no net matches.
    """
    library, _, glob = pattern.partition(":")
    nets = library_nets(library)
    if not nets:
        raise MachineError(f"{library} is not installed", hint=f"pip install {library}")
    matching = sorted(net for net in nets if fnmatchcase(net, glob))
    if not matching:
        raise UnknownModelError(f"no net of {library} matches {glob!r}", hint=f"as in list '{library}:resnet*'")
    return [f"{library}:{net}" for net in matching]
