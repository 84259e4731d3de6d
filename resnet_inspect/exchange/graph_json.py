"""Graph <-> JSON of version 1, by the fields of its dataclasses: a new operation or field needs no line here.

Calls name their operations and types by position, since a deep net repeats a few of each. What is read is held against
the types of the fields, and each call against what its operation infers.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from importlib import import_module
from math import prod
from types import ModuleType
from typing import Any, TypeVar, get_type_hints

from resnet_inspect import versioned_json
from resnet_inspect.errors import InspectError, RequestError
from resnet_inspect.escape import json_text
from resnet_inspect.graph import Graph, Node, TensorType, ops
from resnet_inspect.graph.graph import MAX_ELEMENTS
from resnet_inspect.graph.ops.base import Op, Types
from resnet_inspect.graph.ops.pointwise import Input
from resnet_inspect.graph.ops.torch_call import Constant
from resnet_inspect.typed_json import JsonObject, decode, encode

T = TypeVar("T")
SCHEMA = "resnet-inspect/graph"
SCHEMA_VERSION = 1
TRAITS = (
    "is_view", "is_view_in_training", "inplace", "saves_input", "saves_output", "passes_gradient", "fusion", "window",
    "detail",
)  # fmt: skip


def to_json(graph: Graph) -> str:
    """The whole graph; a line for each call, operation and type."""
    operations: dict[Op, int] = {}
    types: dict[TensorType, int] = {}
    nodes = []
    for node in graph.nodes:
        values = {field.name: getattr(node, field.name) for field in fields(Node) if field.name != "ins"}
        values["op"] = operations.setdefault(node.op, len(operations))
        values["out"] = types.setdefault(node.out, len(types))
        nodes.append(encode(values))
    document = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        **{field.name: encode(getattr(graph, field.name)) for field in fields(Graph) if field.name != "nodes"},
        "types": encode([*types]),
        "operations": [{type(op).__name__: encode(op)} for op in operations],
        "nodes": nodes,
    }
    return json_text("{\n" + ",\n".join(f'"{key}": {_lines(value)}' for key, value in document.items()) + "\n}\n")


def _lines(value: Any) -> str:  # JSON values
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(map(_dump, value)) + "\n]"
    return _dump(value)


def _dump(value: Any) -> str:  # JSON values
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def from_json(text: str, source: str = "the graph") -> Graph:
    """The Graph that ``to_json`` wrote.

    Raises:
        RequestError: the text is cut off, has another schema or version, or describes no network.
    """
    document = versioned_json.load(text, source, SCHEMA, SCHEMA_VERSION, "Graph", "export -o net.json")
    try:
        return _graph(document)
    except ValueError as error:
        raise RequestError(f"{source} is not whole: {error}", hint="was it edited?") from None


def _graph(document: JsonObject) -> Graph:
    types = decode(tuple[TensorType, ...], document.get("types"), "types")
    operations = [_operation(entry, f"operations[{i}]") for i, entry in enumerate(_list(document, "operations"))]
    nodes = tuple(_nodes(_list(document, "nodes"), operations, types))
    if not (len(nodes) > 1 and isinstance(nodes[0].op, Input) and nodes[0].out.shape):
        raise ValueError("nodes[0] is not the input of a call")
    values = _decode_fields(Graph, document, "")
    for position in values.get("held", ()):
        _at(nodes, position, "held")
    for position in values.get("results", ()):
        _at(nodes, position, "results")
    for position, backward in (values.get("recorded") or {}).items():
        node = _at(nodes, position, "recorded")
        if not (backward.inputs <= {*node.inputs} and backward.params <= node.op.params().keys()):
            raise ValueError(f"recorded.{position} has a gradient of what {node.name} does not read")
    return Graph(**values, nodes=nodes)


def _operation(entry: object, path: str) -> Op:
    if not isinstance(entry, dict) or len(entry) != 1:
        raise ValueError(f"{path} is not an operation with its attributes")
    ((name, attributes),) = entry.items()
    kind = find_operation(name)
    if kind is None:
        raise ValueError(f"{path}: no operation is called {name!r}")
    return decode(kind, attributes, f"{path}.{name}")


@cache
def find_operation(name: str) -> type[Op] | None:
    """The operation of that name: of a module of ``graph/ops/`` that is loaded, or else of any."""
    for module in _modules():
        kind = vars(module).get(name)
        if isinstance(kind, type) and issubclass(kind, Op) and is_dataclass(kind):
            return kind
    return None


def _modules() -> Iterator[ModuleType]:
    yield from [module for path, module in sys.modules.items() if path.startswith(f"{ops.__name__}.")]
    import pkgutil  # 1 ms that few files need

    for found in pkgutil.iter_modules(ops.__path__, f"{ops.__name__}."):
        yield import_module(found.name)


def _nodes(entries: Sequence[Any], operations: Sequence[Op], types: Sequence[TensorType]) -> Iterator[Node]:
    outs: list[TensorType] = []
    checked: set[tuple[int, Types, int]] = set()
    for position, entry in enumerate(entries):
        path = f"nodes[{position}]"
        values = _decode_fields(Node, entry, path)
        op = _at(operations, values["op"], f"{path}.op")
        out = _at(types, values["out"], f"{path}.out")
        ins = tuple([_at(outs, i, f"{path}.inputs") for i in values["inputs"]])
        if bool(ins) is isinstance(op, Input | Constant):
            raise ValueError(f"{path}.inputs: inputs of the network and constants, and no other call, read nothing")
        if (call := (values["op"], ins, values["out"])) not in checked:
            check_call(op, ins, out, path)
            checked.add(call)
        outs.append(out)
        yield Node(**values | {"op": op, "ins": ins, "out": out})


def check_call(op: Op, ins: Types, out: TensorType, path: str) -> None:
    """Raise ValueError unless ``op`` can tell everything of a call with these types."""
    try:
        inferred = op.infer(*ins)
        counts = [op.macs(ins, out), op.macs_without_weights(ins, out), op.elementwise(ins, out)]
        counts += [op.extra_bytes(ins, out, 4, train) for train in (False, True)]
        sizes = [out.shape, *op.params().values(), *op.buffers().values()]
        for trait in TRAITS:
            getattr(op, trait)
    except InspectError as error:
        raise ValueError(f"{path}: {error.message}") from None
    except Exception:  # an attribute that no network has, as a stride of 0, may raise anything
        raise ValueError(f"{path}: no {type(op).__name__} has these attributes and inputs") from None
    if inferred != out:
        raise ValueError(f"{path}: its output is {inferred}, not {out}")
    if min([0, *counts, *(size for shape in sizes for size in shape)]) < 0:
        raise ValueError(f"{path}: sizes below 0")
    if max(map(prod, sizes)) > MAX_ELEMENTS:
        raise ValueError(f"{path}: more elements than torch's int64 limit")


def _decode_fields(kind: type, document: object, path: str) -> dict[str, Any]:  # any type
    """The fields of ``kind`` that a file keeps, where ``document`` has them or they have no default."""
    if not isinstance(document, dict):
        raise ValueError(f"{path or 'the document'} is not an object")
    start = path and f"{path}."
    hints, needed = _kept(kind)
    if missing := needed - document.keys():
        raise ValueError(f"{start}{min(missing)} is missing")
    return {name: decode(hint, document[name], start + name) for name, hint in hints.items() if name in document}


@cache
def _kept(kind: type) -> tuple[dict[str, Any], frozenset[str]]:
    """The types of the fields that a file keeps as they are, or as positions; and which of them have no default."""
    hints = {name: hint for name, hint in get_type_hints(kind).items() if name not in ("ins", "nodes")}
    positions = {name: int for name, hint in hints.items() if hint in (Op, TensorType)}
    optional = {f.name for f in fields(kind) if f.default is not MISSING or f.default_factory is not MISSING}
    return hints | positions, frozenset(hints.keys() - optional)


def _list(document: JsonObject, key: str) -> Sequence[Any]:
    if not isinstance(document.get(key), list):
        raise ValueError(f"{key} is not a list")
    return document[key]  # type: ignore[no-any-return]  # checked above


def _at(places: Sequence[T], position: int, path: str) -> T:
    if not 0 <= position < len(places):
        raise ValueError(f"{path}: {position} of {len(places)}")
    return places[position]
