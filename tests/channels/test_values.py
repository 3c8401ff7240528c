"""What people write in cells, and the value it is."""

# ruff: noqa: DTZ001 - times of a record are UTC without a zone

from datetime import date, datetime
from decimal import Decimal

import pytest

from tests.channels.shop import Shop

NUMBERS = {
    "12": "12",
    "+12": "12",
    "-12.5": "-12.5",
    "1,234.50": "1234.5",
    "1,234,567": "1234567",
    "￥12": "12",
    "¥ 12.30": "12.3",
    "￥1,234.50": "1234.5",
    "-￥5": "-5",
    "$3": "3",
    "£3.10": "3.1",
    "€7": "7",
    "12元": "12",
    "12.5 元": "12.5",
    "１２．５０": "12.5",
    "　12\u00a0": "12",
    "17850.0": "17850",
    "1e3": "1000",
    ".5": "0.5",
    "5.": "5",
}


def test_numbers_with_signs_commas_and_full_width_digits_are_numbers(shop: Shop) -> None:
    part = shop.values("amount", list(NUMBERS), "discount_amount")
    assert part.rejects == []
    assert part.column("discount_amount") == [Decimal(value) for value in NUMBERS.values()]


def test_a_word_in_a_number_column_is_rejected_not_nulled(shop: Shop) -> None:
    words = ["12,5O", "12,34", "abc", "1 2", "--5", "1.2.3", "12元3", "0x10", "1_000", "infinity", "１２x"]
    part = shop.values("amount", words, "discount_amount")
    assert part.records == []
    assert part.reasons == [(row, "not_a_number", "value") for row in range(1, len(words) + 1)]


def test_a_number_beyond_the_type_is_rejected(shop: Shop) -> None:
    part = shop.values("amount", ["9999999999999", "1e300"], "discount_amount")
    assert [reject[1] for reject in part.rejects] == ["out_of_range", "out_of_range"]


NOTHING = [
    "",
    " ",
    "null",
    "NULL",
    "None",
    "nan",
    "NaN",
    "NaT",
    "N/A",
    "\\N",
    "—",
    "–",
    "-",
    "\u3000",
    "\u00a0",
    "\ufeff",
]


@pytest.mark.parametrize(
    ("type_", "field"),
    [("amount", "discount_amount"), ("timestamp", "paid_at"), ("text", "province"), ("id", "order_status")],
)
def test_words_for_nothing_are_empty_in_every_type(shop: Shop, type_: str, field: str) -> None:
    part = shop.values(type_, NOTHING, field)
    assert part.rejects == []
    assert part.column(field) == [None] * len(NOTHING)


def test_texts_lose_blanks_around_them_and_keep_those_inside(shop: Shop) -> None:
    part = shop.values("text", ["\u3000上海 市\u00a0", "\ufeffa b\t", "💐", "𠮷野家", "nullable"], "province")
    assert part.column("province") == ["上海 市", "a b", "💐", "𠮷野家", "nullable"]


def test_identifiers_lose_the_point_zero_of_a_float_and_nothing_else(shop: Shop) -> None:
    texts = ["17850.0", "017850", "17850.50", "A.0", "1E5", "85123A", "1.0.0", "3.000"]
    part = shop.values("id", texts, "order_status")
    assert part.column("order_status") == [
        "17850",
        "017850",
        "17850.50",
        "A.0",
        "1E5",
        "85123A",
        "1.0.0",
        "3",
    ]


@pytest.mark.parametrize("text", ["1.23457E+17", "1.2345678901234568e+17", "1e+16"])
def test_an_identifier_that_a_spreadsheet_rounded_is_rejected(shop: Shop, text: str) -> None:
    assert shop.values("id", [text], "order_status").reasons == [(1, "rounded_number", "value")]


def test_minor_units_are_divided_by_a_hundred_exactly(shop: Shop) -> None:
    lines = "order,placed,total\n" + "\n".join(
        f"A{index},2026-03-01,{text}" for index, text in enumerate(["1", "17850", "99999999999", '"￥1,234"'])
    )
    part = shop.orders(lines, top={"amount_unit": "minor"})
    assert part.column("paid_amount") == [
        Decimal("0.01"),
        Decimal("178.50"),
        Decimal("999999999.99"),
        Decimal("12.34"),
    ]


def test_amounts_round_half_up_to_the_fen(shop: Shop) -> None:
    part = shop.values("amount", ["1.005", "1.004999", "2.675", "-1.005"], "discount_amount")
    assert part.column("discount_amount") == [
        Decimal("1.01"),
        Decimal("1.00"),
        Decimal("2.68"),
        Decimal("-1.01"),
    ]


LINE_COLUMNS = {
    "order_no": {"from": "order", "type": "id", "personal": "none"},
    "product": {"from": "product", "type": "id", "personal": "none"},
    "quantity": {"from": "quantity", "type": "integer", "personal": "none"},
    "price": {"from": "price", "type": "decimal", "personal": "none"},
}
LINE_FIELDS = {"order_id": "order_no", "product_id": "product", "quantity": "quantity", "unit_price": "price"}


def test_a_line_without_an_amount_is_quantity_times_price_rounded_half_up(shop: Shop) -> None:
    content = "order,product,quantity,price\nA,p,3,0.335\nB,p,1,0.005\nC,p,2,17.999999\nD,p,5.0,1\n"
    part = shop.read(content, columns=LINE_COLUMNS, resources={"order_lines": {"fields": LINE_FIELDS}})[
        "order_lines"
    ]
    assert part.column("line_amount") == [Decimal("1.01"), Decimal("0.01"), Decimal("36.00"), Decimal("5.00")]


def test_a_fraction_of_a_piece_and_a_product_too_large_are_rejected(shop: Shop) -> None:
    content = "order,product,quantity,price\nA,p,1.5,1\nB,p,x,1\nC,p,99999999999,999999999999\n"
    part = shop.read(content, columns=LINE_COLUMNS, resources={"order_lines": {"fields": LINE_FIELDS}})[
        "order_lines"
    ]
    assert part.reasons == [
        (1, "not_an_integer", "quantity"),
        (2, "not_a_number", "quantity"),
        (3, "out_of_range", "line_amount"),
    ]


def test_decimal_commas_are_read_where_the_mapping_says_so(shop: Shop) -> None:
    content = (
        "order;placed;total\nA;2026-03-01;1.234,50\nB;2026-03-01;12,5\nC;2026-03-01;1.234\nD;2026-03-01;1.2\n"
    )
    part = shop.orders(content, delimiter=";", decimal=",")
    assert part.column("paid_amount") == [Decimal("1234.50"), Decimal("12.50"), Decimal("1234.00")]
    assert part.reasons == [(4, "not_a_number", "total")]


def test_booleans_are_words_digits_and_chinese(shop: Shop) -> None:
    columns = {
        "who": {"from": "who", "type": "id", "personal": "identifier"},
        "left": {"from": "left", "type": "boolean", "personal": "none"},
        "at": {"from": "at", "type": "timestamp", "personal": "none"},
    }
    fields = {
        "touch_id": {"source_row": "true"},
        "customer_id": "who",
        "campaign_code": {"constant": "c"},
        "arm": {"constant": "a"},
        "is_holdout": "left",
        "touched_at": "at",
    }
    rows = [f"u,{word},2026-03-01" for word in ["true", "FALSE", "1", "0", "是", "否", "maybe"]]
    part = shop.read(
        "who,left,at\n" + "\n".join(rows), columns=columns, resources={"touches": {"fields": fields}}
    )["touches"]
    assert part.column("is_holdout") == [True, False, True, False, True, False]
    assert part.reasons == [(7, "not_a_boolean", "left")]


TIMES = [
    # what the file says, its formats, the moment in UTC (computed by hand: Shanghai is UTC+8)
    ("2026-03-01 00:00:00", [], datetime(2026, 2, 28, 16)),
    ("2026-02-28 23:59:59.999", [], datetime(2026, 2, 28, 15, 59, 59, 999000)),
    ("2026-03-01", [], datetime(2026, 2, 28, 16)),
    ("2026-03-01T00:00:00Z", [], datetime(2026, 3, 1)),
    ("2026-03-01T00:00:00+08:00", [], datetime(2026, 2, 28, 16)),
    ("2026-03-01T00:00:00+0100", [], datetime(2026, 2, 28, 23)),
    ("2026-03-01T00:00+08:00", [], datetime(2026, 2, 28, 16)),
    ("1772294400", ["epoch_seconds"], datetime(2026, 2, 28, 16)),
    ("1772294400.0", ["epoch_seconds"], datetime(2026, 2, 28, 16)),
    ("1772294399999", ["epoch_milliseconds"], datetime(2026, 2, 28, 15, 59, 59, 999000)),
    ("2026/3/1 08:30", ["%Y/%m/%d %H:%M"], datetime(2026, 3, 1, 0, 30)),
    ("2026年3月1日", ["%Y年%m月%d日"], datetime(2026, 2, 28, 16)),
    ("01.03.2026", ["%Y-%m-%d", "%d.%m.%Y"], datetime(2026, 2, 28, 16)),
    ("2026-03-01 00:00:00 -0500", ["%Y-%m-%d %H:%M:%S %z"], datetime(2026, 3, 1, 5)),
    ("2024-02-29 08:00:00", [], datetime(2024, 2, 29)),
    ("2026-12-31 23:59:59", [], datetime(2026, 12, 31, 15, 59, 59)),
    # China had summer time: 1986-1991, UTC+9; and local mean time +8:05:43 before 1901
    ("1988-07-01 00:00:00", [], datetime(1988, 6, 30, 15)),
    ("1992-07-01 00:00:00", [], datetime(1992, 6, 30, 16)),
]


@pytest.mark.parametrize(("text", "formats", "expected"), TIMES)
def test_times_become_utc(shop: Shop, text: str, formats: list[str], expected: datetime) -> None:
    part = shop.values("timestamp", [text], "paid_at", format=formats)
    assert part.rejects == []
    assert part.column("paid_at") == [expected]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York", "Pacific/Auckland"])
def test_the_zone_of_the_machine_changes_no_time(
    shop: Shop, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        texts = [text for text, formats, _ in TIMES if not formats]
        part = shop.values("timestamp", texts, "paid_at")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert part.column("paid_at") == [expected for _, formats, expected in TIMES if not formats]


def test_london_summer_and_winter_differ(shop: Shop) -> None:
    part = shop.orders(
        "order,placed,total\nA,2011-07-01 12:00:00,1\nB,2011-12-01 12:00:00,1\n",
        top={"timezone": "Europe/London"},
    )
    assert part.column("ordered_at") == [datetime(2011, 7, 1, 11), datetime(2011, 12, 1, 12)]


@pytest.mark.parametrize(
    ("text", "formats"),
    [
        ("2026-02-30", []),
        ("yesterday", []),
        ("infinity", []),
        ("20-02-01", ["%Y-%m-%d"]),
        ("0001-01-01 00:00:00", []),
        ("1772294400000", ["epoch_seconds"]),
        ("12/31/2026", ["%d/%m/%Y"]),
        ("2026-03-01 25:00:00", []),
    ],
)
def test_what_is_no_date_is_rejected_not_nulled(shop: Shop, text: str, formats: list[str]) -> None:
    part = shop.values("timestamp", [text], "paid_at", format=formats)
    assert part.reasons == [(1, "not_a_date", "value")]


def test_a_date_is_the_day_in_the_zone_of_the_mapping(shop: Shop) -> None:
    columns = {
        "who": {"from": "who", "type": "id", "personal": "identifier"},
        "born": {
            "from": "born",
            "type": "date",
            "format": ["iso", "%Y/%m/%d", "epoch_milliseconds"],
            "personal": "attribute",
        },
    }
    # 515520000000 is 1986-05-03T16:00Z, midnight in Shanghai on the day its summer time began
    born = ["1986-05-04", "1986-05-03T16:00:00Z", "1986/5/4", "515520000000", "1986-13-01"]
    part = shop.read(
        "who,born\n" + "".join(f"u,{text}\n" for text in born),
        columns=columns,
        resources={"customers": {"fields": {"customer_id": "who", "birth_date": "born"}}},
    )["customers"]
    assert part.column("birth_date") == [date(1986, 5, 4)] * 4
    assert part.reasons == [(5, "not_a_date", "born")]


@pytest.mark.parametrize("key", ["reason", "fault", "row_text", "line"])
def test_a_column_may_have_any_key_without_touching_what_counts(shop: Shop, key: str) -> None:
    part = shop.values("text", ["changed my mind"], "order_status", key=key)
    assert part.rejects == []
    assert part.column("order_status") == ["changed my mind"]
    assert part.column("_exclusion") == [None]
