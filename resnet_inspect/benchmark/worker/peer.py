"""A process that trains with others: ``python -m resnet_inspect.benchmark.worker.peer RANK PORT``.

The worker that leads writes its Job to stdin as a line, and then each call as a byte.
"""

import json
import os
import sys
import traceback

from resnet_inspect.benchmark.messages import OUT_OF_MEMORY, Job
from resnet_inspect.benchmark.worker.peers import HOST, STORES, Together, case_of, join
from resnet_inspect.benchmark.worker.prepare import prepare
from resnet_inspect.benchmark.worker.serve import is_out_of_memory, load
from resnet_inspect.typed_json import decode


def main(rank: int, port: int) -> None:
    job = decode(Job, json.loads(_line()), "job")
    case = case_of(rank, job.case)
    net, graph = load(job)
    join(STORES.TCPStore(HOST, port, is_master=False), rank, case)
    together = Together(case, [])
    together.take(prepare(case, graph, job.plan.seed, net, together.wrap))
    together.follow()


def _line() -> bytes:
    """The first line of stdin, and no byte after it."""
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(0, 1)):
        line += byte
    return line


if __name__ == "__main__":
    try:
        main(*map(int, sys.argv[1:]))
    except Exception as error:
        traceback.print_exc()
        os._exit(OUT_OF_MEMORY if is_out_of_memory(error) else 1)  # before the worker loses the connection
