from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from resnet_inspect.api import plots
from resnet_inspect.charts.pareto import AGAINST
from resnet_inspect.cli import options, terminal
from resnet_inspect.cli.output import tell_written, write
from resnet_inspect.errors import RequestError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

EXAMPLES = (
    "resnet-inspect plot roofline resnet50 --device a100 -o roofline.svg",
    "resnet-inspect plot pareto --among 'resnet*,resnext*' -o pareto.png",
    "resnet-inspect plot scaling run.json -o scaling.svg",
)


class Plot(NamedTuple):
    """A picture: its line in --help, the command whose options it takes, those that it does not, and its own."""

    help: str
    like: str
    without: tuple[str, ...] = ()
    own: tuple[click.Option, ...] = ()


OUTPUT = click.Option(
    ["-o", "--output"], metavar="FILE", help="Write to FILE.svg, .png or .pdf; default: SVG to stdout."
)
CASE = click.Option(["--case"], type=int, metavar="N", help="Row of the Record, from 1; default: the only one.")
THROUGHPUT = click.Option(["--throughput"], is_flag=True, help="Images per second in place of latency.")
FLOOR = click.Option(["--device"], help="Device whose data sheet gives the least times; default: the Record's own.")
COST = click.Option(["--against"], type=click.Choice(AGAINST), help="Default: time with a device, MACs without.")
COSTS = ("depth", "folded", "profile", "device")
BOUNDS = ("max_latency_ms", "max_params", "max_memory", "min_top1", "sort", "no_cache")

PLOTS: dict[str, Plot] = {
    "architecture": Plot("The net drawn: stages, blocks, projections, shapes.", "summary", COSTS),
    "stages": Plot("Which stage has which share of each cost.", "roofline", ("depth",)),
    "memory": Plot("Bytes alive over a pass, by kind, with the peak.", "memory", ("fit",)),
    "roofline": Plot("Each stage below what the device allows.", "roofline"),
    "pareto": Plot("Top-1 against MACs, parameters or time.", "choose", BOUNDS, (COST,)),
    "latency": Plot("How the calls of a Record are spread.", "show"),
    "rounds": Plot("Every call of a case, round by round.", "show", own=(CASE,)),
    "scaling": Plot("Latency or throughput by batch size.", "show", own=(THROUGHPUT, FLOOR)),
    "verdict": Plot("The ratio of each case of two Records.", "verdict", ("gate", "strict")),
}


class _Plots(click.Group):
    """The group of all pictures; the command that answers the same as a table is imported when one is drawn."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*PLOTS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in PLOTS:
            return None
        command = _command(cmd_name, PLOTS[cmd_name])
        if ctx.resilient_parsing:  # for the Tab key
            from resnet_inspect.cli import completion

            completion.complete_values(command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        from resnet_inspect.cli import completion

        kinds = completion.complete_commands([(name, plot.help) for name, plot in PLOTS.items()], incomplete)
        return [*kinds, *click.Command.shell_complete(self, ctx, incomplete)]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            raise RequestError("plot needs a kind of picture", hint=f"one of {', '.join(PLOTS)}")
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in PLOTS and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise RequestError(f"no picture is called '{args[0]}'", hint=f"one of {', '.join(PLOTS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Pictures"):
            formatter.write_dl([(name, plot.help) for name, plot in PLOTS.items()])


def _command(kind: str, plot: Plot) -> click.Command:
    """The command that draws one picture."""
    like: click.Command = import_module(f"resnet_inspect.cli.{plot.like}").command
    given = {"format", "output", *plot.without, *(option.name for option in terminal.OPTIONS)}
    taken = [parameter for parameter in like.params if parameter.name not in given]

    def draw(output: str | None, **values: Any) -> None:  # click passes every value by its name
        format = "svg" if output in (None, "-") else plots.format_of(str(output))
        write(plots.plot(kind, **values).render(format), output)
        tell_written(output)

    return click.Command(kind, params=[*taken, *plot.own, OUTPUT, *terminal.OPTIONS], callback=draw, help=plot.help)


@click.group(cls=_Plots, epilog=options.examples(EXAMPLES))
def command() -> None:
    """Draw a picture, with the options of the command that answers the same as a table."""
