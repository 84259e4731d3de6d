import sys
from typing import NoReturn

import click

from resnet_inspect.api import calibration, prediction
from resnet_inspect.api.records import read_record
from resnet_inspect.benchmark.interrupts import INTERRUPTS, SIGNALS
from resnet_inspect.benchmark.record import Record
from resnet_inspect.cli import options
from resnet_inspect.cli.bench import ending_at_once
from resnet_inspect.cli.options import Asked
from resnet_inspect.cli.output import check_writable, finish, tell_written, write
from resnet_inspect.cli.recording import check, display, recording
from resnet_inspect.errors import OutputError, RequestError
from resnet_inspect.prediction.profile import Profile
from resnet_inspect.prediction.profile_json import to_json
from resnet_inspect.prediction.profiles import check_is_here, profiles_folder, stored_at
from resnet_inspect.vocabulary import LAYOUTS, MODES, RUN_PRECISIONS

EXAMPLES = (
    "resnet-inspect calibrate --device cpu",
    "resnet-inspect calibrate --device cpu --threads 1 --quick -o laptop.json",
    "resnet-inspect calibrate --from results.csv --device-like rtx4090 --precision amp-fp16 --test 40",
)


@click.command(epilog=options.examples(EXAMPLES))
@click.option("--device", default="auto", help="cpu, cuda, cuda:N, mps or auto (default).")
@click.option(
    "--precision",
    type=click.Choice(RUN_PRECISIONS),
    help="Default: fp32; on a GPU tf32, or with --device-like bf16, where it has that.",
)
@click.option("--layout", type=click.Choice(LAYOUTS), help="Default: contiguous.")
@click.option("--mode", type=click.Choice(MODES), help="Default: eager.")
@click.option("--threads", type=int, metavar="N", help="Threads of torch on a CPU; default: all usable cores.")
@click.option("--quick", is_flag=True, help="About a minute, for a first look: more nets are outside.")
@click.option(
    "--from", "table", metavar="FILE", help="Measure nothing: fit to a table in timm's CSV columns, or a Record."
)
@click.option("--device-like", metavar="NAME", help="With --from: the device of `devices` that the table is of.")
@click.option("--test", type=int, metavar="N", help="With --from: hold N random nets out, and judge by these.")
@click.option("--nets", type=int, metavar="N", help="With --from: fit N nets, chosen for their work; default: 24.")
@click.option("--record", metavar="RUN.json", help="Save the Record after every case.")
@click.option("--seed", type=int, help="Seed of weights, input and case order; default: 0.")
@options.asked("format")
@click.option("-o", "--output", metavar="FILE.json", help="Save the profile there, not in the user's data folder.")
def command(
    asked: Asked,
    device: str,
    precision: str | None,
    layout: str | None,
    mode: str | None,
    threads: int | None,
    quick: bool,
    table: str | None,
    device_like: str | None,
    test: int | None,
    nets: int | None,
    record: str | None,
    seed: int | None,
    output: str | None,
) -> None:
    """Measure a fixed set of nets on this machine, and learn how long each class of work takes here.

    The result is a profile, which `predict` reads. At most ten minutes on a CPU and four on a GPU, thrice that with
    --mode compile; exit code 4 if too few nets could be measured.
    """
    if table is not None:
        if device != "auto" or quick or record is not None:
            raise RequestError("--from measures nothing", hint="leave out --device, --quick and --record")
        if table.endswith(".json"):
            if device_like is not None or test is not None or nets is not None:
                raise RequestError(f"{table} is a Record, not a table", "leave out --device-like, --test and --nets")
            if seed is not None:
                raise RequestError(f"--seed draws nothing of a Record, as {table} is", "leave out --seed")
            make_sure_of(output)
            measured = read_record(table)
            end_if_undecided(measured, asked)
            profile = calibration.fit(measured, prediction.asked_for(precision, layout, mode, threads))
            if output is None:
                make_sure_it_is_of_here(profile)
            keep(profile, measured, output, asked)
        if output is not None:
            check(output, "profile", "profile.json")
        made = prediction.calibrate_from(
            table,
            device_like,
            precision,
            layout or "contiguous",
            mode or "eager",
            threads,
            test,
            nets,
            seed or 0,
            sys.argv[1:],
            output,
        )
        if output is not None:
            save(made.profile, output)
        finish(made.answer, asked)
    if device_like is not None or test is not None or nets is not None:
        raise RequestError("--device-like, --test and --nets are for a table", hint="name it with --from RESULTS.csv")
    make_sure_of(output)
    with INTERRUPTS.listening(*SIGNALS), ending_at_once(), recording(record) as file:
        with display(file) as (tell, progress):
            way = prediction.asked_for(precision, layout, mode, threads)
            measured = calibration.measure(device, way, quick, seed or 0, sys.argv[1:], file.save, tell, progress)
        end_if_undecided(measured, asked)
        keep(calibration.fit(measured), measured, output, asked)


def end_if_undecided(record: Record, asked: Asked) -> None:
    """Where ``record`` gives no profile, print why, and exit."""
    if undecided := calibration.undecided(record):
        finish(undecided, asked)


def keep(profile: Profile, record: Record, output: str | None, asked: Asked) -> NoReturn:
    """Save the profile of a calibration's ``record``, and print it."""
    save(profile, output)
    finish(calibration.profile(profile, record=record), asked)


def make_sure_of(output: str | None) -> None:
    """Make sure, before anything is measured, that the profile can be saved.

    Raises:
        RequestError: ``output`` is no path of a JSON file. OutputError: it cannot be written.
    """
    if output is not None:
        check(output, "profile", "profile.json")
        return
    folder = profiles_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        check_writable(str(folder / "profile.json"))
    except OSError as error:
        raise OutputError(f"no profile can be kept in the user's data folder: {error}", "give -o FILE.json") from None
    except OutputError as error:
        raise OutputError(error.message, "give -o FILE.json") from None


def make_sure_it_is_of_here(profile: Profile) -> None:
    """Raises RequestError where ``profile`` is not of this machine, whose own it would replace in the data folder."""
    try:
        check_is_here(profile, profile.conditions.device)
    except RequestError as error:
        raise RequestError(error.message, hint="-o FILE.json keeps it elsewhere") from None


def save(profile: Profile, output: str | None) -> None:
    path = str(stored_at(profile.conditions)) if output is None else output
    write(to_json(profile), path)
    tell_written(path)
