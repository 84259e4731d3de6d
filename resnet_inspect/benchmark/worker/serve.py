"""A worker: one case in a process of its own. A Job and numbered requests come on stdin, answers leave by a pipe.

All are JSON lines.
"""

import gc
import json
import os
import sys
from collections.abc import Callable, Iterator

import torch
from torch import nn

from resnet_inspect.benchmark.messages import Job, Prepared, Unavailable
from resnet_inspect.benchmark.worker.measure import ANSWERS, Answers
from resnet_inspect.benchmark.worker.prepare import Ready, prepare
from resnet_inspect.graph import Graph
from resnet_inspect.kwargs import read_kwargs
from resnet_inspect.resnet.fields import from_mapping
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.runtime import code, gpu, pickled
from resnet_inspect.runtime.environment import flags
from resnet_inspect.runtime.trace import trace
from resnet_inspect.typed_json import decode, encode

# Where no algorithm that cuDNN tries finds memory, or a graph being captured finds none, torch says this instead.
NO_ROOM = ("unable to find an engine", "previous error during capture")


def main(answers: int) -> None:
    """Answer until stdin ends. Out of memory is an answer; any other failure ends the process."""
    lines = iter(sys.stdin.readline, "")
    job = decode(Job, json.loads(next(lines)), "job")
    with os.fdopen(answers, "w", encoding="utf-8") as out:
        serve(job, map(json.loads, lines), lambda answer: print(json.dumps(answer), file=out, flush=True))


def serve(job: Job, requests: Iterator[tuple[int, str]], write: Callable[[dict[str, object]], None]) -> None:
    """Write one answer to each request, with its number; the first prepares the case, whatever its name."""
    case = job.case
    net, graph = load(job)
    answers = ANSWERS
    inference = torch.inference_mode(case.task == "infer")
    ready: Ready | None = None
    for number, request in requests:
        try:
            if ready is None:
                described = gpu.describe(torch.device(case.device).index or 0) if case.kind == "cuda" else None
                if (case.processes or 1) > 1:
                    ready, answers = _prepare_together(job, graph, net)
                else:
                    ready = prepare(case, graph, job.plan.seed, net)
                write({"to": number, "answer": encode(Prepared(ready.captured_ms, flags(), described))})
                continue
            with inference:
                write({"to": number, "answer": encode(answers[request](ready, case, job.plan))})
        except Unavailable as unavailable:
            write({"to": number, "unavailable": unavailable.reason})
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            write({"to": number, "lost": "oom", "detail": str(error).splitlines()[0][:200]})
    gc.unfreeze()


def _prepare_together(job: Job, graph: Graph, net: nn.Module | None) -> tuple[Ready, Answers]:
    """The case in this process and in its peers."""
    from resnet_inspect.benchmark.worker import peers, scaling  # only cases of several processes pay for these

    store, pipes = peers.start_peers(job.case, json.dumps(encode(job)), job.files)
    peers.join(store, 0, job.case)
    group = peers.Together(job.case, pipes)
    return group.take(prepare(job.case, graph, job.plan.seed, net, group.wrap)), scaling.ANSWERS


def load(job: Job) -> tuple[nn.Module | None, Graph]:
    """The graph of what is measured, and the module itself where that is code."""
    case = job.case
    n, c, h, w = case.input
    if "spec" in job.source:
        return None, lower(from_mapping(ResNetSpec(), job.source["spec"]), case.model, (n, c, h, w))
    if "module" in job.source:
        net = pickled.load(job.source["module"], job.source["path"])
    else:
        torch.manual_seed(job.plan.seed)
        net = code.make(job.source["code"], read_kwargs(job.source.get("kwargs", ())))
    return net, trace(net, (n, c, h, w), case.model)


def is_out_of_memory(error: BaseException) -> bool:
    """torch's own error, or those that CUDA, cuBLAS, cuDNN and the CPU allocator give as a RuntimeError."""
    signs = ("allocate memory", "out of memory", "ALLOC_FAILED", "ALLOCATION_FAILED", *NO_ROOM)
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(sign in str(error) for sign in signs)


if __name__ == "__main__":
    main(int(sys.argv[1]))
