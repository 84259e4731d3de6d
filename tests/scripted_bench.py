"""``resnet-inspect`` whose workers are processes as ever, but load no torch: they answer as ``fake_workers`` do.

``python tests/scripted_bench.py bench …`` is the command line. It starts this module again for each worker, which is
given the number of its pipe, and for what torch says of a device, which is given the device. A worker waits
SCRIPTED_WAIT_S before each answer.
"""

import json
import os
import sys
import time
from pathlib import Path
from runpy import run_module

HERE = Path(__file__).parent
COMMAND = (sys.executable, __file__)
PYTHONPATH = f"{HERE.parent}{os.pathsep}{HERE}"  # which it needs


def ask() -> None:
    from resnet_inspect.benchmark import process
    from resnet_inspect.cli import main

    process.WORKER = process.ENVIRONMENT = Path(__file__).stem
    main(prog_name="resnet-inspect")


def describe() -> None:
    from resnet_inspect.hardware.gpu import Probe
    from resnet_inspect.typed_json import encode

    print(json.dumps(encode(Probe("cpu", "fp32", {"torch": "2.15.0"}, None))))


def answer(pipe: int) -> None:
    from fake_workers import FakeWorker

    from resnet_inspect.benchmark.messages import Job, Request
    from resnet_inspect.typed_json import decode, encode

    worker = FakeWorker(decode(Job, json.loads(sys.stdin.readline())).case, [])
    with os.fdopen(pipe, "w", encoding="utf-8") as out:
        for number, name in map(json.loads, sys.stdin):
            time.sleep(float(os.environ.get("SCRIPTED_WAIT_S", "0")))
            print(json.dumps({"to": number, "answer": encode(worker.ask(Request(name, object)))}), file=out, flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case [pipe] if pipe.isdigit():
            answer(int(pipe))
        case ["cpu"]:
            describe()
        case [_]:  # what else a device may be, torch knows
            run_module("resnet_inspect.runtime.environment", run_name="__main__")
        case _:
            ask()
