"""Every nasty text from every place that a user's files and code can put it, through the command line."""

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from github_runner import annotation
from nasty import NASTY, check_harmless, seen, shown
from raw_results import ENVIRONMENT, MACHINE, PLAN, raw, result

from resnet_inspect import cli
from resnet_inspect.api.network import lower
from resnet_inspect.benchmark.record import Observation, Record
from resnet_inspect.benchmark.record_json import from_json, to_json
from resnet_inspect.cli import main
from resnet_inspect.exchange import graph_json
from resnet_inspect.hardware.machine import Grade
from resnet_inspect.render import FORMATS

TYPED = {what: nasty for what, nasty in NASTY.items() if "\0" not in nasty and what != "half a pair"}
each_nasty = pytest.mark.parametrize("nasty", TYPED.values(), ids=TYPED)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def invoke(*arguments: str) -> Result:
    done = CliRunner(env={"COLUMNS": None}).invoke(main, arguments)  # each row keeps to one line
    assert all(map(seen, done.stderr.split("\n")))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def quoted(text: str) -> str:
    """``text`` as TOML writes it."""
    return '"' + "".join(f"\\U{ord(char):08x}" for char in text) + '"'


def check_every_format(nasty: str, *arguments: str) -> None:
    """The command answers in every format, and what shows the answer shows the text."""
    for format in FORMATS:
        done = invoke(*arguments, "--format", format)
        assert done.stdout, done.stderr
        page = done.stdout
        if format == "github":  # after the page, a job reads one command for each finding, whose title is ours
            told = invoke(*arguments, "--format", format, "-o", "page.md").stdout
            assert all(annotation(line)["title"] for line in told.splitlines())
            assert page.endswith(told)
            page = page.removesuffix(told)
        check_harmless(page, format)
    assert shown(nasty).strip() in " ".join(invoke(*arguments).stdout.split("\n"))


@each_nasty
@pytest.mark.parametrize(
    "arguments",
    [
        lambda nasty: ("summary", nasty),
        lambda nasty: ("summary", "resnet18", "--set", f"x{nasty}=1"),
        lambda nasty: ("summary", "resnet18", "--input", nasty),
        lambda nasty: ("summary", "resnet18", f"--x{nasty}"),
        lambda nasty: ("summary", "-o", f"{nasty}.xyz"),
        lambda nasty: (f"x{nasty}",),
        lambda nasty: ("list", f"x{nasty}"),
        lambda nasty: ("explain", f"x{nasty}"),
        lambda nasty: ("show", f"{nasty}.json"),
    ],
    ids=["model", "field", "input", "option", "file", "command", "pattern", "word", "record"],
)
def test_an_error_shows_what_was_typed_and_lets_it_do_nothing(
    nasty: str, arguments: Callable[[str], tuple[str, ...]]
) -> None:
    done = invoke(*arguments(nasty))
    assert done.exit_code == 2
    assert done.stderr.count("\n") <= 2, "an error and a hint"


def test_there_is_one_way_to_stderr() -> None:
    for file in Path(cli.__file__).parent.glob("*.py"):
        assert "err=True" not in file.read_text(encoding="utf-8") or file.name == "stderr.py", file


@each_nasty
def test_a_file_that_was_written_is_named(nasty: str) -> None:
    if "/" not in nasty:
        done = invoke("summary", "--format", "md", "-o", f"x{nasty}.md")
        assert done.exit_code == 0
        assert shown(nasty) in done.stderr


@each_nasty
def test_a_spec_file_has_a_name_that_acts(nasty: str) -> None:
    Path("net.toml").write_text(f"name = {quoted(nasty)}\n", encoding="utf-8")
    if nasty.isprintable():
        check_every_format(nasty, "summary", "net.toml")
    else:
        assert invoke("summary", "net.toml").exit_code == 2
    for wrong in (f"{quoted(nasty)} = 1", f"base = {quoted(nasty)}", f"{quoted(nasty)}"):
        Path("net.toml").write_text(wrong, encoding="utf-8")
        assert invoke("summary", "net.toml").exit_code == 2


@each_nasty
def test_a_pyproject_has_keys_and_values_that_act(nasty: str) -> None:
    for wrong in (f"{quoted(nasty)} = 1", f"max-params = {quoted(nasty)}", f"model = {quoted(nasty)}"):
        Path("pyproject.toml").write_text(f"[tool.resnet-inspect]\n{wrong}\n", encoding="utf-8")
        assert invoke("budget").exit_code == 2


CODE = """\
import torch


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.add_module({name}, torch.nn.Conv2d(3, 4, 3))

    def forward(self, x):
        return next(self.children())(x).mean((2, 3))


Net.__name__ = Net.__qualname__ = {name}


def fails():
    raise ValueError({name})
"""


@each_nasty
def test_code_names_its_modules_and_fails_as_it_likes(nasty: str) -> None:
    name = nasty.replace(".", "")  # a dot separates the modules of a path
    file = f"net_{name.encode('utf-32').hex()[:80]}.py"  # Python keeps what it has imported
    Path(file).write_text(CODE.format(name=ascii(name)), encoding="utf-8")
    check_every_format(name, "summary", f"{file}:Net", "--input", "1,3,8,8", "--depth", "layer")
    assert invoke("summary", f"{file}:fails", "--input", "1,3,8,8").exit_code == 2


@pytest.mark.parametrize("nasty", NASTY.values(), ids=NASTY)
def test_a_graph_names_its_calls_as_it_likes(nasty: str) -> None:
    graph = lower("resnet18", (1, 3, 32, 32))
    nodes = [replace(node, name=f"{node.name} {nasty}", stage=node.stage and nasty) for node in graph.nodes]
    written = graph_json.to_json(replace(graph, name=nasty, nodes=tuple(nodes)))
    check_harmless(written, "json")
    Path("net.json").write_text(written, encoding="utf-8")
    check_every_format(nasty, "summary", "net.json", "--depth", "layer")
    for format in ("mermaid", "dot"):
        drawn = invoke("export", "net.json", "--format", format).stdout
        assert all(map(seen, drawn.split("\n")))
        labels = re.findall(r'"((?:[^"\\]|\\.)*)"', drawn)
        assert not re.search(
            r'["<>]|\[\[', re.sub(r'"(?:[^"\\]|\\.)*"', "", drawn).replace("-->", "").replace("->", "")
        )
        assert any(undrawn(label, format).startswith(shown(nasty)) for label in labels)


def undrawn(label: str, format: str) -> str:
    """The text that a label shows."""
    if format == "dot":
        return re.sub(r"\\(.)", r"\1", label)
    assert not re.search("[<>`&*~]", label.replace("<br>", ""))
    return re.sub("#([0-9]+);", lambda code: chr(int(code[1])), label)


def record_of(nasty: str) -> Record:
    measured = result(raw())
    case = replace(measured.case, model=nasty)
    measured = replace(
        measured,
        case=case,
        findings=(Observation("crashed", nasty, {"reason": nasty, "detail": nasty}),),
        spec={nasty: nasty},
    )
    environment = replace(
        ENVIRONMENT,
        date=nasty,
        machine=replace(MACHINE, os=nasty, cpu_model=nasty, kernel=nasty, variables={nasty: nasty}),
        versions={"torch": nasty, nasty: nasty},
        grade=Grade("B", (nasty,)),
    )
    return Record((nasty,), environment, PLAN, 1, (measured,))


@pytest.mark.parametrize("nasty", NASTY.values(), ids=NASTY)
def test_a_record_acts_nowhere_and_its_json_reads_back(nasty: str) -> None:
    record = record_of(nasty)
    written = to_json(record)
    check_harmless(written, "json")
    assert from_json(written) == record
    Path("run.json").write_text(written, encoding="utf-8")
    check_every_format(nasty, "show", "run.json")
    for format in FORMATS:
        check_harmless(invoke("verdict", "run.json", "run.json", "--format", format).stdout, format)


@each_nasty
def test_a_page_in_a_file_names_a_command_that_does_nothing_there(
    nasty: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["resnet-inspect", "summary", nasty])
    for suffix, format in ((".md", "md"), (".html", "html")):
        assert invoke("summary", "-o", f"page{suffix}").exit_code == 0
        written = Path(f"page{suffix}").read_text(encoding="utf-8")
        assert "Made by " in written
        check_harmless(written, format)


@pytest.mark.parametrize("nasty", NASTY.values(), ids=NASTY)
def test_a_line_of_progress_shows_the_text(nasty: str) -> None:
    from rich.console import Console

    from resnet_inspect.render.progress import live

    out = StringIO()
    with live(Console(file=out, force_terminal=True, width=200, color_system=None)) as (tell, *_):
        before = len(out.getvalue())
        tell(nasty)
        drawn = out.getvalue()[before:]
    assert shown(nasty).strip() in drawn
    assert seen(drawn.replace("\r\x1b[2K", "").replace("\n", "").replace("\x1b[1A\x1b[2K", ""))
