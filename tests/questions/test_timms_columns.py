"""The columns under timm's names hold what timm prints of the same net at the same size."""

import csv
import io

import pytest
from conftest import reference

import resnet_inspect as ri

ROWS = reference("timm_benchmark.csv")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['model']}-{row['infer_img_size']}")
def test_a_column_of_timms_name_holds_timms_number(row: dict[str, str]) -> None:
    side = int(row["infer_img_size"])
    (ours,) = csv.DictReader(io.StringIO(ri.list(row["model"], input=(1, 3, side, side)).to_csv()))
    for column in ("param_count", "infer_gmacs", "infer_macts"):
        assert round(float(ours[column]), 2) == float(row[column]), column


def test_timm_counts_one_image_so_a_batch_of_several_has_none_of_its_numbers() -> None:
    (ours,) = csv.DictReader(io.StringIO(ri.list("resnet50", batch_size=2).to_csv()))
    assert (ours["macs"], ours["infer_gmacs"], ours["infer_macts"]) == (str(2 * 4_089_184_256), "", "")


def test_our_own_numbers_have_our_own_names() -> None:
    (ours,) = csv.DictReader(io.StringIO(ri.list("resnetblur50").to_csv()))
    summary = {fact.key: fact.value for fact in ri.summary("resnetblur50").facts}
    assert (int(ours["macs"]), int(ours["activations"])) == (summary["macs"], summary["activations"])
    assert float(ours["infer_macts"]) > int(ours["activations"]) / 1e6, "fvcore counts the fixed filters, too"
    compared = ri.compare(["resnet18", "resnet50"]).to_csv().splitlines()[0].split(",")
    assert {"macs", "activations"} < {*compared}
    assert not {"infer_gmacs", "infer_macts"} & {*compared}
