"""A configuration as somebody types it: a command line of bench, and lines of Python."""

import shlex
from collections.abc import Iterator, Sequence

from resnet_inspect.benchmark.case import Case

DTYPES = {"bf16": "torch.bfloat16", "fp16": "torch.float16"}


def command_line(case: Case, net: Sequence[str] = ()) -> str:
    """The ``bench`` of this case; ``net`` are the words that name the network, as ``resnet50 --set groups=32``."""
    words = ["resnet-inspect", "bench", *(net or [case.model]), "--device", case.device]
    words += ["--input", ",".join(map(str, case.input)), "--precision", case.precision, "--layout", case.layout]
    words += ["--mode", case.mode]
    return shlex.join(words + (["--threads", str(case.threads)] if case.kind == "cpu" else []))


def python_lines(case: Case) -> Iterator[str]:
    """How to run ``net`` on the batch ``x`` as the case does.

    A graph is captured as https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs says, after three calls on a
    side stream; later batches are copied into ``x``.
    """
    dtype = DTYPES.get(case.precision)
    changes = [repr(case.device)] if case.kind != "cpu" else []
    changes += [dtype] if dtype else []
    changes += ["memory_format=torch.channels_last"] if case.layout == "channels_last" else []
    to = f".to({', '.join(changes)})" if changes else ""
    if case.kind == "cpu":
        yield f"torch.set_num_threads({case.threads})"
    if case.kind == "cuda":
        allowed = case.precision == "tf32"
        yield f"torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = {allowed}"
        yield "torch.backends.cudnn.benchmark = True"
    yield f"net, x = net.eval(){to}, x{to}"
    if case.is_compiled:
        yield "net = torch.compile(net)"
    contexts = "torch.inference_mode()"
    if case.precision.startswith("amp-"):
        contexts += f", torch.autocast({case.kind!r}, {DTYPES[case.precision.removeprefix('amp-')]})"
    if case.is_captured:
        yield "stream, graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()"
        yield f"with {contexts}, torch.cuda.stream(stream): [net(x) for _ in range(3)]"
        yield f"with {contexts}, torch.cuda.graph(graph): out = net(x)"
        yield "graph.replay()"
    else:
        yield f"with {contexts}: out = net(x)"
