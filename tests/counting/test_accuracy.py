"""The published accuracies against those who publish them, and which of them a question shows."""

import json
from dataclasses import replace

import pytest
from conftest import reference

import resnet_inspect as ri
from resnet_inspect.counting.accuracy import Accuracy, best, results_of
from resnet_inspect.resnet import zoo

NAMES = [variant.name for variant in zoo.variants()]
ROWS = [(name, row) for name in NAMES for row in results_of(name)]


def test_every_row_is_of_a_variant_and_can_be_true() -> None:
    from resnet_inspect.counting import accuracy

    assert len(ROWS) == len(accuracy.TABLE.read_text(encoding="utf-8").splitlines()) - 1 > 400
    assert len({(name, row.source, row.recipe, row.size) for name, row in ROWS}) == len(ROWS)
    for name, row in ROWS:
        assert 60 < row.top1 < row.top5 < 100, (name, row)


def test_torchvisions_rows_are_what_its_weights_say() -> None:
    ours = {(name, row.recipe): row for name, row in ROWS if row.source == "torchvision"}
    from torchvision.models import get_model_weights, list_models

    published = {
        (name, weights.name): weights for name in {*list_models()} & {*NAMES} for weights in get_model_weights(name)
    }
    assert ours.keys() == published.keys()
    for key, weights in published.items():
        metrics = weights.meta["_metrics"]["ImageNet-1K"]
        assert (ours[key].top1, ours[key].top5) == (metrics["acc@1"], metrics["acc@5"])
        assert [ours[key].size] == weights.transforms().crop_size


def test_torchvisions_printed_table_agrees() -> None:
    for row in reference("torchvision_weights.csv"):
        (ours,) = (each for each in results_of(f"torchvision:{row['model']}") if each.recipe == row["weights"])
        assert (str(ours.top1), str(ours.size)) == (row["acc1"], row["crop_size"])


def test_timms_recipes_are_tags_of_timms_weights() -> None:
    import timm

    tags = {*timm.list_pretrained()}
    retired = {"resnet101d.gluon_in1k", "resnet152d.gluon_in1k"}  # which timm published and no longer serves
    rows = [(name, row) for name, row in ROWS if row.source == "timm"]
    assert {f"{name}.{row.recipe}" for name, row in rows} - tags <= retired


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "wide_resnet50_2"])
def test_two_sources_of_the_same_weights_agree(name: str) -> None:
    theirs = {row.recipe: row.top1 for row in results_of(f"timm:{name}") if row.size == 224}
    ours = {row.recipe: row.top1 for row in results_of(f"torchvision:{name}")}
    for tag, weights in (("tv_in1k", "IMAGENET1K_V1"), ("tv2_in1k", "IMAGENET1K_V2")):
        if tag in theirs:
            assert theirs[tag] == pytest.approx(ours[weights], abs=0.05)


@pytest.mark.parametrize("name", NAMES)
def test_the_best_is_of_its_size_and_of_imagenet_1k_alone(name: str) -> None:
    for size in {row.size for row in results_of(name)}:
        rows = [row for row in results_of(name) if row.size == size]
        shape = (8, 3, size, size)
        assert best(name, shape, "any") in rows
        assert best(name, shape, "any").top1 == max(row.top1 for row in rows)
        alone = best(name, shape)
        assert (alone is None) == all(row.more_data for row in rows)
        assert alone is None or not alone.more_data
    for shape in ((1, 3, 223, 223), (1, 1, 224, 224), (1, 3, 224, 160), (1, 224)):
        assert best(name, shape) is None


def test_a_recipe_says_what_more_it_was_trained_on() -> None:
    row = Accuracy("timm", "a1_in1k", 224, 80.0, 95.0)
    assert not row.more_data
    for recipe in ("sw_in12k_ft_in1k", "goog_in21k_ft_in1k", "fb_swsl_ig1b_ft_in1k", "fb_ssl_yfcc100m_ft_in1k"):
        assert replace_recipe(row, recipe).more_data
    for recipe in ("goog_distilled_in1k", "IMAGENET1K_SWAG_E2E_V1", "swag_lc_in1k", "seer_ft_in1k"):
        assert replace_recipe(row, recipe).more_data
    # A fine-tuned net was trained on something before; only a table that names it can say on what.
    assert all(row.more_data for _, row in ROWS if "_ft_" in row.recipe)


def replace_recipe(row: Accuracy, recipe: str) -> Accuracy:
    return row._replace(recipe=recipe)


def test_a_librarys_net_has_its_librarys_results_and_a_tag_has_its_own() -> None:
    assert {row.source for row in results_of("resnet50")} == {"torchvision", "timm"}
    assert {row.source for row in results_of("timm:resnet50")} == {"timm"}
    assert {row.recipe for row in results_of("timm:resnet50.a1_in1k")} == {"a1_in1k"}
    assert results_of("resnet50.a1_in1k") == results_of("timm:resnet50.no_such") == results_of("") == ()


def facts(*args: object, **options: object) -> dict[str, object]:
    return json.loads(ri.summary(*args, **options).to_json())["facts"]


def test_summary_names_the_source_and_the_recipe_of_a_top_1() -> None:
    seen = facts("resnet50")
    assert (seen["top1"], seen["top1_source"]) == (80.858, "torchvision IMAGENET1K_V2")
    assert (seen["top5"]) == 95.434
    notes = ri.summary("resnet50").notes
    assert any("76.13% to 80.86% by recipe" in note for note in notes)
    assert any("81.15%" in note and "Instagram" in note for note in notes)


def test_summary_gives_no_accuracy_of_another_net_or_another_size() -> None:
    assert facts("resnet50", input=(1, 3, 288, 288))["top1_source"] == "timm a1_in1k"
    for options in ({"input": (1, 3, 225, 225)}, {"input": (1, 3, 224, 160)}):
        assert facts("resnet50", **options)["top1"] is None
    for other in ({"settings": ["stem_pool=none"]}, {"settings": ["num_classes=10"]}):
        assert "top1" not in facts("resnet50", **other)
    assert "top1" not in facts(replace(ri.spec("resnet50")))
    assert "top1" not in facts("resnet20_cifar")


def test_a_table_shows_a_top_1_where_it_is_asked_for_or_compared() -> None:
    listed = json.loads(ri.list("resnet*", sort="top1").to_json())["tables"]["variants"]
    known = [row["top1"] for row in listed if row["top1"] is not None]
    assert known == sorted(known, reverse=True)
    assert [row["top1"] for row in listed][: len(known)] == known, "those without a number come last"
    assert {"top1", "top1_source"}.isdisjoint(json.loads(ri.list("resnet*").to_json())["tables"]["variants"][0])
    (first, second) = json.loads(ri.compare("resnet50", "resnet18").to_json())["tables"]["models"]
    assert (first["top1"], second["top1_source"]) == (80.858, "timm a1_in1k")
