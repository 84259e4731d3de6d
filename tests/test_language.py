"""The catalogue: whole, in step with the source, and compiled."""

from string import Formatter

import pytest
from catalogue import MO, compiled, texts, translations

from resnet_inspect.language import LANGUAGES, from_environment, translator


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_text_of_the_source_has_a_translation_and_no_other_is_kept() -> None:
    held = {message.id: message.string for message in translations() if message.id}
    assert set(held) == set(texts()), "python tests/catalogue.py brings the catalogue up to date"
    assert [text for text, translation in held.items() if not translation] == []
    assert not any(message.fuzzy for message in translations())
    assert not translations().obsolete


def test_a_translation_fills_in_what_its_text_does() -> None:
    for message in translations():
        if message.id:
            assert fields(message.string) == fields(message.id), message.id


def test_the_compiled_catalogue_is_that_of_the_po() -> None:
    assert MO.read_bytes() == compiled(translations())


def test_a_text_is_translated_and_an_unknown_one_stays_english() -> None:
    assert translator("zh")("stage") == "阶段"
    assert translator("en")("stage") == "stage"
    assert translator("zh")("no such text") == "no such text"


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "zh:en"}, "zh"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "fr:zh_CN:en"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
    ],
)
def test_the_language_is_the_locales_where_we_have_it(environ: dict[str, str], language: str) -> None:
    assert from_environment(environ) == language
    assert language in LANGUAGES
