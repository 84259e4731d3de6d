"""Which cases take turns: as many as fit into memory together."""

from collections.abc import Callable, Iterator, Sequence

from resnet_inspect.benchmark.case import Case

GROUP = 4  # cases interleaved at a time, if their memory allows it


def groups(cases: Sequence[Case], need_bytes: Callable[[Case], int], available: int) -> Iterator[list[Case]]:
    """Runs of at most GROUP cases whose bytes fit together; a case on a GPU has the device to itself."""
    group: list[Case] = []
    for case in cases:
        alone = case.kind != "cpu"
        if group and (alone or len(group) == GROUP or sum(map(need_bytes, [*group, case])) > available):
            yield group
            group = []
        group.append(case)
    if group:
        yield group
