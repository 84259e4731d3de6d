"""`plot` on the command line: every kind draws, with the options of the command that answers the same."""

from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest
from click.testing import CliRunner, Result
from stage_times import record, result
from test_imports import loaded_by

import resnet_inspect as ri
from resnet_inspect.api import plots
from resnet_inspect.benchmark.record_json import to_json
from resnet_inspect.cli import main, terminal
from resnet_inspect.cli.plot import PLOTS
from resnet_inspect.render import matplotlib_picture


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    several = [result(batch_size=n, input=(n, 3, 224, 224)) for n in (1, 8, 256)]
    for name, run in {"run.json": record(*several), "old.json": record(result()), "new.json": record(result())}.items():
        Path(name).write_text(to_json(run), encoding="utf-8")
    return tmp_path


def plot(*words: str) -> Result:
    return CliRunner().invoke(main, ["plot", *words])


CALLS = {
    "architecture": ("resnet18",),
    "stages": ("--record", "old.json"),
    "memory": ("resnet18", "--task", "train", "--batch-size", "8"),
    "roofline": ("resnet18", "--device", "a100"),
    "pareto": ("--among", "resnet", "--against", "params"),
    "latency": ("run.json",),
    "rounds": ("run.json", "--case", "2"),
    "scaling": ("run.json", "--throughput"),
    "verdict": ("old.json", "new.json"),
}


@pytest.mark.parametrize("kind", PLOTS)
def test_every_kind_draws_to_stdout_and_to_a_file(kind: str, folder: Path) -> None:
    printed = plot(kind, *CALLS[kind])
    assert (printed.exit_code, printed.stderr) == (0, "")
    assert ElementTree.fromstring(printed.stdout).tag.endswith("}svg")
    saved = plot(kind, *CALLS[kind], "-o", "x.svg")
    assert (saved.exit_code, saved.stdout, saved.stderr) == (0, "", "wrote x.svg\n")
    assert Path("x.svg").read_text(encoding="utf-8") == printed.stdout


def test_the_command_line_and_python_draw_the_same_kinds() -> None:
    assert [*PLOTS] == [*plots.PLOTS]


@pytest.mark.parametrize("kind", PLOTS)
def test_a_kind_takes_the_options_of_its_command_and_python_takes_them_all(kind: str) -> None:
    group = import_module("resnet_inspect.cli.plot").command
    shown = {"output", *(option.name for option in terminal.OPTIONS)}
    mine = {parameter.name for parameter in group.get_command(click.Context(group), kind).params} - shown
    like = {parameter.name for parameter in import_module(f"resnet_inspect.cli.{PLOTS[kind].like}").command.params}
    assert mine - {option.name for option in PLOTS[kind].own} == like - {"format", *shown, *PLOTS[kind].without}
    assert set(PLOTS[kind].without) <= like
    with pytest.raises(ri.InspectError) as refused:
        ri.plot(kind, nonsense=1)
    takes = str(refused.value).partition("it takes ")[2].split(", ")
    assert mine == set(takes)


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ((), "plot needs a kind", "one of architecture, stages"),
        (("roofing",), "no picture is called 'roofing'", "one of architecture"),
        (("memory", "-o", "x.gif"), "no picture has the suffix '.gif'", "use one of .svg .png .pdf"),
        (("memory", "-o", "x"), "no picture has the suffix ''", ".svg"),
        (("roofline", "--nope"), "no such option", "plot roofline --help"),
        (("rounds", "run.json"), "the Record has 3 cases", "give --case: 1 is resnet50"),
        (("rounds", "run.json", "--case", "4"), "--case 4: the Record has 3 cases", "give --case"),
        (("scaling", "old.json"), "two batch sizes", "bench --batch-size"),
        (("pareto", "--against", "time"), "a time needs a device", "--device t4"),
        (("stages", "--case", "1"), "--case 1 needs a Record", "--record RUN.json"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_two_lines(
    words: tuple[str, ...], message: str, hint: str, folder: Path
) -> None:
    done = plot(*words)
    assert done.exit_code == 2
    first, second = done.stderr.splitlines()
    assert first.startswith("error: ")
    assert message in first.lower() or message in first
    assert hint in second


def test_without_matplotlib_a_png_names_the_extra(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matplotlib_picture, "find_spec", lambda name: None)
    done = plot("memory", "resnet18", "-o", "x.png")
    assert done.exit_code == 3
    assert done.stderr == (
        "error: a png needs the package matplotlib\nhint:  pip install 'resnet-inspect[plot]', or save an svg\n"
    )
    assert not Path("x.png").exists()


def test_every_page_of_help_has_examples_or_options() -> None:
    assert "Pictures:" in plot("--help").stdout
    for kind in PLOTS:
        assert "-o, --output FILE" in plot(kind, "--help").stdout


def test_a_static_picture_loads_neither_torch_nor_numpy_nor_matplotlib() -> None:
    script = "from resnet_inspect.cli import main\nmain({!r}, standalone_mode=False)"
    heavy = {"torch", "numpy", "matplotlib", "rich"}
    for words in (["roofline"], ["memory"], ["stages"], ["architecture"], ["pareto", "--among", "resnet"]):
        assert loaded_by(script.format(["plot", *words])) & heavy == set()


def test_a_picture_shows_itself_in_a_notebook_and_saves_itself(tmp_path: Path) -> None:
    picture = ri.plot("stages", "resnet18")
    assert picture._repr_svg_() == picture.svg
    assert repr(picture) == "<Picture: resnet18, input 1×3×224×224: where its costs are>"
    picture.save(tmp_path / "x.svg")
    assert (tmp_path / "x.svg").read_text(encoding="utf-8") == picture.svg
    with pytest.raises(ri.InspectError, match="no picture has the suffix"):
        picture.save(tmp_path / "x.jpg")
