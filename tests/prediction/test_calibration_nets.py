"""The list of a calibration's nets: real nets at real sizes, and among the first of them every kind of call."""

from resnet_inspect import sources
from resnet_inspect.graph import Graph
from resnet_inspect.prediction.calibration_nets import ANCHOR, CALIBRATION, ON_GPU, SIDES, Workload
from resnet_inspect.prediction.features import features_of
from resnet_inspect.resnet.zoo import variants

ON_A_GPU = 20  # nets that its four minutes allow


def graph_of(workload: Workload) -> Graph:
    return sources.graph_of(sources.find(workload.net), (workload.batch, 3, workload.side, workload.side))


def kinds_of(graph: Graph) -> frozenset[str]:
    return features_of(graph, "fp32", "eager").material


def test_each_net_can_run_at_its_size() -> None:
    for workload in CALIBRATION:
        assert graph_of(workload).input.shape[0] == workload.batch
        assert workload.side in SIDES
        assert workload.batch in ON_GPU
    assert len(set(CALIBRATION)) == len(CALIBRATION)
    assert {workload.batch for workload in CALIBRATION[:ON_A_GPU]} == {1, 8}, "batches between them are interpolated"


def test_the_first_nets_have_every_kind_of_call_that_matters_in_a_net_of_photographs() -> None:
    seen = frozenset[str]().union(*(kinds_of(graph_of(each)) for each in (ANCHOR, *CALIBRATION[:ON_A_GPU])))
    for variant in variants():
        if variant.spec.input_size >= 64:
            side = variant.spec.input_size if variant.spec.head == "attention" else 224  # which takes its own alone
            for batch in (1, 8):
                missing = kinds_of(graph_of(Workload(variant.name, batch, side))) - seen
                assert not missing, f"{variant.name} at batch {batch}"
