"""The command line: parse, call the api, print; errors leave through one door."""

import errno
import os
import re
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn, cast

import click

from resnet_inspect import __version__
from resnet_inspect.cli import terminal
from resnet_inspect.cli.options import examples
from resnet_inspect.cli.stderr import discard, tell
from resnet_inspect.docstrings import read_docstring
from resnet_inspect.errors import BAD_REQUEST, INTERRUPTED, InspectError, PeerError, RequestError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# command -> its line in --help; the function is `command` in the module of that name, with _ for -
COMMANDS = {
    "summary": "Shapes, parameters, MACs, FLOPs and activations by stage.",
    "explain": "A model stage by stage, a term, or the code of a finding.",
    "flops": "MACs and FLOPs by stage and by operation.",
    "memory": "Predicted peak memory, and what is alive then.",
    "roofline": "The least time on a device, and what sets it.",
    "devices": "Devices with known peaks, each with its source.",
    "lint": "What costs more than it gives, or was left out.",
    "list": "Every named variant, with its costs.",
    "choose": "The nets that keep some bounds, by accuracy and time.",
    "compare": "Several models in one table, with ratios to the first.",
    "diff": "What changes from one model to another, by stage.",
    "reconcile": "What other FLOP counters report, and why they differ.",
    "check": "Our numbers against torch, fvcore, thop and published ones.",
    "budget": "Whether a model keeps its limits, for CI.",
    "bench": "Measured latency, throughput and memory, with error bars.",
    "show": "A saved Record of bench, in any format.",
    "verdict": "Whether one Record of bench is slower than another.",
    "calibrate": "How long each class of work takes on this machine, as a profile.",
    "profile": "What a profile says: rates, errors, and nets outside it.",
    "predict": "Milliseconds of a forward pass by calibration; nothing runs.",
    "tune": "The fastest way to run a model here, found by racing.",
    "plot": "Pictures: roofline, memory, stages, Pareto, and a Record's.",
    "train": "Train a model, resumably; its cost before, its accuracy after.",
    "accuracy": "How well a checkpoint of train classifies.",
    "report": "One page on a net or several, with pictures, as HTML or Markdown.",
    "export": "A model's graph as JSON, ONNX or a diagram.",
    "export-spec": "A model as a spec.toml to edit.",
}
EXAMPLES = (
    "resnet-inspect summary resnet50",
    "resnet-inspect flops --input 1,3,224,224",
    "resnet-inspect list --max-params 26M --sort macs",
)
COMPLETING = "_RESNET_INSPECT_COMPLETE"  # a shell sets it when Tab is pressed
TERMINAL_SIZE = re.compile("[1-9][0-9]{,3}")  # rich takes 34 bytes for each cell of a line


class _Commands(click.Group):
    """The group of all commands. A command is imported when it is called, so --help imports none."""

    def main(self, *args: Any, **kwargs: Any) -> Any:  # what click's takes and gives
        if COMPLETING in os.environ:
            from resnet_inspect.cli import completion  # only the Tab key pays for it

            completion.teach_shells()
        return super().main(*args, **kwargs)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]  # `list` is a module of this package once the command has run

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"{__name__}.{cmd_name.replace('-', '_')}").command
        if ctx.resilient_parsing:  # for the Tab key
            from resnet_inspect.cli import completion

            completion.complete_values(command)
        return _finished(command)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        from resnet_inspect.cli import completion

        commands = completion.complete_commands([*COMMANDS.items()], incomplete)
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = [*args]
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            if not given:
                raise  # without arguments click shows the help
            _fail_usage(ctx, error)
        except OSError as error:  # of --help and --version
            _fail_output(ctx, error)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            raise RequestError(f"no such command '{name}'", _meant(name, ctx.command_path))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        """Report an error as one line and a hint on stderr, and exit with its code."""
        for name in ("COLUMNS", "LINES"):  # rich believes any
            if not TERMINAL_SIZE.fullmatch(os.environ.get(name, "")):
                os.environ.pop(name, None)
        try:
            os.getcwd()
        except FileNotFoundError:  # torch would end the process
            _fail(ctx, "the working folder is gone", "cd to a folder that exists", BAD_REQUEST)
        try:
            return super().invoke(ctx)
        except PeerError as error:
            ctx.exit(error.exit_code)
        except InspectError as error:
            _fail(ctx, error.message, error.hint, error.exit_code)
        except click.UsageError as error:
            _fail_usage(ctx, error)
        except OSError as error:
            _fail_output(ctx, error)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)


def _meant(name: str, program: str) -> str:
    """The hint for a word that is no command: a model's name, or a command of nearly that name."""
    from difflib import get_close_matches  # only an error pays for these

    from resnet_inspect.sources import find

    try:
        find(name)
    except InspectError:
        near = get_close_matches(name, COMMANDS, n=1)
        return f"did you mean '{near[0]}'?" if near else f"`{program} --help` lists the commands"
    return f"name a command before the model, as `{program} summary {name}`"


def _finished(command: click.Command) -> click.Command:
    """``command`` with the terminal's options, and its docstring as its help: click finds none under ``python -OO``."""
    command.help = command.help or read_docstring(cast(Callable[..., object], command.callback))
    command.params += [option for option in terminal.OPTIONS if option not in command.params]
    return command


def _fail_usage(ctx: click.Context, error: click.UsageError) -> NoReturn:
    message = error.format_message().rstrip(".")
    command = error.ctx.command_path if error.ctx else ctx.command_path
    hint = f"`{command} --help` lists its options"
    if "unexpected extra argument" in message and error.ctx and "model" in error.ctx.params:
        hint = f"`{command}` takes one model, `compare` takes several; {hint}"
    _fail(ctx, message[:1].lower() + message[1:], hint, error.exit_code)


def _fail_output(ctx: click.Context, error: OSError) -> NoReturn:
    """End where stdout takes nothing; any other OSError is a fault of this program."""
    if error.errno not in (errno.ENOSPC, errno.EIO, errno.EBADF):
        raise error
    discard(sys.stdout)
    _fail(ctx, f"cannot write to stdout: {error.strerror}", "", BAD_REQUEST)


def _fail(ctx: click.Context, message: str, hint: str, exit_code: int) -> NoReturn:
    tell(f"error: {message}")
    if hint:
        tell(f"hint:  {hint}")
    ctx.exit(exit_code)


SETTINGS = {
    "help_option_names": ["-h", "--help"],
    "token_normalize_func": str.lower,  # FP16 is fp16
}


@click.group(cls=_Commands, context_settings=SETTINGS, epilog=examples(EXAMPLES))
@click.version_option(__version__, prog_name="resnet-inspect")
def main() -> None:
    """What a ResNet costs, exactly and before it runs, and how fast it really is.

    MODEL is a name from `list`, a spec.toml, code such as net.py:make or timm:NAME, or a graph as net.json or net.onnx;
    the default is resnet50.
    """


_finished(main)
