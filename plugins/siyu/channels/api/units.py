"""How a value of a reply becomes a value of ours.

Here: one unit per way that platforms write money, time, counts and names; the fault of a value that is not so written.
Not here: which field has which unit (the connectors).

A unit is strict about the JSON type wherever another type would mean another thing: yuan are text or decimal numbers
and never integers, fen are integers and never text, so that a platform that changes from one to the other is noticed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from siyu.resources import FieldType

CHINA = ZoneInfo("Asia/Shanghai")  # the platforms' days and clocks
_NO_TIMES = ("", "0001-01-01 00:00:00", "0000-00-00 00:00:00")  # how platforms write "not yet"
_WHOLE = re.compile(r"-?\d{1,18}")
_DECIMAL = re.compile(r"-?\d{1,16}(\.\d+)?")
_FIRST_SECOND, _LAST_SECOND = (
    946_684_800,
    4_102_444_800,
)  # the years 2000 and 2100: milliseconds are no seconds
_LARGEST_AMOUNT = Decimal(10) ** 16
_LARGEST_DECIMAL = Decimal(10) ** 12
_LARGEST_INTEGER = 2**63


class FaultError(ValueError):
    """A value is not what its unit says; the message is a reason code of quarantine."""


@dataclass(frozen=True)
class Unit:
    """A way to write values, and the type they land in; `read` gets neither null nor a missing value."""

    name: str
    type: FieldType
    read: Callable[[Any], Any]


def china_text(moment: datetime) -> str:
    """An aware moment as platforms write it in parameters: whole seconds of China's time."""
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"


def _text(value: Any) -> str | None:
    if not isinstance(value, str):
        raise FaultError("not_text")
    if "\0" in value:
        raise FaultError("nul_byte")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise FaultError("lone_surrogate") from None
    return value or None


def _id(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text(value)


def _integer(value: Any) -> int | None:
    if isinstance(value, str):
        if value == "":
            return None
        if not _WHOLE.fullmatch(value):
            raise FaultError("not_a_whole_number")
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise FaultError("not_a_whole_number")
    if abs(value) >= _LARGEST_INTEGER:
        raise FaultError("out_of_range")
    return value


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, str):
        if value == "":
            return None
        if not _DECIMAL.fullmatch(value):
            raise FaultError("not_a_number")
        number = Decimal(value)
    elif isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = Decimal(value)
    else:
        raise FaultError("not_a_number")
    if not number.is_finite() or abs(number) >= _LARGEST_DECIMAL:
        raise FaultError("out_of_range")
    return number.quantize(Decimal("0.000001"))


def _cents(number: Decimal) -> Decimal:
    if not number.is_finite() or abs(number) >= _LARGEST_AMOUNT:
        raise FaultError("out_of_range")
    cents = number.quantize(Decimal("0.01"))
    if cents != number:
        raise FaultError("finer_than_a_fen")
    return cents


def _yuan(value: Any) -> Decimal | None:
    if value == "":
        return None
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise FaultError("not_yuan")
    return _cents(Decimal(value))


def _yuan_number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise FaultError("not_yuan")
    return _cents(Decimal(value))


def _fen(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise FaultError("not_fen")
    return _cents(Decimal(value).scaleb(-2))


def _epoch(value: Any, per_second: int) -> datetime | None:
    number = _integer(value)
    if not number:
        return None
    if not _FIRST_SECOND <= number / per_second < _LAST_SECOND:
        raise FaultError("out_of_range")
    seconds, rest = divmod(number, per_second)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1_000_000 // per_second)
    return moment.replace(tzinfo=None)


def _china_time(value: Any) -> datetime | None:
    if value in _NO_TIMES:
        return None
    try:
        local = datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
        return local.astimezone(UTC).replace(tzinfo=None)
    except (TypeError, ValueError, OverflowError):
        raise FaultError("not_a_time") from None


def _day(value: Any) -> date | None:
    if value == "":
        return None
    try:
        return date.fromisoformat(value)  # both yyyy-MM-dd and yyyyMMdd
    except (TypeError, ValueError):
        raise FaultError("not_a_date") from None


def _flag(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    if value in (0, 1):
        return bool(value)
    raise FaultError("not_yes_or_no")


TEXT = Unit("text", "text", _text)
ID = Unit("id", "id", _id)  # text, or an integer that is a name
INTEGER = Unit("integer", "integer", _integer)  # a whole number, or its digits as text
DECIMAL = Unit("decimal", "decimal", _decimal)  # a share, percentage or price, as number or text; six places
YUAN = Unit("yuan", "amount", _yuan)  # text, at most two places
YUAN_NUMBER = Unit("yuan number", "amount", _yuan_number)  # a JSON number
FEN = Unit("fen", "amount", _fen)  # an integer
EPOCH = Unit("epoch seconds", "timestamp", lambda value: _epoch(value, 1))  # 0 is null
EPOCH_MS = Unit("epoch milliseconds", "timestamp", lambda value: _epoch(value, 1000))  # 0 is null
CHINA_TIME = Unit("China time", "timestamp", _china_time)  # yyyy-MM-dd HH:mm:ss in Asia/Shanghai
DAY = Unit("day", "date", _day)
FLAG = Unit("flag", "boolean", _flag)  # true, false, 1 or 0
