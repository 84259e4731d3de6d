"""Which stage each call of traced code belongs to, by where its module stands and where the resolution halves."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.facts.module_tree import Module, blocks_in, chain, list_of_blocks, module_tree
from resnet_inspect.graph.ops.pointwise import Input
from resnet_inspect.graph.ops.torch_call import UNUSED


@dataclass(frozen=True, slots=True)
class Part:
    """Calls under one name, of a module or of several that follow each other; ``is_stage``: between stem and head."""

    name: str
    calls: Sequence[int]
    is_stage: bool


def staged(nodes: Sequence[Node], containers: Mapping[str, str]) -> Iterator[Node]:
    """The calls with their stages.

    A stage is a module with a list of blocks, in which the resolution halves at most once. Where one list runs through
    several resolutions, or nothing is a block, a stage is what runs at one resolution. Calls before the first stage are
    the stem, calls after the last one the head, unless the code has a module of that name. A call between two stages
    belongs to neither: its row has its module's name.
    """
    parts = sorted(_parts_of(module_tree(Graph("", tuple(nodes), containers))), key=lambda part: part.calls[0])
    parts = [*_joined([part for part in parts if part.name != UNUSED], nodes)]
    stages = [i for i, part in enumerate(parts) if part.is_stage] or [0]  # a net may call nothing
    names = {call: part.name for part in parts for call in part.calls}
    names |= _named(parts[: stages[0]], "stem", nodes) | _named(parts[stages[-1] + 1 :], "head", nodes)
    for position, node in enumerate(nodes):
        stage = UNUSED if node.name == UNUSED else names.get(position) or "stem"
        yield replace(node, stage="" if isinstance(node.op, Input) else stage)


def _joined(parts: Sequence[Part], nodes: Sequence[Node]) -> Iterator[Part]:
    """The parts, with neighbours in one that only move, sum up or scale, as ``permute-reshape_1``."""

    def works(part: Part) -> bool:
        return part.is_stage or any(nodes[call].params or nodes[call].macs for call in part.calls)

    for has_work, group in groupby(parts, works):
        neighbours = [*group]
        if has_work:
            yield from neighbours
        else:
            yield Part(_name_of(neighbours), [call for part in neighbours for call in part.calls], False)


def _name_of(neighbours: Sequence[Module | Part]) -> str:
    names = [each.path if isinstance(each, Module) else each.name for each in neighbours]
    return names[0] + (f"-{names[-1].rpartition('.')[2]}" if len(names) > 1 else "")


def _named(parts: Sequence[Part], end: str, nodes: Sequence[Node]) -> dict[int, str]:
    """The names of the calls at one end of the net; those without weights belong to the module that reads them."""
    if all(part.name != end for part in parts):
        return {call: end for part in parts for call in part.calls}
    names: dict[int, str] = {}
    name = ""
    for part in reversed(parts):
        if not name or any(nodes[call].params for call in part.calls):
            name = part.name
        names |= dict.fromkeys(part.calls, name)
    return names


def _parts_of(module: Module) -> list[Part]:
    """The module in parts, in no order."""
    children = [*module.children.values()]
    blocks = list_of_blocks(module)
    if holders := set() if blocks else _holders(children):
        series = {_series(holder) for holder in holders}
        parts = []
        for child in children:
            if child not in holders:
                parts += [Part(each.path, each.calls, _series(each) in series) for each in _called(child)]
            elif _has_stages(child):
                parts += _parts_of(child)
            else:
                parts.append(Part(child.path, child.calls, True))
        return parts
    if not blocks and module.halvings <= 1:
        return [Part(child.path, child.calls, True) for child in children]
    listed = blocks or [child for child in children if child.jumps]
    start, end = children.index(listed[0]), children.index(listed[-1]) + 1
    return [
        *(Part(child.path, child.calls, False) for child in children[:start]),
        *_at_each_resolution(children[start:end]),
        *(Part(child.path, child.calls, False) for child in children[end:]),
    ]


def _holders(modules: Sequence[Module]) -> set[Module]:
    """The modules that hold blocks; where there are no blocks, the only one in which the resolution halves often.

    What its author calls stem or head has no stages, however many layers it has.
    """
    modules = [module for module in modules if module.path.rpartition(".")[2] not in ("stem", "head")]
    deep = {module for module in modules if module.halvings > 1}
    return {module for module in modules if blocks_in(module)} or (deep if len(deep) == 1 else set())


def _called(module: Module) -> list[Module]:
    """The module, or the modules of a list that code calls one by one, between which others may run."""
    if module.class_name or not module.children:
        return [module]
    return [called for child in module.children.values() for called in _called(child)]


def _series(module: Module) -> tuple[str, str] | None:
    """What lists of layers have in common that stand in one list; None for layers themselves."""
    if not any(child.children for child in module.children.values()):
        return None
    return module.class_name, re.sub("[0-9]+", "#", module.path)


def _has_stages(module: Module) -> bool:
    """Whether the module contains several stages, or is one."""
    if module.halvings > 1:
        return True
    links = chain(module)
    if links:
        return any(link.may_be_a_stage and blocks_in(link) for link in links)
    return any(map(_has_stages, module.children.values()))


def _at_each_resolution(modules: Sequence[Module]) -> Iterator[Part]:
    """Neighbours whose outputs have one resolution, as ``features.2-3``."""
    jumps: list[int] = []
    for module in modules:
        jumps.append(module.jumps[-1] if module.jumps else jumps[-1])
    for _, group in groupby(zip(jumps, modules, strict=True), lambda pair: pair[0]):
        neighbours = [module for _, module in group]
        yield Part(_name_of(neighbours), [call for module in neighbours for call in module.calls], True)
