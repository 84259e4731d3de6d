"""Leave the process as it was: random states, and what other packages change when they are imported."""

import os
import random
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def same_draws() -> Iterator[None]:
    """Restore the random states of torch's CPU generator and of Python."""
    drawn, drawn_by_torch = random.getstate(), torch.random.get_rng_state()
    try:
        yield
    finally:
        random.setstate(drawn)
        torch.random.set_rng_state(drawn_by_torch)


@contextmanager
def undisturbed() -> Iterator[None]:
    """As ``same_draws``, and restore the import path, the environment and the warning filters."""
    path, environment = [*sys.path], dict(os.environ)
    try:
        with warnings.catch_warnings(), same_draws():
            yield
    finally:
        sys.path[:] = path
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        os.environ.update(environment)
