"""``[[tool.resnet-inspect.models]]``: several models, each with its own limits, for commands that are given none."""

import csv
import io
import json
from pathlib import Path

import pytest
from conftest import Run

TABLE, ENTRY = "[tool.resnet-inspect]", "[[tool.resnet-inspect.models]]"
TWO = (
    TABLE, 'max-memory = "200MiB"',
    ENTRY, 'model = "resnet18"', "input = [1, 3, 160, 160]", 'max-params = "12M"',
    ENTRY, 'model = "resnet50"', 'set = ["num_classes=10"]', "batch-size = 2", 'max-params = "20M"',
)  # fmt: skip
NAMES = ["resnet18", "resnet50 num_classes=10"]


def write(folder: Path, *lines: str) -> None:
    (folder / "pyproject.toml").write_text("\n".join(lines), encoding="utf-8")


def test_a_budget_holds_each_to_its_own_limits_and_to_those_above_the_list(run: Run, tmp_path: Path) -> None:
    write(tmp_path, *TWO)
    done = run("budget", "--format", "json")
    document = json.loads(done.stdout)
    rows = [(row["model"], row["budget"], row["limit"], row["verdict"]) for row in document["tables"]["budgets"]]
    assert rows == [
        (NAMES[0], "max-params", 12e6, "ok"),
        (NAMES[0], "max-memory", 200 * 2**20, "ok"),
        (NAMES[1], "max-params", 20e6, "OVER"),
        (NAMES[1], "max-memory", 200 * 2**20, "ok"),
    ]
    assert done.returncode == 1
    assert [finding["where"] for finding in document["findings"]] == [f"{NAMES[1]}: max-params"]
    assert document["facts"] == {"config": "pyproject.toml"}
    assert [row["ok"] for row in document["tables"]["models"]] == [True, False]


@pytest.mark.parametrize("command", ["summary", "lint", "budget"])
def test_each_gives_what_it_gives_alone(run: Run, tmp_path: Path, command: str) -> None:
    alone = [
        ("resnet18", "--input", "1,3,160,160", *(["--max-params", "12M"] if command == "budget" else [])),
        ("resnet50", "--set", "num_classes=10", "--batch-size", "2")
        + (("--max-params", "20M") if command == "budget" else ()),
    ]
    limit = ("--max-memory", "200MiB") if command == "budget" else ()
    single = [json.loads(run(command, *words, *limit, "--format", "json").stdout) for words in alone]
    write(tmp_path, *TWO)
    together = json.loads(run(command, "--format", "json").stdout)
    for key in single[0]["tables"]:
        expected = [
            {"model": name, **row} for name, each in zip(NAMES, single, strict=True) for row in each["tables"][key]
        ]
        assert together["tables"][key] == expected
    rows = together["tables"].get("models", [{}, {}])
    for row, each in zip(rows, single, strict=True):
        facts = {**together["facts"], **row}
        assert {key: facts[key] for key in each["facts"]} == each["facts"]


def test_the_csv_has_the_rows_of_all(run: Run, tmp_path: Path) -> None:
    write(tmp_path, *TWO)
    rows = [*csv.DictReader(io.StringIO(run("summary", "--format", "csv").stdout))]
    assert [row["model"] for row in rows] == [name for name in NAMES for _ in range(6)]


def test_compare_takes_them_each_at_its_own_input(run: Run, tmp_path: Path) -> None:
    write(tmp_path, *TWO)
    rows = json.loads(run("compare", "--format", "json").stdout)["tables"]["models"]
    assert [(row["name"], row["input"]) for row in rows] == [
        (NAMES[0], [1, 3, 160, 160]),
        (NAMES[1], [2, 3, 224, 224]),
    ]


def test_what_the_command_line_says_holds_for_each(run: Run, tmp_path: Path) -> None:
    write(tmp_path, *TWO)
    done = run("budget", "--max-params", "1k", "--input", "2,3,64,64", "--format", "json")
    document = json.loads(done.stdout)
    assert [row["limit"] for row in document["tables"]["budgets"] if row["budget"] == "max-params"] == [1e3, 1e3]
    rows = json.loads(run("compare", "--input", "2,3,64,64", "--format", "json").stdout)["tables"]["models"]
    assert [row["input"] for row in rows] == [[2, 3, 64, 64]] * 2
    done = run("compare", "--runs", str(tmp_path))
    assert done.returncode == 2
    assert "no results.json" in done.stderr


def test_a_model_that_is_named_is_taken_alone(run: Run, tmp_path: Path) -> None:
    plain = run("summary", "resnet34").stdout
    write(tmp_path, *TWO)
    assert run("summary", "resnet34").stdout == plain
    assert run("budget", "resnet34", "--max-params", "1k").stdout.startswith("resnet34, ")


def test_a_check_of_each_is_one_answer(run: Run, tmp_path: Path) -> None:
    write(tmp_path, ENTRY, 'model = "resnet18"', ENTRY, 'model = "resnet18"', "input = [1, 3, 64, 64]")
    done = run("check", "--format", "json")
    document = json.loads(done.stdout)
    assert done.returncode == 0
    names = {row["model"] for row in document["tables"]["checks"]}
    assert names == {"resnet18, input 1×3×224×224", "resnet18, input 1×3×64×64"}, "two of one name are told apart"


def test_a_spec_of_the_project_is_found_from_a_folder_below(run: Run, tmp_path: Path) -> None:
    run("export-spec", "resnet18", "-o", "mine.toml")
    write(tmp_path, ENTRY, 'model = "mine.toml"', 'max-params = "1M"')
    (tmp_path / "inner").mkdir()
    done = run("budget", cwd=tmp_path / "inner")
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "1 model of ../pyproject.toml")


WRONG = [
    ((ENTRY, 'max-params = "1M"'), "names no model", 'model = "resnet50"'),
    ((ENTRY, 'modle = "resnet50"'), f"unknown key 'modle' in {ENTRY}", "did you mean 'model'?"),
    ((ENTRY, 'model = "resnet50"', 'max-parms = "1M"'), "unknown key 'max-parms'", "did you mean 'max-params'?"),
    ((TABLE, 'max-macz = "1G"', ENTRY, 'model = "resnet50"'), "unknown key 'max-macz'", "did you mean 'max-macs'?"),
    ((ENTRY, 'model = "resnt50"', 'max-params = "1M"'), "unknown model 'resnt50'", "resnet50"),
    ((ENTRY, 'model = "resnet50"', 'input = "wide"', 'max-params = "1M"'), "--input wide is not N,C,H,W", ""),
    ((ENTRY, "model = 3"), "names no model", ""),
    ((TABLE, 'models = "resnet50"'), "models is no list of tables", ENTRY),
    ((TABLE, 'models = ["resnet50"]'), "models is no list of tables", ENTRY),
    (("[tool.resnet-inspect.models]", 'model = "resnet50"'), "models is no list of tables", ENTRY),
]  # fmt: skip


@pytest.mark.parametrize("command", ["summary", "compare", "budget"])
@pytest.mark.parametrize(("lines", "said", "hint"), WRONG)
def test_a_wrong_list_is_a_wrong_request(
    run: Run, tmp_path: Path, command: str, lines: tuple[str, ...], said: str, hint: str
) -> None:
    write(tmp_path, *lines)
    done = run(command)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert hint in done.stderr
    assert len(done.stderr.splitlines()) <= 2
