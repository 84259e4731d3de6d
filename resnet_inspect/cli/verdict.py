import click

from resnet_inspect.api import measured
from resnet_inspect.cli import lists, options
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import finish
from resnet_inspect.records.verdict import GATES

EXAMPLES = (
    "resnet-inspect verdict old.json new.json",
    "resnet-inspect verdict old.json new.json --gate params,macs,memory --format md",
)


@click.command(epilog=options.examples(EXAMPLES))
@click.argument("old", metavar="OLD.json")
@click.argument("new", metavar="NEW.json")
@click.option(
    "--gate",
    type=lists.words(GATES),
    metavar=",".join(GATES),
    help="Values that must not grow; memory is the predicted peak.",
)
@click.option("--allow-env-diff", is_flag=True, help="Compare runs of different machines or versions.")
@click.option(
    "--ignore",
    type=lists.words(("model",)),
    metavar="model",
    help="Compare cases whose models differ, in the order of the Records.",
)
@click.option("--strict", is_flag=True, help="Exit with code 4 if a case is INCONCLUSIVE.")
@options.asked("format", "output")
def command(
    asked: Asked,
    old: str,
    new: str,
    gate: tuple[str, ...] | None,
    allow_env_diff: bool,
    ignore: tuple[str, ...] | None,
    strict: bool,
) -> None:
    """Decide whether NEW is slower than OLD, case by case.

    Exit code 1 if a case is SLOWER or missing, or if a gate is broken.
    """
    finish(measured.verdict(old, new, gate or (), allow_env_diff, strict, ignore or ()), asked)
