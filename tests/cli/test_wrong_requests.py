"""What a user gets wrong, and the line and the hint that come of it."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import Run

from resnet_inspect.cli import main

# arguments, what the error says, what the hint says
WRONG = [
    (("sumary",), "no such command 'sumary'", "did you mean 'summary'?"),
    (("resnet50",), "no such command 'resnet50'", "`resnet-inspect summary resnet50`"),
    (("torchvision:vgg16", "--depth", "block"), "no such command", "`resnet-inspect summary torchvision:vgg16`"),
    (("summary", "resnet18", "resnet50"), "unexpected extra argument (resnet50)", "`compare` takes several"),
    (("explain", "resnet18", "resnet50"), "explain takes one model, not 2", "`resnet-inspect diff resnet18 resnet50`"),
    (("explain", "receptive", "feild"), "'receptive feild' is neither", "'receptive-field'"),
    (("list", "resnet5O"), "no variant matches 'resnet5O'", "did you mean 'resnet50'"),
    (("list", "qqqq"), "no variant matches 'qqqq'", "`resnet-inspect list` shows every model"),
    (("xyzzy",), "no such command 'xyzzy'", "lists the commands"),
    (("--depth", "block"), "no such option", "`resnet-inspect --help`"),
    (("summary", "resnt50"), "unknown model 'resnt50'", "did you mean 'resnet50'"),
    (("summary", "--input", "1,3,224"), "--input 1,3,224 is not N,C,H,W", "1,3,224,224"),
    (("summary", "--input", "320"), "--input 320 is not N,C,H,W", "as --input 1,3,320,320"),
    (("summary", "--input", "1,3,0,224"), "every size is at least 1", ""),
    (("summary", "--input", "1,3,-224,224"), "every size is at least 1", ""),
    (("summary", "--input", "1,3,many,224"), "is not N,C,H,W", ""),
    (("summary", "--input", "1,3,9999999999,9999999999"), "int64", "smaller"),
    (("summary", "--input", "1,4,224,224"), "4 channels", "--set in_channels=4"),
    (("summary", "resnetaa50d", "--input", "1,3,203,203"), "layer2.0.add: the two branches differ", "strides divide"),
    (("summary", "resnetaa50", "--input", "1,3,2,2"), "maxpool: window 2 does not fit", "larger --input"),
    (("summary", "--batch-size", "0"), "at least one image", ""),
    (("summary", "--batch-size", "2", "--input", "1,3,224,224"), "--batch-size says 2", "one of the two"),
    (("summary", "--set", "groups=0"), "groups=0", ""),
    (("summary", "--set", "groups=-3"), "groups=-3", ""),
    (("summary", "--set", "depths=0"), "depths=0 is not", "export-spec"),
    (("summary", "--set", "depth=3"), "unknown field 'depth'", "'depths'"),
    (("summary", "--set", "attention=sa"), "attention=sa cannot be read", "se:0.25"),
    (("summary", "--set", "norm=gn", "--set", "widths=24,48,96,192"), "32 groups cannot split 24 channels", "norm=bn"),
    (("summary", "none.toml"), "none.toml: No such file or directory", ""),
    (("summary", "-o", "out.xyz"), "no format has the suffix '.xyz'", "--format"),
    (("summary", "-o", "nowhere/out.md"), "cannot write nowhere/out.md: No such file or directory", ""),
    (("summary", "-o", "/dev/full"), "No space left on device", ""),
    (("list", "nothing*"), "no variant matches 'nothing*'", "quote"),
    (("list", "--max-params", "26X"), "26M or 4.2G", "--help"),
    (("list", "--sort", "floor"), "--sort floor needs a device", "--device a100"),
    (("list", "--max-floor-ms", "5"), "--max-floor-ms 5 needs a device", "--device a100"),
    (("list", "--precision", "bf16"), "--precision bf16 needs a device", "--device a100"),
    (("list", "--device", "a10O"), "unknown device 'a10O'", "did you mean 'a10'"),
    (("list", "--device", "cpu"), "there is no profile of cpu", "`resnet-inspect calibrate --device cpu`"),
    (("list", "--device", "t4", "--precision", "bf16"), "t4: no bf16 peak", "fp32 or fp16"),
    (("list", "--device", "a100", "--precision", "int8"), "'int8' is not one of", ""),
    (("list", "--device", "a100", "--max-floor-ms", "nan"), "--max-floor-ms nan: a limit is a number above 0", "5"),
    (("list", "--device", "a100", "--max-floor-ms", "-1"), "--max-floor-ms -1: a limit is a number above 0", "5"),
    (("list", "--input", "1,4,224,224"), "4 channels", ""),
    (("list", "--batch-size", "0"), "at least one image", ""),
    (("list", "--device", "a100", "--max-floor-ms", "0"), "--max-floor-ms 0: a limit is a number above 0", "5"),
    (("choose",), "choose needs a device", "--device t4"),
    (("choose", "--device", "t5"), "unknown device 't5'", "`resnet-inspect devices`"),
    (("choose", "--device", "t4", "--min-top1", "foo"), "'foo' is not a valid float", "--help"),
    (
        ("choose", "--device", "t4", "--min-top1", "780"),
        "--min-top1 780: a limit is a number above 0 and below 100",
        "78",
    ),
    (("choose", "--device", "t4", "--max-params", "30Q"), "'30Q' is not an amount, as 26M or 4.2G", "--help"),
    (("choose", "--device", "t4", "--max-memory", "2M"), "'2M' is not a size, as 200MiB or 200MB", "--help"),
    (("choose", "--device", "t4", "--max-latency-ms", "-3"), "--max-latency-ms -3: a limit is a number above 0", "5"),
    (("choose", "--device", "t4", "--among", "resnet,foo*"), "no variant matches 'foo*'", "quote"),
    (("choose", "--device", "t4", "--among", "timm:foo*"), "no net of timm matches 'foo*'", "list 'timm:resnet*'"),
    (("choose", "--device", "t4", "--input", "1,3,300,300"), "no net among * is for images of 300×300", "--any-size"),
    (("choose", "--device", "cpu:x"), "no profile", "calibrate --device cpu"),
    (("memory", "--fit", "24G"), "'24G' is not a size, as 200MiB or 200MB", "--help"),
    (("memory", "--fit", "1GiB", "--batch-size", "8"), "--fit finds the batch", "--batch-size"),
    (("compare", "resnet18", "resnet34", "--precision", "bf16"), "--precision bf16 needs a device", "a100"),
    (("compare", "resnet18", "resnet34", "--device", "t4", "--precision", "fp8"), "one of fp32, tf32, bf16, fp16", ""),
    (("compare", "resnet18", "resnet34", "--device", "h20"), "unknown device 'h20'", "h200"),
    (("summary", "--format", "html5"), "html5", "--help"),
    (("summarize",), "no such command 'summarize'", ""),
    (("compare",), "MODEL", "--help"),
    (("compare", "resnet50"), "two models or more", "compare resnet50 resnet50d"),
    (("export-spec", "-o", "mine.json"), "-o mine.json", ".toml"),
    (("flops", "tutorial_resnet18_cifar10", "--task", "train"), "layer4.0.bn1: BatchNorm cannot train", "--batch-size"),
    (("bench", "--device", "tpu"), "unknown device 'tpu'", "cpu"),
    (("bench", "--device", "cpu", "--batch-size", "0"), "at least one image", ""),
    (("bench", "--device", "cpu", "--batch-size", "1,x"), "whole numbers", "--help"),
    (("bench", "--device", "cpu", "--mode", "graph"), "needs a CUDA device", "eager"),
    (("bench", "--device", "cpu", "--task", "train", "--precision", "fp16"), "fp16 weights do not train", "bf16"),
    (("bench", "--device", "cpu", "--min-time", "5", "--max-time", "1"), "--min-time 5 is more than", "leave out one"),
    (("bench", "--device", "cpu", "--max-time", "nan"), "max-time nan: a time is", "--max-time 5"),
    (("bench", "--device", "cpu", "--threads", "0"), "at least one thread", "--threads 1"),
    (("bench", "--device", "cpu", "--energy"), "--energy needs a CUDA device", "leave it out"),
    (("bench", "-o", "run.txt"), "a Record is JSON", "run.json"),
    (("bench", "-o", "nowhere/run.json"), "no folder nowhere", ""),
    (("show", "none.json"), "none.json", "bench -o"),
    (("verdict", "none.json", "none.json"), "none.json", ""),
    (("memory", "--task", "train", "--momentum", "-1"), "momentum -1.0 is not a number from 0 to below 1", "0.9"),
    (("memory", "--task", "train", "--momentum", "nan"), "momentum nan is not a number", "--momentum 0.9"),
    (("memory", "--task", "train", "--momentum", "some"), "'some' is not a valid float", "--help"),
    (("memory", "--device", "h20"), "unknown device 'h20'", "did you mean 'h200'"),
    (("summary", "--folded", "--depth", "blok"), "blok", "--help"),
    (("flops", "--folded", "--task", "train"), "--folded is for inference", "leave out one"),
    (("memory", "--folded", "--task", "train"), "--folded is for inference", "leave out one"),
    (("budget",), "no limit given", "--max-params 26M"),
    (("budget", "--max-params", "26X"), "'26X' is not an amount", "--help"),
    (("budget", "--max-params", "-1"), "'-1' is not an amount", "--help"),
    (("budget", "--max-params", "0"), "max-params 0: a limit is a number above 0", ""),
    (("budget", "--max-memory", "200M"), "'200M' is not a size, as 200MiB or 200MB", "--help"),
    (("budget", "--max-latency-ms", "soon"), "soon", "--help"),
    (("budget", "--max-latency-ms", "nan"), "max-latency-ms nan: a limit is a number above 0", ""),
    (("budget", "--max-latency-ms", "5"), "max-latency-ms needs a measurement", "--record run.json"),
    (("budget", "--max-latency-ms", "5", "--record", "none.json"), "none.json", "bench -o"),
    (("budget", "--max-params", "26M", "--config", "none.toml"), "none.toml: No such file", "pyproject.toml"),
    (("budget", "resnt50", "--max-params", "26M"), "unknown model 'resnt50'", "resnet50"),
    (("diff",), "missing argument 'A'", "--help"),
    (("diff", "resnet50"), "diff needs a second model, or a --set", "diff resnet50 resnet50d"),
    (("diff", "resnet50", "resnt50d"), "unknown model 'resnt50d'", "resnet50d"),
    (("diff", "resnet50", "none.toml"), "none.toml: No such file or directory", ""),
    (("diff", "resnet50", "resnet18", "resnet34"), "resnet34", "--help"),
    (("diff", "resnet50", "--set", "groups=0"), "groups=0", ""),
    (("diff", "resnet50", "--set", "group=2"), "unknown field 'group'", "'groups'"),
    (("diff", "resnet50", "resnet18", "--input", "1,4,64,64"), "4 channels", ""),
    (("diff", "resnet50", "resnet18", "--device", "h20"), "'h20'", ""),
    (("diff", "resnet50", "resnet18", "--precision", "int8"), "int8", "--help"),
    (("diff", "resnet50", "resnet18", "--device", "h200-measured", "--precision", "fp32"), "no fp32 peak", "bf16"),
    (("diff", "resnet50", "resnet18", "--batch-size", "0"), "at least one image", ""),
    (("check", "nope"), "unknown model", "list"),
    (("roofline", "resnt50"), "unknown model 'resnt50'", "did you mean 'resnet50'"),
    (("roofline", "--device", "h20"), "unknown device 'h20'", "did you mean 'h200'"),
    (("roofline", "--device", "abacus"), "unknown device 'abacus'", "resnet-inspect devices"),
    (("roofline", "--device", "t4", "--precision", "bf16"), "t4: no bf16 peak is known", "--precision fp32 or fp16"),
    (("roofline", "--precision", "int8"), "'int8' is not one of", "--help"),
    (("roofline", "--depth", "net"), "'net' is not one of", "--help"),
    (("roofline", "--batch-size", "0"), "at least one image", ""),
    (("roofline", "--case", "1"), "--case 1 needs a Record", "--record RUN.json"),
    (("roofline", "--record", "none.json"), "none.json", "bench -o"),
    (("roofline", "--machine", "--device", "h200"), "unknown device 'h200'", "use cpu, cuda"),
    (("roofline", "--machine", "--device", "cpu", "--precision", "tf32"), "tf32 does not exist on cpu", "fp32"),
    (("devices", "h200"), "unexpected extra argument", "--help"),
    (("tune", "resnet18", "--among", "colour=red"), "no axis 'colour'", "one of layout"),
    (("tune", "resnet18", "--among", "modes=eager"), "no axis 'modes'", "'mode'"),
    (("tune", "resnet18", "--among", "layout="), "layout= is not one of contiguous", ""),
    (("tune", "resnet18", "--among", "fp32"), "names no axis", "precision"),
    (("tune", "resnet18", "--among", "batch=0"), "not a whole number above 0", "batch=1,2"),
    (("tune", "resnet18", "--budget", "0"), "'0' is not a time above 0", ""),
    (("tune", "resnet18", "--budget", "5 parsecs"), "'5 parsecs' is not a time", ""),
    (("tune", "resnet18", "--budget", "9e99"), "'9e99' is not a time", ""),
    (("tune", "resnet18", "--delta", "nan"), "--delta nan: a limit is a number above 0", "--delta 0.05"),
    (("tune", "resnet18", "--max-memory", "0B"), "--max-memory 0: a limit is", "--max-memory 8GiB"),
    (("tune", "resnet18", "--for", "speed"), "'speed' is not one of 'throughput', 'latency'", ""),
    (("tune", "resnet18", "--max-memory", "8M"), "is not a size", ""),
    (("tune", "resnet18", "-o", "-"), "the Record to a file", "tuned.json"),
    (("tune", "resnet18", "-o", "run.txt"), "a Record is JSON", "run.json"),
    (("tune", "resnet18", "-o", "nowhere/run.json"), "no folder nowhere", "create it"),
]


@pytest.mark.parametrize(
    ("arguments", "said", "hint"), WRONG, ids=lambda a: " ".join(a) if isinstance(a, tuple) else ""
)
@pytest.mark.usefixtures("scripted_workers")
def test_a_wrong_request_gets_a_line_a_hint_and_exit_code_2(
    arguments: tuple[str, ...], said: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, arguments, prog_name="resnet-inspect")
    assert isinstance(done.exception, SystemExit)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert hint in done.stderr


def test_an_error_is_two_lines(run: Run) -> None:
    lines = run("summary", "resnt50").stderr.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("error: ")
    assert lines[1].startswith("hint:  ")
