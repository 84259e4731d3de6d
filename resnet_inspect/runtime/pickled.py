"""A module given to another process: pickled into a file without a name, which ends with the last process that has it.

Pickle names classes and functions, so the other process has to be able to import them.
"""

import sys
import tempfile
from collections.abc import Sequence
from typing import BinaryIO

import torch
from torch import nn

from resnet_inspect.errors import RequestError

REMEDY = 'put what makes it in a file and name that, as ri.bench("net.py:make")'


def save(net: nn.Module) -> BinaryIO:
    """The file that holds ``net``, with its weights.

    Raises:
        RequestError: another process cannot read it.
    """
    name = type(net).__name__
    if own := {type(module).__name__ for module in net.modules() if type(module).__module__ == "__main__"}:
        raise RequestError(f"no other process can import {', '.join(sorted(own))} of __main__", hint=REMEDY)
    file = tempfile.TemporaryFile()  # noqa: SIM115  # the caller hands it on
    try:
        torch.save(net, file)
    except Exception as error:  # whatever a part of the net makes pickle raise
        file.close()
        raise RequestError(f"{name}, a module in memory, cannot be pickled: {error}", hint=REMEDY) from error
    file.flush()
    return file


def load(descriptor: int, path: Sequence[str]) -> nn.Module:
    """The module in the file that this process was given; ``path`` is ``sys.path`` of the process that has its code."""
    sys.path += [folder for folder in path if folder not in sys.path]
    with open(f"/dev/fd/{descriptor}", "rb") as file:
        file.seek(0)
        net: nn.Module = torch.load(file, map_location="cpu", weights_only=False)
    return net
