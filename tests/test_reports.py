"""The committed reports and the README: each is what its commands print."""

import re
import shlex
from pathlib import Path

import pytest
from conftest import HERE, Run

ROOT = HERE.parent
REPORTS = sorted((ROOT / "reports").glob("*.md"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
PROMPT = "$ resnet-inspect "


@pytest.mark.parametrize("report", REPORTS, ids=lambda path: path.name)
def test_a_report_is_what_the_command_in_its_first_line_makes(report: Path, run: Run, tmp_path: Path) -> None:
    text = report.read_text(encoding="utf-8")
    command = re.match(r"Made by `resnet-inspect (.*)`\.\n", text)
    assert command, f"{report} does not name its command"
    (tmp_path / "reports").mkdir()
    done = run(*shlex.split(command[1]))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "reports" / report.name).read_text(encoding="utf-8") == text


def commands() -> list[str]:
    """Every command that the README shows, in blocks and in running text."""
    shown = [line.removeprefix("$ ") for block in BLOCKS for line in block.splitlines() if line.startswith(PROMPT)]
    inline = re.findall(r"`(resnet-inspect [a-z][^`]*)`", README)
    return [*shown, *(command for command in inline if "OLD.json" not in command)]


@pytest.mark.parametrize("command", sorted(set(commands())))
def test_a_command_of_the_readme_runs(command: str, run: Run, tmp_path: Path, laid_out_json: str) -> None:
    run("export-spec", "resnet50d", "-o", "mine.toml")
    (tmp_path / "run.json").write_text(laid_out_json, encoding="utf-8")
    (code,) = re.findall(r"```py\n# (net\.py\n.*?)```", README, re.DOTALL)
    (tmp_path / "net.py").write_text(code.partition("\n")[2], encoding="utf-8")
    done = run(*shlex.split(command)[1:])
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.count(PROMPT) == 1 and len(b.splitlines()) > 1])
def test_an_output_of_the_readme_is_real(block: str, run: Run) -> None:
    command, _, output = block.partition("\n")
    assert run(*shlex.split(command.removeprefix("$ "))[1:], columns=100).stdout.strip() == output.strip()


def test_the_readme_shows_python_that_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})


def test_the_readme_names_every_command() -> None:
    from resnet_inspect.cli import COMMANDS

    for command in COMMANDS:
        assert f"`resnet-inspect {command}" in README or f"$ resnet-inspect {command}" in README
