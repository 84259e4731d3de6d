"""The files that this program writes for itself: JSON that names its schema and the version of that."""

import json

from resnet_inspect.errors import RequestError
from resnet_inspect.typed_json import JsonObject


def load(text: str, source: str, schema: str, version: int, noun: str, command: str) -> JsonObject:
    """The object in ``text``, whose own keys say that it has this ``schema`` and ``version``.

    ``noun`` says what such a document is, ``command`` writes one, ``source`` is where the text is from.

    Raises:
        RequestError: the text is cut off, or has another schema or version.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "it nests too deep" if isinstance(error, RecursionError) else error
        raise RequestError(
            f"{source} is no whole JSON: {reason}", hint=f"give a whole file that `{command}` wrote"
        ) from None
    if not isinstance(document, dict) or document.get("schema") != schema:
        raise RequestError(f"{source} is no {noun}", hint=f'give what `{command}` wrote: its schema is "{schema}"')
    if document.get("schema_version") != version:
        raise RequestError(
            f"{source} is of schema version {document.get('schema_version')}, this program reads {version}",
            hint="read it with the version that wrote it",
        )
    return document
