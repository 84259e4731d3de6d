"""Times of the calls of a pass, and what they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from resnet_inspect.vocabulary import Precision

Basis = Literal["measured", "predicted", "floor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Milliseconds by call, or by stage where ``of_stages``; a call without an entry takes no time of its own.

    ``source`` says in words where they hold, ``precision`` in what weights and activations are stored. Only a training
    step has the last three.
    """

    basis: Basis
    source: str
    precision: Precision
    forward_ms: Mapping[str, float]
    of_stages: bool = False
    backward_ms: Mapping[str, float] = field(default_factory=dict)
    loss_ms: float | None = None
    optimizer_ms: float | None = None
