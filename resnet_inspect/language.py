"""Text in the reader's language, through gettext catalogues; English is the source and needs no catalogue."""

from collections.abc import Callable, Mapping
from functools import cache
from os.path import dirname, join

LANGUAGES = ("en", "zh")
DOMAIN = "resnet_inspect"

Translate = Callable[[str], str]


def marked(text: str) -> str:
    """``text`` unchanged: marks a text in a literal table for extraction; it is translated when shown."""
    return text


@cache
def translator(language: str) -> Translate:
    """The function that translates English text into ``language``; text without a translation stays English."""
    if language == "en":
        return marked
    from gettext import translation  # 3 ms that English need not pay

    return translation(DOMAIN, join(dirname(__file__), "locale"), [language], fallback=True).gettext


def from_environment(environ: Mapping[str, str]) -> str:
    """The language of the locale, read from gettext's variables in gettext's order; ``en`` if there is no catalogue.

    LANGUAGE may list several, as ``fr:zh_CN``; the first with a catalogue counts.
    """
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environ.get(variable):
            codes = [name.partition("_")[0].partition(".")[0].lower() for name in value.split(":")]
            return next((code for code in codes if code in LANGUAGES), "en")
    return "en"
