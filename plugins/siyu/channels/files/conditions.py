"""Conditions of a mapping as DuckDB expressions over typed columns. Always true or false, never null."""

from functools import reduce
from operator import and_, or_

from duckdb import CoalesceOperator, ColumnExpression, ConstantExpression, Expression

from siyu.channels.files.mapping import Condition, Mapping, SourceMapping
from siyu.channels.files.operands import operand
from siyu.engine import call


def is_true(condition: Condition, mapping: Mapping, source: SourceMapping) -> Expression:
    """The expression of a checked condition over the columns of `casting.cast_source`."""
    if condition.all is not None:
        return reduce(and_, (is_true(part, mapping, source) for part in condition.all))
    if condition.any is not None:
        return reduce(or_, (is_true(part, mapping, source) for part in condition.any))
    if condition.not_ is not None:
        return ~is_true(condition.not_, mapping, source)
    return _test(condition, mapping, source)


def _test(  # noqa: PLR0911 - one return per operator
    condition: Condition, mapping: Mapping, source: SourceMapping
) -> Expression:
    assert condition.column is not None  # noqa: S101 - the mapping's own check
    type_ = mapping.columns_of(source)[condition.column].type
    column: Expression = ColumnExpression(condition.column)
    if condition.operator == "is_empty":
        return column.isnull() if condition.is_empty else column.isnotnull()
    if condition.operator == "matches":
        options = ["i"] if condition.ignore_case else []
        return _or_false(call("regexp_matches", column, condition.operands[0], *options))
    values: list[Expression] = [
        ConstantExpression(operand(word, type_, mapping.timezone)) for word in condition.operands
    ]
    if condition.ignore_case and type_ in ("text", "id"):
        column, values = call("lower", column), [call("lower", value) for value in values]
    match condition.operator:
        case "equals" | "in_":
            return _or_false(column.isin(*values))
        case "not_equals" | "not_in":
            return ~_or_false(column.isin(*values))
        case "starts_with":
            return _or_false(call("starts_with", column, values[0]))
        case "less_than":
            return _or_false(column < values[0])
        case _:
            return _or_false(column > values[0])


def _or_false(test: Expression) -> Expression:
    return CoalesceOperator(test, ConstantExpression(False))
