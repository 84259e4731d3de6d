"""Command lines from the real commands: their options with values that fit, and with hostile ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import click
from fake_workers import FakeWorker

from fuzz import hostile
from resnet_inspect.benchmark import messages
from resnet_inspect.benchmark.messages import Job
from resnet_inspect.cli import COMMANDS, main
from resnet_inspect.errors import MachineError
from resnet_inspect.hardware.gpu import Probe
from resnet_inspect.resnet import fields, zoo
from resnet_inspect.sources import find_variant, graph_of
from resnet_inspect.vocabulary import PRECISIONS

SPEC = 'base = "resnet18"\ndepths = [1, 1, 1, 1]\nattention = "se"\n'
CODE = "def make():\n    return 1\n\n\ndef fail():\n    raise ValueError('no')\n"
FILES = ("run.json", "whole.json", "net.json", "spec.toml", "pyproject.toml", "net.py", "none.json", "none.toml", ".")
INPUTS = ("1,3,224,224", "2,3,32,32", "1,3,1,1", "8,3,64,64", "1,4,64,64", "0,3,1,1", "1,3,100000,100000", "224", "1,3")
ENVIRONMENT = ("COLUMNS", "LINES", "NO_COLOR", "LANGUAGE", "LC_ALL", "LANG")
NUMBERS = ("1", "2", "8", "0", "-1", "26M", "4.2G", "200MiB", "5", "0.9", "1,8,max", "1,2")
DEVICES = ("h200", "a100", "t4", "cpu", "cuda", "cuda:0", "mps", "auto", "H100")
# metavar or name of a parameter -> values that fit it
VALUES: dict[str, tuple[str, ...]] = {
    "device": DEVICES,
    "input": INPUTS,
    "output": (
        "-",
        "out.md",
        "out.json",
        "out.csv",
        "out.html",
        "out.toml",
        "out.x",
        "out.mmd",
        "out.svg",
        "none/out.md",
    ),
    "record": FILES,
    "records": FILES,
    "old": FILES,
    "new": FILES,
    "config": FILES,
    "writing": ("torchvision", "timm"),
    "precision": PRECISIONS,
    "word": ("resnet18", "flop", "residual", "host-bound", "RI001", "relu", "receptive-field"),
    "among": (
        "threads=1",
        "batch=1,2,3",
        "mode=eager,compile",
        "layout=contiguous,threads=2",
        "mode=graph",
        "batch=0",
        "x=1",
    ),
    "budget": ("5min", "1h", "1", "0", "5 parsecs"),
    "pattern": ("*", "wide*", "resnet1?", "[ab]*"),
}


@contextmanager
def surroundings() -> Iterator[None]:
    """The files that lines name, in the working folder; and nothing that lines start measures or runs."""
    from fuzz.graph_files import whole_graphs
    from fuzz.records import whole_records

    for name, text in {"spec.toml": SPEC, "net.py": CODE, "run.json": whole_records()[0]}.items():
        Path(name).write_text(text, encoding="utf-8")
    Path("whole.json").write_text(whole_records()[1], encoding="utf-8")
    Path("net.json").write_text(whole_graphs()[0], encoding="utf-8")
    Path("pyproject.toml").write_text("[tool.resnet-inspect]\nmax-params = '26M'\n", encoding="utf-8")

    def refuse(*_: object) -> Any:
        raise MachineError("nothing is measured here")

    def probe(device: str) -> Probe:
        return (
            Probe(device.replace("auto", "cpu"), "fp32", {}, None) if device in ("cpu", "auto", "cuda:0") else refuse()
        )

    def check(
        model: str, input: str | None, batch_size: int | None, settings: tuple[str, ...], kwargs: tuple[str, ...]
    ) -> Any:
        graph_of(find_variant(model, settings), input, batch_size)
        return refuse()

    # What is replaced has to be there; and a line that names code should not be charged for torch.
    import resnet_inspect.counting.run
    import resnet_inspect.runtime.code  # noqa: F401  # a line that names code imports it

    with (
        patch("resnet_inspect.api.hardware._this_machine", refuse),
        patch("resnet_inspect.api.checks.check", check),
        patch("resnet_inspect.counting.run.run_all", refuse),
        patch("resnet_inspect.benchmark.run.probe", probe),
        patch("resnet_inspect.benchmark.run.ProcessWorker", lambda job: Worker(job)),
        patch("resnet_inspect.tuning.run.probe", probe),
        patch("resnet_inspect.tuning.run.ProcessWorker", lambda job: Worker(job)),
    ):
        yield


class Worker(FakeWorker):
    """A worker that also says how much memory is free, and how long a call takes."""

    def __init__(self, job: Job) -> None:
        super().__init__(job.case, [])

    def ask(self, request: messages.Request[Any]) -> Any:
        match request.name:
            case "call":
                return messages.CallTime(600.0)
            case "free-memory":
                return messages.FreeMemory(2**33)
        return super().ask(request)


@cache
def _names() -> tuple[str, ...]:
    return tuple(variant.name for variant in zoo.variants() if sum(variant.spec.depths) < 60)


@cache
def _commands() -> dict[tuple[str, ...], tuple[click.Parameter, ...]]:
    """The words of each command, with its parameters; a command that groups others has theirs."""
    found: dict[tuple[str, ...], tuple[click.Parameter, ...]] = {}
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        if isinstance(command, click.Group):
            inside = click.Context(command)
            found |= {
                (name, kind): (*command.get_command(inside, kind).params,) for kind in command.list_commands(inside)
            }
        else:
            found[name,] = (*command.params,)
    return found


def draw(rng: Random) -> tuple[list[str], dict[str, str | None]]:
    """A command line without the program's name, and variables of its environment."""
    name = rng.choice([*COMMANDS])
    command = rng.choice([words for words in _commands() if words[0] == name])
    parameters = _commands()[command]
    line = [hostile.typed(rng)] if rng.random() < 0.02 else [*command]
    arguments = [p for p in parameters if isinstance(p, click.Argument)]
    options = [p for p in parameters if isinstance(p, click.Option)]
    words = [word for argument in arguments for word in _operands(argument, rng)]
    for option in rng.sample(options, min(len(options), rng.choice((0, 1, 1, 2, 3, 5)))):
        words += _option(option, rng)
    if rng.random() < 0.05:
        words.insert(rng.randrange(len(words) + 1), hostile.typed(rng))
    if rng.random() < 0.02:
        words.append(rng.choice(("--help", "-h", "--nope", "--", "-x", "--inp")))
    if rng.random() < 0.1:
        rng.shuffle(words)
    return line + words, dict.fromkeys(ENVIRONMENT) | _variables(rng)


def _variables(rng: Random) -> dict[str, str]:
    named = rng.sample(ENVIRONMENT, rng.choice((0, 0, 0, 1, 2)))
    return {name: rng.choice(("80", "1", "zh_CN.UTF-8", "fr:zh", hostile.typed(rng))) for name in named}


def _operands(argument: click.Argument, rng: Random) -> Iterator[str]:
    counts = (0, 1, 1, 2, 3) if argument.nargs == -1 else (1,) if argument.required else (0, 1, 1, 1)
    for _ in range(rng.choice(counts)):
        yield _value(argument, rng)


def _option(option: click.Option, rng: Random) -> list[str]:
    flag = rng.choice(option.opts)
    if option.is_flag:
        return [flag]
    value = _value(option, rng)
    if flag.startswith("--") and rng.random() < 0.3:
        return [f"{flag}={value}"]
    return [flag] if rng.random() < 0.01 else [flag, value]


def _value(parameter: click.Parameter, rng: Random) -> str:
    if rng.random() < 0.15:
        return hostile.typed(rng)
    name = str(parameter.name)
    if isinstance(parameter.type, click.Choice):
        return str(rng.choice(parameter.type.choices))
    if name in VALUES:
        return rng.choice(VALUES[name])
    if name == "settings":
        return _setting(rng)
    if name in ("model", "models", "a", "b"):
        return rng.choice(("resnet18", "resnet50", "spec.toml", "net.json", *rng.choices(_names(), k=3), *_code(rng)))
    return rng.choice(NUMBERS)


def _code(rng: Random) -> tuple[str, ...]:
    """Code that makes no network, now and then."""
    return (
        () if rng.random() < 0.95 else ("net.py:make", "net.py:fail", "net.py:no", "none.py:make", "os:no", "net.py:")
    )


def _setting(rng: Random) -> str:
    field = rng.choice([*fields.READERS])
    forms = fields.READERS[field][1].replace(" or ", ", ").split(", ")
    return f"{field}={rng.choice(forms) if rng.random() < 0.7 else hostile.typed(rng)}"
