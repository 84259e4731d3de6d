"""A table as a DataFrame of pandas."""

from typing import TYPE_CHECKING

from resnet_inspect.errors import MachineError
from resnet_inspect.report import Table

if TYPE_CHECKING:
    from pandas import DataFrame


def frame(table: Table) -> "DataFrame":
    """The rows' raw values in columns of the table's keys.

    Raises:
        MachineError: pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise MachineError("pandas is not installed", hint="pip install pandas, or answer.table() for rows") from None
    return pandas.DataFrame(table.records(), columns=[column.key for column in table.columns])
