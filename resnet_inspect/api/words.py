"""The verbs that answer in prose: what a network, a term or a finding means."""

from resnet_inspect.api.answer import Answer, answer, one_of
from resnet_inspect.errors import RequestError, UnknownModelError
from resnet_inspect.language import LANGUAGES
from resnet_inspect.sources import Input, Kwargs, Model, Settings, find, graph_of, spec_of


def explain(
    word: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Settings = (),
    kwargs: Kwargs = (),
    language: str = "en",
) -> Answer:
    """What a word means: a model, told from image to classes with its own numbers; a term; or the code of a finding.

    Raises:
        UnknownModelError: it is none of the three; the hint names what comes nearest.
    """
    language = one_of("language", language, LANGUAGES)
    try:
        source = find(word, settings, kwargs)
    except UnknownModelError as error:
        # No term or code is also a model's name, so models may come first: they are the common case.
        from resnet_inspect.explainer.index import suggest_words
        from resnet_inspect.explainer.pages import explain_word

        page = explain_word(str(word), language)
        if page is None:
            raise suggest_words(str(word), error) from None
        if input is not None or batch_size is not None or settings or kwargs:
            raise RequestError(
                f"{word} is a word, not a model: it has no input and no fields",
                hint=f"`resnet-inspect explain {word}` says what it means",
            ) from None
        return answer(page)
    graph, spec = graph_of(source, input, batch_size), spec_of(source)
    if spec is None:
        from resnet_inspect.explainer.code_lesson import write_code_lesson

        return answer(write_code_lesson(graph, language))
    from resnet_inspect.explainer.lesson import write_lesson

    return answer(write_lesson(spec, graph, language))


def glossary(language: str = "en") -> Answer:
    """Every word that ``explain`` knows, except models."""
    from resnet_inspect.explainer.index import list_words

    language = one_of("language", language, LANGUAGES)
    return answer(list_words(language))
