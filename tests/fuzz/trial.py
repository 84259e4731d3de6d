"""A trial: what is drawn from one seed, asked of the command line, and judged."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from fuzz import command_lines, graph_files, records, toml_files
from fuzz.oracle import Answer, ask

Trial = Callable[[int], Iterator[Answer]]


def command_line(seed: int) -> Iterator[Answer]:
    """One command line."""
    line, environment = command_lines.draw(Random(f"line {seed}"))
    yield ask(line, environment)


def record(seed: int) -> Iterator[Answer]:
    """A Record with parts changed, read by ``show``, and by three more where that takes it."""
    rng = Random(f"record {seed}")
    whole = rng.choice(records.whole_records())
    Path("whole.json").write_text(whole, encoding="utf-8")
    Path("run.json").write_bytes(records.mutate(whole, rng).encode(errors="surrogatepass"))
    shown = ask(rng.choice(records.SHOWN))
    yield shown
    for line in rng.sample(records.READERS, 3 if shown.exit_code == 0 else 0):
        yield ask(line)


def graph_file(seed: int) -> Iterator[Answer]:
    """A Graph with parts changed, read by one command, and by three more where that takes it."""
    rng = Random(f"graph {seed}")
    text = records.mutate(rng.choice(graph_files.whole_graphs()), rng)
    Path("net.json").write_bytes(text.encode(errors="surrogatepass"))
    first, *others = rng.sample(graph_files.READERS, 4)
    answer = ask(first)
    yield answer
    for line in others if answer.exit_code == 0 else ():
        yield ask(line)


def toml_file(seed: int) -> Iterator[Answer]:
    """A spec.toml or a pyproject.toml with lines changed."""
    rng = Random(f"toml {seed}")
    if rng.random() < 0.6:
        Path("spec.toml").write_bytes(toml_files.spec(rng))
        yield ask(rng.choice(toml_files.OF_SPEC))
    else:
        content = toml_files.limits(rng)
        Path("pyproject.toml").write_bytes(content)
        Path("limits.toml").write_bytes(content)
        yield ask(rng.choice(toml_files.OF_LIMITS))


TRIALS: dict[str, Trial] = {"lines": command_line, "records": record, "graphs": graph_file, "tomls": toml_file}
