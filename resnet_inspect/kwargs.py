"""What the factory of a net is called with: ``NAME=VALUE`` texts or a dictionary, read and written."""

from collections.abc import Mapping, Sequence

from resnet_inspect.errors import RequestError

Kwargs = Sequence[str] | Mapping[str, object]  # name=value texts, or a dictionary


def read_kwargs(kwargs: Kwargs) -> dict[str, object]:
    """The keyword arguments by name; a value is a Python literal, or text where it is none.

    Raises:
        RequestError: a text is not NAME=VALUE, or a name comes twice.
    """
    if isinstance(kwargs, Mapping):
        return {str(name): value for name, value in kwargs.items()}
    if not isinstance(kwargs, list | tuple):
        raise RequestError(f"kwargs={kwargs!r} is no dictionary", hint='as {"num_classes": 10}')
    values: dict[str, object] = {}
    for text in map(str, kwargs):
        name, equals, value = text.partition("=")
        if not (equals and name.isidentifier()):
            raise RequestError(f"--kwargs {text} is not NAME=VALUE", hint="as --kwargs num_classes=10")
        if name in values:
            raise RequestError(f"--kwargs gives {name} twice", hint="give it once")
        values[name] = _read(value)
    return values


def write_kwargs(values: Mapping[str, object]) -> tuple[str, ...] | None:
    """The texts that ``read_kwargs`` reads back to ``values``; None where a value is no literal, as a class."""
    texts: list[str] = []
    for name, value in values.items():
        written = value if isinstance(value, str) and _read(value) == value else repr(value)
        if not _is_same(_read(written), value):
            return None
        texts.append(f"{name}={written}")
    return tuple(texts)


def _read(text: str) -> object:
    import ast  # 8 ms that only code with arguments pays
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an escape that Python does not know
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def _is_same(read: object, value: object) -> bool:
    return type(read) is type(value) and bool(read == value)
