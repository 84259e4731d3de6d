"""Profile <-> JSON of version 1; what is read was checked against its own samples."""

import json
from math import isclose

from resnet_inspect import versioned_json
from resnet_inspect.errors import RequestError
from resnet_inspect.escape import json_text
from resnet_inspect.prediction.features import CLASSES
from resnet_inspect.prediction.fit import fit
from resnet_inspect.prediction.profile import Profile
from resnet_inspect.typed_json import decode, encode

SCHEMA = "resnet-inspect/profile"
SCHEMA_VERSION = 1


def to_json(profile: Profile) -> str:
    document = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **encode(profile)}
    return json_text(json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False)) + "\n"


def from_json(text: str, source: str = "the profile") -> Profile:
    """The Profile that ``to_json`` wrote.

    Raises:
        RequestError: the text is cut off, has another schema or version, or its numbers do not follow from its samples.
    """
    document = versioned_json.load(text, source, SCHEMA, SCHEMA_VERSION, "profile", "calibrate -o profile.json")
    try:
        profile = decode(Profile, document)
        for sample in profile.samples:
            if sample.features.amounts.keys() != set(CLASSES) or not sum(sample.features.amounts.values()):
                raise ValueError(f"the work of {sample.name} is of other classes")
    except ValueError as error:
        raise RequestError(f"{source} is not whole: {error}", hint="was it edited?") from None
    if not _follows(profile):
        raise RequestError(f"{source} is not what its samples give", hint="was it edited?")
    return profile


def _follows(profile: Profile) -> bool:
    """Whether a fit of the profile's samples gives the profile."""
    again = fit(profile.samples, profile.conditions, profile.ceilings, profile.reference_ms, profile.origin)
    return _alike(encode(again), encode(profile))


def _alike(one: object, other: object) -> bool:
    """Whether two JSON values are equal but for the rounding that another processor's sums may have."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, float) or isinstance(other, float):
        return (
            isinstance(one, int | float)
            and isinstance(other, int | float)
            and isclose(one, other, rel_tol=1e-6, abs_tol=1e-30)
        )
    return one == other
