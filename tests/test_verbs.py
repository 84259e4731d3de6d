"""Every verb takes what its command takes, or says how to say it."""

import inspect
import pickle
import traceback

import click
import pytest

import resnet_inspect as ri
from resnet_inspect.cli import COMMANDS, main, terminal

# command -> its verbs, where they are not the verb of its name
VERBS = {
    "explain": "explain glossary",
    "calibrate": "calibrate calibrate_from",
    "profile": "profile profiles",
    "report": "make_report",
}
# (command, option) -> the parameter that takes it, or what the hint names; "" for every command
RENAMED = {
    ("", "format"): "to_markdown()",  # an answer writes itself
    ("", "output"): "to_markdown()",
    ("budget", "config"): "max_params",  # a caller in Python has the limits at hand
    ("explain", "words"): "word",
    ("explain", "list"): "glossary()",
    ("explain", "lang"): "language",
    ("lint", "lang"): "language",
    ("list", "no-cache"): "use_cache",
    ("choose", "no-cache"): "use_cache",
    ("flops", "as"): "tool",  # a keyword of Python
    ("tune", "for"): "goal",
    ("bench", "min-time"): "min_time_s",
    ("bench", "max-time"): "max_time_s",
    ("verdict", "gate"): "gates",
    ("train", "set-recipe"): "recipe_settings",
    ("train", "output"): "folder",
    ("calibrate", "from"): "calibrate_from",
    ("calibrate", "record"): "save",  # a function that is given the Record
    ("profile", "action"): "profiles()",
    ("report", "record"): "records",
    ("report", "bench"): "ri.bench(",
    ("profile", "file"): "profile",
}
SPELT = {"set": "settings"}  # everywhere, as set is a function of Python


def verbs(command: str) -> list[str]:
    return VERBS.get(command, command.replace("-", "_")).split()


def parameters(command: str) -> set[str]:
    return {name for verb in verbs(command) for name in inspect.signature(getattr(ri, verb)).parameters}


def options(command: str) -> list[str]:
    """The command's options and arguments as they are typed, without dashes, and without those of a terminal."""
    parameters = main.get_command(click.Context(main), command).params
    return [max(parameter.opts, key=len).lstrip("-") for parameter in parameters if parameter not in terminal.OPTIONS]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_verb_takes_what_its_command_takes_or_says_how_to_say_it(command: str) -> None:
    taken = parameters(command)
    for option in options(command):
        word = SPELT.get(option, option).replace("-", "_")
        if word in taken and (command, option) not in RENAMED:
            continue
        instead = RENAMED.get((command, option)) or RENAMED.get(("", option))
        assert instead, f"{command} has {option}, which no verb takes"
        if instead.isidentifier() and instead not in (*verbs(command),):
            assert instead in taken
        with pytest.raises(ri.InspectError) as refused:
            getattr(ri, verbs(command)[0])(**{option.replace("-", "_"): 1})
        assert instead in refused.value.hint, option


def test_no_exception_is_left_of_an_option_that_is_gone() -> None:
    for command, option in RENAMED:
        assert not command or option in options(command)


# The kinds of plot take words of their own: tests/cli/test_plot.py.
@pytest.mark.parametrize("name", [name for name in ri.__all__ if name.islower() and name != "plot"])
def test_a_verb_refuses_a_word_that_it_does_not_take_in_words(name: str) -> None:
    verb = getattr(ri, name)
    with pytest.raises(ri.InspectError, match=f"^{name} takes no 'nosuch'\n?"):
        verb(nosuch=1)
    with pytest.raises(ri.InspectError, match=f"^{name}.*\nhint"):
        verb(*range(50), nosuch=1)
    assert verb.__doc__
    assert pickle.loads(pickle.dumps(verb)) is verb


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ri.summary(batch=4), "summary takes no 'batch'\nhint:  did you mean batch_size?"),
        (lambda: ri.summary(set={"groups": 32}), "summary takes no 'set'\nhint:  did you mean settings?"),
        (lambda: ri.devices(model="resnet50"), "devices takes no 'model'\nhint:  it takes nothing"),
        (lambda: ri.diff(), "diff: missing a required argument: 'a'\nhint:  `help(ri.diff)` says what it takes"),
    ],
)
def test_a_wrong_call_is_answered_with_the_right_one(call, message: str) -> None:
    with pytest.raises(ri.InspectError) as refused:
        call()
    assert str(refused.value) == message
    shown = "".join(traceback.format_exception_only(refused.value))
    assert shown == f"resnet_inspect.errors.RequestError: {message}\n", "an uncaught one shows its hint"


# verb -> what it cannot do without
NEEDED = {
    "accuracy": {"checkpoint": "best.pt"},
    "budget": {"max_params": "26M"},
    "calibrate_from": {"path": "results.csv"},
    "choose": {"device": "t4", "among": "resnet"},
    "diff": {"a": "resnet50", "b": "resnet50d"},
    "show": {"record": "run.json"},
    "read_record": {"path": "run.json"},
    "train": {"data": "fake:8", "dry_run": True},
    "verdict": {"old": "run.json", "new": "run.json"},
}
CALLED = {"save", "tell", "progress", "losses"}  # whoever gives a function answers for it


@pytest.mark.parametrize("name", [name for name in ri.__all__ if name.islower()])
def test_an_argument_of_no_kind_is_refused_in_words(name: str, record_json: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.json").write_text(record_json, encoding="utf-8")
    verb = getattr(ri, name)
    for word, parameter in inspect.signature(verb).parameters.items():
        if word in CALLED:
            continue
        strange = [object(), object()] if parameter.kind is parameter.VAR_POSITIONAL else []
        named = NEEDED.get(name, {}) | ({} if strange else {word: object()})
        try:
            verb(*strange, **named)
        except ri.InspectError:
            continue
        pytest.fail(f"{name} takes any {word}")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ri.summary(batch_size="4"), "summary: batch_size '4' is not a whole number"),
        (lambda: ri.summary("resnet50", None, "4"), "summary: batch_size '4' is not a whole number"),
        (lambda: ri.summary(folded="no"), "summary: folded 'no' is not True or False"),
        (lambda: ri.list(max_params=[26]), "list: max_params [26] is not a number or text"),
        (lambda: ri.bench(threads="2"), "bench: threads '2' is not a whole number or a list, each a whole number"),
        (lambda: ri.memory(momentum="x"), "memory: momentum 'x' is not a number"),
        (lambda: ri.verdict("a", "b", gates="speed"), "gates 'speed' is not one of params, macs, memory, graph_breaks"),
    ],
)
def test_an_argument_of_another_kind_is_named(call, message: str) -> None:
    with pytest.raises(ri.InspectError) as refused:
        call()
    assert refused.value.message == message


def test_a_number_of_numpy_is_a_number() -> None:
    numpy = pytest.importorskip("numpy")
    assert ri.memory(momentum=numpy.float32(0.5)) == ri.memory(momentum=0.5)


def test_a_typeerror_inside_a_verb_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise TypeError("of the code")

    monkeypatch.setattr("resnet_inspect.api.static.graph_of", fails)
    with pytest.raises(TypeError, match="of the code"):
        ri.summary()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda: ri.list(max_params="26M"), lambda: ri.list(max_params=26_000_000)),
        (lambda: ri.compare("resnet18", "resnet50"), lambda: ri.compare(["resnet18", "resnet50"])),
        (lambda: ri.summary(settings={"groups": 32}), lambda: ri.summary(settings=["groups=32"])),
        (lambda: ri.lint("resnet50_v1", ignore="RI003"), lambda: ri.lint("resnet50_v1", ignore=["RI003"])),
        (lambda: ri.choose("t4", among="resnet*,wide*"), lambda: ri.choose("t4", among=["resnet*", "wide*"])),
    ],
)
def test_an_argument_may_be_typed_as_on_the_command_line(one, other) -> None:
    assert one() == other()
