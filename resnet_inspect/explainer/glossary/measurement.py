"""Measurement: the four times of a call, how bench samples them, and what comes of it."""

from resnet_inspect.explainer.glossary.term import Term
from resnet_inspect.language import marked

TERMS = (
    Term(
        "latency",
        marked("Latency"),
        ("speed", "runtime", "inference-time", "delay", "延迟", "时延"),
        marked(
            "The time that a caller waits: from one call until the device has finished, by the host's clock. It "
            "includes the device time and whatever the host adds. bench gives the median over rounds with its 95% "
            "interval. Images divided by latency are not the throughput: back-to-back calls overlap host and device."
        ),
        see=("device-time", "throughput", "enqueue"),
    ),
    Term(
        "device-time",
        marked("Device time"),
        ("device_time", "gpu-time", "kernel-time", "设备时间", "设备耗时"),
        marked(
            "The device's own share of a call: the time between two events on the GPU while its queue is kept full, so "
            "the host does not matter. Compare this time with a floor. It can be far below the latency of a small "
            "batch, where launching takes longer than computing."
        ),
        see=("latency", "floor", "host-bound"),
    ),
    Term(
        "throughput",
        marked("Throughput"),
        ("images/s", "images-per-second", "fps", "吞吐量", "吞吐"),
        marked(
            "Images per second over back-to-back calls of at least 50 ms, synchronised once at the end. It is total "
            "images over total time, never a mean of reciprocals. It grows with the batch until the device is full."
        ),
        see=("latency", "device-time"),
    ),
    Term(
        "enqueue",
        marked("Enqueue"),
        ("launch", "launch-overhead", "入队", "下发"),
        marked(
            "The host's time until a call returns, with the work queued on the device but not done. It shows how fast "
            "Python and torch can feed the device. resnet50 is 175 calls; most of them are one kernel or more, and a "
            "kernel takes microseconds to launch."
        ),
        see=("host-bound", "latency"),
    ),
    Term(
        "host-bound",
        marked("Host-bound"),
        ("launch-bound", "cpu-bound", "主机受限", "主机瓶颈"),
        marked(
            "The host needs more than 0.8 of the device's time to enqueue a call, so the device starves. Fewer FLOPs "
            "then change nothing. Fewer or larger kernels help: a larger batch, a CUDA graph, torch.compile."
        ),
        see=("enqueue", "device-time", "mode"),
    ),
    Term(
        "warm-up",
        marked("Warm-up"),
        ("warmup", "steady-state", "预热", "稳态"),
        marked(
            "Calls before the first sample counts: the first ones allocate memory, choose algorithms and raise clocks. "
            "It lasts at least 10 calls and 0.5 s (1 s on a GPU), until two windows of 10 calls agree within 1% in "
            "median, and 10 s at most. bench reports a case that never settled."
        ),
        see=("sample", "round"),
    ),
    Term(
        "sample",
        marked("Sample"),
        ("samples", "样本", "采样"),
        marked(
            "One timed call. A case takes at least 20 in all. Sampling goes on until the 95% interval of the median is "
            "within 1% (2% on a CPU), more rounds no longer narrow it, or 30 s are over. The Record keeps every "
            "sample; outliers are never dropped."
        ),
        see=("round", "case", "record"),
    ),
    Term(
        "round",
        marked("Round"),
        ("rounds", "轮", "轮次"),
        marked(
            "One turn through all cases in random order; there are at least 5. What drifts with time, such as "
            "temperature or a neighbour, then affects every case alike. The interval of the median shows how rounds "
            "differ, which samples of one round cannot."
        ),
        see=("case", "sample"),
    ),
    Term(
        "case",
        marked("Case"),
        ("cases", "arm", "arms", "configuration", "config", "配置", "对照组"),
        marked(
            "One configuration to measure: a net, an input, task, precision, layout, mode and threads. Each runs in a "
            "process of its own, so one that fails is a row of the table and does not end the run. A Record lists the "
            "cases under `arms`."
        ),
        see=("round", "record"),
    ),
    Term(
        "breakdown",
        marked("Breakdown"),
        ("profiling", "profiler", "stage-times", "layer-times", "时间分解", "耗时分解"),
        marked(
            "The times of stages or layers that add up to the time of a call; `bench --per stage` and `--per layer` "
            "measure it. The times are means over the same calls, because medians of stages would not add up."
        ),
        see=("device-time", "latency"),
    ),
    Term(
        "record",
        marked("Record"),
        ("run.json", "记录"),
        marked(
            "A benchmark and its results, as JSON: command, machine, plan, every sample, every check. You can show it "
            "again in any format, compare it with a later one, or hold it against a roofline, without measuring again."
        ),
        see=("verdict", "sample", "machine"),
    ),
    Term(
        "verdict",
        marked("Verdict"),
        ("slower", "faster", "same", "inconclusive", "判定", "结论"),
        marked(
            "SLOWER, FASTER, SAME or INCONCLUSIVE: where the 95% interval of the ratio of two medians lies relative to "
            "1 ± δ. Differences below δ (2% on a GPU, 5% on a CPU) do not matter. On a CPU a difference must also hold "
            "after the machine's own change of pace is removed. INCONCLUSIVE means undecided, not unchanged."
        ),
        see=("record", "round", "reference-workload"),
    ),
    Term(
        "reference-workload",
        marked("Reference workload"),
        ("reference", "yardstick", "pace", "参考负载", "标尺", "步调"),
        marked(
            "Fixed work that bench times next to every round on a CPU. Where it takes longer, the machine has become "
            "slower, as a shared or hot one does within seconds. A verdict between two runs allows for that."
        ),
        see=("verdict", "round"),
    ),
    Term(
        "grade",
        marked("Grade"),
        ("grades", "评级", "等级"),
        marked(
            "How far you can trust a measurement, judged by the state of the machine before it. A: nothing to object "
            "to. B: something widens the interval, such as another process on the GPU. C: something spoils it, such as "
            "more load than CPUs or a throttling GPU. The grade comes with its reasons."
        ),
        see=("machine", "record"),
    ),
)
