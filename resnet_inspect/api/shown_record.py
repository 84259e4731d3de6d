"""A Record as the verbs give it: a notebook shows its results in place of its samples."""

from resnet_inspect.api.answer import Answer, answer
from resnet_inspect.api.shown import Shown
from resnet_inspect.benchmark.record import Record
from resnet_inspect.escape import visible
from resnet_inspect.units import counted


class ShownRecord(Shown, Record):
    __slots__ = ()

    def to_json(self) -> str:
        """What ``bench -o`` saves, for ``read_record`` and every command that takes a Record."""
        from resnet_inspect.benchmark.record_json import to_json

        return to_json(self)

    def _answer(self) -> Answer:
        from resnet_inspect.records.bench import bench

        return answer(bench(self))

    def __repr__(self) -> str:
        models = ", ".join(dict.fromkeys(visible(result.case.model) for result in self.results))
        return f"<Record of {models or 'nothing'}, {counted(len(self.results), 'result')}>"
