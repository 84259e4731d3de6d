import click

from resnet_inspect.api import prediction
from resnet_inspect.cli import lists, options
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import finish

EXAMPLES = (
    "resnet-inspect predict resnet50 --device cpu",
    "resnet-inspect predict resnet50 resnext50_32x4d --batch-size 1,8,32 --profile rtx4090.json",
    "resnet-inspect predict 'resnet*d' --device t4 --precision fp16 --batch-size 8",
)


@click.command(epilog=options.examples(EXAMPLES))
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option("--batch-size", type=lists.whole_numbers, metavar="1,8,32", help="Images per batch; default: 1.")
@options.profiled
@click.option("--pace", is_flag=True, help="Time this machine's pace first (a few seconds), and allow for it.")
@options.asked("input", "settings", "kwargs", "format", "output")
def command(
    asked: Asked,
    models: tuple[str, ...],
    batch_size: tuple[int, ...] | None,
    profile: str | None,
    device: str | None,
    precision: str | None,
    layout: str | None,
    mode: str | None,
    threads: int | None,
    pace: bool,
) -> None:
    """Predict milliseconds of a forward pass from a calibration, with a 90% interval; nothing runs.

    `calibrate` makes the profile of a machine. A net with calls that no calibration net has gets a reason in place of
    a number.
    """
    finish(
        prediction.predict(
            models or asked.model, batch_size, asked.input, asked.settings, asked.kwargs, profile, device, precision,
            layout, mode, threads, pace,
        ),
        asked,
    )  # fmt: skip
