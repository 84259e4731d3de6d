"""What is odd about a measurement: the message and the hint of each finding."""

# code -> (message, hint), filled with the finding's values
CATALOGUE = {
    "host-bound": (
        "the host needs {share} of the device's time to enqueue a call",
        "use --mode graph or compile, or a larger batch",
    ),
    "never-settled": (
        "no steady state after {seconds} s of warm-up",
        "close other programs and measure again",
    ),
    "noisy": ("{spread} between rounds", "close other programs; compare medians of interleaved runs alone"),
    "drift": ("{change} from the first round to the last", "the machine heats up or is shared: measure again later"),
    "bimodal": ("two speeds in one arm", "look at samples_ms: another process, or frequency steps"),
    "slow-first": (
        "the first call of a round takes {ratio}× the time of the others",
        "another arm, or another program, had the caches in between: compare medians, which bear one slow call",
    ),
    "rounding": (
        "outputs are {error} from fp32 in relative L2, {limit} is rounding",
        "mistrust this precision for this net",
    ),
    "throttled": (
        "the GPU slows itself down: {reasons}",
        "let it cool, or raise its power limit; never compare such a run",
    ),
    "unsteady-clock": (
        "the GPU's clock lost {share} between rounds, from {high} to {low} MHz",
        "let it cool, or lock its clock; compare medians of interleaved runs alone",
    ),
    "unsteady-cpu": (
        "one and the same work took {share} longer beside one round than beside another",
        "the CPU heats up or is shared: `resnet-inspect verdict` allows for it, a glance at two medians does not",
    ),
    "crowded": (
        "the calling thread was given {share} of a CPU: other programs, or more threads than CPUs, had the rest",
        "close other programs, or give fewer --threads: what was measured is also theirs",
    ),
    "page-faults": (
        "{count} page faults a call, {share} of its time if one thread takes them all: the allocator gives large "
        "tensors back to the system and fetches them again",
        "glibc keeps them with MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=8589934592 before the command; "
        "or preload jemalloc",
    ),
    "ceiling-moved": (
        "the ceiling of {what} changed by {change} from before the rounds to after them; the higher one counts",
        "the device heats up or is shared: compare medians of interleaved runs alone",
    ),
    "cached": (
        "the device takes {share} of the least time that its ceilings allow",
        "what is read from a cache does not move: the floor of so small a net is above what it can reach",
    ),
    "imprecise": (
        "the interval is wider than ±{within} where the rounds ended: {stopped}",
        "noise: more rounds do not help, close other programs; time: allow more with --max-time; "
        "quick: leave out --quick",
    ),
    "interrupted": (
        "Ctrl-C ended the rounds, of which there are {rounds}",
        "no verdict believes such an arm: measure again",
    ),
    "other-pace": (
        "the plain calls of the pass with marks at every {by} differ by {change} from those of the rounds",
        "the machine changed its pace in between: trust the shares of its time sooner than its times",
    ),
    "instrumented": (
        "the run with marks at every {by} differs by {change} from the plain one, by more than ±{within}",
        "trust the shares of its time sooner than its times",
    ),
    "oom": ("out of memory: {detail}", "use a smaller --batch-size"),
    "crashed": ("the worker ended: {detail}", "run this configuration alone"),
    "timeout": ("the worker did not answer: {detail}", "use a smaller --batch-size"),
}
