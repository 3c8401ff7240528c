"""Small candidates made of real Parquet, a real manifest and a verdict, and a look at what a home holds."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb

from siyu.publication.checksum import checksum_of
from siyu.publication.manifest import Column, Manifest, Table, write_manifest
from siyu.publication.seal import sealed
from siyu.settings import Home
from siyu.storage import make_folder, sha256_of, write_json

NOON = date(2026, 11, 20)
ORDERS_DDL = """
create table fct_orders (order_key varchar, paid_amount decimal(18,2), paid_at timestamp, is_paid boolean)
"""
DAILY_DDL = """
create table kpi_daily (business_date date, brand_code varchar, net_amount decimal(18,2), buyer_share double)
"""
DESCRIPTIONS = {
    "fct_orders": "One row per order. 每笔订单一行。",
    "kpi_daily": "One row per day; it's a day's net. 每天一行。",
    "crosswalk": "One row per token. 每个令牌一行。",
}
KEYS = {"fct_orders": ("order_key",), "kpi_daily": ("business_date", "brand_code"), "crosswalk": ("token",)}
CROSSWALK_DDL = """
create table crosswalk as select 'token' || n as token, 'm' || n % 3 || {amount} as member_id from range(7) r(n)
"""


def write_candidate(
    home: Home,
    run_id: str,
    *,
    amount: str = "10.00",
    orders: int = 3,
    as_of: date = NOON,
    load_ids: tuple[str, ...] = ("load1",),
    passed: bool | None = True,
    has_restricted: bool = True,
) -> Path:
    """A candidate of two tables and a restricted one; `amount` is the paid amount of each order.

    `passed` None writes no verdict; without `has_restricted` nothing is for named people alone.
    """
    folder = make_folder(home.candidates / run_id)
    with duckdb.connect() as connection:
        connection.execute(ORDERS_DDL)
        connection.execute(
            "insert into fct_orders select 'shop|' || n, ?::decimal(18,2), timestamp '2026-11-20 01:02:03.000004', true"
            " from range(?) r(n)",
            [amount, orders],
        )
        connection.execute(DAILY_DDL)
        connection.execute(
            "insert into kpi_daily values (?, 'brand', ?, null)", [as_of, Decimal(amount) * orders]
        )
        models = {name: _table(connection, folder, name) for name in ("fct_orders", "kpi_daily")}
        connection.execute(CROSSWALK_DDL.format(amount=amount))
        restricted = {"crosswalk": _table(connection, folder, "crosswalk")} if has_restricted else {}
    write_manifest(
        folder,
        Manifest(
            run_id=run_id,
            as_of_date=as_of,
            load_ids=load_ids,
            code_revision="c0ffee+dbt.1",
            models=models,
            restricted=restricted,
        ),
    )
    if passed is not None:
        write_verdict(folder, passed=passed)
    return folder


def write_verdict(folder: Path, *, passed: object = True) -> None:
    """A verdict on the candidate as it is now, in the form the gate writes it, with its home's seal."""
    check = {
        "id": "fct_orders.amounts",
        "model": "fct_orders",
        "severity": "critical",
        "status": "passed" if passed else "failed",
        "offending_rows": 0,
        "what": "amounts are not negative",
    }
    verdict = {
        "run_id": folder.name,
        "passed": passed,
        "manifest_sha256": sha256_of(folder / "manifest.json"),
        "checks": [check],
        "seconds": 0.1,
    }
    write_json(folder / "verdict.json", sealed(Home(folder.parent.parent), verdict))


def bytes_of(*folders: Path) -> dict[str, str]:
    """SHA-256 of every file below the folders, by path."""
    return {
        str(file): sha256_of(file)
        for folder in folders
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def leftovers(home: Home) -> list[str]:
    """Files and folders that only a process at work should have."""
    return sorted(str(path.relative_to(home.root)) for path in home.root.rglob("*") if ".tmp" in path.name)


def served(home: Home, query: str) -> list[tuple[object, ...]]:
    """What a reader gets who opens marts.duckdb now."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home.marts_file}' as marts (read_only)")
        return connection.execute(query).fetchall()


def served_restricted(home: Home, query: str) -> list[tuple[object, ...]]:
    """What a reader gets who opens restricted.duckdb now."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home.restricted_file}' as restricted (read_only)")
        return connection.execute(query).fetchall()


def _table(connection: duckdb.DuckDBPyConnection, folder: Path, name: str) -> Table:
    rows_of = connection.table(name)
    file = folder / f"{name}.parquet"
    rows_of.write_parquet(str(file), compression="zstd")
    rows, checksum = checksum_of(rows_of)
    return Table(
        file=file.name,
        schema=tuple(
            Column(name=column, type=str(type_), description=f"The {column}. 列。")
            for column, type_ in zip(rows_of.columns, rows_of.types, strict=True)
        ),
        primary_key=KEYS[name],
        grain="latest",
        description=DESCRIPTIONS[name],
        rows=rows,
        checksum=checksum,
        sha256=sha256_of(file),
        owner="analytics",
        requirement=("A8",),
    )
