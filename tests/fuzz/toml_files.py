"""TOML files with keys, values and syntax changed, as bytes, and the command lines that read them."""

from random import Random

from fuzz import hostile
from resnet_inspect.resnet import toml, zoo

BASES = ("resnet18", "resnet50", "seresnet50", "resnetblur18", "resnet26d", "resnetv2_50")
LIMITS = """[tool.resnet-inspect]
model = "resnet18"
input = [1, 3, 64, 64]
batch-size = 1
set = ["groups=1"]
max-params = "26M"
max-macs = 4200000000
max-flops = "8.4G"
max-activations = "12M"
max-memory = "200MiB"
max-latency-ms = 5.5
record = "run.json"
"""
MODELS = """[tool.resnet-inspect]
max-memory = "200MiB"
[[tool.resnet-inspect.models]]
model = "resnet18"
input = [1, 3, 64, 64]
max-params = "26M"
[[tool.resnet-inspect.models]]
model = "resnet34"
set = ["groups=1"]
batch-size = 2
max-macs = "4G"
"""
VALUES = (
    "0", "1", "-1", "1.5", "inf", "-inf", "nan", "1e400", "true", "false", '""', '"\\u0000"', '"\\n"', '"x\\u202ey"',
    "[]", "[[]]", "[1, 2, 3, 4]", "[3, 4, 6, 3]", '["a", 1]', "{}", "{a = 1}", "[{}]", "1979-05-27", "07:32:00",
    "1979-05-27T07:32:00Z", "9" * 30, "9" * 400, "9" * 5000, "0xff", "'''\nx\n'''", '"none"', '"se:0.25"', '"7:2:64"',
    "[[7, 2, 64]]", "[[64, 64], 128, 256, 512]", "2147483648", "[1000000]", "[20000, 1, 1, 1]", '"\\ud800"', "x", "=",
    "[" * 900, "[" * 60 + "]" * 60, '"' + "x" * 5000 + '"', '"../../x.toml"', '"net.py:make"', '"spec.toml"',
    '"resnt50"',
)  # fmt: skip
OF_SPEC = (
    ("summary", "spec.toml"),
    ("summary", "spec.toml", "--depth", "block", "--format", "md"),
    ("flops", "spec.toml", "--task", "train", "--format", "json"),
    ("memory", "spec.toml"),
    ("roofline", "spec.toml", "--format", "html"),
    ("lint", "spec.toml"),
    ("explain", "spec.toml"),
    ("export-spec", "spec.toml"),
    ("compare", "resnet18", "spec.toml"),
    ("diff", "resnet18", "spec.toml", "--format", "csv"),
    ("reconcile", "spec.toml"),
    ("budget", "spec.toml", "--max-params", "26M"),
)
OF_LIMITS = (
    ("budget",),
    ("budget", "--config", "limits.toml"),
    ("budget", "resnet50", "--config", "limits.toml"),
    ("summary",),
    ("compare", "--format", "csv"),
    ("lint", "--strict"),
)


def spec(rng: Random) -> bytes:
    """A spec.toml that is wrong in a few places."""
    return _mutate(
        toml.dump(zoo.find(rng.choice(BASES)).spec).replace("# as resnet50 has them\n", "").replace("# ", ""), rng
    )


def limits(rng: Random) -> bytes:
    """A pyproject.toml with limits that is wrong in a few places."""
    return _mutate(rng.choice((LIMITS, MODELS)), rng)


def _mutate(text: str, rng: Random) -> bytes:
    lines = text.splitlines()
    if rng.random() < 0.5:  # most of the file would only hide the rest
        lines = [line for line in lines if line.startswith("[") or rng.random() < 0.3]
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(lines)) if lines else 0
        key = lines[at].partition(" = ")[0] if lines else "depths"
        match rng.randrange(8):
            case 0:
                lines[at : at + 1] = []
            case 1:
                lines.insert(at, rng.choice((hostile.word(rng), f"{hostile.word(rng)} = 1", f"[{hostile.word(rng)}]")))
            case _:
                lines[at : at + 1] = [f"{key} = {rng.choice(VALUES)}"]
    content = "\n".join(lines).encode(errors="surrogatepass")
    if rng.random() < 0.05:
        at = rng.randrange(len(content) + 1)
        content = content[:at] + rng.choice((b"\xff", b"\x00", b"\xef\xbb\xbf", b"\r", b"[" * 5000)) + content[at:]
    return content
