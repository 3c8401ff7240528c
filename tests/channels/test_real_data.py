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
