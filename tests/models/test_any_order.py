"""Staging over versions that came in any order, any number of times, in any loads.

Here: which version staging takes, whatever the order of arrival (F11). Not here: how landing tells documents
apart in a file and drops what it already has; every version here is a document of its own.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siyu.resources import RESOURCES, raw_columns
from tests.models.building import DbtBuild
from tests.properties import examples

pytestmark = pytest.mark.xdist_group("dbt_project")

FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # raw holds UTC without a zone
MODELS = ("orders", "order_lines", "refunds")
# where a version came from is the one thing that the order of arrival may change
WHERE_FROM = {"_load_id", "_source_row"}

Row = dict[str, Any]
Version = tuple[str, tuple[Row, ...]]  # resource, rows of the document
Arrival = tuple[str, Version]  # load, version


@pytest.fixture(scope="module")
def warehouse(empty_build: DbtBuild) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse in memory: views of the staging models as dbt compiled them, over Arrow tables as raw."""
    target = empty_build.database.parent / "target" / "manifest.json"
    nodes = json.loads(target.read_text(encoding="utf-8"))["nodes"]
    with duckdb.connect() as connection:
        connection.execute(f"attach ':memory:' as {empty_build.database.stem}")
        connection.execute(f"use {empty_build.database.stem}")
        connection.execute("create schema raw; create schema staging; set threads = 1")
        for name in MODELS:
            connection.register(f"arrived_{name}", _schema(name).empty_table())
            connection.execute(f"create view raw.files__{name} as from arrived_{name}")
            model = nodes[f"model.siyu.stg_files__{name}"]
            connection.execute(f"create view {model['relation_name']} as {model['compiled_code']}")
        yield connection


@st.composite
def streams(draw: st.DrawFn, *, with_change_time: bool) -> list[Version]:
    """Versions in the order in which the source made them; without a change time states only move on.

    With a change time anything may change back: a payment that was taken off, a smaller refund.
    """
    versions: list[Version] = []
    for number in range(draw(st.integers(1, 4))):
        order_id = f"o{number}"
        states = [
            "created",
            *draw(st.sampled_from([(), ("cancelled",), ("paid",), ("paid", "shipped", "closed")])),
        ]
        if with_change_time:
            states = draw(st.permutations(states))
        refunded = draw(st.lists(st.integers(1, 9_999), max_size=3, unique=True))
        if not with_change_time:
            refunded.sort()
        for hour, state in enumerate(states):
            common = {
                "order_id": order_id,
                "ordered_at": FIRST_DAY,
                "paid_at": FIRST_DAY + timedelta(days=1) if state in ("paid", "shipped", "closed") else None,
                "updated_at": FIRST_DAY + timedelta(hours=hour) if with_change_time else None,
            }
            cancelled = FIRST_DAY + timedelta(days=9) if state in ("cancelled", "closed") else None
            versions.append(("orders", (common | {"order_status": state, "cancelled_at": cancelled},)))
            lines = range(draw(st.integers(1, 3)))
            versions.append(
                (
                    "order_lines",
                    tuple(common | {"product_id": f"{state}-{line}", "quantity": 1} for line in lines),
                )
            )
        for hour, fen in enumerate(refunded):
            # a sum over one to three lines, fewer or more of them than before
            parts = [fen] if fen < 3 else draw(st.sampled_from([[fen], [1, fen - 1], [1, 1, fen - 2]]))
            common = {
                "refund_id": f"r{number}",
                "order_id": order_id,
                "updated_at": FIRST_DAY + timedelta(hours=hour) if with_change_time else None,
            }
            versions.append(
                ("refunds", tuple(common | {"refund_amount": Decimal(part).scaleb(-2)} for part in parts))
            )
    return versions


@st.composite
def arrivals(draw: st.DrawFn, versions: Sequence[Version]) -> list[Arrival]:
    """The versions shuffled, each one to three times, split over loads whose names sort in any order."""
    repeated = [version for version in versions for _ in range(draw(st.integers(1, 3)))]
    loads = draw(st.permutations(["load_a", "load_b", "load_c"]))
    return [(draw(st.sampled_from(loads)), version) for version in draw(st.permutations(repeated))]


@pytest.mark.parametrize("with_change_time", [True, False], ids=["updated_at", "no_updated_at"])
@examples(100, soak=1000)
@given(data=st.data())
def test_f11_winners_do_not_depend_on_the_order_repetition_or_split_of_arrivals(
    warehouse: duckdb.DuckDBPyConnection, with_change_time: bool, data: st.DataObject
) -> None:
    versions = data.draw(streams(with_change_time=with_change_time))
    one_by_one = [(f"load_{place:03d}", version) for place, version in enumerate(versions)]

    in_order, in_any_order = winners(warehouse, [one_by_one, data.draw(arrivals(versions))])

    assert in_any_order == in_order
    assert states(in_order) == last_states(versions)


def winners(
    connection: duckdb.DuckDBPyConnection, arrivals: Sequence[Sequence[Arrival]]
) -> list[dict[str, list[Row]]]:
    """What each staging model makes of the arrivals, each on a channel of its own that knows nothing of others."""
    channels = [f"channel_{place}" for place in range(len(arrivals))]
    found: list[dict[str, list[Row]]] = [{name: [] for name in MODELS} for _ in channels]
    for name in MODELS:
        rows = [
            row
            for channel, arrived in zip(channels, arrivals, strict=True)
            for row in _raw_rows(channel, [document for document in arrived if document[1][0] == name])
        ]
        connection.register(f"arrived_{name}", pa.Table.from_pylist(rows, schema=_schema(name)))
        for row in connection.sql(f"from staging.stg_files__{name}").to_arrow_table().to_pylist():
            won = {column: value for column, value in row.items() if not _tells_the_channel(column)}
            found[channels.index(row["channel_code"])][name].append(won)
    return [{name: sorted(rows, key=repr) for name, rows in one.items()} for one in found]


def _tells_the_channel(column: str) -> bool:
    return column in WHERE_FROM or column == "channel_code" or column.endswith("_key")


def states(found: Mapping[str, list[Row]]) -> Row:
    """Of each order whether it is paid and cancelled, of its lines whether paid, of each refund its sum."""
    known: Row = {}
    for row in found["orders"]:
        known["order", row["order_id"]] = (row["paid_at"] is not None, row["cancelled_at"] is not None)
    for row in found["order_lines"]:
        known["lines", row["order_id"]] = row["paid_at"] is not None
    for row in found["refunds"]:
        key = ("refund", row["refund_id"])
        known[key] = known.get(key, Decimal()) + row["refund_amount"]
    return known


def last_states(versions: Sequence[Version]) -> Row:
    """The same of the version of each that the source made last."""
    last = {(resource, rows[0].get("refund_id"), rows[0]["order_id"]): rows for resource, rows in versions}
    return states(
        {
            name: [row for (resource, *_), rows in last.items() if resource == name for row in rows]
            for name in MODELS
        }
    )


def _raw_rows(channel: str, arrived: Sequence[Arrival]) -> list[Row]:
    """Rows as landing leaves them; a document's hash starts with the number of its lines."""
    rows: list[Row] = []
    landed = set()
    for load, (_, lines) in arrived:
        content = hashlib.sha256(repr(lines).encode()).hexdigest()
        if (load, content) in landed:  # one load holds one document once
            continue
        landed.add((load, content))
        for line, row in enumerate(lines, start=1):
            rows.append(
                {"brand_code": "default", "channel_code": channel, "currency_code": "CNY"}
                | row
                | {
                    "is_excluded": False,
                    "_line_number": line,
                    "_group_hash": f"{len(lines):08x}{content[:32]}",
                    "_row_hash": hashlib.sha256(repr(row).encode()).hexdigest(),
                    "_load_id": load,
                    "_source_row": len(rows) + 1,
                }
            )
    return rows


def _schema(name: str) -> pa.Schema:
    types = {
        "varchar": pa.string(),
        "bigint": pa.int64(),
        "integer": pa.int32(),
        "boolean": pa.bool_(),
        "timestamp": pa.timestamp("us"),
        "decimal(18,2)": pa.decimal128(18, 2),
        "decimal(18,6)": pa.decimal128(18, 6),
    }
    return pa.schema([(column, types[type_]) for column, type_ in raw_columns(RESOURCES[name]).items()])
