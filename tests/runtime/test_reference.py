"""The nets of the reference, from their own constructors, against what their libraries count."""

import os
from importlib import import_module

import pytest
import timm
import torch
from conftest import reference
from torch import nn
from torchvision import models

from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.runtime.trace import trace

ROWS = reference("models.csv")
# The column macs_conv_linear counts modules alone, and these nets multiply by learned tensors of no such module.
PRODUCTS_WITHOUT_MODULES = {
    "botnet50ts_256": "embeddings of relative positions",
    "halonet50ts": "embeddings of relative positions",
    "lambda_resnet26rpt_256": "embeddings of relative positions",
}
READS_VALUES = {"isqrtcovresnet18"}  # so its pass needs data
EVERY = int(os.environ.get("REFERENCE_EVERY", "12"))
SAMPLE = sorted(ROWS, key=lambda row: (row["source"], int(row["params"])), reverse=True)[::EVERY]
NAMED = [row for row in ROWS if row["name"] in PRODUCTS_WITHOUT_MODULES.keys() | READS_VALUES and row not in SAMPLE]


def constructed(source: str, name: str) -> nn.Module:
    with torch.device("cpu" if name in READS_VALUES else "meta"):
        match source:
            case "torchvision":
                net: nn.Module = models.get_model(name, weights=None)
            case "timm":
                net = timm.create_model(name)
            case _:
                net = import_module("pytorchcv.model_provider").get_model(name)
    return net


def test_the_sample_has_every_library() -> None:
    assert len(ROWS) == 168
    assert {row["source"] for row in SAMPLE} == {"torchvision", "timm", "pytorchcv"}


@pytest.mark.parametrize("row", [*SAMPLE, *NAMED], ids=lambda row: f"{row['source']}-{row['name']}")
def test_a_constructor_costs_what_the_reference_counts(row: dict[str, str]) -> None:
    """REFERENCE_EVERY=1 asks all 168, in minutes."""
    name = row["name"]
    image = tuple(map(int, row["input"].split(",")))
    work = work_of(trace(constructed(row["source"], name), (1, *image), name))
    assert work.params == int(row["params"])
    if name in PRODUCTS_WITHOUT_MODULES:
        assert 2 * (work.macs + work.macs_without_weights) == int(row["torch_flopcounter_total"])
    else:
        assert work.macs == int(row["macs_conv_linear"])
