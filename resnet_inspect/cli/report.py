import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import click

from resnet_inspect.api import documents, measured
from resnet_inspect.benchmark.interrupts import INTERRUPTS, SIGNALS
from resnet_inspect.cli import options
from resnet_inspect.cli.bench import ending_at_once
from resnet_inspect.cli.document import finish_document, record_beside
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.recording import display, recording
from resnet_inspect.hardware.devices import is_torch_device
from resnet_inspect.sources import Input
from resnet_inspect.vocabulary import PRECISIONS, Precision

EXAMPLES = (
    "resnet-inspect report resnet50 -o resnet50.html",
    "resnet-inspect report resnet50 resnet50d --device a100 --batch-size 32 -o compared",
    "resnet-inspect report --record old.json --record new.json -o verdict.html",
)


@click.command(epilog=options.examples(EXAMPLES))
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@options.asked("input", "batch_size", "settings", "kwargs", "format")
@click.option("-o", "--output", metavar="FOLDER|FILE", help="A page as FILE.html or FILE.md; a FOLDER gets both.")
@click.option("--record", "records", multiple=True, metavar="RUN.json", help="Add what bench measured; repeatable.")
@click.option("--device", help="Device of the least times, from `devices`; cpu or cuda: this machine, as calibrated.")
@click.option("--precision", type=click.Choice(PRECISIONS), help="Precision there; default: bf16 where supported.")
@options.profile
@click.option("--bench", is_flag=True, help="Measure first, on this machine, and keep the Record next to the page.")
def command(
    asked: Asked,
    models: tuple[str, ...],
    output: str | None,
    records: tuple[str, ...],
    device: str | None,
    precision: Precision | None,
    profile: str | None,
    bench: bool,
) -> None:
    """All that is known of a MODEL on one page with pictures; of several, which is faster where, and why.

    MODEL defaults to what the Records measured, else to resnet50. Two Records are held against each other, too.
    """
    asked = replace(asked, output=output)
    answer = partial(
        documents.make_report, models or None, asked.input, asked.batch_size, asked.settings, asked.kwargs, device,
        precision, profile,
    )  # fmt: skip
    if not bench:
        finish_document(answer(records), asked)
    path = record_beside(asked)
    nets: Sequence[str] = models or (asked.model,)
    image: Input = asked.input
    if records and not models:
        nets, shape = documents.measured_nets(records)
        image = image or (None if asked.batch_size else shape)
    here = device if device is not None and is_torch_device(device) else "auto"
    with INTERRUPTS.listening(*SIGNALS), ending_at_once():
        with recording(path) as file, display(file) as (tell, progress):
            measured.bench(
                nets, here, asked.batch_size, image, asked.settings, asked.kwargs, precision=precision, per="stage",
                ceilings=True, argv=sys.argv[1:], save=file.save, tell=tell, progress=progress,
            )  # fmt: skip
        finish_document(answer((*records, path)), asked)
