"""Count the rows that fail an expectation, in our own SQL: GX's details would carry values of rows.

Here: one count per type of expectation that the suites use. Not here: whether the expectation failed.
"""

from collections.abc import Mapping
from typing import Any

import duckdb
from duckdb import ColumnExpression, ConstantExpression, Expression, FunctionExpression

from siyu.engine import quoted


def count_offending(
    connection: duckdb.DuckDBPyConnection, model: str, expectation: str, values: Mapping[str, Any]
) -> int:
    """Offending rows of a candidate's model; for a key, the keys that occur more than once.

    Raises:
        NotImplementedError: A suite uses a type of expectation that has no count yet.
    """
    rows = connection.sql("from " + quoted("candidate", model))
    match expectation:
        case "expect_column_values_to_be_unique":
            return _repeated(rows, [values["column"]])
        case "expect_compound_columns_to_be_unique":
            return _repeated(rows, values["column_list"])
        case "expect_column_values_to_not_be_null":
            condition = ColumnExpression(values["column"]).isnull()
        case "expect_column_values_to_be_between":
            condition = _outside(
                ColumnExpression(values["column"]), values.get("min_value"), values.get("max_value")
            )
        case "expect_column_values_to_be_in_set":
            allowed = [ConstantExpression(value) for value in values["value_set"]]
            condition = ColumnExpression(values["column"]).isnotin(*allowed)
        case "expect_column_pair_values_a_to_be_greater_than_b":
            condition = ColumnExpression(values["column_A"]) < ColumnExpression(values["column_B"])
        case _:
            raise NotImplementedError(f"no count for {expectation}; add it beside the others")
    return len(rows.filter(condition))


def _outside(column: Expression, minimum: Any, maximum: Any) -> Expression:
    below = column < ConstantExpression(minimum) if minimum is not None else ConstantExpression(False)
    above = column > ConstantExpression(maximum) if maximum is not None else ConstantExpression(False)
    return below | above


def _repeated(rows: duckdb.DuckDBPyRelation, columns: list[str]) -> int:
    key = [ColumnExpression(column) for column in columns]
    times = FunctionExpression("count", ConstantExpression(1)).alias("times")
    return len(rows.aggregate([*key, times]).filter(ColumnExpression("times") > ConstantExpression(1)))
