import os

import click

from resnet_inspect.api import exports
from resnet_inspect.cli import options
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import tell_written, write
from resnet_inspect.errors import RequestError
from resnet_inspect.exchange import BINARY, FORMATS, QUANTITIES, Format, Quantity
from resnet_inspect.vocabulary import DEPTHS, OPTIMIZERS, PRECISIONS, TASKS, Depth, Optimizer, Precision, Task

EXAMPLES = (
    "resnet-inspect export resnet50 -o net.onnx",
    "resnet-inspect export resnet18 --depth block --format mermaid",
    "resnet-inspect export resnet50 --device a100 -o pass.trace.json",
)
SUFFIXES: dict[str, Format] = {  # the longest first
    ".trace.json": "chrome-trace",
    ".pickle": "memory-snapshot",
    ".json": "json",
    ".onnx": "onnx",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
    ".dot": "dot",
    ".gv": "dot",
}


@click.command(epilog=options.examples(EXAMPLES))
@options.asked("model", "input", "batch_size", "settings", "kwargs")
@click.option("--format", type=click.Choice(FORMATS), help="Format of the file; default: its suffix's, or json.")
@click.option("--depth", type=click.Choice(DEPTHS), default="stage", help="A box per stage (default), block or layer.")
@click.option("-o", "--output", metavar="FILE", help="Write to FILE; its suffix sets the format.")
@click.option("--record", metavar="RUN.json", help="Times for a trace or model-explorer: those of a bench --per layer.")
@click.option("--profile", metavar="FILE.json", help="Times: those that a calibration predicts.")
@click.option("--device", metavar="NAME", help="Times: the least on a data sheet's device; of cpu or cuda, predicted.")
@click.option("--precision", type=click.Choice(PRECISIONS), help="Of the times, and of a memory snapshot.")
@click.option("--task", type=click.Choice(TASKS), help="Of a trace or memory snapshot: infer (default) or train.")
@click.option("--optimizer", type=click.Choice(OPTIMIZERS), help="Of a training step's memory snapshot; default: sgd.")
@click.option(
    "--node-data", type=click.Choice(QUANTITIES), help="For model-explorer: one quantity of each call instead."
)
def command(
    asked: Asked,
    format: Format | None,
    depth: Depth,
    output: str | None,
    record: str | None,
    profile: str | None,
    device: str | None,
    precision: Precision | None,
    task: Task | None,
    optimizer: Optimizer | None,
    node_data: Quantity | None,
) -> None:
    """Write MODEL for other programs: its graph as JSON to read back, ONNX without weights or a diagram; a pass as a
    Chrome trace, or its memory as a snapshot.
    """
    format = format or _format_of(output)
    if format in BINARY and output is None:
        suffix = next(suffix for suffix, named in SUFFIXES.items() if named == format)
        raise RequestError(f"{format} is no text", hint=f"give it a file, as -o net{suffix}")
    content = exports.export(
        asked.model,
        format,
        *asked.network[1:],
        depth,
        record=record,
        node_data=node_data,
        device=device,
        precision=precision,
        profile=profile,
        task=task,
        optimizer=optimizer,
    )
    write(content, output)
    tell_written(output)


def _format_of(output: str | None) -> Format:
    if output in (None, "-"):
        return "json"
    name = os.path.basename(str(output)).lower()
    for suffix, format in SUFFIXES.items():
        if name.endswith(suffix):
            return format
    raise RequestError(
        f"-o {output}: no format has the suffix {os.path.splitext(name)[1]!r}",
        hint=f"use one of {' '.join(SUFFIXES)}, or give --format {'|'.join(FORMATS)}",
    )
