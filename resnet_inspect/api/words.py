"""The verbs that answer in words: what a net or a term is, and what a net had better be."""

from collections.abc import Sequence

from resnet_inspect.api.answer import Answer, answer, one_of, several
from resnet_inspect.api.recorded import Recorded, recorded
from resnet_inspect.errors import BranchError, RequestError, UnknownModelError
from resnet_inspect.language import LANGUAGES
from resnet_inspect.sources import Input, Model, find_variant, graph_of
from resnet_inspect.sources.batch import read_batch


def explain(
    word: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Sequence[str] = (),
    language: str = "en",
) -> Answer:
    """What a word means: a model, told from image to classes with its own numbers, a term, or the code of a finding.

    Raises:
        UnknownModelError: it is none of the three; the hint names what comes nearest.
    """
    one_of("language", language, LANGUAGES)
    try:
        found = find_variant(word, settings)
    except UnknownModelError as error:
        # No term and no code is the name of a model, so which is looked for first is a matter of speed alone.
        from resnet_inspect.explainer.word import explain_word, unknown

        told = explain_word(str(word), language)
        if told is None:
            raise unknown(str(word), error) from None
        if input is not None or batch_size is not None or settings:
            raise RequestError(
                f"{word} is a word, not a model: it has no input and no fields",
                hint=f"`resnet-inspect explain {word}` says what it means",
            ) from None
        return answer(told)
    from resnet_inspect.explainer.lesson import lesson

    return answer(lesson(found.spec, graph_of(found, input, batch_size), language))


def glossary(language: str = "en") -> Answer:
    """Every word that explain knows, models apart."""
    from resnet_inspect.explainer.word import index

    one_of("language", language, LANGUAGES)
    return answer(index(language))


def lint(
    model: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Sequence[str] = (),
    precision: str | None = None,
    record: Recorded | None = None,
    ignore: Sequence[str] = (),
    language: str = "en",
    strict: bool = False,
) -> Answer:
    """What in the architecture costs more than it gives, or was left out by accident; ``ok`` where that is nothing.

    ``precision`` is fp16, bf16, tf32 or int8 to look at channels too, ``record`` one of this net with stage times,
    ``ignore`` codes of rules. A net whose branches cannot be added is a finding, not an error. With ``strict`` a
    finding makes the exit code 1.
    """
    from resnet_inspect.linter import PRECISIONS, Subject, lint, refused, stage_times

    one_of("precision", precision, (None, *PRECISIONS))
    one_of("language", language, LANGUAGES)
    found = find_variant(model, settings)
    try:
        graph = graph_of(found, input, batch_size)
    except BranchError as error:
        batch = read_batch(input, batch_size, found.image)
        return answer(refused(found.name, batch, error, language, several(ignore), strict))
    times = None if record is None else stage_times(recorded(record), graph)
    subject = Subject(found.spec, graph, precision, times)
    return answer(lint(subject, language, several(ignore), record is not None and times is None, strict))
