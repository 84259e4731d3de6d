"""Answers as a GitHub workflow sees them, and the workflow that a page shows."""

import os
import shlex
import stat
import subprocess
from pathlib import Path

import pytest
import yaml
from conftest import Run
from github_runner import annotation
from nasty import NASTY
from pages import blocks, printed
from scripted_bench import COMMAND, PYTHONPATH

from resnet_inspect.questions.check import KNOWN
from resnet_inspect.render.github import EXPLAINED, annotations
from resnet_inspect.report import Finding, Report

OVER = ("budget", "resnet18", "--max-params", "11M", "--format", "github")


def test_the_answer_goes_to_the_jobs_summary_and_findings_to_stdout(run: Run, tmp_path: Path, monkeypatch) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("of another step\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    done = run(*OVER)
    assert done.returncode == 1
    assert annotation(done.stdout.strip()) == {
        "level": "error",
        "title": "budget over",
        "message": "max-params: 11,689,512 (11.7 M) is 690 k over 11,000,000 (11.0 M)",
    }
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("of another step\nMade by `resnet-inspect budget resnet18")
    assert "| max-params | parameters |" in text
    to_file = run(*OVER, "-o", "cost.md")
    assert (to_file.stdout, to_file.stderr) == (done.stdout, "wrote cost.md\n"), "-o takes the page"
    assert summary.read_text(encoding="utf-8") == text
    assert (tmp_path / "cost.md").read_text(encoding="utf-8").startswith("Made by")


def test_without_a_job_the_page_goes_to_stdout_before_its_annotations(run: Run, monkeypatch) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    done = run(*OVER)
    assert done.stdout.startswith("Made by `resnet-inspect budget")
    assert annotation(done.stdout.splitlines()[-1])["level"] == "error"


def test_a_finding_is_an_error_only_where_the_command_fails(run: Run) -> None:
    def level(*arguments: str) -> set[str]:
        lines = run(*arguments, "--format", "github").stdout.splitlines()
        return {annotation(line)["level"] for line in lines if line.startswith("::")}

    assert level("lint", "tutorial_resnet18_cifar10") == {"warning"}
    assert level("lint", "tutorial_resnet18_cifar10", "--strict") == {"error"}
    assert level("lint", "resnet50", "--strict") == set()
    assert level("budget", "resnet18", "--max-params", "12M") == set()
    assert EXPLAINED == KNOWN
    explained = Report("check", None, "t", findings=(Finding(KNOWN, "where", "why"),), ok=False, exit_code=1)
    assert annotation(annotations(explained).strip())["level"] == "notice"


def test_an_annotation_stands_in_the_file_that_it_is_about(run: Run, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "nets").mkdir()
    assert run("export-spec", "tutorial_resnet18_cifar10", "-o", "nets/net.toml").returncode == 0
    lines = run("lint", "nets/net.toml", "--format", "github").stdout.splitlines()
    assert {annotation(line)["file"] for line in lines if line.startswith("::")} == {"nets/net.toml"}
    net = "def make(): return __import__('torchvision').models.resnet18()"
    (tmp_path / "nets" / "net.py").write_text(net, encoding="utf-8")
    *_, line = run("budget", "nets/net.py:make", "--max-params", "11M", "--format", "github").stdout.splitlines()
    assert annotation(line)["file"] == "nets/net.py"
    (tmp_path / "pyproject.toml").write_text('[tool.resnet-inspect]\nmax-params = "11M"\n', encoding="utf-8")
    *_, line = run("budget", "resnet18", "--format", "github").stdout.splitlines()
    assert annotation(line)["file"] == "pyproject.toml"
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    *_, line = run("budget", "net.toml", "--format", "github", cwd=tmp_path / "nets").stdout.splitlines()
    assert annotation(line)["file"] == "nets/net.toml"


def test_the_findings_of_a_page_are_annotated(run: Run) -> None:
    def annotated(command: str) -> list[str]:
        lines = run(command, "tutorial_resnet18_cifar10", "--format", "github").stdout.splitlines()
        return [annotation(line)["message"] for line in lines if line.startswith("::")]

    assert annotated("report") == annotated("lint") != []


@pytest.mark.parametrize("nasty", NASTY.values(), ids=NASTY)
def test_no_text_of_a_finding_is_a_command_of_its_own(nasty: str) -> None:
    finding = Finding(nasty, nasty, nasty, nasty)
    for file in ("", nasty.strip() or "x"):
        written = annotations(Report("lint", None, "t", findings=(finding, finding), ok=False), file)
        first, second, end = written.split("\n")
        assert (first, end) == (second, "")
        assert annotation(first)["level"] == "warning"


def scripts(job: str) -> list[tuple[str, dict[str, str]]]:
    """The shell lines of a job of the page's workflow, each with its variables."""
    (page,) = blocks("yaml")
    steps = yaml.safe_load(page)["jobs"][job]["steps"]
    assert all(set(step) <= {"uses", "with", "run", "if", "env"} for step in steps)
    return [(step["run"], step.get("env", {})) for step in steps if "run" in step]


@pytest.fixture
def job(tmp_path: Path):
    """Play a shell line as a runner does, in a clone whose pull request changes net.toml; gh and pip do nothing."""
    clone, tools, summary = tmp_path / "clone", tmp_path / "bin", tmp_path / "summary.md"
    for folder in (clone, tools):
        folder.mkdir()
    program = f'#!/bin/sh\nexec {shlex.join(COMMAND)} "$@"\n'
    comment = f'#!/bin/sh\nfor last; do :; done\ncat "$last" > {shlex.quote(str(tmp_path / "comment.md"))}\n'
    for name, text in (("resnet-inspect", program), ("gh", comment), ("pip", "#!/bin/sh\n")):
        (tools / name).write_text(text, encoding="utf-8")
        (tools / name).chmod(stat.S_IRWXU)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": PYTHONPATH,
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_BASE_REF": "main",
    }

    def play(script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        done = ["bash", "-e", "-o", "pipefail", "-c", script]
        return subprocess.run(done, cwd=clone, env=environment | variables, capture_output=True, text=True, timeout=300)

    commit = "git add . && git -c user.name=x -c user.email=x@y.example commit -qm x"
    spec = "resnet-inspect export-spec resnet18 --set input_size=128"
    for line in (
        f"git init -q && {spec} -o net.toml && {commit} && git update-ref refs/remotes/origin/main HEAD",
        f"{spec} --set shortcut=D -o net.toml && {commit}",
    ):
        done = play(line)
        assert done.returncode == 0, done.stderr
    return play


def as_small(script: str) -> str:
    """A line of the page about the spec in the clone, which needs no torch, and with short measurements."""
    return script.replace("net.py:make", "net.toml").replace("--fresh", "--max-time 0.2")


@pytest.mark.parametrize("name", ["cost", "latency"])
def test_the_workflow_of_the_page_runs_line_by_line(name: str, job, tmp_path: Path) -> None:
    said = ""
    for script, variables in scripts(name):
        done = job(as_small(script), **variables)
        assert done.returncode == 0, (script, printed(done))
        said += done.stdout
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    if name == "cost":
        for command in ("budget", "lint", "check"):
            assert f"Made by `resnet-inspect {command} net.toml" in summary
        comment = (tmp_path / "comment.md").read_text(encoding="utf-8")
        assert "## " in comment
        assert "shortcut" in comment
    else:
        assert "Made by `resnet-inspect verdict old.json new.json" in summary
        assert "SLOWER" not in said
