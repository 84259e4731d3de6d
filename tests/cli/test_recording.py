"""The file of a Record while it grows: what fails is said once, and nothing measured is lost."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import raw_results
import scripted_bench
from conftest import Run

from resnet_inspect.benchmark import record_json
from resnet_inspect.benchmark.record import Record, Result
from resnet_inspect.benchmark.record_json import from_json
from resnet_inspect.cli.recording import recording
from resnet_inspect.errors import OutputError
from resnet_inspect.escape import json_text
from resnet_inspect.typed_json import encode

SETTINGS = ("depths=1,1", "widths=8,16", "stem=3:2:8", "num_classes=10")
TINY = [part for setting in SETTINGS for part in ("--set", setting)] + ["--input", "1,3,32,32"]
FAST = ["--device", "cpu", "--quick", "--max-time", "0.2", "--threads", "1"]


@pytest.fixture
def record() -> Record:
    return raw_results.record(raw_results.result(raw_results.raw()))


def test_a_save_that_fails_is_said_once_and_made_good_in_the_end(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "full"
    folder.mkdir()
    with recording(f"{folder}/run.json") as file:
        folder.rmdir()
        file.save(record)
        file.save(record)
        assert capsys.readouterr().err.splitlines() == [
            f"warning: cannot write {folder}/run.json: No such file or directory; "
            "the run goes on, and saves again after each case and at the end"
        ]
        folder.mkdir()
    assert from_json((folder / "run.json").read_text(encoding="utf-8")) == record
    assert capsys.readouterr().err == f"wrote {folder}/run.json\n"


def test_a_save_that_fails_in_the_end_is_an_error(record: Record, tmp_path: Path) -> None:
    folder = tmp_path / "full"
    folder.mkdir()
    file = recording(f"{folder}/run.json")
    saved = file.__enter__()
    folder.rmdir()
    saved.save(record)
    with pytest.raises(OutputError, match="cannot write"):
        file.__exit__(None, None, None)


def test_a_save_that_was_made_good_is_forgotten(record: Record, tmp_path: Path) -> None:
    folder = tmp_path / "full"
    folder.mkdir()
    with recording(f"{folder}/run.json") as file:
        folder.rmdir()
        file.save(record)
        folder.mkdir()
        file.save(record)
        assert file.unsaved is None


def test_a_record_that_grows_writes_each_result_once_and_reads_as_if_written_whole(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[Any] = []
    monkeypatch.setattr(record_json, "encode", lambda part: (encoded.append(part), encode(part))[1])
    (first,) = record.results
    results = [replace(first, case=replace(first.case, threads=threads)) for threads in range(1, 9)]
    path = tmp_path / "run.json"
    with recording(str(path)) as file:
        for number in range(1, len(results) + 1):
            growing = replace(record, planned=len(results), results=tuple(results[:number]))
            file.save(growing)
            assert path.read_text(encoding="utf-8") == whole(growing)
        assert [part for part in encoded if isinstance(part, Result)] == results
        results[3] = replace(results[3], valid=False)
        file.save(replace(growing, results=tuple(results)))
    assert path.read_text(encoding="utf-8") == whole(replace(growing, results=tuple(results)))
    assert [part for part in encoded if isinstance(part, Result)][len(results) :] == [results[3]]


def whole(record: Record) -> str:
    document = {"schema": record_json.SCHEMA, "schema_version": record_json.SCHEMA_VERSION, **encode(record)}
    return json_text(json.dumps(document, indent=1, ensure_ascii=False)) + "\n"


def test_a_save_removes_what_killed_saves_of_the_same_file_left(record: Record, tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    abandoned = tmp_path / f".run.json.{gone.pid}"
    kept = {f".run.json.{os.getppid()}", f".other.json.{gone.pid}", ".run.json.txt", f".run.json.{'9' * 30}"}
    for name in {abandoned.name, *kept}:
        (tmp_path / name).touch()
    with recording(str(tmp_path / "run.json")) as file:
        assert not abandoned.exists()
        abandoned.touch()
        file.save(record)
    assert {each.name for each in tmp_path.iterdir()} == {"run.json", *kept}


def limited(tmp_path: Path, *arguments: str, bytes: int) -> subprocess.CompletedProcess[str]:
    """A command whose files may grow to so many bytes: writing more fails, as on a disk that is full."""
    script = (
        "import resource, signal, sys\n"
        "import scripted_bench\n"
        "from resnet_inspect.cli import recording\n"
        "check = recording.check_writable\n"
        "def then_full(path):\n"
        "    check(path)\n"
        f"    resource.setrlimit(resource.RLIMIT_FSIZE, ({bytes}, resource.RLIM_INFINITY))\n"
        "recording.check_writable = then_full\n"
        "scripted_bench.ask()\n"
    )
    # Python does not notice that the bytecode of a module is cut off as it is written.
    environment = os.environ | {"PYTHONPATH": scripted_bench.PYTHONPATH, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)


def test_a_disk_that_fills_loses_no_result_and_exits_2(tmp_path: Path) -> None:
    done = limited(tmp_path, "bench", "resnet50", *TINY, "--batch-size", "1,2", *FAST, "-o", "run.json", bytes=2000)
    assert done.returncode == 2
    assert "2 results, grade" in done.stdout
    warning, error, hint = done.stderr.splitlines()
    assert warning.startswith("warning: cannot write run.json: File too large; the run goes on")
    assert error == "error: cannot write run.json: File too large"
    assert hint.startswith("hint:  ")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/proc/run.json", "No such file or directory"),
        ("folder.json", "Is a directory"),
        (f"{'n' * 252}.json", "File name too long"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_any_work(
    path: str, reason: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "folder.json").mkdir()
    done = run("bench", *TINY, *FAST, "-o", path, scripted=True)
    assert (done.returncode, done.stdout) == (2, "")
    error, hint = done.stderr.splitlines()
    assert error == f"error: cannot write {path}: {reason}"
    assert hint.startswith("hint:  ")
    assert [each.name for each in tmp_path.iterdir()] == ["folder.json"]


@pytest.mark.parametrize("closed", ["2>&-", "<&-", "<&- 2>&-"])
def test_a_standard_stream_may_be_closed(closed: str, tmp_path: Path) -> None:
    words = [*scripted_bench.COMMAND, "bench", "resnet50", *TINY, *FAST, "-o", "run.json"]
    environment = os.environ | {"PYTHONPATH": scripted_bench.PYTHONPATH}
    done = subprocess.run(
        ["sh", "-c", f'"$@" {closed}', "sh", *words],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert "1 result, grade" in done.stdout
    assert from_json((tmp_path / "run.json").read_text(encoding="utf-8")).results[0].status == "ok"


def test_stdout_may_be_closed_and_the_record_is_saved(tmp_path: Path) -> None:
    words = [*scripted_bench.COMMAND, "bench", "resnet50", *TINY, *FAST, "-o", "run.json"]
    environment = os.environ | {"PYTHONPATH": scripted_bench.PYTHONPATH}
    done = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *words],
        cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.splitlines()[:2] == ["wrote run.json", "error: cannot write to stdout: it is closed"]
    assert len(from_json((tmp_path / "run.json").read_text(encoding="utf-8")).results) == 1
