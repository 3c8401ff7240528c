"""Where a sweep has to look, and where it must not: replaced loads, killed landings, damage, other people's rows."""

import shutil
from dataclasses import replace

import duckdb
import pyarrow as pa
import pytest

from siyu.channels.catalogue import declared
from siyu.errors import DamagedFileError
from siyu.landing import compact, open_quarantine, read_records
from siyu.landing.personal import open_keys
from siyu.landing.redaction import PossibleNames, stays_in_books, without
from siyu.privacy import Request, erase
from siyu.privacy.persons import id_of
from siyu.publication.records import present_publications
from siyu.resources import CUSTOMERS, ORDERS, RESOURCES, raw_columns
from siyu.settings import Home, Settings
from tests.landing.shop import BRAND, CHANNEL, File, Shop, customer, order
from tests.privacy.crosswalks import publish_crosswalk
from tests.privacy.searching import found_in, unsealed

WHO = {"by": "li.na", "reason": "test"}
ANNA, PHONE = "anna-0001", "13912345678"


def anna(home: Home) -> Request:
    return Request(kind="member_id", value=id_of(f"customer|{CHANNEL}|{token(home)}"))


def token(home: Home, name: str = ANNA) -> str:
    return open_keys(home).tokenizer.customer(BRAND, CHANNEL, name)


def where(home: Home) -> set[str]:
    return {
        place for place, found in found_in(home, {token(home): "a", ANNA: "a", PHONE: "a"}).items() if found
    }


def people(shop: Shop, name: str = "people.csv", *, mapping_text: str = "first") -> File:
    rows = [customer(ANNA, phone=PHONE), customer("bert-0002", phone="13700000002")]
    file = File(name=name, rows=rows, bad=[{"id": ANNA}], resource=CUSTOMERS, mapping_text=mapping_text)
    shop.land(file, source=replace(file.source, sha256="a" * 64))
    return file


def test_f34_somebody_stays_in_a_load_that_another_replaced_or_a_landing_that_was_killed(home: Home) -> None:
    shop = Shop(home)
    people(shop)
    shop.land(File(name="more.csv", rows=[customer(ANNA, province="Zhejiang")], resource=CUSTOMERS))
    compact(home, Settings(compact_files=2))
    people(shop, mapping_text="second")  # replaces the first load, whose vault and quarantine stay
    compact(home, Settings(compact_files=2))
    loads = [record.load_id for record in read_records(home)]
    shutil.copy(
        home.vault / f"{loads[0]}.sealed", home.vault / "0123456789abcdef.sealed"
    )  # of a killed landing
    assert len(list(home.vault.iterdir())) == 4
    assert {"raw/customers", "vault"} <= where(home)
    erase(home, Settings(), [anna(home)], **WHO)
    assert where(home) == set()
    assert len(shop.raw(CUSTOMERS, "customer_token")) == 1
    assert [row.source_row for row in open_quarantine(home)] == []


def test_f34_a_damaged_file_keeps_others_from_being_swept_or_is_passed_over(home: Home) -> None:
    shop = Shop(home)
    people(shop)
    orders = File(name="orders.csv", rows=[order("o1", customer_id=ANNA)])
    shop.land(orders)
    for night in ("night1", "night2", "night3"):
        publish_crosswalk(
            home, night, [(f"customer|{CHANNEL}|{token(home)}", 0, "m_anna")], {f"m_{night}": "m_anna"}
        )
    (raw,) = (home.raw / "files" / "orders").iterdir()
    whole = raw.read_bytes()
    raw.write_bytes(whole[:-9])
    oldest = present_publications(home)[0].folder / "member_360.parquet"
    oldest.write_bytes(oldest.read_bytes()[:-9])
    with pytest.raises(DamagedFileError, match=r"orders\.csv"):
        erase(home, Settings(), [Request(kind="member_id", value="m_anna")], **WHO)
    assert [publication.id for publication in present_publications(home)] == [2, 3, 4]
    assert shop.home.publications.joinpath("000001.json").exists(), "the log keeps all"
    raw.write_bytes(whole)
    assert where(home) == {"raw/orders", "vault"}
    erase(home, Settings(), [], **WHO)
    assert where(home) == set()
    assert shop.raw(ORDERS, "order_id, customer_token") == [("o1", None)]


def test_f34_a_bad_row_of_somebody_else_goes_with_a_short_id_that_stands_in_it(home: Home) -> None:
    shop = Shop(home)
    shop.land(File(name="people.csv", rows=[customer("2")], resource=CUSTOMERS))
    other = {"order": "9999", "buyer": "bert-0002", "quantity": "2"}
    shop.land(File(name="orders.csv", rows=[order("o1", customer_id="2")], bad=[other]))
    two = Request(kind="member_id", value=id_of(f"customer|{CHANNEL}|{token(home, '2')}"))
    erase(home, Settings(), [two], **WHO)
    shop.land(File(name="again.csv", rows=[order("o1", customer_id="2")], bad=[other, {"buyer": "carl"}]))
    assert [row.source_name for row in open_quarantine(home)] == ["orders.csv", "again.csv", "again.csv"]
    assert [one["kind"] for one in unsealed(home)].count("row") == 3


@pytest.mark.parametrize(
    "text",
    [
        '{"tel": "139 1234 5678 (home)"}',
        '{"note": "call +86 139-1234-5678"}',
        "name;139 1234 5678;x",
        '{"a": [{"b": 13912345678}]}',
    ],
)
def test_a_phone_in_a_row_that_nobody_understood_is_missed(home: Home, text: str) -> None:
    tokenizer = open_keys(home).tokenizer
    assert tokenizer.token("phone", PHONE) in set(PossibleNames(tokenizer, RESOURCES.values()).of(text))


def test_an_employee_goes_from_the_staff_list_with_the_customer_of_the_same_phone() -> None:
    staff = declared()["wecom"]["staff"]
    columns = raw_columns(staff)
    with duckdb.connect() as connection:
        row = {name: ["t" if name == "phone_token" else None] for name in columns}
        rows = connection.from_arrow(pa.table(row))
        assert not stays_in_books(staff)
        assert without(rows, staff, frozenset({"t"})).select("phone_token").fetchall() == [(None,)]
