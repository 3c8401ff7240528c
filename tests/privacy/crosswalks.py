"""Small publications that know who is who."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import duckdb
import pyarrow as pa

from siyu.publication import publish_candidate
from siyu.settings import Home, Settings
from tests.publication.postgres.tables import write_night

_QUERIES = {
    "dim_member_identifiers": "select * from crosswalk",
    "member_id_redirects": "select * from redirects",
    "member_360": "select distinct member_id, 1 as order_count from crosswalk union select 'm_none', 0",
    "fct_orders": """
        select
            'order' || row_number() over (order by member_id) as order_key, member_id,
            12.50::decimal(18, 2) as net_amount, 1 as member_order_number
        from (select distinct member_id from crosswalk union all select 'unknown')
    """,
    "kpi_daily": "select date '2026-11-20' as business_date, 99.00::decimal(18, 2) as net_amount",
}
_KEYS = {"dim_member_identifiers": ("identifier", "epoch")}


def publish_crosswalk(
    home: Home,
    run_id: str,
    owners: Sequence[tuple[str, int, str] | tuple[str, int, str, datetime]],
    redirects: Mapping[str, str] | None = None,
    rekeyed: Mapping[str, str] | None = None,
) -> None:
    """Publish tables of which `owners` says (identifier, epoch, member_id, and until when), `redirects` old ids.

    rekeyed: Whose identifiers were when tokens were re-keyed last, by identifier.
    """

    def setup(connection: duckdb.DuckDBPyConnection) -> None:
        until = [owner[3] if len(owner) == 4 else None for owner in owners]
        crosswalk = pa.table(
            {
                "identifier": pa.array([owner[0] for owner in owners], pa.string()),
                "epoch": pa.array([owner[1] for owner in owners], pa.int32()),
                "token": pa.array([owner[0].rpartition("|")[2] for owner in owners], pa.string()),
                "member_id": pa.array([owner[2] for owner in owners], pa.string()),
                "rekeyed_member_id": pa.array(
                    [(rekeyed or {}).get(owner[0]) for owner in owners], pa.string()
                ),
                "valid_from": pa.nulls(len(owners), pa.timestamp("us")),
                "valid_to": pa.array(until, pa.timestamp("us")),
            }
        )
        former = pa.table(
            {
                "old_member_id": pa.array(list((redirects or {}).keys()), pa.string()),
                "member_id": pa.array(list((redirects or {}).values()), pa.string()),
            }
        )
        connection.from_arrow(crosswalk).create("crosswalk")
        connection.from_arrow(former).create("redirects")

    write_night(home, run_id, _QUERIES, keys=_KEYS, restricted={"dim_member_identifiers"}, setup=setup)
    publish_candidate(home, Settings(), run_id)
