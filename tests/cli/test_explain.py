"""explain, as a user meets it."""

import json
import os
import subprocess
import sys

import pytest
from conftest import HERE, Run

WRONG = [
    (("explain", "resnt50"), "'resnt50' is neither a model nor a term nor a finding's code", "'resnet50'"),
    (("explain", "latancy"), "neither a model nor a term", "'latency'"),
    (("explain", "nosy"), "neither a model nor a term", "'noisy'"),
    (("explain", "RI099"), "neither a model nor a term", "'RI0"),
    (("explain", "xyzzy"), "neither a model nor a term", "explain --list"),
    (("explain", ""), "neither a model nor a term", "explain --list"),
    (("explain", "none.toml"), "none.toml: No such file", ""),
    (("explain", "resnet21_cifar"), "its depth must be 6n+2", "nearest"),
    (("explain", "mac", "--set", "groups=2"), "mac is a word, not a model", "explain mac"),
    (("explain", "mac", "--input", "1,3,224,224"), "mac is a word, not a model", "explain mac"),
    (("explain", "mac", "--format", "csv"), "no table to write as CSV", "md or json"),
    (("explain", "--lang", "fr"), "'fr'", "--help"),
    (("explain", "--set", "groups=0"), "groups=0", ""),
    (("explain", "--input", "1,3,8"), "is not N,C,H,W", "1,3,224,224"),
    (("explain", "resnet50", "resnet18"), "explain takes one model, not 2", "`resnet-inspect diff resnet50 resnet18`"),
]


@pytest.mark.parametrize(
    ("arguments", "message", "hint"), WRONG, ids=lambda a: " ".join(a) if isinstance(a, tuple) else ""
)
def test_a_wrong_word_gets_a_line_a_hint_and_exit_code_2(
    run: Run, arguments: tuple[str, ...], message: str, hint: str
) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert message in done.stderr
    assert hint in done.stderr


def test_explain_alone_tells_resnet50(run: Run) -> None:
    assert run("explain").stdout == run("explain", "resnet50").stdout
    assert run("explain").stdout.startswith("resnet50, input 1×3×224×224\n\nresnet50 at a glance\n")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("mac", "MAC: multiply-accumulate"),
        ("FLOPs", "FLOP: floating-point operation"),
        ("receptive field", "Araujo et al. 2019"),
        ("noisy", "bench says: round medians differ by ‹spread›."),
        ("host_bound", "use --mode graph or compile"),
        ("v1.5", "4,089,184,256"),
        ("RI003", "An ImageNet stem on small images"),
        ("ri001", "lint says: BatchNorm cancels the bias of ‹count›"),
        ("cancelled-bias", "A bias that BatchNorm cancels"),
    ],
)
def test_a_word_is_a_term_or_a_code(run: Run, word: str, said: str) -> None:
    done = run("explain", word, columns=100)
    assert (done.returncode, done.stderr) == (0, "")
    assert said in done.stdout


def test_the_list_has_words_of_every_kind(run: Run) -> None:
    rows = json.loads(run("explain", "--list", "--format", "json").stdout)["tables"]["words"]
    words = {row["word"] for row in rows}
    assert {"mac", "receptive-field", "device-time", "noisy", "host-bound", "RI003"} <= words
    assert run("explain", "--list", "--format", "csv").stdout.startswith("word,kind,title\n")


def test_a_lesson_is_json_with_its_sections(run: Run) -> None:
    document = json.loads(run("explain", "resnet18", "--format", "json").stdout)
    sections = {section["key"]: section for section in document["sections"]}
    assert {"overview", "rules", "stem", "residual", "layer1", "layer2.0", "head", "bias", "flops"} <= set(sections)
    assert sections["layer2.0"]["table"][0] == {
        "layer": "conv1",
        "op": "3×3 /2",
        "output": [128, 28, 28],
        "weights": "3·3·64·128",
        "params": 73_728,
        "macs": 57_802_752,
    }
    assert sum(row["params"] for row in document["tables"]["stages"]) == 11_689_512


def test_lint_speaks_chinese_too(run: Run) -> None:
    done = run("lint", "tutorial_resnet18_cifar10", "--lang", "zh", columns=80)
    assert done.stdout.startswith("tutorial_resnet18_cifar10，输入 1×3×32×32\n")
    assert "RI002 conv1: stem 与 layer1.0.conv1 之间没有激活函数" in done.stdout
    assert "…" not in done.stdout


def in_locale(*arguments: str, **locale: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG"))}
    environment |= {"PYTHONPATH": str(HERE.parent), "PYTHONIOENCODING": "utf-8", **locale}
    command = [sys.executable, "-m", "resnet_inspect", "explain", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=True).stdout


def test_the_locale_chooses_the_language_and_lang_overrides_it() -> None:
    chinese, english = "乘加", "multiply-accumulate"
    assert chinese in in_locale("mac", LANG="zh_CN.UTF-8")
    assert chinese in in_locale("mac", "--lang", "zh", LANG="C")
    assert english in in_locale("mac", LANG="C")
    assert english in in_locale("mac", LANG="fr_FR.UTF-8")
    assert english in in_locale("mac", "--lang", "en", LANG="zh_CN.UTF-8")


def test_a_chinese_lesson_has_no_english_sentence() -> None:
    import re

    told = in_locale("resnet50", "--lang", "zh")
    assert not re.search(r"[a-z]+ [a-z]+ [a-z]+ [a-z]+", told)


def test_a_lesson_is_written_as_markdown(run: Run, tmp_path) -> None:
    assert run("explain", "resnet18", "--lang", "zh", "-o", "resnet18.md").returncode == 0
    text = (tmp_path / "resnet18.md").read_text(encoding="utf-8")
    assert "### resnet18 概览" in text
    assert "| conv1 | 3×3 | 64×56×56 | 3·3·64·64 | 36,864 | 115,605,504 |" in text
