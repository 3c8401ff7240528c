"""A value that stands in another file is found there, once; where it cannot be found for certain, the row says so."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from siyu.channels.files import claim_files, land_file, load_mapping
from siyu.channels.files.check import check_mapping
from siyu.errors import SourceError, UsageError
from siyu.landing.records import live, read_records
from siyu.settings import PROJECT
from tests.channels.shop import Part, Shop

ID = {"type": "id", "personal": "none"}
PERSON = {"type": "id", "personal": "identifier"}
ORDERS: dict[str, Any] = {
    "name": "orders",
    "files": "orders.csv",
    "format": "csv",
    "columns": {
        "order_no": {"from": "order", **ID},
        "account": {"from": "account", **PERSON},
        "placed": {"from": "placed", "type": "timestamp", "personal": "none"},
    },
    "lookups": {
        "person": {"source": "customers", "match": "account", "take": "person"},
        "paid": {"source": "payments", "match": "order_no", "sum": "payment"},
    },
    "resources": {
        "orders": {
            "fields": {
                "order_id": "order_no",
                "customer_id": "person",
                "ordered_at": "placed",
                "paid_amount": "paid",
            }
        }
    },
}
CUSTOMERS: dict[str, Any] = {
    "name": "customers",
    "files": "customers.csv",
    "format": "csv",
    "columns": {"account": {"from": "account", **PERSON}, "person": {"from": "person", **PERSON}},
}
PAYMENTS: dict[str, Any] = {
    "name": "payments",
    "files": "payments*.csv",
    "format": "csv",
    "columns": {
        "order_no": {"from": "order", **ID},
        "payment": {"from": "payment", "type": "amount", "personal": "none"},
    },
}
SOURCES = {"sources": [ORDERS, CUSTOMERS, PAYMENTS]}


def put(shop: Shop, *, customers: str = "c1,ada\nc2,ada\n", payments: str = "1,10.00\n1,2.50\n2,5\n") -> None:
    """Two orders of two accounts, one person behind both, three payments."""
    shop.put("order,account,placed\n1,c1,2026-03-01\n2,c2,2026-03-02\n", "orders.csv")
    shop.put("account,person\n" + customers, "customers.csv")
    shop.put("order,payment\n" + payments, "payments.csv")


def orders(shop: Shop, **top: Any) -> Part:
    return shop.read(shop.folder, top=SOURCES | top)["orders"]


def test_an_order_finds_its_person_and_the_sum_of_its_payments(shop: Shop) -> None:
    put(shop)
    found = orders(shop)
    assert found.column("customer_id") == ["ada", "ada"]
    assert found.column("paid_amount") == [Decimal("12.50"), Decimal("5.00")]
    assert found.reasons == []


def test_an_order_without_a_customer_row_has_no_customer_and_is_counted(shop: Shop) -> None:
    put(shop, customers="c1,ada\n")
    assert orders(shop).column("customer_id") == ["ada", None]
    (checked,) = check_mapping(load_mapping(shop.mapping_file), shop.folder, shop.settings).files
    assert checked.unmatched == {"person": 1}
    assert checked.looks_into == ["customers.csv", "payments.csv"]


def test_two_persons_for_one_account_are_no_answer(shop: Shop) -> None:
    put(shop, customers="c1,ada\nc1,bob\nc2,ada\nc2,ada\n")
    found = orders(shop)
    assert found.reasons == [(1, "ambiguous_lookup", "person")]
    assert found.column("order_id") == ["2"]


def test_a_payment_that_is_no_number_stops_its_own_order_only(shop: Shop) -> None:
    put(shop, payments="1,10.00\n1,ten\n2,5\n")
    found = orders(shop)
    assert found.reasons == [(1, "unreadable_lookup", "paid")]
    assert found.column("paid_amount") == [Decimal("5.00")]


def test_a_payment_of_nobody_knows_which_order_is_refused_by_file_and_row(shop: Shop) -> None:
    put(shop, payments="1,10.00\n1.23457E+15,5\n")
    with pytest.raises(SourceError, match=r"payments.csv row 2: order_no is rounded_number; 1 rows") as error:
        orders(shop)
    assert "1.23457E+15" not in str(error.value)


def test_the_same_payments_in_two_exports_count_once(shop: Shop) -> None:
    put(shop)
    shop.put("order,payment\n1,12.50\n", "payments_again.csv")
    assert orders(shop).column("paid_amount") == [Decimal("12.50"), Decimal("5.00")]
    shop.put("order,payment\n1,12.49\n", "payments_again.csv")
    assert orders(shop).reasons == [(1, "ambiguous_lookup", "paid")]


def test_an_account_that_cannot_be_read_finds_nobody(shop: Shop) -> None:
    put(shop)
    shop.put("order,account,placed\n1,1.5E+20,2026-03-01\n2,c2,2026-03-02\n", "orders.csv")
    found = orders(shop)
    assert found.reasons == [(1, "rounded_number", "account")]
    assert found.column("order_id") == ["2"]


def test_a_condition_may_look_at_what_was_looked_up(shop: Shop) -> None:
    put(shop)
    only_large = ORDERS["resources"]["orders"] | {"where": {"column": "paid", "greater_than": "6"}}
    found = orders(shop, sources=[ORDERS | {"resources": {"orders": only_large}}, CUSTOMERS, PAYMENTS])
    assert (found.column("order_id"), found.rows_elsewhere) == (["1"], 1)


def test_another_customers_file_is_another_reading_of_the_same_orders(shop: Shop) -> None:
    put(shop)
    mapping = shop.mapping(top=SOURCES)

    def landed() -> str:
        ((source, file),) = claim_files(mapping, shop.folder).claimed
        return land_file(mapping, source, file, shop.settings, shop.home).load_id

    first = landed()
    assert landed() == first
    shop.put("account,person\nc1,ada\nc2,bob\n", "customers.csv")
    second = landed()
    assert [record.load_id for record in live(read_records(shop.home))] == [second]
    assert second != first


def test_a_file_that_is_only_looked_into_lands_nowhere_and_is_claimed(shop: Shop) -> None:
    put(shop)
    claims = claim_files(shop.mapping(top=SOURCES), shop.folder)
    assert [file.name for _, file in claims.claimed] == ["orders.csv"]
    assert claims.unclaimed == []


def test_a_missing_file_to_look_into_is_named(shop: Shop) -> None:
    put(shop)
    (shop.folder / "customers.csv").unlink()
    with pytest.raises(SourceError, match=r"source orders looks into customers, and no file of it is there"):
        claim_files(shop.mapping(top=SOURCES), shop.folder)


GOOD = """\
version: 1
name: small_shop
channel: own_web
timezone: Asia/Shanghai
currency: CNY
sources:
  - name: payments
    files: payments.csv
    format: csv
    columns:
      order_no: {from: order, type: id, personal: none}
      payment: {from: payment, type: amount, personal: none}
      method: {from: method, type: text, personal: none}
  - name: orders
    files: orders.csv
    format: csv
    columns:
      order_no: {from: order, type: id, personal: none}
      placed: {from: placed, type: timestamp, personal: none}
    lookups:
      paid: {source: payments, match: order_no, sum: payment}
    resources:
      orders:
        fields:
          order_id: order_no
          ordered_at: placed
          paid_amount: paid
"""
WRONG = [
    (
        "source: payments",
        "source: paiments",
        "21: no other source is called 'paiments'; did you mean 'payments'?",
    ),
    ("source: payments", "source: orders", "21: no other source is called 'orders'"),
    ("match: order_no", "match: placed", "21: 'placed' is not a column of both orders and payments"),
    ("sum: payment", "sum: paymnt", "21: payments has no column 'paymnt'; did you mean 'payment'?"),
    ("sum: payment", "sum: method", "21: only numbers have a sum, method is text"),
    (
        "sum: payment",
        "sum: payment, take: payment",
        "21: sources.1.lookups.paid: a lookup has exactly one of",
    ),
    ("sum: payment", "take: method", "27: paid_amount takes integer or decimal or amount, not text"),
    ("      paid: {source", "      placed: {source", "21: 'placed' is a column of the file already"),
    ("paid_amount: paid", "paid_amount: pad", "27: the source has no column 'pad'; did you mean 'paid'?"),
    (
        "    lookups:\n      paid: {source: payments, match: order_no, sum: payment}\n",
        "",
        "7: source payments has no resources, and no other source looks into it",
    ),
    ("order_no: {from: order, type: id", "order_no: {from: order, type: text", "21: 'order_no' is"),
]


@pytest.mark.parametrize(("old", "new", "message"), WRONG, ids=[message for *_, message in WRONG])
def test_a_wrong_lookup_is_told_by_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "mapping.yml"
    path.write_text(GOOD, encoding="utf-8")
    load_mapping(path)
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UsageError) as error:
        load_mapping(path)
    assert f"mapping.yml:{message}" in str(error.value)


def test_a_row_of_a_file_without_customer_ids_is_a_person_of_its_own(shop: Shop) -> None:
    columns = {"total": {"from": "total", "type": "amount", "personal": "none"}}
    fields = {
        "order_id": {"source_row": "true"},
        "customer_id": {"source_row": "true"},
        "ordered_at": {"constant": "2026-03-01"},
        "paid_amount": "total",
    }
    found = shop.orders("total\n5\n5\n", columns=columns, resources={"orders": {"fields": fields}})
    assert found.column("customer_id") == ["1", "2"]


def test_the_mapping_with_lookups_that_the_guide_shows_can_be_loaded(tmp_path: Path) -> None:
    guide = (PROJECT / "docs" / "how-to" / "bring-your-own-data.md").read_text(encoding="utf-8")
    _, section = guide.split("## Several files that belong together")
    example = section.split("```yaml\n")[1].split("```")[0]
    path = tmp_path / "mapping.yml"
    path.write_text(GOOD.split("sources:", maxsplit=1)[0] + example, encoding="utf-8")
    assert [source.name for source in load_mapping(path).sources] == ["customers", "payments", "orders"]
