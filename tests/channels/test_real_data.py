"""The shipped mappings over the public data: counts told by the data's own documentation."""

from pathlib import Path

from siyu.channels.files.check import Check, check_mapping
from siyu.channels.files.loading import load_mapping
from siyu.settings import PROJECT, Settings

EXAMPLES = PROJECT / "examples" / "mappings"


def _check(mapping: str, folder: Path, currency: str) -> Check:
    return check_mapping(
        load_mapping(EXAMPLES / f"{mapping}.yml"), folder, Settings(reporting_currency=currency)
    )


def test_both_uci_years_are_understood_to_the_last_row(data_folder: Path) -> None:
    result = _check("uci_online_retail", data_folder / "uci_online_retail", "GBP")
    newer, older = result.files
    assert (newer.rows, older.rows) == (541_909, 525_461)
    for file, cancellations in ((newer, 9_288), (older, 10_206)):
        lines, refunds = file.resources
        assert (file.error, file.rows_nowhere) == ("", 0)
        assert (lines.rejected, refunds.rejected) == ([], [])
        assert refunds.would_land == lines.elsewhere == cancellations
        assert lines.excluded["bad_debt"] == 3


def test_every_tmall_order_is_understood(data_folder: Path) -> None:
    (file,) = _check("tmall_orders", data_folder / "tmall_orders_2020_02", "CNY").files
    orders, refunds = file.resources
    assert (file.error, file.unmapped_columns) == ("", ["买家实际支付金额"])
    assert (orders.would_land, orders.rejected) == (28_010, [])
    assert (refunds.would_land, refunds.rejected) == (5_646, [])


def test_every_olist_order_finds_its_person_and_its_payments(data_folder: Path) -> None:
    result = _check("olist_orders", data_folder / "olist_orders_sample", "BRL")
    files = {file.source: file for file in result.files}
    assert [file.error for file in result.files] == ["", "", ""]
    assert {name: file.rows for name, file in files.items()} == {
        "customers": 8_135,
        "orders": 8_135,
        "items": 8_365,
    }
    assert [part.rejected for file in result.files for part in file.resources] == [[], [], [], []]
    # an order without items has no freight; every order has a person and a payment
    assert files["orders"].unmatched == {"freight": 775}
    assert result.unclaimed == [
        f"{name}.csv.gz"
        for name in (
            "olist_geolocation_dataset",
            "olist_order_reviews_dataset",
            "olist_sellers_dataset",
            "product_category_name_translation",
        )
    ]


def test_every_cdnow_purchase_is_understood_without_a_header(data_folder: Path) -> None:
    (file,) = _check("cdnow", data_folder / "cdnow_sample", "USD").files
    (lines,) = file.resources
    assert (file.error, lines.would_land, lines.rejected) == ("", 6_919, [])


def test_every_hillstrom_customer_is_in_an_arm_and_the_buyers_have_an_order(data_folder: Path) -> None:
    (file,) = _check("hillstrom_email", data_folder / "hillstrom_email", "USD").files
    touches, orders = file.resources
    assert (touches.would_land, touches.rejected) == (64_000, [])
    assert (orders.would_land, orders.rejected) == (578, [])


def test_every_facebook_ad_is_a_cost(data_folder: Path) -> None:
    (file,) = _check("facebook_ad_costs", data_folder / "kag_ad_costs", "USD").files
    (costs,) = file.resources
    assert (file.error, costs.would_land, costs.rejected) == ("", 1_143, [])
