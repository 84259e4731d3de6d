"""Profiles of published tables, judged by nets that they have not seen; and tables that are none."""

import csv
import io
import random
from pathlib import Path

import pytest
from conftest import reference
from planted_times import EAGER, NETS, noisy

from resnet_inspect.errors import RequestError
from resnet_inspect.prediction.fit import fit
from resnet_inspect.prediction.judge import Judged, accuracy
from resnet_inspect.prediction.profile import Conditions, Prediction, Sample
from resnet_inspect.prediction.published import Fitted, calibrate_from
from resnet_inspect.prediction.published_times import COLUMNS, read_times, samples_of
from resnet_inspect.questions.profile import profile_report
from resnet_inspect.questions.published import published

TABLES = {
    "rtx3090": ("benchmark-infer-amp-nhwc-pt240-cu124-rtx3090", ("rtx3090", "amp-fp16", "channels_last", "eager")),
    "i7": ("benchmark-infer-fp32-nchw-pt240-cpu-i7_12700h-dynamo", (None, "fp32", "contiguous", "compile")),
}
MOST = {"rtx3090": (0.05, 0.10), "i7": (0.08, 0.20)}  # the median error and the ninth in ten
GROSS = 0.35  # of the published time


def table(rows: list[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each published table as a file of its own."""
    made = tmp_path_factory.mktemp("tables")
    rows = reference("timm_speed.csv")
    for name, (source, _) in TABLES.items():
        (made / f"{name}.csv").write_text(table([row for row in rows if source in row["source_file"]]))
    return made


def fitted(folder: Path, name: str, **more: int) -> Fitted:
    return calibrate_from(str(folder / f"{name}.csv"), *TABLES[name][1], **more)


@pytest.mark.parametrize(("nets", "seed"), [(6, 0), (8, 1), (24, 2)])
@pytest.mark.parametrize("name", TABLES)
def test_nets_held_out_are_predicted_within_their_intervals(folder: Path, name: str, nets: int, seed: int) -> None:
    made = fitted(folder, name, test=40, nets=nets, seed=seed)
    held_out = {each.sample.name for each in made.held_out}
    assert (len(held_out), len(made.profile.nets)) == (40, nets)
    assert not held_out & set(made.profile.nets)
    reached = accuracy(made.held_out)
    assert reached.median_error is not None
    assert reached.p90_error is not None
    assert reached.coverage is not None
    median, ninth = MOST[name]
    assert reached.median_error <= median
    assert reached.p90_error <= ninth
    assert reached.coverage >= 0.85


@pytest.mark.parametrize("name", TABLES)
def test_no_gross_error_goes_without_a_word(folder: Path, name: str) -> None:
    for each in fitted(folder, name, nets=8).held_out:
        assert each.prediction.basis == "outside" or abs(each.error or 0) < GROSS, each.sample.name


def test_of_all_nets_those_with_an_odd_kind_have_a_wide_interval(folder: Path) -> None:
    profile = fitted(folder, "rtx3090", nets=100).profile
    assert "GroupNorm" in profile.kinds
    assert profile.kind_spreads["GroupNorm"] > 3 * profile.spread


def test_a_choice_of_nets_does_not_look_at_the_times(folder: Path, tmp_path: Path) -> None:
    rows = [*csv.DictReader(io.StringIO((folder / "i7.csv").read_text()))]
    rates = [row["infer_samples_per_sec"] for row in reversed(rows)]
    exchanged = [row | {"infer_samples_per_sec": rate} for row, rate in zip(rows, rates, strict=True)]
    (tmp_path / "other.csv").write_text(table(exchanged))
    other = calibrate_from(str(tmp_path / "other.csv"), *TABLES["i7"][1])
    assert other.profile.nets == fitted(folder, "i7").profile.nets


def test_tags_and_shelves_are_no_part_of_a_name(tmp_path: Path) -> None:
    lines = ["resnet50.a1_in1k,100,1,224", "timm:resnet18.tv_in1k,300,1,224.0", "vit_tiny,9,1,224", "resnet18,9,1,1"]
    (tmp_path / "t.csv").write_text("\n".join([",".join(COLUMNS), *lines, ""]))
    rows = read_times(str(tmp_path / "t.csv"))
    conditions = Conditions(device="cpu", precision="fp32", layout="contiguous", mode="eager")
    samples, left_out = samples_of(rows, conditions)
    assert [(sample.name, sample.input, sample.seconds) for sample in samples][:2] == [
        ("resnet50", (1, 3, 224, 224), 0.01),
        ("resnet18", (1, 3, 224, 224), 1 / 300),
    ]
    assert "vit_tiny" in left_out


HEADER = ",".join(COLUMNS)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no column model"),
        (f"{HEADER}\n", "has no rows"),
        ("model,infer_batch_size,infer_img_size\nresnet50,1,224\n", "no column infer_samples_per_sec"),
        (f"{HEADER}\nresnet50,100,1,224\nresnet18,30", "line 3: the row has another number of columns"),
        (f"{HEADER}\nresnet50,100,1,224,7\n", "line 2: the row has another number of columns"),
        (f"{HEADER}\nresnet50,0,1,224\n", "infer_samples_per_sec '0' is no number above 0"),
        (f"{HEADER}\nresnet50,-3,1,224\n", "infer_samples_per_sec '-3' is no number above 0"),
        (f"{HEADER}\nresnet50,nan,1,224\n", "infer_samples_per_sec 'nan' is no number above 0"),
        (f"{HEADER}\nresnet50,inf,1,224\n", "infer_samples_per_sec 'inf' is no number above 0"),
        (f"{HEADER}\nresnet50,,1,224\n", "infer_samples_per_sec '' is no number above 0"),
        (f"{HEADER}\nresnet50,100,1.5,224\n", "infer_batch_size '1.5' is no whole number"),
        (f"{HEADER}\nresnet50,100,1,big\n", "infer_img_size 'big' is no number above 0"),
        (f"{HEADER}\n,100,1,224\n", "line 2: the row names no model"),
        (f'{HEADER}\n"resnet50,100,1,224\n', "unexpected end of data"),
        (f"{HEADER}\nresnet50,100,1,224\nresnet18,300,1,224\n", "has 2 nets of the zoo"),
        (f"{HEADER}\nvit,100,1,224\n", "has 0 nets of the zoo"),
        ("\0\1\2", "has no column model"),
    ],
)
def test_what_is_no_table_is_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "results.csv"
    path.write_text(text)
    with pytest.raises(RequestError) as error:
        calibrate_from(str(path))
    assert words in error.value.message
    assert error.value.hint


@pytest.mark.parametrize(
    ("more", "words", "hint"),
    [
        ({"test": 0}, "--test 0", "hold out 1 to"),
        ({"test": 1000}, "--test 1000", "hold out 1 to"),
        ({"nets": 3}, "3 cannot be fitted", "--nets 4 to 1"),
        ({"nets": 500}, "500 cannot be fitted", "--nets 4 to 1"),
        ({"test": 90, "nets": 60}, "--test holds out 90: 60 cannot be fitted", "--nets 4 to "),
        ({"device_like": "rtx9999"}, "unknown device", "resnet-inspect devices"),
        ({"device_like": "t4", "precision": "bf16"}, "no bf16 peak is known", "--precision"),
    ],
)
def test_what_a_table_cannot_give_is_refused_in_words(
    folder: Path, more: dict[str, object], words: str, hint: str
) -> None:
    with pytest.raises(RequestError, match=words) as error:
        calibrate_from(str(folder / "i7.csv"), **more)  # type: ignore[arg-type]  # options of several types
    assert hint in error.value.hint


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes(b"model\xff")
    for path in (tmp_path, tmp_path / "missing.csv", tmp_path / "latin.csv"):
        with pytest.raises(RequestError, match="cannot read"):
            read_times(str(path))


def test_nine_in_ten_errors_keep_to_the_same_one_in_every_report() -> None:
    profile = fit(noisy(NETS, random.Random(0), 0.02), EAGER)
    judged = [
        Judged(
            Sample(each.name, each.input, profile.samples[0].features, each.ms / 1e3),
            Prediction(each.left_out_ms, None, None, "predicted"),
        )
        for each in profile.residuals
    ]
    facts = {fact.key: fact.value for fact in profile_report(profile, ()).facts}
    assert facts["p90_error"] == pytest.approx(accuracy(judged).p90_error)
    assert facts["median_error"] == pytest.approx(accuracy(judged).median_error)


def test_conditions_that_the_times_contradict_are_found(folder: Path) -> None:
    right, wrong = (
        calibrate_from(str(folder / "rtx3090.csv"), "rtx3090", precision, "channels_last")
        for precision in ("amp-fp16", "fp32")
    )
    codes = [
        {finding.code for finding in published(each.profile, each.held_out, each.left_out, None).findings}
        for each in (right, wrong)
    ]
    assert codes == [set(), {"below-floor", "not-covered"}]
