"""Is the predicted peak of nets of every kind what torch's allocator is asked for?

    python validation/memory.py [MODEL]...

Each net takes one batch of two images on the CPU: a forward pass, and a training step of SGD with momentum where its
training is predicted. Prints bytes predicted and asked for, and the ratio; at the end the median and the worst.
"""

import sys
import warnings
from pathlib import Path
from statistics import median

import torch

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from allocator import measured  # noqa: E402  # found by the line above

from resnet_inspect.graph import Graph  # noqa: E402  # as above
from resnet_inspect.graph.facts.memory import peak_bytes  # noqa: E402  # as above
from resnet_inspect.runtime import code, trace  # noqa: E402  # as above
from resnet_inspect.vocabulary import Task  # noqa: E402  # as above

# Attention, gates, channel shuffles, dense connections, norms of every kind, rectangular kernels, mixers.
MODELS = (
    *(f"torchvision:{name}" for name in (
        "resnet18", "vgg11", "alexnet", "squeezenet1_1", "densenet121", "shufflenet_v2_x1_0", "mobilenet_v2",
        "mobilenet_v3_small", "mnasnet0_5", "efficientnet_b0", "regnet_y_400mf", "convnext_tiny", "swin_t",
    )),
    *(f"timm:{name}" for name in (
        "resnest14d", "skresnet18", "seresnet18", "ecaresnet26t", "gcresnext26ts", "res2net50_14w_8s",
        "resnet26t", "resnetv2_50", "resnet50_gn", "nf_resnet26", "cspresnet50", "dla34", "botnet26t_256",
        "lambda_resnet26t", "halonet26t", "vit_tiny_patch16_224", "deit_tiny_patch16_224", "convnext_atto",
        "mixer_s32_224", "visformer_tiny", "levit_128s", "poolformer_s12", "mobilevit_xs", "xcit_nano_12_p16_224",
        "coat_tiny", "inception_v3", "ghostnet_050", "tf_efficientnet_b0", "hrnet_w18_small",
    )),
)  # fmt: skip


def ratio(graph: Graph, net: torch.nn.Module, x: torch.Tensor, task: Task) -> float:
    """Bytes predicted over bytes asked for."""
    sgd = torch.optim.SGD(net.train().parameters(), 0.01, momentum=0.9) if task == "train" else None
    predicted, asked = peak_bytes(graph, task), measured(net, x, sgd)
    print(f"{graph.name:36} {task:6} {predicted:14,} {asked:14,} {100 * (predicted / asked - 1):+8.3f}%", flush=True)
    return predicted / asked


def main(models: list[str]) -> None:
    warnings.simplefilter("ignore")
    torch.backends.mha.set_fastpath_enabled(False)
    found: dict[Task, list[float]] = {"infer": [], "train": []}
    for name in models:
        net = code.make(name).eval()
        shape = (2, *code.image_of(net))
        graph = trace.trace(net, shape, name)
        found["infer"].append(ratio(graph, net, torch.randn(shape), "infer"))
        if not graph.untrainable:
            found["train"].append(ratio(graph, net, torch.randn(shape), "train"))
    for task, ratios in found.items():
        off = [abs(each - 1) for each in ratios]
        print(f"{task}: {len(ratios)} nets, median {100 * median(off):.3f}%, worst {100 * max(off):.2f}% off")


if __name__ == "__main__":
    main(sys.argv[1:] or [*MODELS])
