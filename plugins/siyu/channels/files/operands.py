"""Values that stand in a mapping: from the words of the YAML to what DuckDB compares with.

Here: constants and operands, and whether a time format or a regular expression can be used at all.
"""

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from zoneinfo import ZoneInfo

import duckdb

from siyu.engine import connect
from siyu.resources import FieldType

Operand = str | Decimal | int | bool | date | datetime
NAMED_FORMATS = ("iso", "epoch_seconds", "epoch_milliseconds")
_BOOLEANS = {"true": True, "false": False}


def operand(word: str, type_: FieldType, timezone: str) -> Operand:
    """A word of the mapping as a value of a type; times without a zone are local to `timezone`, results naive UTC.

    Raises:
        ValueError: The word is no value of that type; the message says what is expected.
    """
    try:
        match type_:
            case "integer":
                return int(word)
            case "decimal" | "amount":
                return Decimal(word)
            case "date":
                return date.fromisoformat(word)
            case "timestamp":
                moment = datetime.fromisoformat(word)
                aware = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone))
                return aware.astimezone(UTC).replace(tzinfo=None)
            case "boolean":
                return _BOOLEANS[word.lower()]
            case "text" | "id":
                return word
    except (ValueError, InvalidOperation, KeyError) as error:
        expected = {"date": "2026-11-20", "timestamp": "2026-11-20T08:00:00", "boolean": "true or false"}
        hint = f", written like {expected[type_]}" if type_ in expected else ""
        raise ValueError(f"{word!r} is no {type_}{hint}") from error


def problem_of_format(format_: str) -> str | None:
    """Why a time format cannot be used, None when it can."""
    if format_ in NAMED_FORMATS:
        return None
    if "%Z" in format_:
        return "names of zones (%Z) are ambiguous; use %z, or `timezone` of the mapping"
    if "%" not in format_:
        return f"{format_!r} is no format; write %Y-%m-%d %H:%M:%S or one of {', '.join(NAMED_FORMATS)}"
    return _problem("select try_strptime('', ?)", format_)


def problem_of_pattern(pattern: str) -> str | None:
    """Why a regular expression (RE2) cannot be used, None when it can."""
    return _problem("select regexp_matches('', ?)", pattern)


@cache  # a mapping says the same format many times, and opening DuckDB takes 10 ms
def _problem(statement: str, parameter: str) -> str | None:
    try:
        with connect() as connection:
            connection.execute(statement, [parameter])
    except duckdb.Error as error:
        return str(error).splitlines()[0].removeprefix("Invalid Input Error: ")
    return None
