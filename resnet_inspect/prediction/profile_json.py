"""Profile <-> JSON of version 1 with a checksum: an edited profile would predict what nobody measured."""

import json
from hashlib import sha256

from resnet_inspect import versioned_json
from resnet_inspect.errors import RequestError
from resnet_inspect.escape import json_text
from resnet_inspect.prediction.features import CLASSES
from resnet_inspect.prediction.matrices import is_definite
from resnet_inspect.prediction.profile import Profile
from resnet_inspect.typed_json import decode, encode

SCHEMA = "resnet-inspect/profile"
SCHEMA_VERSION = 1


def to_json(profile: Profile) -> str:
    head = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, "sha256": checksum(profile)}
    return json_text(json.dumps(head | encode(profile), indent=1, allow_nan=False, ensure_ascii=False)) + "\n"


def from_json(text: str, source: str = "the profile") -> Profile:
    """The Profile that ``to_json`` wrote.

    Raises:
        RequestError: the text is cut off, has another schema or version or other classes of work, or was edited.
    """
    document = versioned_json.load(text, source, SCHEMA, SCHEMA_VERSION, "profile", "calibrate -o profile.json")
    try:
        profile = decode(Profile, document)
    except ValueError as error:
        raise RequestError(f"{source} is not whole: {error}", hint="was it edited?") from None
    if document.get("sha256") != checksum(profile):
        raise RequestError(f"{source} is not as it was written", hint="was it edited? calibrate again")
    named = [
        set(profile.coefficients),
        set(profile.units),
        set(profile.shares),
        *(set[str](sample.features.amounts) for sample in profile.samples),
    ]
    if any(names != set(CLASSES) for names in named):
        raise RequestError(f"{source} has other classes of work than this version", hint="calibrate again")
    if missing := _missing(profile):
        raise RequestError(f"{source} has {missing}", hint="calibrate again")
    return profile


def _missing(profile: Profile) -> str:
    """What a profile needs to predict and to tell its errors; a checksum does not vouch for it."""
    if not profile.samples or not profile.residuals:
        return "no measurements"
    sizes = {len(profile.covariance), *map(len, profile.covariance)}
    if sizes != {len(CLASSES)}:
        return f"a covariance that is not of {len(CLASSES)} classes of work"
    return "" if is_definite(profile.covariance) else "a covariance of coefficients that cannot be: it is not definite"


def checksum(profile: Profile) -> str:
    """Of the profile's values, however the text is laid out."""
    return sha256(json.dumps(encode(profile), sort_keys=True, allow_nan=False).encode()).hexdigest()
