"""Every format and encoding gives the same three orders."""

# ruff: noqa: DTZ001 - times of a record are UTC without a zone

import gzip
import io
import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from siyu.channels.files import claim_files
from siyu.errors import SourceError, UsageError
from tests.channels.shop import HEADER, ORDER_COLUMNS, ROW, Shop

ROWS = [
    ["A1", "2026-03-01 10:00:00", "12.50"],
    ["A2", "2026-03-02 10:00:00", "1,000.00"],
    ["003", "2026-03-03 10:00:00", "7"],
]
ORDERS_READ = [
    ("A1", datetime(2026, 3, 1, 2), Decimal("12.50")),
    ("A2", datetime(2026, 3, 2, 2), Decimal("1000.00")),
    ("003", datetime(2026, 3, 3, 2), Decimal("7.00")),
]


def _csv(delimiter: str = ",", end: str = "\n", header: list[str] | None = None) -> str:
    rows = [header or HEADER.split(","), *ROWS]
    return "".join(delimiter.join(f'"{cell}"' if "," in cell else cell for cell in row) + end for row in rows)


def _parquet() -> bytes:
    table = pa.table({name: [row[at] for row in ROWS] for at, name in enumerate(HEADER.split(","))})
    target = io.BytesIO()
    pq.write_table(table, target)
    return target.getvalue()


def _workbook(rows: list[list[Any]], **more: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "订单"
    for row in rows:
        book.active.append(row)
    for title, others in more.items():
        sheet = book.create_sheet(title)
        for row in others:
            sheet.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _json_lines() -> str:
    return "".join(
        json.dumps(dict(zip(("order", "placed", "total"), row, strict=True))) + "\n" for row in ROWS
    )


CASES: dict[str, tuple[str | bytes, dict[str, Any]]] = {
    "csv": (_csv(), {}),
    "csv with CRLF": (_csv(end="\r\n"), {}),
    "csv without last line end": (_csv().rstrip("\n"), {}),
    "csv with blank lines": (_csv(end="\n\n"), {}),
    "csv with byte order mark": ("\ufeff" + _csv(), {}),
    "csv in UTF-16": (_csv().encode("utf-16"), {}),
    "csv in GB18030, found out": (_csv().encode("gb18030"), {}),
    "csv in GB18030, said": (_csv().encode("gb18030"), {"encoding": "gbk"}),
    "csv with blanks around headers": (_csv(header=[" 订单号", "下单时间 ", "\u3000金额\u00a0"]), {}),
    "csv with English headers": (_csv(header=["order", "placed", "total"]), {}),
    "csv with an empty column at the end": ("".join(line + ",\n" for line in _csv().splitlines()), {}),
    "tabs": (_csv("\t"), {"delimiter": "tab"}),
    "tabs as a character": (_csv("\t"), {"delimiter": "\t"}),
    "semicolons": (_csv(";"), {"delimiter": ";"}),
    "bars": (_csv("|"), {"delimiter": "|"}),
    "header in row 3": ("我的店铺\n\n" + _csv(), {"header_row": 3}),
    "parquet": (_parquet(), {"format": "parquet"}),
    "xlsx": (_workbook([HEADER.split(","), *ROWS]), {"format": "xlsx"}),
    "xlsx with a title": (
        _workbook([["三月"], [], HEADER.split(","), *ROWS]),
        {"format": "xlsx", "header_row": 3},
    ),
    "xlsx sheet by name": (
        _workbook([["x"]], data=[HEADER.split(","), *ROWS]),
        {"format": "xlsx", "sheet": "data"},
    ),
    "JSON lines": (_json_lines(), {"format": "jsonl"}),
}


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", CASES)
def test_every_format_gives_the_same_orders(shop: Shop, name: str, zipped: bool) -> None:
    content, options = CASES[name]
    data = content.encode() if isinstance(content, str) else content
    part = shop.orders(gzip.compress(data) if zipped else data, name="x.gz" if zipped else "x.txt", **options)
    assert part.rejects == []
    got = [(row["order_id"], row["ordered_at"], row["paid_amount"]) for row in part.records]
    assert got == ORDERS_READ
    assert part.column("_source_row") == [1, 2, 3]


NUMBERED = {
    key: column | {"from": str(index + 1)} for index, (key, column) in enumerate(ORDER_COLUMNS.items())
}


def test_blank_separated_text_without_a_header(shop: Shop) -> None:
    columns = NUMBERED | {"placed": NUMBERED["placed"] | {"format": "%Y%m%d"}}
    content = " 00004   19970101  29.33\r\n 00004   19970118  29.73\r\n"
    part = shop.orders(content, format="blank_separated", header="none", columns=columns)
    assert part.column("order_id") == ["00004", "00004"]
    assert part.column("ordered_at") == [datetime(1996, 12, 31, 16), datetime(1997, 1, 17, 16)]


def test_fixed_width_text_counts_characters_not_bytes(shop: Shop) -> None:
    columns = NUMBERED | {"placed": NUMBERED["placed"] | {"format": "%Y%m%d"}}
    content = "单一0120260301  12.5\n单二02202603021000.0\n".encode("gb18030")
    part = shop.orders(content, format="fixed_width", header="none", widths=[4, 8, 6], columns=columns)
    assert part.column("order_id") == ["单一01", "单二02"]
    assert part.column("paid_amount") == [Decimal("12.50"), Decimal("1000.00")]


def test_parquet_doubles_and_typed_times_keep_their_value(shop: Shop) -> None:
    table = pa.table(
        {
            "order": pa.array([17850.0, 17851.0]),
            "placed": pa.array([datetime(2026, 3, 1, 10), None], pa.timestamp("us")),
            "total": pa.array([2.55, 1234567.1]),
        }
    )
    target = io.BytesIO()
    pq.write_table(table, target)
    columns = ORDER_COLUMNS | {"placed": ORDER_COLUMNS["placed"] | {"format": "%Y/%m/%d"}}
    part = shop.orders(target.getvalue(), format="parquet", columns=columns)
    assert part.column("order_id") == ["17850", "17851"]
    assert part.column("ordered_at") == [
        datetime(2026, 3, 1, 2),
        None,
    ]  # an empty one is for landing to refuse
    assert part.column("paid_amount") == [Decimal("2.55"), Decimal("1234567.10")]


def test_numbers_and_dates_of_a_workbook_are_read_as_such(shop: Shop) -> None:
    rows = [HEADER.split(","), [17850, datetime(2026, 3, 1, 10), 12.5], ["007", datetime(2026, 3, 1), 3]]
    part = shop.orders(_workbook(rows), format="xlsx")
    assert part.column("order_id") == ["17850", "007"]
    assert part.column("ordered_at") == [datetime(2026, 3, 1, 2), datetime(2026, 2, 28, 16)]
    assert part.column("paid_amount") == [Decimal("12.50"), Decimal("3.00")]


def test_json_objects_inside_objects_are_reached_by_a_dotted_name(shop: Shop) -> None:
    columns = ORDER_COLUMNS | {"total": ORDER_COLUMNS["total"] | {"from": "pay.total"}}
    line = '{"order": 7, "placed": "2026-03-01", "pay": {"total": 1.10}}'
    part = shop.orders(line, format="jsonl", columns=columns)
    assert part.column("paid_amount") == [Decimal("1.10")]


def test_quoted_cells_keep_delimiters_quotes_and_line_breaks(shop: Shop) -> None:
    columns = ORDER_COLUMNS | {"province": {"from": "省", "type": "text", "personal": "none"}}
    fields = {"order_id": "order_no", "ordered_at": "placed", "paid_amount": "total", "province": "province"}
    part = shop.orders(
        f'{HEADER},省\n{ROW},"a, ""b""\nc"\n{ROW},d\n',
        columns=columns,
        resources={"orders": {"fields": fields}},
    )
    assert part.column("province") == ['a, "b"\nc', "d"]
    assert part.column("_source_row") == [1, 2]


def test_a_glob_also_claims_the_gzipped_file_and_the_rest_is_reported(shop: Shop) -> None:
    for name in ("orders_1.csv", "orders_2.csv.gz", "notes.txt", ".hidden", "sub/orders_3.csv"):
        (shop.folder / name).parent.mkdir(exist_ok=True)
        shop.put(ROW, name)
    claims = claim_files(shop.mapping(files=["orders_*.csv"]), shop.folder)
    assert [file.name for _, file in claims.claimed] == ["orders_1.csv", "orders_2.csv.gz"]
    assert [path.name for path in claims.unclaimed] == ["notes.txt", "orders_3.csv"]


def test_a_file_read_by_two_sources_is_registered_under_two_names(shop: Shop) -> None:
    shop.put(ROW)
    mapping = shop.mapping()
    twice = mapping.model_copy(
        update={"sources": (mapping.sources[0], mapping.sources[0].model_copy(update={"name": "b"}))}
    )
    names = [file.name for _, file in claim_files(twice, shop.folder).claimed]
    assert names == ["orders.csv#orders", "orders.csv#b"]


def test_a_folder_without_a_claimed_file_is_an_error(shop: Shop) -> None:
    shop.put(ROW, "other.txt")
    with pytest.raises(SourceError, match=r"claims no file .*other\.txt.*expected a file called \*\.csv"):
        claim_files(shop.mapping(files=["*.csv"]), shop.folder)
    with pytest.raises(UsageError, match="is not there"):
        claim_files(shop.mapping(), Path("/nowhere/at/all"))
