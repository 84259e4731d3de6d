import os

import click

from resnet_inspect.api import exports
from resnet_inspect.cli import options
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import tell_written, write
from resnet_inspect.errors import RequestError
from resnet_inspect.exchange import FORMATS, QUANTITIES, Format, Quantity
from resnet_inspect.vocabulary import DEPTHS, Depth

EXAMPLES = (
    "resnet-inspect export resnet50 -o net.onnx",
    "resnet-inspect export resnet18 --depth block --format mermaid",
    "resnet-inspect export timm:densenet121 -o net.json",
)
SUFFIXES: dict[str, Format] = {
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
@click.option("--record", metavar="RUN.json", help="For model-explorer: add the times of a bench --per layer.")
@click.option(
    "--node-data", type=click.Choice(QUANTITIES), help="For model-explorer: one quantity of each call instead."
)
def command(
    asked: Asked,
    format: Format | None,
    depth: Depth,
    output: str | None,
    record: str | None,
    node_data: Quantity | None,
) -> None:
    """Write the graph of MODEL for other programs: JSON to read back, ONNX without weights, or a diagram."""
    format = format or _format_of(output)
    if format == "onnx" and output is None:
        raise RequestError("ONNX is no text", hint="give it a file, as -o net.onnx")
    write(exports.export(asked.model, format, *asked.network[1:], depth, record, node_data), output)
    tell_written(output)


def _format_of(output: str | None) -> Format:
    if output in (None, "-"):
        return "json"
    suffix = os.path.splitext(str(output))[1]
    if suffix.lower() not in SUFFIXES:
        raise RequestError(
            f"-o {output}: no format has the suffix {suffix!r}",
            hint=f"use one of {' '.join(SUFFIXES)}, or give --format {'|'.join(FORMATS)}",
        )
    return SUFFIXES[suffix.lower()]
