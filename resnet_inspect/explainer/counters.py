"""The page of a counter: what the tool counts, and what that comes to for resnet50."""

from resnet_inspect.counting.conventions import COUNTERS
from resnet_inspect.counting.count import Convention, count
from resnet_inspect.counting.packages import PACKAGES
from resnet_inspect.counting.writing import as_written
from resnet_inspect.explainer.glossary import normalize
from resnet_inspect.explainer.speech import Speaker
from resnet_inspect.report import Section
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.lower import lower


def find_counters(word: str) -> tuple[Convention, ...]:
    """The conventions of the package ``word``, or the convention of that name, here or in its package."""
    wanted = normalize(word)
    if wanted in PACKAGES:
        return PACKAGES[wanted].conventions
    return tuple(each for each in COUNTERS if wanted in map(normalize, (each.name, each.doc.partition(":")[0])))


def explain_counters(word: str, conventions: tuple[Convention, ...], say: Speaker) -> Section:
    calls = as_written(lower(zoo.find("resnet50").spec, "resnet50", (1, 3, 224, 224)))
    paragraphs = [
        say(
            "{name} gives {total} {unit}s for resnet50 at 1×3×224×224: {what}.",
            name=f"{each.name} {each.version}".strip(),
            total=f"{count(each, calls).total:,}",
            unit=each.unit,
            what=each.doc,
        )
        for each in conventions
    ]
    remedy = say(
        "`resnet-inspect flops --as {name}` counts a net so; `resnet-inspect reconcile` says why counters differ.",
        name=conventions[0].name,
    )
    return Section(word, say("A counter of operations"), (*paragraphs, remedy))
