"""The command line: parse, call the api, print; errors leave through one door."""

from importlib import import_module
from typing import NoReturn

import click

from resnet_inspect import __version__
from resnet_inspect.cli.options import examples
from resnet_inspect.errors import InspectError, RequestError

# command -> its line in --help; the command itself is `command` in the module of that name
COMMANDS = {
    "summary": "Shapes, parameters, MACs, FLOPs and activations, stage by stage.",
    "explain": "A model told stage by stage, or what a word or a finding means.",
    "flops": "MACs and FLOPs by stage and by kind of operation.",
    "memory": "The memory a pass will ask for, and what is alive at its peak.",
    "roofline": "How fast it could run at most on a device, and what holds it back.",
    "devices": "The devices that roofline knows, each with its source.",
    "lint": "What in an architecture costs more than it gives, or is missing.",
    "list": "Every variant of the zoo, with what it costs.",
    "compare": "Several models in one table, with ratios to the first.",
    "diff": "What changes from one model to another, stage by stage.",
    "reconcile": "What every other counter says, and why, to the unit.",
    "check": "Our numbers against other people's, and against torch.",
    "budget": "Whether a model keeps to its budgets, for CI.",
    "bench": "How fast it really runs, with error bars.",
    "show": "A saved bench Record, in any format.",
    "verdict": "Whether one bench Record is slower than another.",
    "export-spec": "A model as a spec.toml, to change and to read back.",
}
EXAMPLES = (
    "resnet-inspect summary resnet50",
    "resnet-inspect flops --input 1,3,224,224",
    "resnet-inspect list --max-params 26M --sort macs",
)


class _Commands(click.Group):
    """The group of all commands. One is imported when it is called, so that --help costs what click costs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"{__name__}.{cmd_name.replace('-', '_')}").command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            if not given:
                raise  # it is the help that is shown then
            _fail_usage(ctx, error)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from difflib import get_close_matches  # only an error pays for it

            near = get_close_matches(name, COMMANDS, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"`{ctx.command_path} --help` lists the commands"
            raise RequestError(f"no such command '{name}'", hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        """Turn what goes wrong into one line and a hint on stderr, and an exit code."""
        try:
            return super().invoke(ctx)
        except InspectError as error:
            _fail(ctx, error.message, error.hint, error.exit_code)
        except click.UsageError as error:
            _fail_usage(ctx, error)
        except KeyboardInterrupt:
            ctx.exit(130)  # as a shell says of a command that Ctrl-C ended


def _fail_usage(ctx: click.Context, error: click.UsageError) -> NoReturn:
    message = error.format_message().rstrip(".")
    command = error.ctx.command_path if error.ctx else ctx.command_path
    _fail(ctx, message[:1].lower() + message[1:], f"`{command} --help` shows what it takes", error.exit_code)


def _fail(ctx: click.Context, message: str, hint: str, exit_code: int) -> NoReturn:
    click.echo(f"error: {message}", err=True)
    if hint:
        click.echo(f"hint:  {hint}", err=True)
    ctx.exit(exit_code)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=examples(EXAMPLES))
@click.version_option(__version__, prog_name="resnet-inspect")
def main() -> None:
    """What a ResNet costs: shapes, parameters, MACs and FLOPs, exact, before anything runs.

    MODEL is a name of `list`, a spec.toml, or code as net.py:make or timm:NAME; resnet50 if left out.
    """
