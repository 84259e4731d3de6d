"""The predicted snapshot is one that torch's own reader takes for a real one."""

import pickle
import pickletools
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nasty import NASTY
from strategies import law, lowered, specs
from torch.cuda import _memory_viz

import resnet_inspect as ri
from resnet_inspect.errors import RequestError
from resnet_inspect.exchange.memory_snapshot import write
from resnet_inspect.graph.facts.memory import memory_peak
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.vocabulary import OPTIMIZERS, TASKS, Optimizer, Task

# What the viewer on pytorch.org reads: ``unpickle`` of torch/utils/viz/MemoryViz.js.
OPCODES = """
APPEND APPENDS BINFLOAT BINGET BININT BININT1 BININT2 BINPUT BINUNICODE DICT EMPTY_DICT EMPTY_LIST EMPTY_TUPLE FRAME
LIST LONG1 LONG_BINGET LONG_BINPUT MARK MEMOIZE NEWFALSE NEWTRUE NONE PROTO SETITEM SETITEMS SHORT_BINUNICODE STOP
TUPLE TUPLE1 TUPLE2 TUPLE3
"""
CONFIGS = [("infer", "sgd"), ("train", "sgd"), ("train", "adam")]


def snapshot(model: str, **options: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = pickle.loads(ri.export(model, "memory-snapshot", **options))
    return loaded


def check(content: bytes, peak_bytes: int) -> None:
    """Blocks never overlap, each free has its block, the trace ends as the segment does, and the peak is predicted."""
    (trace,), (segment,) = (pickle.loads(content)[key] for key in ("device_traces", "segments"))
    live: dict[int, int] = {}
    most = 0
    for event in trace:
        address, size = event["addr"], event["size"]
        match event["action"]:
            case "alloc":
                assert size > 0
                assert address + size <= segment["total_size"]
                assert not any(start < address + size and address < start + other for start, other in live.items())
                live[address] = size
            case "free_requested":
                assert live[address] == size
            case "free_completed":
                assert live.pop(address) == size
        most = max(most, sum(live.values()))
    assert most == peak_bytes
    blocks = segment["blocks"]
    assert live == {block["address"]: block["size"] for block in blocks if block["state"] == "active_allocated"}
    ends = [0, *(block["address"] + block["size"] for block in blocks)]
    assert ends == [*(block["address"] for block in blocks), segment["total_size"]]
    assert {opcode.name for opcode, *_ in pickletools.genops(content)} <= {*OPCODES.split()}


@law(20)
@given(specs(), st.sampled_from(TASKS), st.sampled_from(OPTIMIZERS))
def test_the_blocks_of_any_net_fit_together(spec: ResNetSpec, task: Task, optimizer: Optimizer) -> None:
    graph = lowered(spec, 2, 64)
    check(write(graph, task, "fp32", optimizer), memory_peak(graph, task, "fp32", optimizer)[1].peak_bytes)


@pytest.mark.parametrize(("task", "optimizer"), CONFIGS)
def test_torch_reads_the_snapshot(task: Task, optimizer: Optimizer) -> None:
    loaded = snapshot("resnet18", task=task, optimizer=optimizer)
    peak = memory_peak(ri.lower("resnet18"), task, "fp32", optimizer)[1]
    left = sum(getattr(peak, f"{kind}_bytes") for kind in ("weight", "buffer", "input", "optimizer"))
    left += peak.weight_bytes if task == "train" else 0  # the gradients of all weights
    assert f"total_allocated: {_memory_viz.Bytes(left)}\n" in _memory_viz.segsum(loaded)
    lines = [line.rsplit(" ", 1) for line in _memory_viz.memory(loaded, lambda text: text).splitlines()]
    assert sum(int(size) for name, size in lines if "active_allocated" in name) == left
    assert "= MEM[0:" in (told := _memory_viz.trace(loaded)) or "= seg_0[0:" in told
    assert told.count("del ") == sum(event["action"] == "free_requested" for event in loaded["device_traces"][0])
    for plot in (_memory_viz.trace_plot, _memory_viz.segment_plot):
        assert "snapshot.pickle" in plot(loaded)
    kept = _memory_viz.filter_alloc_free_pairs(loaded)["device_traces"][0]
    assert sum(event["size"] for event in kept if event["action"] == "alloc") == left


def test_its_keys_are_those_of_a_measured_one() -> None:
    """torch's own snapshot of a profile on the CPU; only CUDA has an allocator that records one."""
    activities = [torch.profiler.ProfilerActivity.CPU]
    net, x = torch.nn.Conv2d(3, 8, 3), torch.zeros(1, 3, 8, 8)
    with torch.profiler.profile(
        activities=activities, profile_memory=True, record_shapes=True, with_stack=True
    ) as done:
        net(x).sum().backward()
    measured, predicted = _memory_viz._profile_to_snapshot(done), snapshot("resnet18", task="train")
    keys = {frozenset(event) for trace in measured["device_traces"] for event in trace}
    assert {frozenset(event) for event in predicted["device_traces"][0]} == keys
    assert {*measured["segments"][0]} <= {*predicted["segments"][0]}
    for block in measured["segments"][0]["blocks"]:
        assert {*block} <= {*predicted["segments"][0]["blocks"][0]}
    categories = {event["category"] for event in predicted["device_traces"][0] if "category" in event}
    known = {category.name.lower() for category in torch.profiler._memory_profiler.Category}
    assert categories <= {*known, "unknown"}
    assert "unknown" in categories, "the viewer's colours need it"


@pytest.mark.parametrize("nasty", NASTY.values())
def test_any_name_of_a_module_is_kept(nasty: str) -> None:
    from dataclasses import replace

    graph = ri.lower("resnet18")
    nodes = tuple(replace(node, name=node.name.replace("layer1", nasty)) for node in graph.nodes)
    check(write(replace(graph, nodes=nodes)), memory_peak(graph)[1].peak_bytes)


def test_a_request_that_has_no_snapshot_is_refused() -> None:
    for options in ({"record": "run.json"}, {"device": "a100"}, {"node_data": "macs"}):
        with pytest.raises(RequestError, match="not for memory-snapshot"):
            ri.export("resnet18", "memory-snapshot", **options)
