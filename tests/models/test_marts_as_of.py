"""Marts at two days over the same raw rows: what was not known then does not count then.

Here: what only a build from raw to mart can show. Not here: rules of one model, which stand as unit
tests beside it.
"""

from pathlib import Path

import duckdb
import pytest

from tests.models.building import create_raw_views, dbt_build, failures

ORDERS = """
    insert into raw.files__orders by name
    select
        'default' as brand_code, 'own_web' as channel_code, order_id, 'token' as customer_token,
        paid_at as ordered_at, paid_at, 100.00 as paid_amount, 'CNY' as currency_code, false as is_excluded,
        1 as _line_number, order_id as _group_hash, order_id as _row_hash, 'load' as _load_id, 1 as _source_row
    from (values
        ('first', timestamp '2024-03-01 04:00:00'),
        ('second', timestamp '2024-03-20 04:00:00')
    ) as orders (order_id, paid_at)
"""
REFUNDS = """
    insert into raw.files__refunds by name
    select
        'default' as brand_code, 'own_web' as channel_code, 'r1' as refund_id, 'second' as order_id,
        'token' as customer_token, 100.00 as refund_amount, timestamp '2024-03-25 04:00:00' as refunded_at,
        'CNY' as currency_code, false as is_excluded, 1 as _line_number, 'r1' as _group_hash,
        'r1' as _row_hash, 'load' as _load_id, 1 as _source_row
"""


@pytest.mark.parametrize(
    ("as_of_date", "recency_days", "order_count", "net_amount"),
    [
        ("2024-03-24", 4, 2, 200),
        pytest.param("2024-04-01", 31, 1, 100, marks=pytest.mark.soak),  # its unit tests say the same
    ],
)
def test_c1_a_refund_of_the_25th_is_not_known_on_the_24th(
    tmp_path: Path, as_of_date: str, recency_days: int, order_count: int, net_amount: int
) -> None:
    database = tmp_path / "warehouse.duckdb"
    create_raw_views(database)
    with duckdb.connect(str(database)) as connection:
        connection.execute(ORDERS)
        connection.execute(REFUNDS)
    build = dbt_build(
        tmp_path,
        "--select",
        "+member_rfm",
        "--exclude-resource-type",
        "unit_test",
        "test",
        as_of_date=as_of_date,
    )
    assert failures(build) == []
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            "select recency_days, order_count, net_amount from marts.member_rfm where rfm_window = '90d'"
        ).fetchall()
    assert rows == [(recency_days, order_count, net_amount)]
