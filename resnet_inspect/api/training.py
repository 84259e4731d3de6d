"""The verbs that train a net, and that say how well a trained one classifies."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import ParamSpec

from resnet_inspect.api.answer import Answer, answer, one_of
from resnet_inspect.api.prediction import Profiled, asked_for, profile_of
from resnet_inspect.errors import RequestError
from resnet_inspect.sources import Input, Kwargs, Model, Settings, find
from resnet_inspect.sources.batch import read_input
from resnet_inspect.training.processes import read_place

P = ParamSpec("P")


def in_every_process(verb: Callable[P, Answer]) -> Callable[P, Answer]:
    """``verb`` in each process of a run; where several fail, one of them says why."""

    @wraps(verb)
    def in_each(*arguments: P.args, **options: P.kwargs) -> Answer:
        place = read_place()
        if place.size == 1:
            return verb(*arguments, **options)
        from resnet_inspect.training.loop.group import telling_once  # torch lives behind this line

        with telling_once(place):
            return verb(*arguments, **options)

    return in_each


@in_every_process
def train(
    model: Model = "resnet50",
    input: Input = None,
    batch_size: int | None = None,
    settings: Settings = (),
    kwargs: Kwargs = (),
    *,
    data: str,
    recipe: str = "tutorial",
    recipe_settings: Sequence[str] = (),
    epochs: int | None = None,
    precision: str = "fp32",
    layout: str = "contiguous",
    mode: str = "eager",
    seed: int = 0,
    workers: int = 2,
    device: str = "auto",
    folder: str | None = None,
    resume: bool = False,
    dry_run: bool = False,
    profile: Profiled = None,
    tell: Callable[[str], None] = lambda line: None,
    progress: Callable[[int, int], None] = lambda done, planned: None,
    losses: Callable[[int, float], None] = lambda step, loss: None,
) -> Answer:
    """Train the net, and say what it cost and reached; everything of the run goes to ``folder``.

    Args:
        input: the images' size; its batch is the recipe's ``batch_size``, unless both are given.
        data: ``cifar10``, ``cifar100``, ``cifar10:DIR``, ``imagefolder:DIR`` or ``fake:N``.
        recipe: ``tutorial``, ``modern`` or the path of a TOML file; ``recipe_settings`` are ``field=value`` texts.
        folder: by default ``runs/`` with the model's name.
        resume: continue the run in ``folder``, with the options that it began with.
        dry_run: say what the run will cost, and run nothing; ``device`` may then be the name of a data sheet.
        profile: of a calibration, by which hours are predicted; its precision, layout and mode are the run's.
        tell, progress, losses: called with a line, with the steps done and planned, and with each step's loss.

    Under torchrun all its processes train one net; the first one writes the files, and calls ``tell``.

    Ctrl-C ends the run after the step that is running, with a checkpoint.

    Raises:
        RequestError: the net, the data, the recipe or a checkpoint do not fit each other.
        MachineError: the machine has no such device, or memory or a worker gave out.
        OutputError: a file cannot be written. InspectError: the loss is not finite. PeerError: another process says it.
    """
    from resnet_inspect.hardware.devices import find_device, is_torch_device
    from resnet_inspect.training import recipe as recipes
    from resnet_inspect.training import report
    from resnet_inspect.training.data import made_for, read_data
    from resnet_inspect.training.plan import plan
    from resnet_inspect.training.run import Run
    from resnet_inspect.vocabulary import LAYOUTS, TRAINING_MODES, TRAINING_PRECISIONS

    place = read_place()
    source = find(model, settings, kwargs)
    sized = None if input is None else read_input(input)
    if batch_size is None and sized is not None and sized[0] > 1:
        batch_size = sized[0]
    chosen = recipes.change(recipes.load(recipe, recipe_settings), epochs, batch_size)
    images = read_data(data)
    image = (images.image or source.image) if sized is None else sized[1:]
    one = source.graph((1, *image))
    images = made_for(images, image, one.output.shape[-1])
    run = Run(
        model=source.name,
        source=source.job,
        recipe_name=" ".join((recipe, *recipe_settings)),
        recipe=chosen,
        data=data,
        image=image,
        precision=one_of("precision", precision, TRAINING_PRECISIONS),
        layout=one_of("layout", layout, LAYOUTS),
        mode=one_of("mode", mode, TRAINING_MODES),
        seed=_whole("seed", seed),
        workers=_whole("workers", workers),
        world_size=place.size,
    )
    limits = None if is_torch_device(device) else find_device(device)
    learnt = None if profile is None else profile_of(profile, None, asked_for(precision, layout, mode))
    cost = plan(source, one, run, images, limits, learnt)
    if dry_run:
        return answer(report.planned(run, cost, images, limits))
    if limits is not None:
        raise RequestError(f"{device} is a data sheet", hint="add --dry-run, or --device cpu or cuda")
    if not resume:  # how far the run came stands in its checkpoint
        progress(0, run.recipe.epochs * cost.steps)
    from resnet_inspect.benchmark.interrupts import INTERRUPTS, SIGNALS
    from resnet_inspect.training.loop.train import Watch  # torch lives behind this line
    from resnet_inspect.training.loop.train import train as train_run

    head = {
        "model": run.model, "recipe": run.recipe_name, "data": run.data, "image": run.image, "seed": seed,
        "world_size": place.size, "params": cost.params, "macs": cost.macs,
    }  # fmt: skip
    where = folder or f"runs/{run.name}"
    with INTERRUPTS.listening(*SIGNALS), INTERRUPTS.held():
        watch = Watch(
            tell if place.is_first else lambda line: None, progress, losses, lambda: INTERRUPTS.since is not None
        )
        outcome = train_run(run, images, device, where, resume, head, watch, sized is not None, place)
    note = f"{where} holds this run, finished before: nothing was left to do" if outcome.was_finished else ""
    return answer(report.trained(run, cost, images, outcome.epochs, outcome.peak_bytes, where, note))


def accuracy(
    checkpoint: str,
    data: str | None = None,
    model: Model | None = None,
    kwargs: Kwargs = (),
    batch_size: int | None = None,
    workers: int = 2,
    device: str = "auto",
) -> Answer:
    """How well the weights of a checkpoint classify the test images of ``data``, by default those of its run.

    ``model`` is needed for a net in code: a checkpoint alone makes no code run. Only ``data`` are fetched if missing.

    Raises:
        RequestError: the file is no whole checkpoint, or the net or the data do not fit it.
    """
    from resnet_inspect.training.data import made_for, read_data
    from resnet_inspect.training.recipe import change
    from resnet_inspect.training.report import evaluated

    source = None if model is None else find(model, (), kwargs)
    from resnet_inspect.training.loop import trained  # torch lives behind this line

    run, values = trained.read(checkpoint, source)
    net = trained.net_of(run, values, checkpoint)
    classes = trained.classes_of(net, run)
    images = made_for(read_data(run.data if data is None else data), run.image, classes)
    if images.classes != classes:
        raise RequestError(
            f"{checkpoint} is of a net with {classes} outputs, {images.text} has {images.classes} classes",
            hint=f"give the data that it was trained on, {run.data}",
        )
    recipe = change(run.recipe, None, batch_size)
    may_fetch = data is not None  # a checkpoint may name any folder
    loss, hit = trained.test(net, run, recipe, images, _whole("workers", workers), device, may_fetch)
    epoch = values["epochs"][-1].epoch if values["epochs"] else 0
    return answer(evaluated(run, images, checkpoint, epoch, loss, hit))


def _whole(name: str, number: int) -> int:
    if not isinstance(number, int) or number < 0 or number >= 2**63:
        raise RequestError(f"--{name} {number!r} is not a whole number from 0 to below 2^63", hint=f"as --{name} 0")
    return number
