"""Text in the reader's language, through gettext catalogues; English is the source and needs none."""

from collections.abc import Callable, Mapping
from functools import cache
from os.path import dirname, join

LANGUAGES = ("en", "zh")
DOMAIN = "resnet_inspect"

Translate = Callable[[str], str]


def marked(text: str) -> str:
    """``text`` as it is: what stands in a literal table is translated when it is shown, and extracted by this name."""
    return text


@cache
def translator(language: str) -> Translate:
    """What turns an English text into ``language``; a text without a translation stays English."""
    if language == "en":
        return marked
    from gettext import translation  # 3 ms that English need not pay

    return translation(DOMAIN, join(dirname(__file__), "locale"), [language], fallback=True).gettext


def from_environment(environ: Mapping[str, str]) -> str:
    """The language of the locale, by the variables and in the order of gettext; ``en`` where we have it not.

    LANGUAGE may name several, the first that we have counts: ``fr:zh_CN``.
    """
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environ.get(variable):
            codes = [name.partition("_")[0].partition(".")[0].lower() for name in value.split(":")]
            return next((code for code in codes if code in LANGUAGES), "en")
    return "en"
