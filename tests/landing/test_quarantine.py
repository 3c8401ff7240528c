"""Quarantine: what it shows, what it hides, and how rows leave it."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siyu.errors import UsageError
from siyu.landing import dismiss, mask, mask_row, open_quarantine
from siyu.landing.personal import open_private_key, unseal
from siyu.resources import CUSTOMERS, ORDER_LINES, ORDERS
from siyu.settings import Settings
from siyu.state.audit_log import entries
from tests.landing.shop import BRAND, CHANNEL, File, Shop, customer, line, order
from tests.properties import examples


def open_rows(shop: Shop) -> list[tuple[str, int]]:
    return [(row.source_name, row.source_row) for row in open_quarantine(shop.home)]


def test_f20_a_row_mended_in_the_file_lands_by_the_same_command_and_leaves_quarantine(shop: Shop) -> None:
    shop.land(File(rows=[order("o1"), order("o2")], bad=[{"amount": "12,5O"}]))
    assert open_rows(shop) == [("orders.csv", 3)]
    mended = shop.land(File(rows=[order("o1"), order("o2"), order("o3", paid_amount=12)]))
    found = mended.resources["orders"].counts
    assert (found.landed, found.unchanged) == (1, 2)
    assert open_rows(shop) == []
    assert shop.raw(ORDERS, "order_id") == [("o1",), ("o2",), ("o3",)]


def test_f20_a_row_mended_by_the_mapping_lands_and_leaves_quarantine(shop: Shop) -> None:
    file = File(rows=[order("o1")], bad=[{"amount": "12,5"}])
    shop.land(file)
    mended = replace(file, rows=[order("o1"), order("o2", paid_amount="12.5")], bad=(), mapping_text="comma")
    shop.land(mended, source=replace(mended.source, sha256=file.source.sha256))
    assert open_rows(shop) == []
    assert shop.raw(ORDERS, "order_id") == [("o1",), ("o2",)]


def test_f20_a_mended_line_brings_its_whole_order_and_the_fuller_version_has_the_greater_hash(
    shop: Shop,
) -> None:
    known = {"brand_code": BRAND, "channel_code": CHANNEL, "key_text": "i1"}
    shop.land(File(resource=ORDER_LINES, rows=[line("i1")], bad=[known | {"quantity": "x"}]))
    assert open_quarantine(shop.home)[0].group_key == "i1"
    shop.land(File(name="other.csv", resource=ORDER_LINES, rows=[line("i1"), line("i1", product_id="p-2")]))
    assert open_rows(shop) == []
    best = max(group for (group,) in shop.raw(ORDER_LINES, "_group_hash"))
    assert shop.raw(ORDER_LINES, f"product_id, _group_hash = '{best}'").count(("p-2", True)) == 1


def test_a_row_still_bad_in_the_mended_file_stays_open_once(shop: Shop) -> None:
    shop.land(File(rows=[order("o1")], bad=[{"amount": "a"}, {"amount": "b"}]))
    shop.land(File(rows=[order("o1"), order("o2")], bad=[{"amount": "b"}]))
    assert open_rows(shop) == [("orders.csv", 3)]


def test_tomorrows_export_under_the_same_name_does_not_hide_todays_bad_row(shop: Shop) -> None:
    shop.land(File(rows=[order("o1")], bad=[{"amount": "a"}]))
    shop.land(File(rows=[order("o8"), order("o9")]))
    assert open_rows(shop) == [("orders.csv", 2)]


def test_a_bad_row_is_answered_by_a_later_row_with_its_key_and_not_by_an_earlier_one(shop: Shop) -> None:
    shop.land(File(name="first", rows=[order("o1")]))
    shop.land(File(name="second", rows=[order("o1", paid_amount=-1)]))
    assert open_rows(shop) == [("second", 1)]
    shop.land(File(name="third", rows=[order("o2")]))
    assert open_rows(shop) == [("second", 1)]
    shop.land(File(name="fourth", rows=[order("o1", paid_amount=1)]))
    assert open_rows(shop) == []


def test_a_bad_customer_is_known_by_token_and_answered_by_it(shop: Shop) -> None:
    known = {"brand_code": BRAND, "channel_code": CHANNEL, "key_text": " c-77 "}
    shop.land(File(name="a", resource=CUSTOMERS, bad=[known | {"birth_date": "31/31"}]))
    (row,) = open_quarantine(shop.home)
    assert row.group_key is not None
    assert "c-77" not in row.group_key
    shop.land(File(name="b", resource=CUSTOMERS, rows=[customer("c-77")]))
    assert shop.raw(CUSTOMERS, "customer_token") == [(row.group_key,)]
    assert open_rows(shop) == []


def test_dismissing_needs_a_name_and_a_reason_and_is_kept(shop: Shop) -> None:
    record = shop.land(File(bad=[{"amount": "a"}, {"amount": "b"}]))
    with pytest.raises(UsageError, match="reason"):
        dismiss(shop.home, record.load_id, 1, by="li", reason=" ")
    dismiss(shop.home, record.load_id, 1, by="li", reason="a footer of the export")
    assert open_rows(shop) == [("orders.csv", 2)]
    with pytest.raises(UsageError, match="not in open quarantine"):
        dismiss(shop.home, record.load_id, 1, by="li", reason="again")
    (entry,) = entries(shop.home)
    assert (entry.by, entry.reason, entry.details["source_row"]) == ("li", "a footer of the export", 1)


def test_the_vault_holds_the_row_that_quarantine_refers_to(shop: Shop) -> None:
    record = shop.land(File(rows=[order("o1")], bad=[{"amount": "12,5O", "name": "张三"}]))
    (row,) = open_quarantine(shop.home)
    load_id, _, position = row.sealed_reference.partition(":")
    assert (load_id, json.loads(row.masked_row)["name"]) == (record.load_id, "某某")
    sealed = list(unseal(shop.home.vault / f"{load_id}.sealed", open_private_key(shop.home)))[int(position)]
    assert json.loads(sealed["row"])["name"] == "张三"


def test_masks_keep_shape_and_no_letter() -> None:
    assert mask("张三丰 Zhāng-3, +86 138") == "某某某 xxxxx-9, +99 999"
    assert mask("١٢٣ ４５ ²½ 三") == "999 99 99 某"
    assert len(mask("9" * 1000)) == 200


POISON = {
    "50 MB": "长" * 17_000_000,
    "deep": "[" * 10_000 + "]" * 10_000,
    "emoji": "😀🧧",
    "4-byte han": "𠮷野家",
    "nul": "a\u0000b",
    "control": "\x1f\x1e\r\n\t",
    "replacement": "\ufffd\ufffe",
}


@pytest.mark.parametrize("name", POISON)
def test_f21_one_poisonous_row_is_quarantined_alone(shop: Shop, name: str) -> None:
    record = shop.land(
        File(rows=[order("o1"), order("o2")], bad=[{"row_text": json.dumps({"note": POISON[name]})}])
    )
    found = record.resources["orders"].counts
    assert (found.landed, found.quarantined) == (2, 1)
    (row,) = open_quarantine(shop.home)
    assert len(row.masked_row) < 2_000
    (sealed, *_) = unseal(shop.home.vault / f"{record.load_id}.sealed", open_private_key(shop.home))
    assert json.loads(sealed["row"]) == {"note": POISON[name]}


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, "", "null", "[1,2]", '{"a": {"b": [1, "张"]}}', "\ud800"]
)
def test_f21_masking_survives_whatever_it_is_given(text: str) -> None:
    masked = mask_row(text)
    assert "张" not in masked
    assert isinstance(json.loads(masked), dict)


LINES = st.lists(st.sampled_from(["good", "bad"]), min_size=1, max_size=12)


@examples(12, soak=200)
@given(kinds=LINES)
def test_f20_whatever_was_bad_is_open_until_mended_and_then_everything_has_landed(
    tmp_path_factory, kinds
) -> None:
    from siyu.settings import Home

    shop = Shop(Home(tmp_path_factory.mktemp("mended")).create(), Settings(quarantine_limit_rows=100))
    rows = [order(f"o{number}", paid_amount=1 if kind == "good" else -1) for number, kind in enumerate(kinds)]
    shop.land(File(rows=rows))
    assert len(open_rows(shop)) == kinds.count("bad")
    assert len(shop.raw(ORDERS, "order_id")) == kinds.count("good")
    shop.land(File(rows=[row | {"paid_amount": 1} for row in rows]))
    assert open_rows(shop) == []
    assert len(shop.raw(ORDERS, "order_id")) == len(kinds)
