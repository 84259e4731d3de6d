"""What the Tab key offers in bash, zsh and fish: variants, devices, fields of a spec, counters, files."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

import click
from click.shell_completion import BashComplete, CompletionItem, ZshComplete, add_completion_class

from resnet_inspect.errors import InspectError

Values = Callable[[click.Parameter, str], Iterable[str]]


class Completed(click.types.StringParamType):
    """Text that Tab completes to one of ``values``."""

    def __init__(self, values: Values) -> None:
        self.values = values

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        offered = sorted({value for value in self.values(param, incomplete) if value.startswith(incomplete)})
        return [*map(CompletionItem, offered)] if offered else [CompletionItem(incomplete, type="file")]


def complete_values(command: click.Command) -> None:
    """Let the arguments and options of ``command`` that take any text offer what they mean."""
    for param in command.params:
        if param.type is click.STRING:
            param.type = Completed(VALUES.get(param.name or "", _files))


def complete_commands(commands: Sequence[tuple[str, str]], incomplete: str) -> list[CompletionItem]:
    """The commands that begin so, each with its line of the help."""
    return [CompletionItem(name, help=line) for name, line in commands if name.startswith(incomplete)]


def _models(param: click.Parameter, incomplete: str) -> Iterable[str]:
    from resnet_inspect.resnet import zoo

    return (variant.name for variant in zoo.variants())


def _devices(param: click.Parameter, incomplete: str) -> Iterable[str]:
    """Names of torch where a command runs something; else this machine's, and data sheets where they serve."""
    from resnet_inspect.hardware.devices import DEVICES, TORCH_DEVICES, own_devices

    if param.default in TORCH_DEVICES:
        return TORCH_DEVICES
    if getattr(param, "metavar", None):
        return ("cpu", "cuda")
    own: Iterable[str] = ()
    with suppress(InspectError):  # the command will say what is wrong with the file
        own = own_devices()
    return ("cpu", "cuda", *own, *(device.name for device in DEVICES))


def _fields(param: click.Parameter, incomplete: str) -> Iterable[str]:
    """``shortcut=``, and behind it the values that a field may have; of any other field the default."""
    from resnet_inspect.resnet.choices import CHOICES
    from resnet_inspect.resnet.fields import READERS, value_text
    from resnet_inspect.resnet.spec import ResNetSpec

    field, equals, _ = incomplete.partition("=")
    if not equals or field not in READERS:
        return (f"{field}=" for field in READERS)
    return (f"{field}={value_text(field, value)}" for value in CHOICES.get(field, (getattr(ResNetSpec(), field),)))


def _counters(param: click.Parameter, incomplete: str) -> Iterable[str]:
    from resnet_inspect.counting.conventions import COUNTERS

    return (convention.name for convention in COUNTERS)


def _libraries(param: click.Parameter, incomplete: str) -> Iterable[str]:
    from resnet_inspect.counting.writing import WRITINGS

    return WRITINGS


def _files(param: click.Parameter, incomplete: str) -> Iterable[str]:
    return ()


# name of an argument or option -> what it offers
VALUES: dict[str, Values] = {
    **dict.fromkeys(("model", "models", "words", "pattern", "a", "b"), _models),
    **dict.fromkeys(("device", "device_like"), _devices),
    "settings": _fields,
    "tool": _counters,
    "writing": _libraries,
}


class Bash(BashComplete):
    """Bash takes = and : for the ends of words, and replaces what stands behind the last."""

    source_template = BashComplete.source_template.replace(
        "COMPREPLY+=($value)", 'COMPREPLY+=($value); [[ "$value" == *= ]] && compopt -o nospace'
    )
    behind = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        args, incomplete = super().get_completion_args()
        words: list[str] = []
        goes_on = False
        for word in [*args, incomplete]:
            is_break = bool(word) and not word.strip("=:")
            if words and (is_break or goes_on):
                words[-1] += word
            else:
                words.append(word)
            goes_on = is_break
        *args, incomplete = words
        self.behind = incomplete[: max(map(incomplete.rfind, "=:")) + 1]
        return args, incomplete

    def format_completion(self, item: CompletionItem) -> str:
        return f"{item.type},{str(item.value).removeprefix(self.behind)}"


class Zsh(ZshComplete):
    """No space follows a field that waits for its value."""

    source_template = ZshComplete.source_template.replace(
        'completions+=("$key")', '[[ "$key" == *= ]] && compadd -U -S "" -- "$key" || completions+=("$key")'
    )


def teach_shells() -> None:
    """Let click answer bash and zsh as these classes do."""
    for shell in (Bash, Zsh):
        add_completion_class(shell)
