"""Input that is wrong: a clear error and nothing landed, or only that record rejected."""

import gzip
import io
import json
import threading
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from siyu.channels.files import claim_files, extract
from siyu.errors import SourceError
from siyu.settings import PROJECT
from tests.channels.shop import HEADER, ORDER_COLUMNS, ROW, Shop

BROKEN = PROJECT / "tests" / "data" / "broken"

# file → what the message must say, options of the source
REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "empty.csv": (r"empty\.csv is empty", {}),
    "only_blank_lines.csv": ("has no header in row 1", {}),
    "truncated.csv.gz": (r"truncated\.csv\.gz is a gzip file that ends too early", {}),
    "header_in_row_3.csv": (r"has its header in row 3, not 1.*say `header_row: 3`", {}),
    "no_header.csv": ("row 1 looks like data.*header: none", {}),
    "other_columns.csv": (r"no column '订单号' or 'order'; its columns are: campaign, clicks, cost", {}),
    "column_twice.csv": ("2 columns called 'total'", {}),
    "quote_never_closed.csv": ("line 3: a quote is opened and never closed", {}),
    "two_sheets.xlsx": ("2 sheets: 三月, 四月", {"format": "xlsx"}),
    "no_workbook.xlsx": ("cannot be read as an xlsx workbook", {"format": "xlsx"}),
    "truncated.parquet": ("cannot be read as Parquet", {"format": "parquet"}),
    "array.json": ("is a JSON array; expected one JSON object per line", {"format": "jsonl"}),
    "other_keys.jsonl": ("no record has order_no, placed, total", {"format": "jsonl"}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_not_what_the_mapping_says_is_refused(shop: Shop, name: str) -> None:
    message, options = REFUSED[name]
    with pytest.raises(SourceError, match=f"(?s){message}"):
        shop.orders(BROKEN / name, **options)
    assert list(shop.home.staging.iterdir()) == []


@pytest.mark.parametrize(
    ("encoding", "options", "told"),
    [
        ("cp1252", {}, "say `encoding: cp1252`"),  # taken for Chinese
        ("utf-8", {"encoding": "latin-1"}, "when it is read as latin-1.*say `encoding: utf-8`"),
        ("gb18030", {"encoding": "utf-8"}, "say `encoding: gb18030`"),
    ],
)
def test_a_wrong_encoding_is_told_as_a_missing_column(
    shop: Shop, encoding: str, options: dict[str, str], told: str
) -> None:
    total = "金额" if encoding == "gb18030" else "Größe"
    columns = ORDER_COLUMNS | {
        "placed": ORDER_COLUMNS["placed"] | {"from": "placed"},
        "total": ORDER_COLUMNS["total"] | {"from": total},
    }
    text = f"order,placed,{total}\n{ROW}\n"
    with pytest.raises(SourceError, match=f"(?s){told}"):
        shop.orders(text.encode(encoding), columns=columns, **options)
    found = shop.orders(text.encode(encoding), columns=columns, encoding=encoding)
    assert (len(found.records), found.rejects) == (1, [])


def test_an_error_about_headers_never_repeats_somebodys_data(shop: Shop) -> None:
    with pytest.raises(SourceError) as error:
        shop.orders(f"张三,13800138000,zhang@example.com\n{ROW}\n")
    assert "张三" not in str(error.value)
    assert "13800138000" not in str(error.value)


# file → (row, reason, column) of the one reject, options; the other two records are good
REJECTED: dict[str, tuple[tuple[int, str, str | None], dict[str, Any]]] = {
    "too_many_cells.csv": ((2, "too_many_cells", None), {}),
    "too_few_cells.csv": ((2, "too_few_cells", None), {}),
    "bad_quotes.csv": ((2, "bad_quotes", None), {}),
    "header_again.csv": ((2, "repeated_header", None), {}),
    "invalid_utf8.csv": ((2, "invalid_encoding", "order_no"), {}),
    "nul_byte.csv": ((2, "nul_byte", "order_no"), {}),
    "letter_in_amount.csv": ((2, "not_a_number", "total"), {}),
    "31_february.csv": ((2, "not_a_date", "placed"), {}),
    "not_json.jsonl": ((2, "bad_json", None), {"format": "jsonl"}),
    "lone_surrogate.jsonl": ((2, "invalid_encoding", "order_no"), {"format": "jsonl"}),
    "formula.xlsx": ((2, "formula", "total"), {"format": "xlsx"}),
}


@pytest.mark.parametrize("name", REJECTED)
def test_only_the_record_that_cannot_be_understood_is_rejected(shop: Shop, name: str) -> None:
    expected, options = REJECTED[name]
    part = shop.orders(BROKEN / name, **options)
    assert part.reasons == [expected]
    assert part.column("_source_row") == [1, 3]
    assert part.column("order_id") == ["A1", "A3"]
    assert part.rows_read == 3


@pytest.mark.parametrize(
    ("form", "line"),
    [("csv", "{id},2026-03-01,5"), ("jsonl", '{{"order": "{id}", "placed": "2026-03-01", "total": 5}}')],
)
def test_one_cell_of_50_mb_costs_its_record_only(shop: Shop, form: str, line: str) -> None:
    ids = ["A1", "x" * 50_000_000, "A3"]
    head = ["order,placed,total"] if form == "csv" else []
    part = shop.orders("\n".join(head + [line.format(id=id_) for id_ in ids]), format=form)
    assert part.reasons == [(2, "cell_too_large", "order_no")]
    assert part.column("order_id") == ["A1", "A3"]
    assert len(part.rejects[0][3]) < 2 * shop.settings.cell_limit_bytes


def test_json_nested_10000_deep_costs_its_record_only(shop: Shop) -> None:
    good = '{"order": "A1", "placed": "2026-03-01", "total": 5}'
    deep = '{"order": ' + "[" * 10_000 + "]" * 10_000 + ', "placed": "2026-03-01", "total": 5}'
    part = shop.orders("\n".join([good, deep, good]), format="jsonl")
    assert part.reasons == [(2, "bad_json", None)]
    assert part.column("_source_row") == [1, 3]


def test_emoji_and_four_byte_han_are_good_values(shop: Shop) -> None:
    part = shop.orders(f"{HEADER}\n💐𠮷,2026-03-01,1\n")
    assert part.column("order_id") == ["💐𠮷"]


def test_a_parquet_text_that_is_not_utf8_costs_its_record_only(shop: Shop) -> None:
    table = pa.table({"order": [b"A1", b"\xff\xfe", b"A3"], "placed": ["2026-03-01"] * 3, "total": [1, 2, 3]})
    target = io.BytesIO()
    pq.write_table(table, target)
    part = shop.orders(target.getvalue(), format="parquet")
    assert part.reasons == [(2, "invalid_encoding", "order_no")]
    assert part.column("order_id") == ["A1", "A3"]


def test_a_bad_byte_in_a_chinese_utf8_file_does_not_turn_it_into_gb18030(shop: Shop) -> None:
    rows = [f"订单{index},2026-03-01,1" for index in range(20)]
    content = "\n".join([HEADER, *rows]).encode() + b"\nA\xd6\xd0,2026-03-01,1\n"
    part = shop.orders(content)
    assert part.reasons == [(21, "invalid_encoding", "order_no")]
    assert part.column("order_id")[:2] == ["订单0", "订单1"]


def test_the_rejected_row_is_kept_whole_for_the_vault(shop: Shop) -> None:
    part = shop.orders(f"{HEADER}\nA1,2026-03-01,12,5O\nA2,never,1\n")
    assert json.loads(part.rejects[0][3]) == ["A1", "2026-03-01", "12", "5O"]
    assert json.loads(part.rejects[1][3]) == {"order_no": "A2", "placed": "never", "total": "1"}


def test_rows_after_a_record_with_bad_quotes_are_not_swallowed(shop: Shop) -> None:
    content = (
        f'{HEADER}\nA1,2026-03-01,1\n"A2"x,2026-03-01,1\n"A3\n b",2026-03-01,1\n'
        '"A4"y,2026-03-01,1\nA5,2026-03-01,1\n'
    )
    part = shop.orders(content)
    assert part.column("order_id") == ["A1", "A3\n b", "A5"]
    assert part.reasons == [(2, "bad_quotes", None), (4, "bad_quotes", None)]


def test_a_formula_in_a_column_nobody_maps_is_harmless(shop: Shop) -> None:
    book = openpyxl.Workbook()
    for row in (["order", "placed", "total", "note"], ["A1", "2026-03-01", 1, "=1+1"]):
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    assert shop.orders(target.getvalue(), format="xlsx").rejects == []


def test_a_missing_optional_column_is_empty_and_a_missing_other_one_is_an_error(shop: Shop) -> None:
    paid = {"from": "paid", "type": "timestamp", "personal": "none"}
    fields = {"order_id": "order_no", "ordered_at": "placed", "paid_amount": "total", "paid_at": "paid"}
    resources = {"orders": {"fields": fields}}
    with pytest.raises(SourceError, match="no column 'paid'"):
        shop.orders(f"{HEADER}\n{ROW}\n", columns=ORDER_COLUMNS | {"paid": paid}, resources=resources)
    columns = ORDER_COLUMNS | {"paid": paid | {"optional": "true"}}
    assert shop.orders(f"{HEADER}\n{ROW}\n", columns=columns, resources=resources).column("paid_at") == [None]


def test_a_header_without_rows_is_a_quiet_day(shop: Shop) -> None:
    part = shop.orders(HEADER + "\n")
    assert (part.rows_read, part.records, part.rejects) == (0, [], [])


def test_a_damaged_gzip_is_refused(shop: Shop) -> None:
    data = bytearray(gzip.compress((HEADER + "\n" + f"{ROW}\n" * 2000).encode()))
    data[-6] ^= 0xFF
    with pytest.raises(SourceError, match="damaged gzip"):
        shop.orders(bytes(data), name="x.csv.gz")


def test_a_file_that_changes_while_it_is_read_is_refused(shop: Shop) -> None:
    path = shop.put(f"{HEADER}\n" + f"{ROW}\n" * 50_000)
    mapping = shop.mapping()
    ((source, file),) = claim_files(mapping, path).claimed
    is_over = threading.Event()

    def keep_writing() -> None:
        while not is_over.wait(0.01):
            with path.open("a", encoding="utf-8") as late:
                late.write(ROW + "\n")

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        with (
            pytest.raises(SourceError, match="changed while it was read"),
            extract(mapping, source, file, shop.settings, shop.home),
        ):
            pass
    finally:
        is_over.set()
        writer.join()
    assert list(shop.home.staging.iterdir()) == []
