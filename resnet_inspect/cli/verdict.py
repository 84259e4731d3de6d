import click

from resnet_inspect import api
from resnet_inspect.cli import options
from resnet_inspect.cli.output import finish
from resnet_inspect.records.verdict import GATES
from resnet_inspect.render import Format

EXAMPLES = (
    "resnet-inspect verdict old.json new.json",
    "resnet-inspect verdict old.json new.json --gate params,macs,memory --format md",
)


def gates(text: str) -> tuple[str, ...]:
    values = tuple(text.split(","))
    if wrong := set(values) - set(GATES):
        raise click.BadParameter(f"{sorted(wrong)[0]!r} is not one of {', '.join(GATES)}")
    return values


@click.command("verdict", epilog=options.examples(EXAMPLES))
@click.argument("old", metavar="OLD.json")
@click.argument("new", metavar="NEW.json")
@click.option(
    "--gate",
    type=gates,
    default=None,
    metavar=",".join(GATES),
    help="What may not grow at all; memory is the predicted peak.",
)
@click.option("--allow-env-diff", is_flag=True, help="Compare runs of different machines or versions.")
@click.option("--strict", is_flag=True, help="Exit code 4 if one is INCONCLUSIVE.")
@options.format
@options.output
def command(
    old: str,
    new: str,
    gate: tuple[str, ...] | None,
    allow_env_diff: bool,
    strict: bool,
    format: Format | None,
    output: str | None,
) -> None:
    """Whether NEW is slower than OLD, arm by arm. Exit code 1 if one is SLOWER or missing, or a gate is broken."""
    answer = api.verdict(old, new, gate or (), allow_env_diff, strict)
    finish(answer, format, output)
