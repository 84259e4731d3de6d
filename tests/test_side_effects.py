"""No verb changes anything in the process that calls it. All run in one process of their own, in which each is new."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import resnet_inspect as ri

# verb -> a call of it; what the call returns is printed, too
SMALL = "settings=['depths=1', 'widths=8', 'num_classes=4'], epochs=1, batch_size=4, workers=0, device='cpu'"
TABLE = str(Path(__file__).parent / "reference" / "timm_speed.csv")
CALLS = {
    "train": f"ri.train('resnet18', (1, 3, 32, 32), data='fake:8', folder=record + '.run', {SMALL})",
    "accuracy": "ri.accuracy(record + '.run/last.pt', workers=0, device='cpu')",
    "bench": "ri.bench('resnet18', device='cpu', input=(1, 3, 32, 32), threads=1, quick=True, max_time_s=0.1)",
    "budget": "ri.budget('resnet18', max_macs=1)",
    "build": "ri.build('resnet18')",
    "calibrate_from": f"ri.calibrate_from({TABLE!r})",
    "check": "ri.check('resnet18', input=(1, 3, 64, 64))",
    "choose": "ri.choose('t4', among='resnet1*', max_memory='1GiB')",
    "compare": "ri.compare(['resnet18', 'resnet34'])",
    "devices": "ri.devices()",
    "diff": "ri.diff('resnet18', 'resnet34')",
    "explain": "ri.explain('resnet18')",
    "export_spec": "ri.export_spec('resnet18')",
    "flops": "ri.flops(net, task='train', input=(2, 3, 64, 64))",
    "fold": "ri.fold(net)",
    "glossary": "ri.glossary()",
    "lint": "ri.lint('resnet18')",
    "list": "ri.list('resnet1*')",
    "lower": "ri.lower('torchvision:resnet18')",
    "export": "ri.export('resnet18', 'json')",
    "make_report": "ri.make_report(net, device='a100')",
    "memory": "ri.memory(net, input=(2, 3, 64, 64), task='train')",
    "plot": "ri.plot('stages', net).svg",
    "predict": f"ri.predict('resnet50', profile=ri.calibrate_from({TABLE!r}).profile)",
    "profile": f"ri.profile(ri.calibrate_from({TABLE!r}).profile)",
    "profiles": "ri.profiles()",
    "read_record": "ri.read_record(record)",
    "reconcile": "ri.reconcile('resnet18')",
    "roofline": "ri.roofline(net, device='a100')",
    "show": "ri.show(record)",
    "spec": "ri.spec('resnet18')",
    "summary": "ri.summary(drawing)",
    "a function that makes a net": "ri.summary(torchvision.models.resnet18)",
    "a pass that fails": "fails(lambda: ri.summary(failing))",
    "tune": "ri.tune('resnet18', 'latency', 'cpu', (1, 3, 32, 32), among='mode=eager,threads=1', budget=1)",
    "verdict": "ri.verdict(record, record)",
}

SCRIPT = """
import json, os, random, signal, sys, threading, warnings
import numpy, torch, torchvision
import resnet_inspect as ri
from torch import nn

record = sys.argv[1]
net = torchvision.models.resnet18()

class Drawing(nn.Module):
    def __init__(self, fail=False):
        super().__init__()
        self.conv, self.fail = nn.Conv2d(3, 4, 1), fail
    def forward(self, x):
        factor = float(torch.rand(1, device="cpu")) + random.random()
        return self.conv(x).numpy() if self.fail else self.conv(x) * factor

drawing, failing = Drawing(), Drawing(True)

def fails(call):
    try:
        call()
    except ri.InspectError:
        return
    raise AssertionError("it did not fail")

def fingerprint():
    return {
        "torch's random state": torch.get_rng_state().tolist(),
        "Python's random state": random.getstate(),
        "NumPy's random state": str(numpy.random.get_state()),
        "sys.path": list(sys.path),
        "environment": dict(os.environ),
        "working folder": os.getcwd(),
        "warning filters": list(warnings.filters),
        "grad mode": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "default type": (torch.get_default_dtype(), torch.get_default_device()),
        "threads": (torch.get_num_threads(), [thread.name for thread in threading.enumerate()]),
        "signal handlers": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "streams": (id(sys.stdout), id(sys.stderr), id(sys.stdin)),
        "hooks of every module": len(nn.modules.module._global_forward_hooks),
        "modules": [[module.training, len(module._forward_hooks)] for module in net.modules()],
        "weights": [[p.data_ptr(), p._version, p.grad is None] for p in net.parameters()],
    }

changed = {}
for verb, call in json.loads(sys.argv[2]).items():
    before = fingerprint()
    str(eval(call))
    after = fingerprint()
    changed[verb] = [name for name in before if before[name] != after[name]]
print(json.dumps(changed))
"""


@pytest.fixture(scope="module")
def changed(
    measured_once: Callable[[str, Callable[[], str]], str], record_json: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[str]]:
    record = tmp_path_factory.mktemp("record") / "record.json"
    record.write_text(record_json, encoding="utf-8")

    def measure() -> str:
        command = [sys.executable, "-c", SCRIPT, str(record), json.dumps(CALLS)]
        done = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[-1]

    return json.loads(measured_once("changed.json", measure))


def test_every_verb_is_called() -> None:
    verbs = {name for name in ri.__all__ if not isinstance(getattr(ri, name), type)}
    too_long = {"calibrate"}  # measures for minutes, as bench does
    assert verbs - too_long == CALLS.keys() - {"a pass that fails", "a function that makes a net"}


@pytest.mark.parametrize("verb", CALLS)
def test_a_verb_leaves_the_process_as_it_was(verb: str, changed: dict[str, list[str]]) -> None:
    assert changed[verb] == []
