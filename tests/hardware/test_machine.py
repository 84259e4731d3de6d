"""What a machine is said to be, from trees of files made up here, and the grade it gets."""

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest

from resnet_inspect.hardware.gpu import Gpu
from resnet_inspect.hardware.machine import Grade, Machine, grade, read, usable_cpus

GIB = 1024**3

QUIET = Machine(
    os="Linux",
    kernel="6.8.0",
    python="3.11.7",
    cpu_model="AMD EPYC 9654",
    cpus=8,
    affinity=8,
    cores=8,
    quota_cpus=None,
    memory_bytes=16 * GIB,
    swap_bytes=0,
    load_1m=0.2,
    governor="performance",
    frequency_mhz=3700.0,
    container=False,
    traced=False,
    variables={},
)
UNKNOWN_GPU = Gpu(**dict.fromkeys(field.name for field in fields(Gpu)))
UNTHROTTLED_GPU = replace(UNKNOWN_GPU, throttle=())


def cpuinfo(cpus: int, threads: int = 1) -> str:
    """Of one package, whose second threads are numbered after all the first, as Linux does."""
    cores = cpus // threads
    return "\n".join(
        f"processor\t: {cpu}\nmodel name\t: AMD EPYC 9654\ncpu MHz\t\t: 2400.5\nphysical id\t: 0\n"
        f"siblings\t: {cpus}\ncore id\t\t: {cpu % cores}\ncpu cores\t: {cores}\nflags\t\t: fpu\n"
        for cpu in range(cpus)
    )


def tree(root: Path, files: Mapping[str, str] | None = None) -> str:
    """A Linux machine of 8 CPUs below ``root``, with ``files`` (path -> content) in place of its own or beside them."""
    content = {
        "proc/cpuinfo": cpuinfo(8),
        "proc/loadavg": "0.87 1.37 1.67 3/91 16847\n",
        "proc/meminfo": "MemTotal:       16777216 kB\nSwapTotal:       2097152 kB\nSwapFree:        1048576 kB\n",
        "proc/self/cgroup": "0::/user.slice/session\n",
        "proc/self/status": "Name:\tpython\nTracerPid:\t0\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\n",
        "proc/sys/kernel/osrelease": "6.8.0\n",
        "proc/sys/kernel/ostype": "Linux\n",
        "sys/devices/system/cpu/online": "0-7\n",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "3700000\n",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n",
    } | dict(files or {})
    for path, text in content.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return str(root)


def test_a_linux_machine_is_read_off_its_files(tmp_path: Path) -> None:
    seen = replace(QUIET, load_1m=0.87, swap_bytes=GIB, python=platform.python_version())
    assert read(tree(tmp_path), {}) == seen


def test_a_machine_is_json_and_does_not_name_the_host(tmp_path: Path) -> None:
    machine = asdict(read(tree(tmp_path, {"proc/sys/kernel/hostname": "secretary\n"}), {"HOSTNAME": "secretary"}))
    assert "secretary" not in json.dumps(machine)


def test_the_affinity_leaves_out_cpus_that_the_machine_could_have_and_has_not(tmp_path: Path) -> None:
    root = tree(tmp_path, {"proc/self/status": "Cpus_allowed_list:\t2-3,6-127\n"})
    assert (read(root, {}).cpus, read(root, {}).affinity) == (8, 4)


def test_the_first_allowed_cpu_tells_governor_and_frequency(tmp_path: Path) -> None:
    scaling = "sys/devices/system/cpu/cpu4/cpufreq/scaling"
    slow = {f"{scaling}_cur_freq": "800000\n", f"{scaling}_governor": "powersave\n"}
    machine = read(tree(tmp_path, {"proc/self/status": "Cpus_allowed_list:\t4-7\n"} | slow), {})
    assert (machine.frequency_mhz, machine.governor) == (800.0, "powersave")


def test_without_frequency_scaling_cpuinfo_tells_the_frequency(tmp_path: Path) -> None:
    machine = read(tree(tmp_path, {"proc/self/status": "Cpus_allowed_list:\t1-7\n"}), {})
    assert (machine.frequency_mhz, machine.governor) == (2400.5, None)


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({}, None),
        ({"sys/fs/cgroup/cpu.max": "max 100000\n"}, None),
        ({"sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1.5),
        ({"sys/fs/cgroup/cpu.max": "150000 0\n"}, None),
        ({"sys/fs/cgroup/cpu.max": "plenty\n"}, None),
        (
            {
                "sys/fs/cgroup/user.slice/cpu.max": "200000 100000\n",
                "sys/fs/cgroup/user.slice/session/cpu.max": "400000 100000\n",
            },
            2.0,
        ),
        # Version 1: a container sees its own group at the root, under the host's path.
        (
            {
                "proc/self/cgroup": "4:cpu,cpuacct:/docker/c0ffee\n0::/\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "350000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            3.5,
        ),
        (
            {
                "proc/self/cgroup": "4:cpu,cpuacct:/\n3:cpuset:/\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            None,
        ),
    ],
)
def test_the_tightest_quota_of_the_control_groups_counts(
    tmp_path: Path, files: dict[str, str], quota: float | None
) -> None:
    assert read(tree(tmp_path, files), {}).quota_cpus == quota


def test_a_path_that_leaves_the_control_groups_does_not_leave_the_tree(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("100000 100000")
    root = tree(tmp_path / "root", {"proc/self/cgroup": "0::/../../../..\n"})
    assert read(root, {}).quota_cpus is None


@pytest.mark.parametrize(
    ("threads", "allowed", "usable"), [(1, "0-7", 8), (2, "0-7", 4), (2, "0-1", 2), (2, "0,4", 1), (2, "0,4-6", 3)]
)
def test_two_threads_of_a_core_are_one_usable_cpu(tmp_path: Path, threads: int, allowed: str, usable: int) -> None:
    status = f"Cpus_allowed_list:\t{allowed}\n"
    machine = read(tree(tmp_path, {"proc/cpuinfo": cpuinfo(8, threads), "proc/self/status": status}), {})
    assert usable_cpus(machine) == usable


@pytest.mark.parametrize(("quota", "usable"), [(None, 8), (16.0, 8), (2.5, 3), (1.0, 1), (0.2, 1), (0.0, 1)])
def test_a_quota_is_rounded_up_to_whole_cpus(quota: float | None, usable: int) -> None:
    assert usable_cpus(replace(QUIET, quota_cpus=quota)) == usable


def test_cores_that_nobody_tells_are_not_a_limit() -> None:
    assert usable_cpus(replace(QUIET, cores=None)) == 8


def test_virtual_cpus_that_all_claim_to_be_core_0_are_counted_apart(tmp_path: Path) -> None:
    blocks = [f"processor : {cpu}\nphysical id : 0\nsiblings : 1\ncore id : 0\ncpu cores : 1\n" for cpu in range(8)]
    assert read(tree(tmp_path, {"proc/cpuinfo": "\n".join(blocks)}), {}).cores == 8


def test_an_arm_core_is_known_by_its_part_number(tmp_path: Path) -> None:
    blocks = [f"processor : {cpu}\nCPU implementer : 0x41\nCPU part : 0xd4f\n" for cpu in range(8)]
    machine = read(tree(tmp_path, {"proc/cpuinfo": "\n".join(blocks)}), {})
    assert machine.cpu_model.endswith("0x41 0xd4f")
    assert machine.cores is None


@pytest.mark.parametrize(
    ("flags", "vectors"),
    [("avx avx2 fma", "AVX2"), ("avx2 avx512f avx512bw", "AVX-512"), ("avx512f amx_tile", "AMX"), ("sse4_2", None)],
)
def test_the_widest_vectors_are_read_off_the_flags(tmp_path: Path, flags: str, vectors: str | None) -> None:
    told = cpuinfo(8).replace("flags\t\t: fpu", f"flags\t\t: fpu {flags}")
    assert read(tree(tmp_path, {"proc/cpuinfo": told}), {}).vectors == vectors


@pytest.mark.parametrize(
    ("files", "container"),
    [
        ({}, False),
        ({".dockerenv": ""}, True),
        ({"run/.containerenv": ""}, True),
        ({"proc/1/cgroup": "0::/init.scope\n"}, False),
        ({"proc/1/cgroup": "0::/kubepods/besteffort/pod1\n"}, True),
    ],
)
def test_a_container_is_known_by_its_marks(tmp_path: Path, files: dict[str, str], container: bool) -> None:
    assert read(tree(tmp_path, files), {}).container is container


def test_only_variables_that_matter_and_are_set_are_kept(tmp_path: Path) -> None:
    matter = {
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "CUDA_LAUNCH_BLOCKING": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "KMP_BLOCKTIME": "1",
        "LD_PRELOAD": "libjemalloc.so",
        "MALLOC_CONF": "thp:always",
        "MKL_NUM_THREADS": "2",
        "NVIDIA_TF32_OVERRIDE": "0",
        "OMP_NUM_THREADS": "2",
        "PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True",
        "TORCH_CUDNN_V8_API_DISABLED": "1",
    }
    others = {
        "HOME": "/home/me",
        "NOT_OMP_NUM_THREADS": "3",
        "TORCH_HOME": "/home/me/weights",
        "MY_TORCH_TOKEN": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }
    assert read(tree(tmp_path), others | matter).variables == matter


def test_a_tree_of_nonsense_is_read_without_an_error(tmp_path: Path) -> None:
    paths = [path for path in Path(tree(tmp_path)).rglob("*") if path.is_file()]
    for nonsense in (b"", b"\n\n\n", b"\xff\x00: \xfe", b":::\n-,-\n", b"9" * 400, b"processor: -1\n\nprocessor: x"):
        for path in paths:
            path.write_bytes(nonsense)
        machine = read(str(tmp_path), {})
        assert 1 <= usable_cpus(machine) <= machine.affinity <= machine.cpus
        assert grade(machine).letter in "ABC"


def test_a_directory_where_a_file_should_be_is_an_unknown(tmp_path: Path) -> None:
    root = Path(tree(tmp_path))
    (root / "proc/meminfo").unlink()
    (root / "proc/meminfo").mkdir()
    assert read(str(root), {}).swap_bytes is None


def test_a_system_without_proc_is_asked_through_platform_and_os(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("getloadavg", "sched_getaffinity", "sysconf"):
        monkeypatch.delattr(os, name, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    for name, answer in {"system": "Windows", "release": "11", "processor": "Intel64 Family 6"}.items():
        monkeypatch.setattr(platform, name, lambda answer=answer: answer)
    machine = read(str(tmp_path), {})
    assert (machine.os, machine.kernel, machine.cpu_model) == ("Windows", "11", "Intel64 Family 6")
    assert (machine.cpus, machine.affinity, usable_cpus(machine)) == (6, 6, 6)
    unknown = {key for key, value in asdict(machine).items() if value is None}
    assert unknown >= {"cores", "quota_cpus", "memory_bytes", "swap_bytes", "load_1m"}
    assert unknown >= {"governor", "frequency_mhz", "container", "traced"}
    assert grade(machine) == Grade("A", ())


def test_this_machine_can_be_read() -> None:
    machine = read()
    assert machine.os == platform.system()
    assert 1 <= usable_cpus(machine) <= machine.affinity <= machine.cpus
    assert json.loads(json.dumps(asdict(machine))) == asdict(machine)
    assert (grade(machine).letter == "A") is (grade(machine).reasons == ())


def test_a_quiet_machine_and_a_quiet_gpu_give_no_reason() -> None:
    gpu = replace(UNTHROTTLED_GPU, name="NVIDIA H200", other_processes=0, temperature_c=41)
    assert grade(QUIET) == grade(QUIET, gpu) == grade(QUIET, UNTHROTTLED_GPU) == Grade("A", ())


@pytest.mark.parametrize(
    ("change", "letter", "reason"),
    [
        ({"load_1m": 4.1}, "B", "1-minute load 4.1 on 8 CPUs"),
        ({"load_1m": 8.0}, "B", "1-minute load 8.0 on 8 CPUs"),
        ({"load_1m": 0.6, "affinity": 1}, "B", "1-minute load 0.6 on 1 CPU"),
        ({"governor": "powersave"}, "B", "governor powersave, not performance"),
        ({"load_1m": 6.9, "affinity": 2}, "C", "1-minute load 6.9 on 2 CPUs"),
        ({"swap_bytes": 2 * GIB}, "C", "2.00 GiB of swap in use with 16.0 GiB of memory"),
        ({"variables": {"CUDA_LAUNCH_BLOCKING": "1"}}, "C", "CUDA waits for every kernel: CUDA_LAUNCH_BLOCKING=1"),
        ({"variables": {"LD_PRELOAD": "/a/vgpreload_core-amd64.so:b.so"}}, "C", "vgpreload_core-amd64.so preloaded"),
        ({"traced": True}, "C", "a debugger attached"),
    ],
)
def test_each_thing_that_disturbs_has_its_grade_and_reason(change: dict[str, object], letter: str, reason: str) -> None:
    assert grade(replace(QUIET, **change)) == Grade(letter, (reason,))


@pytest.mark.parametrize(
    "change",
    [
        {"load_1m": 4.0},
        {"load_1m": None},
        {"swap_bytes": GIB},
        {"swap_bytes": GIB, "memory_bytes": None},
        {"governor": None, "frequency_mhz": None},
        {"quota_cpus": 8.0},
        {"variables": {"CUDA_LAUNCH_BLOCKING": "0", "LD_PRELOAD": "/usr/lib/libjemalloc.so.2 libtcmalloc.so"}},
    ],
)
def test_what_does_not_disturb_is_no_reason(change: dict[str, object]) -> None:
    assert grade(replace(QUIET, **change)) == Grade("A", ())


def test_a_quota_below_the_affinity_widens_and_is_what_the_load_is_held_against() -> None:
    quota = "quota of 1.5 CPUs where affinity allows 8"
    assert grade(replace(QUIET, quota_cpus=1.5)) == Grade("B", (quota,))
    assert grade(replace(QUIET, quota_cpus=1.5, load_1m=2.5)) == Grade("C", ("1-minute load 2.5 on 2 CPUs", quota))


@pytest.mark.parametrize(
    ("change", "letter", "reason"),
    [
        ({"other_processes": 1}, "B", "1 other process on the GPU"),
        ({"other_processes": 3}, "B", "3 other processes on the GPU"),
        ({"throttle": ("sync boost",)}, "B", "GPU clocks held to those of other GPUs by sync boost"),
        ({"throttle": None}, "B", "whether the GPU throttles is unknown: NVML does not tell"),
        (
            {"throttle": None, "reason": "pynvml is not installed"},
            "B",
            "whether the GPU throttles is unknown: pynvml is not installed",
        ),
        ({"throttle": ("hardware slowdown",)}, "C", "GPU throttling for hardware slowdown"),
        (
            {"throttle": ("power cap", "thermal"), "temperature_c": 84, "power_w": 698.7, "power_limit_w": 700.0},
            "C",
            "GPU throttling for power cap and thermal, 84 °C, 699 W, 700 W limit",
        ),
    ],
)
def test_a_gpu_that_is_shared_or_held_back_has_its_grade_and_reason(
    change: dict[str, object], letter: str, reason: str
) -> None:
    assert grade(QUIET, replace(UNTHROTTLED_GPU, **change)) == Grade(letter, (reason,))


def test_the_worst_reasons_come_first() -> None:
    machine = replace(QUIET, governor="powersave", load_1m=9.0)
    found = grade(machine, replace(UNTHROTTLED_GPU, throttle=("thermal",), other_processes=2))
    assert found.letter == "C"
    assert [reason.split()[0] for reason in found.reasons] == ["1-minute", "GPU", "governor", "2"]
