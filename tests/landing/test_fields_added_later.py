"""A field that a resource gets later: what landed before is neither another row nor out of reach."""

from dataclasses import replace
from datetime import date

from siyu.landing import Counts
from siyu.resources import COSTS, ORDER_LINES, ORDERS, RESOURCES, Resource
from tests.landing.shop import BRAND, CHANNEL, File, Shop, line, order

ADDED = {
    "customers": {"store_id"},
    "orders": {"store_id", "guide_id", "delivery_address"},
    "order_lines": {"store_id", "guide_id", "sku_id", "size"},
    "refunds": {"sku_id", "size"},
    "touches": {"touch_purpose", "product_stage"},
    "costs": {"store_id", "acquisition_method"},
}


def without_later_fields(resource: Resource) -> Resource:
    """The resource as it was when homes of old landed theirs."""
    return replace(resource, fields=tuple(field for field in resource.fields if not field.added_later))


def test_the_fields_that_came_later_are_marked_so() -> None:
    for resource in RESOURCES.values():
        added = {field.name for field in resource.fields if field.added_later}
        assert added == ADDED.get(resource.name, set())


def test_a_row_has_another_hash_than_the_one_it_landed_with(shop: Shop) -> None:
    """The hashes are those of homes that exist."""
    nobody = {"customer_id": None}  # a token differs from home to home
    shop.land(File(rows=[order("o1", **nobody), order("o2", **nobody, _exclusion="test_order")]))
    shop.land(File(name="lines", resource=ORDER_LINES, rows=[line("o1", **nobody)]))
    cost = {"brand_code": BRAND, "channel_code": CHANNEL, "currency_code": "CNY", "cost_id": "1"}
    kind = {"cost_type": "staff", "cost_purpose": "general", "cost_date": date(2026, 11, 1), "cost_amount": 5}
    shop.land(File(name="costs", resource=COSTS, rows=[cost | kind]))
    assert shop.raw(ORDERS, "order_id, _row_hash") == [
        ("o1", "70e4513983e6384143ff8899a84c6ba7"), ("o2", "19a0b48788365b6e045af47ba5dda467"),
    ]  # fmt: skip
    assert shop.raw(ORDER_LINES, "_row_hash, _group_hash") == [
        ("f1f8c733e87a438f24b4071504e237cf", "000000013c13fb697042280fef2d54dfd1e9e923")
    ]
    assert shop.raw(COSTS, "_row_hash") == [("a639ecba10c6ce32abdd36f094fb2d31",)]


def test_a_home_with_older_raw_files_is_unreadable_or_lands_its_rows_again(shop: Shop) -> None:
    old = [order("o1"), order("o2")]
    shop.land(File(name="old.csv", resource=without_later_fields(ORDERS), rows=old))
    assert shop.raw(ORDERS, "order_id, store_id") == [("o1", None), ("o2", None)]

    again = shop.land(File(name="next.csv", rows=[*old, order("o3", store_id="S1")]))
    counts: Counts = again.resources["orders"].counts
    assert (counts.landed, counts.unchanged) == (1, 2)
    assert shop.raw(ORDERS, "order_id, store_id") == [("o1", None), ("o2", None), ("o3", "S1")]


def test_a_value_in_a_field_of_its_own_is_content(shop: Shop) -> None:
    said = [{}, {"store_id": "S1"}, {"guide_id": "S1"}, {"store_id": "S1", "guide_id": "S1"}]
    said += [{"store_id": 'S1"]["guide_id","S1'}]  # a store that looks like a store and a guide
    for number, values in enumerate(said):
        shop.land(File(name=f"{number}.csv", rows=[order("o1", **values)]))
    assert len(set(shop.raw(ORDERS, "_row_hash"))) == len(said)
