"""A module that the caller holds, measured by processes that read a copy of it."""

import gc
import os
from importlib import import_module
from pathlib import Path

import pytest
import torch
from torch import nn

import resnet_inspect as ri
from resnet_inspect.runtime import pickled

CODE = """
from torch import nn

class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv2d(3, 3, 3, padding=1)])

    def forward(self, x):
        for conv in self.convs:
            x = conv(x)
        return x.flatten(1)
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> nn.Module:
    """A net of the user's own, which its constructor alone does not make again."""
    (tmp_path / "code_of_own_net.py").write_text(CODE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    net: nn.Module = import_module("code_of_own_net").Own()
    net.convs.append(nn.Conv2d(3, 5, 1))
    return net.train()


def test_a_module_in_memory_is_measured_as_it_is_and_stays_so(own: nn.Module) -> None:
    before = {name: tensor.clone() for name, tensor in own.state_dict().items()}
    gc.collect()
    open_files = os.listdir("/proc/self/fd")
    record = ri.bench(own, device="cpu", input=(1, 3, 16, 16), threads=1, quick=True, max_time_s=0.2)
    gc.collect()
    (result,) = record.results
    assert (result.case.model, result.status, result.valid) == ("Own", "ok", True), result.checks
    assert result.cost.params == sum(parameter.numel() for parameter in own.parameters())
    assert own.training
    assert all(torch.equal(before[name], tensor) for name, tensor in own.state_dict().items())
    assert os.listdir("/proc/self/fd") == open_files, "the copy is gone"
    assert "Own: a module in memory, which no command measures again" in ri.show(record).notes
    with pytest.raises(ri.InspectError, match=r"hint:  give it, as ri\.roofline\(net, record=record\)"):
        ri.roofline(record=record)


def test_processes_that_train_together_read_the_same_copy(own: nn.Module) -> None:
    record = ri.bench(
        own, device="cpu", input=(1, 3, 16, 16), task="train", processes=2, threads=1, quick=True, max_time_s=0.2
    )
    (result,) = record.results
    assert result.status == "ok", result.findings
    assert result.scaling is not None
    assert result.scaling.exchange_bytes == 4 * sum(parameter.numel() for parameter in own.parameters())


def test_a_copy_has_the_weights_and_is_read_more_than_once(own: nn.Module) -> None:
    with pickled.save(own) as file:
        for _ in range(2):
            copy = pickled.load(file.fileno(), [])
            assert copy is not own
            assert all(map(torch.equal, copy.state_dict().values(), own.state_dict().values()))


def test_a_net_of_a_function_that_pickle_cannot_name_gets_a_way_out(own: nn.Module) -> None:
    own.register_forward_hook(lambda *_: None)
    with pytest.raises(
        ri.InspectError, match=r"Own, a module in memory, cannot be pickled: .*\nhint:  put what makes it"
    ):
        ri.bench(own)
