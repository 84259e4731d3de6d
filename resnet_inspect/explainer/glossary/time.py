"""Four times that are not one another, and how they are sampled."""

from resnet_inspect.explainer.glossary.term import Term
from resnet_inspect.language import marked

TERMS = (
    Term(
        "latency",
        marked("Latency"),
        ("delay", "延迟", "时延"),
        marked(
            "What a caller waits: one call, then until the device has finished, by the host's clock. It holds the "
            "device time and whatever the host needs beside it. The median over rounds is given with its 95% "
            "interval. Images per latency are not the throughput: calls back to back overlap host and device."
        ),
        see=("device-time", "throughput", "enqueue"),
    ),
    Term(
        "device-time",
        marked("Device time"),
        ("device_time", "gpu-time", "kernel-time", "设备时间", "设备耗时"),
        marked(
            "The chip's own share of a call: between two events on the GPU while its queue is kept full, so that the "
            "host is out of the picture. It is the time to hold against a floor. It can be far below the latency of a "
            "small batch, where launching takes longer than computing."
        ),
        see=("latency", "floor", "host-bound"),
    ),
    Term(
        "throughput",
        marked("Throughput"),
        ("images/s", "images-per-second", "fps", "吞吐量", "吞吐"),
        marked(
            "Images a second over a block of calls back to back, synchronised once at the end, of at least 50 ms: "
            "total images over total time, never a mean of reciprocals. It grows with the batch until the device is "
            "full."
        ),
        see=("latency", "device-time"),
    ),
    Term(
        "enqueue",
        marked("Enqueue"),
        ("launch", "launch-overhead", "入队", "下发"),
        marked(
            "The host's time until a call returns, with the work queued on the device but not done. It says how fast "
            "Python and torch can feed the device; resnet50 is 175 calls, most of them a kernel or more that takes "
            "microseconds to launch."
        ),
        see=("host-bound", "latency"),
    ),
    Term(
        "host-bound",
        marked("Host-bound"),
        ("launch-bound", "cpu-bound", "主机受限", "主机瓶颈"),
        marked(
            "The host needs more than 0.8 of the device's time to enqueue a call: the device starves. Fewer FLOPs "
            "then change nothing, fewer or larger kernels do: a larger batch, a CUDA graph, torch.compile."
        ),
        see=("enqueue", "device-time", "mode"),
    ),
    Term(
        "warm-up",
        marked("Warm-up"),
        ("warmup", "steady-state", "预热", "稳态"),
        marked(
            "Calls before any sample counts: the first ones allocate, choose algorithms, raise clocks. It lasts at "
            "least 10 calls and 0.5 s (1 s on a GPU), until two windows of 10 calls agree within 1% in median, and 10 "
            "s at most; an arm that never settled says so."
        ),
        see=("sample", "round"),
    ),
    Term(
        "sample",
        marked("Sample"),
        ("samples", "样本", "采样"),
        marked(
            "One timed call. An arm takes at least 20 in all and sampling goes on until the 95% interval of the "
            "median is within 1% (2% on a CPU), more rounds narrow it no more, or 30 s are over. All are kept in the "
            "Record; outliers are never dropped."
        ),
        see=("round", "arm", "record"),
    ),
    Term(
        "round",
        marked("Round"),
        ("rounds", "轮", "轮次"),
        marked(
            "One pass over all arms in random order, at least 5 of them. What drifts with time, such as temperature "
            "or a neighbour, then meets every arm alike, and the interval of the median can tell how rounds differ, "
            "which samples of one round cannot."
        ),
        see=("arm", "sample"),
    ),
    Term(
        "arm",
        marked("Arm"),
        ("arms", "configuration", "config", "配置", "对照组"),
        marked(
            "One configuration of a benchmark: a net, an input, task, precision, layout, mode and threads. Each runs "
            "in a process of its own, so that one that fails is a row of the table and not the end of the run."
        ),
        see=("round", "record"),
    ),
    Term(
        "record",
        marked("Record"),
        ("run.json", "记录"),
        marked(
            "What a benchmark was and gave, as JSON: command, machine, plan, every sample, every check. It can be "
            "shown again in any format, held against a later one, or laid beside a roofline, without measuring anew."
        ),
        see=("verdict", "sample", "machine"),
    ),
    Term(
        "verdict",
        marked("Verdict"),
        ("slower", "faster", "same", "inconclusive", "判定", "结论"),
        marked(
            "SLOWER, FASTER, SAME or INCONCLUSIVE: where the 95% interval of the ratio of two medians lies round 1 ± "
            "δ. Differences below δ, 2% on a GPU and 5% on a CPU, are not worth telling; on a CPU one has to hold with "
            "the machine's own pace taken out, too. INCONCLUSIVE means that it is not decided, not that nothing "
            "changed."
        ),
        see=("record", "round", "yardstick"),
    ),
    Term(
        "yardstick",
        marked("Yardstick"),
        ("pace", "标尺", "步调"),
        marked(
            "One and the same work, timed beside every round on a CPU. Where it takes longer, the machine has become "
            "slower, as a shared or hot one does within seconds; a verdict between two runs allows for that."
        ),
        see=("verdict", "round"),
    ),
    Term(
        "grade",
        marked("Grade"),
        ("grades", "评级", "等级"),
        marked(
            "How far a measurement can be trusted, by what was seen of the machine before it: A for nothing to "
            "object, B for what widens the interval (another process on the GPU, say), C for what spoils it (more "
            "load than CPUs, a throttling GPU). The reasons stand beside it."
        ),
        see=("machine", "record"),
    ),
)
