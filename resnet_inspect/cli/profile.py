import click

from resnet_inspect.api import calibration
from resnet_inspect.cli import options
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import finish
from resnet_inspect.errors import RequestError

EXAMPLES = (
    "resnet-inspect profile show laptop.json",
    "resnet-inspect profile show --device cpu --threads 1",
    "resnet-inspect profile list",
)


@click.command(epilog=options.examples(EXAMPLES))
@click.argument("action", metavar="[show|list]", default="show")
@click.argument("file", required=False, metavar="[FILE.json]")
@click.option("--device", default="cpu", help="Without a file: this machine's cpu (default) or cuda.")
@click.option("--threads", type=int, metavar="N", help="Without a file: the profile of so many threads.")
@options.asked("format", "output")
def command(asked: Asked, action: str, file: str | None, device: str, threads: int | None) -> None:
    """What a profile of `calibrate` says: rates, errors, and which nets are outside it; or which profiles there are."""
    if action not in ("show", "list"):
        hint = f"show {action}" if action.endswith(".json") else "list"
        raise RequestError(f"profile show or list, not {action!r}", hint=f"`resnet-inspect profile {hint}`")
    if action == "list" and file is not None:
        raise RequestError("profile list takes no file", hint=f"`resnet-inspect profile show {file}`")
    finish(calibration.profiles() if action == "list" else calibration.profile(file, device, threads), asked)
