"""Units: what a platform writes is what lands, or a fault that says why."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from siyu.channels.api.units import (
    CHINA_TIME,
    DAY,
    DECIMAL,
    EPOCH,
    EPOCH_MS,
    FEN,
    FLAG,
    ID,
    INTEGER,
    TEXT,
    YUAN,
    YUAN_NUMBER,
    FaultError,
    Unit,
)


@pytest.mark.parametrize(
    ("unit", "value", "expected"),
    [
        (YUAN, "1234.56", Decimal("1234.56")),  # Ocean Engine's stat_cost
        (YUAN, "188", Decimal("188.00")),
        (YUAN, "-0.10", Decimal("-0.10")),
        (YUAN, "", None),
        (YUAN_NUMBER, Decimal("9.9"), Decimal("9.90")),
        (FEN, 12, Decimal("0.12")),
        (FEN, -1, Decimal("-0.01")),
        (INTEGER, "80000", 80000),
        (INTEGER, 7, 7),
        (INTEGER, "", None),
        (DECIMAL, "1.88", Decimal("1.880000")),
        (DECIMAL, Decimal("91.5"), Decimal("91.500000")),
        (ID, 3100000000000000001, "3100000000000000001"),  # 19 digits, no float on the way
        (ID, "E202406010001", "E202406010001"),
        (TEXT, "", None),
        (EPOCH, 1719763200, datetime(2024, 6, 30, 16)),  # noqa: DTZ001 - WeCom's stat_time: midnight in Shanghai
        (EPOCH, "1719763200", datetime(2024, 6, 30, 16)),  # noqa: DTZ001
        (EPOCH, 0, None),
        (EPOCH_MS, 1719763200123, datetime(2024, 6, 30, 16, 0, 0, 123000)),  # noqa: DTZ001
        (CHINA_TIME, "2026-10-01 10:00:00", datetime(2026, 10, 1, 2)),  # noqa: DTZ001
        (CHINA_TIME, "1988-07-01 10:00:00", datetime(1988, 7, 1, 1)),  # noqa: DTZ001 - summer time of 1988
        (CHINA_TIME, "0001-01-01 00:00:00", None),  # JD's null
        (CHINA_TIME, "0000-00-00 00:00:00", None),  # Youzan's unused coupon
        (DAY, "2026-11-01", date(2026, 11, 1)),
        (DAY, "20261101", date(2026, 11, 1)),
        (FLAG, 1, True),
        (FLAG, False, False),
    ],
)
def test_a_value_lands_as_it_is_meant(unit: Unit, value: Any, expected: Any) -> None:
    assert unit.read(value) == expected
    assert type(unit.read(value)) is type(expected)


@pytest.mark.parametrize(
    ("unit", "value", "reason"),
    [
        (YUAN, 1234, "not_yuan"),  # fen, where yuan were promised
        (YUAN, "12,50", "not_yuan"),
        (YUAN, "1e3", "not_yuan"),
        (YUAN, "1.005", "finer_than_a_fen"),
        (YUAN_NUMBER, "1.00", "not_yuan"),
        (YUAN_NUMBER, True, "not_yuan"),
        (FEN, "12", "not_fen"),
        (FEN, Decimal("12.5"), "not_fen"),
        (FEN, True, "not_fen"),
        (INTEGER, "1.5", "not_a_whole_number"),
        (INTEGER, 2**63, "out_of_range"),
        (INTEGER, True, "not_a_whole_number"),
        (DECIMAL, "NaN", "not_a_number"),
        (TEXT, 5, "not_text"),
        (ID, 1.5, "not_text"),
        (EPOCH, 1719763200000, "out_of_range"),  # milliseconds
        (EPOCH_MS, 1719763200, "out_of_range"),  # seconds
        (CHINA_TIME, "2026-10-01T10:00:00Z", "not_a_time"),
        (CHINA_TIME, 1719763200, "not_a_time"),
        (DAY, "2026-02-30", "not_a_date"),
        (FLAG, "yes", "not_yes_or_no"),
        (FLAG, 2, "not_yes_or_no"),
    ],
)
def test_what_is_not_so_written_is_a_fault(unit: Unit, value: Any, reason: str) -> None:
    with pytest.raises(FaultError, match=f"^{reason}$"):
        unit.read(value)
