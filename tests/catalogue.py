"""The catalogue of translations: the texts of the source, their translations in the .po, and the compiled .mo.

``python tests/catalogue.py`` brings both up to date with the source. It adds new texts without a translation, which
somebody then writes, and removes texts that the source no longer has.
"""

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from resnet_inspect.explainer.pages import split_page
from resnet_inspect.language import DOMAIN
from resnet_inspect.linter import RULES

PACKAGE = Path(__file__).parent.parent / "resnet_inspect"
PO = PACKAGE / "locale" / "zh" / "LC_MESSAGES" / f"{DOMAIN}.po"
MO = PO.with_suffix(".mo")
KEYWORDS = {"say": None, "marked": None}


def texts() -> Iterator[str]:
    """Every text that users see in their language, in the order of the source."""
    seen: set[str] = set()
    sources = [message for *_, message, _, _ in extract_from_dir(PACKAGE, keywords=KEYWORDS)]
    sources += [paragraph for rule in RULES for paragraph in split_page(rule)]
    for text in sources:
        if isinstance(text, str) and text not in seen:
            seen.add(text)
            yield text


def translations() -> Catalog:
    with PO.open("rb") as file:
        return read_po(file, locale="zh", domain=DOMAIN, abort_invalid=True)


def compiled(catalogue: Catalog) -> bytes:
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def main() -> None:
    old = translations()
    new = Catalog("zh", DOMAIN, fuzzy=False, header_comment=old.header_comment)
    new.mime_headers = old.mime_headers
    for text in texts():
        message = old.get(text)
        new.add(text, message.string if message else "")
    with PO.open("wb") as file:
        write_po(file, new, width=120, no_location=True)
    MO.write_bytes(compiled(new))
    missing = sum(1 for message in new if message.id and not message.string)
    print(f"{PO}: {len(new)} texts, {missing} without a translation")


if __name__ == "__main__":
    main()
