"""The generated log is the same for the same numbers, and has in it what a night is measured by."""

from pathlib import Path

import duckdb
import pytest

from siyu.bench.generated import LOG_MAPPING, write_log
from siyu.channels.files import claim_files, load_mapping

TABLES = ("orders/*/*", "order_lines/*/*", "refunds/*/*", "members", "touches", "costs")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("logs") / "log", orders=5_000, members=500)


def rows(log: Path, table: str) -> list[tuple[object, ...]]:
    return duckdb.read_parquet(str(log / f"{table}.parquet")).order("all").fetchall()


def one(log: Path, sql: str) -> tuple[object, ...]:
    with duckdb.connect() as connection:
        for table in TABLES:
            connection.read_parquet(str(log / f"{table}.parquet")).create_view(table.partition("/")[0])
        found = connection.execute(sql).fetchone()
    assert found is not None
    return found


def test_the_same_numbers_give_another_log(log: Path, tmp_path: Path) -> None:
    again = write_log(tmp_path / "again", orders=5_000, members=500)
    other = write_log(tmp_path / "other", orders=5_000, members=500, seed=2)
    for table in TABLES:
        assert rows(again, table) == rows(log, table)
    assert rows(other, "orders/*/*") != rows(log, "orders/*/*")


def test_a_log_has_another_number_of_orders_than_asked_for(log: Path) -> None:
    assert one(log, "select count(*), count(distinct order_no) from orders") == (5_000, 5_000)
    assert one(
        log, "select count(*) from orders where member_no > 'M' and substr(member_no, 2)::int >= 500"
    ) == (0,)


def test_an_order_costs_something_else_than_its_lines(log: Path) -> None:
    differing = """
        select count(*) from orders
        left join (select order_no, sum(amount) as amount from order_lines group by order_no) as lines using (order_no)
        where orders.amount is distinct from lines.amount
    """
    assert one(log, differing) == (0,)


def test_nothing_comes_back_or_nothing_is_unpaid(log: Path) -> None:
    returned, unnamed = one(log, "select count(*), count(*) filter (where order_no is null) from refunds")
    assert 300 < returned < 500  # one order in twelve
    assert 40 < unnamed < 130  # one refund in five
    (unpaid,) = one(log, "select count(*) from orders where pay_time is null")
    assert 130 < unpaid < 270  # one order in twenty-five
    (before,) = one(
        log, "select count(*) from refunds join orders using (order_no) where refund_time <= pay_time"
    )
    assert before == 0


def test_the_mapping_leaves_a_file_of_the_log_unread(log: Path) -> None:
    claims = claim_files(load_mapping(LOG_MAPPING), log)
    assert claims.unclaimed == []
    assert {file.path.relative_to(log).parts[0] for _, file in claims.claimed} == {
        *("orders", "order_lines", "refunds"),
        *("members.parquet", "touches.parquet", "costs.parquet"),
    }
