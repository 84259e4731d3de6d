"""The verbs that answer in words: what a net or a term is, and what a net had better be."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from resnet_inspect.api.answer import Answer, answer, one_of, several
from resnet_inspect.api.recorded import Recorded, recorded
from resnet_inspect.errors import BranchError, RequestError, UnknownModelError
from resnet_inspect.language import LANGUAGES
from resnet_inspect.sources import load
from resnet_inspect.sources.load import Input, Model

if TYPE_CHECKING:
    pass


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
        found = load.variant(word, settings)
    except UnknownModelError as error:
        # No term and no code is the name of a model, so which is looked for first is a matter of speed alone.
        from resnet_inspect.explainer.index import suggest_words
        from resnet_inspect.explainer.pages import explain_word

        page = explain_word(str(word), language)
        if page is None:
            raise suggest_words(str(word), error) from None
        if input is not None or batch_size is not None or settings:
            raise RequestError(
                f"{word} is a word, not a model: it has no input and no fields",
                hint=f"`resnet-inspect explain {word}` says what it means",
            ) from None
        return answer(page)
    from resnet_inspect.explainer.lesson import write_lesson

    return answer(write_lesson(found.spec, load.graph(found, input, batch_size), language))


def glossary(language: str = "en") -> Answer:
    """Every word that explain knows, models apart."""
    from resnet_inspect.explainer.index import list_words

    one_of("language", language, LANGUAGES)
    return answer(list_words(language))


def lint(
    model: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Sequence[str] = (),
    precision: str | None = None,
    record: Recorded | None = None,
    ignore: Sequence[str] = (),
    language: str = "en",
) -> Answer:
    """What in the architecture costs more than it gives, or was left out by accident; ``ok`` where that is nothing.

    ``precision`` is fp16, bf16, tf32 or int8 to look at channels too, ``record`` one of this net with stage times,
    ``ignore`` codes of rules. A net whose branches cannot be added is a finding, not an error.
    """
    from resnet_inspect.linter import PRECISIONS, Subject, lint, read_stage_times, report_refusal

    one_of("precision", precision, (None, *PRECISIONS))
    one_of("language", language, LANGUAGES)
    found = load.variant(model, settings)
    try:
        graph = load.graph(found, input, batch_size)
    except BranchError as error:
        return answer(
            report_refusal(found.name, load.size(found.spec, input, batch_size), error, language, several(ignore))
        )
    times = None if record is None else read_stage_times(recorded(record), graph)
    subject = Subject(found.spec, graph, precision, times)
    return answer(lint(subject, language, several(ignore), untimed=record is not None and times is None))
