"""Page faults, counted and timed against memory that is touched for the first time."""

import mmap

from resnet_inspect.benchmark.worker import page_faults


def test_fresh_memory_is_fetched_page_by_page() -> None:
    size = 2**22
    with mmap.mmap(-1, size) as memory:
        if hasattr(memory, "madvise"):
            memory.madvise(mmap.MADV_NOHUGEPAGE)
        before = page_faults.faults()
        for at in range(0, size, mmap.PAGESIZE):
            memory[at] = 1
        assert page_faults.faults() - before >= size / mmap.PAGESIZE


def test_a_fault_takes_time() -> None:
    cost = page_faults.cost_us()
    assert cost is None or 0 <= cost < 1000
