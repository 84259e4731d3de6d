"""The nets of torchvision and timm by name: all are made without weights, listed, and remembered."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Run
from torchvision import models

import resnet_inspect as ri
from resnet_inspect.api import library as counting
from resnet_inspect.errors import RequestError, UnknownModelError
from resnet_inspect.runtime import code
from resnet_inspect.sources.costs import Costs, Store
from resnet_inspect.sources.library import LIBRARIES, library_nets, match_nets

PATTERN = "torchvision:resnet[13][84]"
IMAGE = (1, 3, 32, 32)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("sys.platform", "linux")
    return tmp_path / "cache" / "resnet-inspect" / "costs.jsonl"


def test_the_names_are_those_of_the_libraries_themselves() -> None:
    timm = pytest.importorskip("timm")
    ours = {library: sorted(library_nets(library)) for library in LIBRARIES}
    assert ours == {"torchvision": sorted(models.list_models()), "timm": sorted(timm.list_models())}


# RegNet reads its sizes off a tensor, which needs data; the smallest of them are made with some.
ON_META = [name for name in models.list_models() if not name.startswith("regnet")]
WITH_DATA = ["regnet_x_400mf", "regnet_y_400mf"]


@pytest.mark.parametrize("name", [*ON_META, *WITH_DATA])
def test_every_name_of_torchvision_makes_its_net_without_weights(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(url: str, *_: Any, **__: Any) -> None:
        raise AssertionError(f"asked for {url}")

    for place in ("torch.hub", "torchvision._internally_replaced_utils", "torchvision.models._api"):
        monkeypatch.setattr(f"{place}.load_state_dict_from_url", refuse)
    with torch.device("meta" if name in ON_META else "cpu"):
        net = code.make(f"torchvision:{name}")
    assert sum(p.numel() for p in net.parameters()) > 900_000


@pytest.mark.parametrize("name", ["resnet18", "convnext_atto", "vit_tiny_patch16_224", "resnest14d"])
def test_a_name_of_timm_makes_its_net_with_its_arguments(name: str) -> None:
    pytest.importorskip("timm")
    with torch.device("meta"):
        sizes = [sum(p.numel() for p in code.make(f"timm:{name}", k).parameters()) for k in ({}, {"num_classes": 10})]
    assert sizes[0] > sizes[1]


def test_a_pattern_is_a_glob_of_one_library() -> None:
    assert match_nets(PATTERN) == ["torchvision:resnet18", "torchvision:resnet34"]
    with pytest.raises(UnknownModelError, match="no net of torchvision matches 'resnt"):
        ri.list("torchvision:resnt*")


def test_a_library_is_counted_once_and_then_remembered(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    first = ri.list(PATTERN, input=IMAGE, sort="params", progress=lambda *said: told.append(str(said)))
    assert told == [str((i, 2, f"torchvision:resnet{n}")) for i, n in enumerate((18, 34))]
    facts = {fact.key: fact.value for fact in ri.summary("torchvision:resnet18", IMAGE).facts}
    assert first.tables[0].rows[0] == (
        "torchvision:resnet18",
        IMAGE,
        *(facts[k] for k in ("params", "macs", "activations")),
    )
    monkeypatch.setattr(counting, "_count", lambda *_: pytest.fail("counted again"))
    assert ri.list(PATTERN, input=IMAGE, sort="params") == first
    assert len(cache.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    "changed",
    [{"input": (1, 3, 64, 64)}, {"kwargs": ["num_classes=10"]}, {"device": "a100"}, {"use_cache": False}],
    ids=str,
)
def test_what_the_costs_depend_on_is_counted_anew(changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []

    def count(name: str, *_: object) -> Costs:
        counted.append(name)
        return Costs(name, IMAGE, 1, 1, 1, 1.0, 1.0)

    monkeypatch.setattr(counting, "_count", count)
    asked: dict[str, Any] = {"pattern": PATTERN, "input": IMAGE}
    for request in (asked, asked, asked | changed):
        ri.list(**request)
    assert len(counted) == 4


@pytest.mark.parametrize("version", ["torchvision", "torch"])
def test_another_version_is_counted_anew(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key = counting._key("torchvision:resnet18", (), None, None, counting.Pricing())
    monkeypatch.setattr(counting, "_version", lambda package: "9" if package == version else "8")
    assert counting._key("torchvision:resnet18", (), None, None, counting.Pricing()) != key


@pytest.mark.parametrize("text", ["", "{", '{"key": 1}', '{"key": "k", "costs": {"name": 3}}', "\x00", "[]", "null"])
def test_a_broken_cache_is_none(cache: Path, text: str) -> None:
    kept = Costs("net", IMAGE, 3, 2, 1)
    cache.parent.mkdir(parents=True)
    Store(cache).keep("first", kept)
    with cache.open("a") as file:
        file.write(f"{text}\n")
    Store(cache).keep("second", kept)
    assert Store(cache).costs == {"first": kept, "second": kept}


def test_a_cache_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file" / "costs.jsonl")
    store.keep("key", Costs("net"))
    assert store.find("key") == Costs("net")


def test_what_is_refused_is_left_out_and_named() -> None:
    answer = ri.list("torchvision:r*18", input=IMAGE, kwargs=["width_per_group=64"])
    left_out = [note for note in answer.notes if note.startswith("left out")]
    assert "r2plus1d_18" in left_out[0]
    assert [row[0] for row in answer.tables[0].rows] == ["torchvision:resnet18 width_per_group=64"]


def test_an_input_that_is_none_is_the_users_mistake(cache: Path) -> None:
    with pytest.raises(RequestError, match="is not N,C,H,W"):
        ri.list(PATTERN, input="224")
    assert not cache.exists()


def test_a_list_that_is_remembered_loads_no_torch(run: Run, cache: Path) -> None:
    lines = [run("list", PATTERN, "--input", "1,3,32,32", "--format", "json").stdout for _ in range(2)]
    assert [row["name"] for row in json.loads(lines[0])["tables"]["nets"]] == match_nets(PATTERN)
    assert lines[0] == lines[1]
