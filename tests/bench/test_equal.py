"""A plain night whose tables are not siyu's is refused, with the name of each table."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from siyu.bench.night import check_equal
from siyu.errors import RefusedError
from siyu.publication.checksum import checksum_of
from siyu.publication.manifest import Column, Manifest, Table
from siyu.settings import Settings

ROWS = "select 'a' as id, cast(1.50 as numeric(18, 2)) as amount union all select 'b', 2.25"


@pytest.fixture
def manifest() -> Manifest:
    """What siyu published: one table of two rows."""
    rows = duckdb.sql(ROWS)
    count, checksum = checksum_of(rows)
    columns = zip(rows.columns, rows.types, strict=True)
    table = Table(
        file="sales.parquet",
        schema=tuple(Column(name=name, type=str(type_), description="") for name, type_ in columns),
        primary_key=("id",),
        grain="latest",
        description="",
        rows=count,
        checksum=checksum,
        sha256="",
    )
    return Manifest(
        run_id="r", as_of_date=date(2025, 12, 31), load_ids=(), code_revision="none", models={"sales": table}
    )


def plain(folder: Path, sql: str) -> Path:
    duckdb.sql(sql).write_parquet(str(folder / "sales.parquet"))
    return folder


def test_the_same_rows_in_another_order_are_refused(manifest: Manifest, tmp_path: Path) -> None:
    check_equal(manifest, plain(tmp_path, f"from ({ROWS}) order by id desc"), Settings())


@pytest.mark.parametrize(
    "sql",
    [
        ROWS.replace("2.25", "2.26"),
        f"{ROWS} union all select 'b', 2.25",
        ROWS.replace("numeric(18, 2)", "double"),
        ROWS.replace("amount", "sum"),
    ],
    ids=["another amount", "a row twice", "another type", "another name"],
)
def test_a_table_that_differs_is_let_through(manifest: Manifest, tmp_path: Path, sql: str) -> None:
    with pytest.raises(RefusedError, match=r"sales "):
        check_equal(manifest, plain(tmp_path, sql), Settings())


def test_a_table_that_is_missing_is_let_through(manifest: Manifest, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="sales is missing"):
        check_equal(manifest, tmp_path, Settings())
