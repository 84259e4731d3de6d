"""A search from request to answer and Record, on a machine whose workers are fakes."""

import json
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner
from fake_track import DEFAULT, PROBE, Machine
from latex import latex_lines
from planted_times import NETS, noisy
from raw_results import GPU, MACHINE, raw, result

import resnet_inspect as ri
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import WorkerLost
from resnet_inspect.benchmark.record import Record
from resnet_inspect.benchmark.record_json import to_json
from resnet_inspect.cli import main
from resnet_inspect.errors import RequestError
from resnet_inspect.hardware.gpu import Probe
from resnet_inspect.prediction import profile_json, profiles
from resnet_inspect.prediction.fit import fit
from resnet_inspect.prediction.foresight import foresee_by_profiles
from resnet_inspect.prediction.profile import Conditions, Profile
from resnet_inspect.render import FORMATS
from resnet_inspect.tuning import run as tuning
from resnet_inspect.tuning.goal import Goal
from resnet_inspect.vocabulary import MODES


def ms(case: Case) -> float:
    """The first of the grid takes 50 ms; channels_last, bf16 and compiling are each faster; so is a second thread."""
    faster = (case.layout == "channels_last", case.precision == "bf16", case.mode == "compile", case.threads == 2)
    return 50.0 * case.batch_size**0.9 * 0.9 ** sum(faster)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The machine of every search of a test; each round takes part of the budget."""
    fake = Machine(ms)
    monkeypatch.setattr(tuning, "probe", lambda device: PROBE)
    monkeypatch.setattr(tuning, "find_impossible", lambda space, device: {})
    monkeypatch.setattr(tuning.machines, "read", lambda: MACHINE)
    monkeypatch.setattr(tuning.machines, "usable_cpus", lambda machine: 2)
    monkeypatch.setattr(tuning, "ProcessWorker", lambda job: fake.start(job.case))
    monkeypatch.setattr(tuning, "CLOCK", lambda: fake.seconds)
    return fake


def tuned(**options: Any) -> ri.Answer:
    return ri.tune(**({"model": "resnet18", "goal": "latency", "budget": "1h"} | options))


def facts(answer: ri.Answer) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(answer.to_json())
    return document["facts"]


def test_the_answer_has_the_promised_keys(machine: Machine) -> None:
    answer = tuned(argv=["tune", "resnet18"])
    document = json.loads(answer.to_json())
    promised = {"winner", "gain", "gain_low", "gain_high", "decided"}
    assert promised <= set(document["facts"])
    assert document["facts"]["decided"] is True
    assert document["facts"]["winner"] == (
        "resnet-inspect bench resnet18 --device cpu --input 1,3,224,224 --precision bf16 --layout channels_last "
        "--mode compile --threads 2"
    )
    low, gain, high = (document["facts"][key] for key in ("gain_low", "gain", "gain_high"))
    assert low <= 1 / 0.9**3 <= high
    assert low <= gain <= high
    assert [row["outcome"] for row in document["tables"]["cases"]].count("winner") == 1
    assert len(document["tables"]["cases"]) == 16
    assert document["tables"]["python"][0]["line"] == "torch.set_num_threads(2)"
    assert answer.exit_code == 0


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("format", FORMATS)
def test_every_format_shows_the_winner(format: Any) -> None:
    shown = tuned(among={"threads": (2,)}).render(format)
    if format == "tex":
        shown = "\n".join(map(" ".join, latex_lines(shown)))
    assert "channels_last" in shown


def test_the_record_has_every_round_of_every_case_and_other_verbs_read_it(machine: Machine) -> None:
    saved: list[Record] = []
    tuned(save=saved.append)
    record = saved[-1]
    rounds = {r.case: len(r.metrics.latency.round_lengths) for r in record.results if r.metrics.latency is not None}
    assert rounds == dict(machine.rounds)
    assert record.planned == len(record.results)
    assert {result.stopped for result in record.results} >= {"beaten", "decided"}
    assert ri.show(record).ok
    assert ri.verdict(record, record).ok
    assert [len(growing.results) for growing in saved] == sorted(len(growing.results) for growing in saved)


def test_a_record_survives_its_file(machine: Machine, tmp_path: Path) -> None:
    saved: list[Record] = []
    tuned(save=saved.append)
    (tmp_path / "run.json").write_text(to_json(saved[-1]), encoding="utf-8")
    assert ri.read_record(tmp_path / "run.json") == saved[-1]


def test_a_bound_that_nothing_meets_is_exit_code_1_and_names_the_nearest(machine: Machine) -> None:
    answer = tuned(max_latency_ms=20.0)
    assert (answer.exit_code, facts(answer)["winner"]) == (1, None)
    assert answer.title.startswith("--max-latency-ms 20 forbids every case: the nearest is bf16 channels_last compile")
    assert "batch 1, at 3" in answer.title


@pytest.mark.parametrize("option", ["max_latency_ms", "max_memory", "max_error", "delta"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_a_limit_is_above_0(option: str, value: float) -> None:
    with pytest.raises(RequestError, match=f"--{option.replace('_', '-')} .*: a limit is a number above 0"):
        tuned(**{option: value})


@pytest.mark.parametrize(
    ("options", "title"),
    [
        ({"max_latency_ms": 1e3, "max_memory": "200MiB", "among": "mode=compile"}, "no case may win"),
        ({"max_latency_ms": 20.0, "max_memory": "200MiB", "among": "mode=compile"}, "no case may win"),
        ({"max_latency_ms": 1e3, "max_error": 1e-6}, "no case may win"),
        ({"max_latency_ms": 20.0, "budget": 2, "goal": "throughput"}, "no winner so far"),
    ],
)
def test_a_bound_is_named_only_where_it_is_the_reason(machine: Machine, options: dict[str, Any], title: str) -> None:
    machine.errors = lambda case: 1e-5
    answer = tuned(**options)
    assert facts(answer)["winner"] is None
    assert answer.title == f"{title}: the table says why"


def test_a_budget_too_short_is_exit_code_4_with_what_is_known(machine: Machine) -> None:
    answer = tuned(budget=2)
    assert answer.exit_code == 4
    assert facts(answer)["decided"] is False
    assert facts(answer)["winner"] is not None
    assert facts(answer)["gain"] is not None
    assert answer.title.startswith("fastest so far of 16 cases")
    assert all(finding.hint for finding in answer.findings)


def test_a_search_for_throughput_tries_batches_and_a_memory_limit_prunes_them(machine: Machine) -> None:
    narrow = {"layout": ("contiguous",), "precision": ("fp32",), "mode": ("eager",), "threads": (2,)}
    row = "--input 32,3,224,224"
    assert row in facts(tuned(goal="throughput", among=narrow))["winner"]
    machine.peak_bytes = 120 * 2**20
    answer = tuned(goal="throughput", among=narrow, max_memory="150MiB")
    assert "--input 8,3,224,224" in facts(answer)["winner"]
    rows = json.loads(answer.to_json())["tables"]["cases"]
    pruned = {row["batch_size"]: row["why"] for row in rows if row["outcome"] == "pruned"}
    assert pruned.keys() == {16, 32}
    assert all("over --max-memory" in why for why in pruned.values())


def test_measured_memory_over_the_limit_forbids_to_win(machine: Machine) -> None:
    answer = tuned(max_memory="200MiB", among=["mode=compile"])
    rows = json.loads(answer.to_json())["tables"]["cases"]
    assert {row["why"] for row in rows if row["outcome"] == "forbidden"} == {"a call holds 1.00 GiB, over --max-memory"}
    assert facts(answer)["winner"] is None
    assert answer.exit_code == 1


def test_what_changes_the_net_is_in_the_command_line(machine: Machine) -> None:
    for settings in ["num_classes=10"], {"num_classes": 10}:
        answer = tuned(settings=settings, among=["threads=2"], input=(1, 3, 64, 64))
        assert facts(answer)["winner"].startswith("resnet-inspect bench resnet18 --set num_classes=10 --device cpu")


def test_a_search_prunes_by_what_it_races_for(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no batch meets the bound, configurations race again at one image, for latency."""
    goals: list[tuple[str, int]] = []

    def prune(case: Case, default: Case, goal: Goal, *rest: object) -> str:
        goals.append((goal.wanted, case.batch_size))
        return ""

    monkeypatch.setattr(tuning, "reason_to_prune", prune)
    assert tuned(goal="throughput", max_latency_ms=1.0, among="mode=eager").exit_code == 1
    assert ("throughput", 4) in goals
    assert ("latency", 1) in goals
    assert ("latency", 4) not in goals


def test_on_a_gpu_graphs_race_too_and_the_gain_is_over_tf32(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "probe", lambda device: Probe("cuda:0", "tf32", {"torch": "2.15.0"}, GPU))
    machine.ms = lambda case: 10.0 * (0.8 if "graph" in case.mode else 1.0) * (0.7 if case.precision == "fp16" else 1.0)
    answer = tuned(among={"layout": ("contiguous",)})
    assert "--device cuda:0" in facts(answer)["winner"]
    assert "--precision fp16 --layout contiguous --mode graph" in facts(answer)["winner"]
    assert facts(answer)["gain_low"] <= 1 / (0.7 * 0.8) <= facts(answer)["gain_high"]
    document = json.loads(answer.to_json())
    assert {row["runs"].split()[2] for row in document["tables"]["cases"]} == {*MODES}
    assert document["tables"]["python"][-1]["line"] == "graph.replay()"
    assert any("2% of the fastest" in note for note in document["notes"])


@pytest.fixture
def slow_in_bf16(machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Profile:
    """A profile of this machine by which bf16 on two threads takes longer than all that the fakes measure."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(profiles, "machine_titles", lambda device: ("Planted",))
    conditions = Conditions(
        device="cpu", precision="bf16", layout="contiguous", mode="eager", threads=2, machine="Planted",
        torch=version("torch"),
    )  # fmt: skip
    slow = [replace(each, seconds=1000 * each.seconds) for each in noisy(NETS, Random(0), 0.02)]
    profile = fit(slow, conditions)
    path = profiles.stored_at(conditions)
    path.parent.mkdir(parents=True)
    path.write_text(profile_json.to_json(profile), encoding="utf-8")
    return profile


def test_what_a_profile_foresees_too_slow_is_not_run_and_says_why(machine: Machine, slow_in_bf16: Profile) -> None:
    answer = tuned(among="mode=eager", input=(32, 3, 224, 224))
    document = json.loads(answer.to_json())
    pruned = [row for row in document["tables"]["cases"] if row["outcome"] == "pruned"]
    assert [row["runs"] for row in pruned] == ["bf16 contiguous eager 2 threads"]
    assert pruned[0]["why"].startswith("pruned by profile: no call takes less than ")
    assert any(note.startswith("1 case pruned by profile") for note in document["notes"])
    assert not any((case.precision, case.layout, case.threads) == ("bf16", "contiguous", 2) for case in machine.rounds)
    assert facts(answer)["winner"] is not None


@pytest.mark.parametrize("spoil", ["machine", "torch", "file"])
def test_a_profile_that_cannot_stand_prunes_nothing(
    machine: Machine, slow_in_bf16: Profile, spoil: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if spoil == "machine":
        monkeypatch.setattr(profiles, "machine_titles", lambda device: ("Another",))
    elif spoil == "torch":
        monkeypatch.setattr(profiles, "version", lambda package: "1.0")
    else:
        profiles.stored_at(slow_in_bf16.conditions).write_text("{", encoding="utf-8")
    answer = tuned(among="mode=eager", input=(32, 3, 224, 224))
    assert all(row["outcome"] != "pruned" for row in json.loads(answer.to_json())["tables"]["cases"])


def test_a_machine_that_became_faster_prunes_less(slow_in_bf16: Profile) -> None:
    """The reference workload takes half of what it took: so may every case."""
    profile = replace(slow_in_bf16, reference_ms=6.0)
    profiles.stored_at(profile.conditions).write_text(profile_json.to_json(profile), encoding="utf-8")
    case = replace(DEFAULT, model="resnet18", precision="bf16", batch_size=32, input=(32, 3, 224, 224))
    foresee, graph = foresee_by_profiles(), ri.lower("resnet18", batch_size=32)
    now = result(replace(raw(), case=case))
    assert now.reference_ms is not None
    then_ms, now_ms = foresee(case, graph, None), foresee(case, graph, now)
    assert then_ms == slow_in_bf16.predict(graph).low_ms
    assert now_ms == pytest.approx(then_ms * now.reference_ms[0] / 6.0)


def test_the_front_holds_what_no_case_beats_in_all(machine: Machine) -> None:
    """Of batches of one configuration a larger one has more images a second and a longer latency."""
    narrow = {"layout": ("contiguous",), "precision": ("fp32",), "mode": ("eager",)}
    tables = json.loads(tuned(goal="throughput", among=narrow).to_json())["tables"]
    measured = [row for row in tables["cases"] if row["latency_ms"] is not None]
    front = tables["pareto"]
    for row in measured:
        beaten = any(
            other["latency_ms"] <= row["latency_ms"] and other["images_per_s"] >= row["images_per_s"] and other != row
            for other in measured
        )
        assert beaten is (
            row["runs"] not in {each["runs"] for each in front if each["latency_ms"] == row["latency_ms"]}
        )
    assert len(front) >= 4
    assert [row["latency_ms"] for row in front] == sorted(row["latency_ms"] for row in front)


def test_a_failed_case_is_a_row_with_its_reason(machine: Machine) -> None:
    lost = {("warm-up", 1): WorkerLost("crashed", "Bus error")}
    machine.fails = lambda case: lost if case.precision == "bf16" else {}
    rows = json.loads(tuned().to_json())["tables"]["cases"]
    assert {row["why"] for row in rows if row["outcome"] == "lost"} == {"crashed: Bus error"}
    assert "bf16" not in next(row["runs"] for row in rows if row["outcome"] == "winner")


@pytest.mark.usefixtures("scripted_workers")
def test_the_command_saves_the_record_and_prints_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every scripted call takes 10 ms: a tie, which torch's default wins."""
    monkeypatch.chdir(tmp_path)
    asked = "tune resnet18 --device cpu --input 1,3,32,32 --for latency --among mode=eager,threads=1,2 -o run.json"
    done = CliRunner().invoke(main, [*asked.split(), "--format", "json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert (document["kind"], document["facts"]["gain"]) == ("tune", 1.0)
    assert len(ri.read_record("run.json").results) == len(document["tables"]["cases"]) >= 8
