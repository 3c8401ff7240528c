"""Which resource a row ends in, what it carries, and that no row is lost or counted twice."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siyu.channels.files import claim_files, extract
from tests.channels.shop import HEADER, ORDER_COLUMNS, ORDER_FIELDS, ORDERS, ROW, Shop
from tests.properties import examples

COLUMNS: dict[str, Any] = {
    "no": {"from": "no", "type": "id", "personal": "none"},
    "who": {"from": "who", "type": "id", "personal": "identifier"},
    "at": {"from": "at", "type": "timestamp", "personal": "none"},
    "quantity": {"from": "quantity", "type": "integer", "personal": "none"},
    "price": {"from": "price", "type": "amount", "personal": "none"},
}
LINES = {
    "where": {"not": {"column": "no", "starts_with": "C"}},
    "fields": {
        "order_id": "no",
        "customer_id": "who",
        "product_id": {"constant": "p"},
        "quantity": "quantity",
        "unit_price": "price",
        "ordered_at": "at",
    },
    "exclude": [
        {"reason": "test_order", "when": {"column": "who", "equals": "tester"}},
        {"reason": "no_price", "when": {"column": "price", "equals": "0"}},
    ],
}
REFUNDS = {
    "where": {"column": "no", "starts_with": "C"},
    "fields": {
        "refund_id": "no",
        "customer_id": "who",
        "quantity": {"negate": "quantity"},
        "unit_price": "price",
        "refunded_at": "at",
    },
}
BOTH = {"order_lines": LINES, "refunds": REFUNDS}
HEAD = "no,who,at,quantity,price\n"


def test_each_row_goes_where_its_condition_says(shop: Shop) -> None:
    content = HEAD + "1,u,2026-03-01,2,5\nC1,u,2026-03-02,-1,5\n,u,2026-03-02,1,5\n"
    parts = shop.read(content, columns=COLUMNS, resources=BOTH)
    assert parts["order_lines"].column("_source_row") == [1, 3]
    assert parts["order_lines"].rows_elsewhere == 1
    assert parts["refunds"].column("_source_row") == [2]
    assert parts["refunds"].column("quantity") == [1]
    assert parts["refunds"].column("refund_amount") == [Decimal("5.00")]
    assert parts["refunds"].rows_elsewhere == 2


def test_excluded_rows_land_with_the_first_reason_that_fits(shop: Shop) -> None:
    content = HEAD + "1,tester,2026-03-01,1,0\n2,u,2026-03-01,1,0\n3,u,2026-03-01,1,1\n4,,2026-03-01,1,1\n"
    part = shop.read(content, columns=COLUMNS, resources=BOTH)["order_lines"]
    assert part.column("_exclusion") == ["test_order", "no_price", None, None]


@pytest.mark.parametrize(
    ("repeats", "expected"), [("keep", [None, None, None]), ("exclude", [None, None, "duplicate"])]
)
def test_an_exact_repeat_is_kept_unless_the_mapping_says_otherwise(
    shop: Shop, repeats: str, expected: list[str | None]
) -> None:
    content = HEAD + "1,u,2026-03-01,1,1\n1,u,2026-03-01,2,1\n1,u,2026-03-01,1,1.00\n"
    resources = {"order_lines": LINES | {"repeats": repeats}}
    assert (
        shop.read(content, columns=COLUMNS, resources=resources)["order_lines"].column("_exclusion")
        == expected
    )


def test_a_bad_value_matters_only_to_the_resource_that_uses_it(shop: Shop) -> None:
    fields = {key: value for key, value in REFUNDS["fields"].items() if key not in ("quantity", "unit_price")}
    resources = BOTH | {"refunds": REFUNDS | {"fields": fields | {"refund_amount": {"constant": "1"}}}}
    content = HEAD + "1,u,2026-03-01,x,5\nC1,u,2026-03-02,x,5\n"
    parts = shop.read(content, columns=COLUMNS, resources=resources)
    assert parts["order_lines"].reasons == [
        (1, "not_an_integer".replace("an_integer", "a_number"), "quantity")
    ]
    assert parts["refunds"].column("_source_row") == [2]


def test_a_row_that_cannot_be_assigned_is_rejected_once(shop: Shop) -> None:
    returned = {"column": "quantity", "less_than": "0"}
    resources = {
        "order_lines": LINES | {"where": {"not": returned}},
        "refunds": REFUNDS | {"where": returned},
    }
    parts = shop.read(HEAD + "1,u,2026-03-01,many,5\ntoo,few\n", columns=COLUMNS, resources=resources)
    assert parts["order_lines"].reasons == [(1, "not_a_number", "quantity"), (2, "too_few_cells", None)]
    assert parts["refunds"].rejects == []
    assert parts["refunds"].rows_elsewhere == 2


def test_composed_values(shop: Shop) -> None:
    fields = ORDER_FIELDS | {
        "order_id": {"join": ["order_no", "total_text"], "separator": "/"},
        "discount_amount": {"multiply": ["total", "total"]},
        "province": {"constant": "上海"},
        "order_status": {"source_row": "true"},
        "channel_code": {"constant": "tmall_shop"},
        "currency_code": "unit",
    }
    columns = ORDER_COLUMNS | {
        "total_text": {"from": "金额", "type": "text", "personal": "none"},
        "unit": {"from": "币种", "type": "text", "personal": "none"},
    }
    part = shop.orders(
        f"{HEADER},币种\n{ROW},usd\nA2,2026-03-01,,CNY\n",
        columns=columns,
        resources={"orders": {"fields": fields}},
    )
    first, second = part.records
    assert first["order_id"] == "A1/12.50"
    assert first["discount_amount"] == Decimal("156.25")
    assert (first["province"], first["order_status"], first["channel_code"]) == ("上海", "1", "tmall_shop")
    assert (first["brand_code"], first["currency_code"]) == ("default", "USD")
    assert second["order_id"] is None  # half a key is no key: landing refuses it


CONDITIONS: list[tuple[dict[str, Any], list[str]]] = [
    ({"column": "text", "equals": "Ab"}, ["1"]),
    ({"column": "text", "equals": "ab", "ignore_case": "true"}, ["1", "2"]),
    ({"column": "text", "not_equals": "Ab"}, ["2", "3", "4"]),
    ({"column": "text", "in": ["Ab", "说明"]}, ["1", "3"]),
    ({"column": "text", "in": ["AB"], "ignore_case": "true"}, ["1", "2"]),
    ({"column": "text", "not_in": ["Ab", "说明"]}, ["2", "4"]),
    ({"column": "text", "starts_with": "A"}, ["1"]),
    ({"column": "text", "starts_with": "A", "ignore_case": "true"}, ["1", "2"]),
    ({"column": "text", "matches": "^.b$"}, ["1", "2"]),
    ({"column": "text", "matches": "B", "ignore_case": "true"}, ["1", "2"]),
    ({"column": "text", "is_empty": "true"}, ["4"]),
    ({"column": "text", "is_empty": "false"}, ["1", "2", "3"]),
    ({"column": "number", "less_than": "2"}, ["1"]),
    ({"column": "number", "greater_than": "1.5"}, ["2", "3"]),
    ({"column": "number", "equals": "2.0"}, ["2"]),
    ({"column": "at", "less_than": "2026-03-02"}, ["1"]),
    ({"column": "at", "greater_than": "2026-03-02T00:00:00+08:00"}, ["3"]),
    ({"all": [{"column": "number", "greater_than": "0"}, {"column": "text", "equals": "Ab"}]}, ["1"]),
    ({"any": [{"column": "number", "equals": "3"}, {"column": "text", "is_empty": "true"}]}, ["3", "4"]),
    ({"not": {"column": "number", "greater_than": "1"}}, ["1", "4"]),
    ({"not": {"not": {"column": "text", "equals": "'; drop table source_values; --"}}}, []),
]


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS)
def test_conditions_are_true_or_false_also_for_empty_values(
    shop: Shop, condition: dict[str, Any], expected: list[str]
) -> None:
    columns = {
        "no": {"from": "no", "type": "id", "personal": "none"},
        "text": {"from": "text", "type": "text", "personal": "none"},
        "number": {"from": "number", "type": "decimal", "personal": "none"},
        "at": {"from": "at", "type": "timestamp", "personal": "none"},
    }
    fields = {"order_id": "no", "ordered_at": "at", "paid_amount": "number"}
    content = "no,text,number,at\n1,Ab,1,2026-03-01 23:59:59\n2,ab,2,2026-03-02\n3,说明,3,2026-03-02 00:00:01\n4,,,\n"
    part = shop.read(content, columns=columns, resources={"orders": {"where": condition, "fields": fields}})[
        "orders"
    ]
    assert part.column("order_id") == expected
    assert part.rows_elsewhere == 4 - len(expected)


CELLS = st.sampled_from(
    ["1", "C2", "A", "", "x", "2026-03-01", "—", "1,5", '"q', "1.5", "a\nb", "tester", "0", "-3"]
)
LINE = st.one_of(
    st.lists(CELLS, min_size=5, max_size=5),
    st.lists(CELLS, min_size=1, max_size=7),
    st.just(["no", "who", "at", "quantity", "price"]),
    st.tuples(
        st.sampled_from(["1", "C1"]), st.just("u"), st.just("2026-03-01"), st.just("1"), st.just("2")
    ).map(list),
)


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


@examples(40, soak=1000)
@given(rows=st.lists(LINE, min_size=1, max_size=12))
def test_every_row_is_elsewhere_a_record_or_a_reject(shop: Shop, rows: list[list[str]]) -> None:
    content = HEAD + "".join(",".join(map(_quoted, row)) + "\n" for row in rows)
    parts = shop.read(content, columns=COLUMNS, resources=BOTH)
    written = sum(1 for row in rows if row != [""])  # a line with nothing on it is no row
    for part in parts.values():
        assert part.rows_read == written
        assert part.rows_read == part.rows_elsewhere + len(part.records) + len(part.rejects)
    seen = [
        row
        for part in parts.values()
        for row in part.column("_source_row") + [bad[0] for bad in part.rejects]
    ]
    assert len(seen) == len(set(seen)) == written


def test_the_source_names_file_and_mapping_by_their_bytes(shop: Shop) -> None:
    path = shop.put(f"{HEADER}\n{ROW}\n")
    mapping = shop.mapping()
    ((source, file),) = claim_files(mapping, shop.folder).claimed
    with extract(mapping, source, file, shop.settings, shop.home) as (_, origin, batches):
        assert origin.name == "orders.csv"
        assert origin.bytes == path.stat().st_size
        assert len(origin.sha256) == len(origin.mapping_sha256) == 64
        assert [batch.resource.name for batch in batches] == list(ORDERS)
