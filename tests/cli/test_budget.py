"""budget as a CI job meets it: exit codes, and limits in a pyproject.toml."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Run

from resnet_inspect.benchmark.record import Metrics, metric
from resnet_inspect.benchmark.record_json import from_json, to_json
from resnet_inspect.cli.amounts import amount, size


def write(folder: Path, *lines: str, table: str = "[tool.resnet-inspect]") -> Path:
    path = folder / "pyproject.toml"
    path.write_text("\n".join(["[project]", 'name = "x"', table, *lines]), encoding="utf-8")
    return path


def test_what_is_over_is_named_and_exits_1(run: Run) -> None:
    assert run("budget", "resnet50", "--max-params", "26M", "--max-memory", "200MiB").returncode == 0
    done = run("budget", "resnet50", "--max-params", "25M", "--max-macs", "4.2G")
    assert done.returncode == 1
    assert "over max-params: 25,557,032 (25.6 M) is 557 k over 25,000,000 (25.0 M)" in done.stdout
    assert "over max-macs" not in done.stdout


def test_a_measured_latency_is_held_to_its_limit(run: Run, tmp_path: Path, record_json: str) -> None:
    record = from_json(record_json)
    latency = metric([[9.9, 10.0, 10.1] * 7, [10.4] * 21, [9.8] * 21], 0)
    quiet = replace(record.results[0], findings=(), clocks=None)  # a busy machine would leave it undecided
    result = replace(quiet, metrics=Metrics(latency=latency))
    (tmp_path / "run.json").write_text(to_json(replace(record, results=(result,))), encoding="utf-8")
    low, high = latency.ci95_ms
    assert low < 10.0 < high
    arguments = ("budget", "resnet18", "--input", "1,3,32,32", "--record", "run.json", "--max-latency-ms")
    assert run(*arguments, str(2 * high)).returncode == 0
    assert run(*arguments, str(low / 2)).returncode == 1
    assert run(*arguments, "10.0").returncode == 4


def test_limits_are_read_from_the_nearest_pyproject_that_has_some(run: Run, tmp_path: Path, record_json: str) -> None:
    (tmp_path / "run.json").write_text(record_json, encoding="utf-8")
    write(
        tmp_path,
        'model = "resnet18"',
        "input = [1, 3, 32, 32]",
        'max-params = "12M"',
        "max-macs = 40_000_000",
        'max-memory = "200 MiB"',
        "max-latency-ms = 60_000",
        'record = "run.json"',
    )
    inner = tmp_path / "inner"
    inner.mkdir()
    write(inner, table="[tool.other]")
    document = json.loads(run("budget", "--format", "json", cwd=inner).stdout)
    assert document["model"] == "resnet18"
    assert document["facts"] == {"ok": True, "config": "../pyproject.toml"}
    limits = {row["budget"]: row["limit"] for row in document["tables"]["budgets"]}
    assert limits == {"max-params": 12e6, "max-macs": 4e7, "max-memory": 200 * 2**20, "max-latency-ms": 60_000}


def test_an_option_on_the_command_line_wins(run: Run, tmp_path: Path) -> None:
    write(tmp_path, 'model = "resnet50"', 'max-params = "20M"')
    assert run("budget").returncode == 1
    assert run("budget", "--max-params", "26M").returncode == 0
    assert run("budget", "resnet18").returncode == 0


def test_a_spec_of_the_project_is_found_beside_its_pyproject(run: Run, tmp_path: Path) -> None:
    run("export-spec", "resnet18", "-o", "mine.toml")
    write(tmp_path, 'model = "mine.toml"', 'set = ["num_classes=10"]', "batch-size = 2", 'max-params = "11.2M"')
    inner = tmp_path / "inner"
    inner.mkdir()
    assert "mine num_classes=10, input 2×3×224×224" in run("budget", cwd=inner).stdout


WRONG = [
    (["max-param = 3"], "unknown key 'max-param' in [tool.resnet-inspect]", "it may set model"),
    (["max-params = true"], "max-params = True: neither text nor a number", ""),
    (['max-params = "26X"'], "'26X' is not an amount", ""),
    (['max-memory = "200M"'], "'200M' is not a size", ""),
    (["max-params = [1.5]"], "neither text nor a number", ""),
    (['max-latency-ms = "soon"'], "max-latency-ms = 'soon'", ""),
    (["set = [3]", "max-params = 1"], "set = [3]", ""),
    (['model = "resnt50"', "max-params = 1"], "unknown model 'resnt50'", "resnet50"),
    (['record = "none.json"', "max-latency-ms = 5"], "none.json", "bench -o"),
    (["model = 3", "max-params = 1"], "unknown model '3'", ""),
    (["record = [3]", "max-latency-ms = 5"], "No such file", "bench -o"),
    (["batch-size = [1, 2]", "max-params = 1"], "batch-size = [1, 2]", ""),
    (["max-params = 2020-01-01"], "neither text nor a number", ""),
    (["max-params = "], "is not TOML", ""),
    ([], "no limit given", "pyproject.toml"),
]


@pytest.mark.parametrize(("lines", "said", "hint"), WRONG)
def test_a_wrong_pyproject_is_a_wrong_request(run: Run, tmp_path: Path, lines: list[str], said: str, hint: str) -> None:
    write(tmp_path, *lines)
    done = run("budget")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert said in done.stderr
    assert hint in done.stderr


def test_a_config_without_the_table_is_refused_only_where_it_was_named(run: Run, tmp_path: Path) -> None:
    write(tmp_path, table="[tool.other]")
    assert run("budget", "--max-params", "26M").returncode == 0
    done = run("budget", "--max-params", "26M", "--config", "pyproject.toml")
    assert done.returncode == 2
    assert "has no table [tool.resnet-inspect]" in done.stderr


def test_amounts_and_sizes_are_read_to_the_unit() -> None:
    assert [amount(text) for text in ("26M", "4.2g", "1000", "3k")] == [26_000_000, 4_200_000_000, 1000, 3000]
    assert [size(text) for text in ("200MiB", "200 MB", "1.5gib", "7B")] == [209_715_200, 200_000_000, 1_610_612_736, 7]
