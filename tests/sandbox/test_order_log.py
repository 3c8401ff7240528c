"""The generated order log: equal seeds, the untidiness it promises, and a truth that its files bear out."""

import gzip
import json
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from typer.testing import CliRunner

from siyu.cli import sandbox
from siyu.errors import UsageError
from siyu.sandbox.order_log import generate_order_log

AS_OF = date(2025, 12, 31)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A log of 4,000 orders and what it says of itself."""
    folder = tmp_path_factory.mktemp("log")
    return folder, generate_order_log(folder, orders=4_000)


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def query(sql: str, **values: object) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(sql, values or None).fetchall()


@pytest.fixture(scope="module")
def tmall(log: tuple[Path, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both Tmall exports as UTF-8, since DuckDB reads no GB18030."""
    target = tmp_path_factory.mktemp("utf8")
    for name in ("orders.csv", "orders_again.csv"):
        (target / name).write_text(
            (log[0] / "tmall_shop" / name).read_text(encoding="gb18030"), encoding="utf-8"
        )
    return target


def test_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        generate_order_log(tmp_path / name, orders=500, seed=7)
    first, second = digests(tmp_path / "first"), digests(tmp_path / "second")
    assert first == second
    assert len(first) == 12


def test_another_seed_writes_other_orders(tmp_path: Path) -> None:
    generate_order_log(tmp_path / "first", orders=500, seed=7)
    generate_order_log(tmp_path / "second", orders=500, seed=8)
    name = "mini_program/orders.csv"
    assert digests(tmp_path / "first")[name] != digests(tmp_path / "second")[name]


def test_files_differ_in_format_encoding_and_headers(log: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = log
    with pytest.raises(UnicodeDecodeError):
        (folder / "tmall_shop/orders.csv").read_text(encoding="utf-8")
    header = (folder / "tmall_shop/orders.csv").read_text(encoding="gb18030").splitlines()[0]
    assert "订单付款时间 " in header.split(",")
    assert (folder / "mini_program/members.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert gzip.decompress((folder / "tmall_shop/order_lines.csv.gz").read_bytes()).startswith(
        "订单编号".encode()
    )
    assert (folder / "mini_program/touches.tsv").read_text(encoding="utf-8").splitlines()[0].count("\t") == 7
    assert (folder / "mini_program/order_lines.parquet").read_bytes().startswith(b"PAR1")
    json.loads((folder / "mini_program/refunds.jsonl").read_text(encoding="utf-8").splitlines()[0])
    sheet = openpyxl.load_workbook(folder / "mini_program/costs.xlsx").worksheets[0]
    assert sheet["A1"].value == "费用编号"


def test_truth_of_the_mini_program_is_what_its_files_add_up_to(log: tuple[Path, dict[str, Any]]) -> None:
    folder, truth = log
    ((gmv, refunded, paid, unusable),) = query(
        """
        with orders as (
            select *, try_cast(amount as decimal(18, 2)) as yuan
            from read_csv($orders, header = true, all_varchar = true)
            where remark is null
        )
        select
            sum(yuan) filter (where pay_time is not null) * 100,
            (select sum(refund_amount) * 100 from read_json($refunds, format = 'newline_delimited',
                columns = {refund_amount: 'decimal(18, 2)'})),
            count(*) filter (where pay_time is not null and yuan is not null),
            count(*) filter (where yuan is null)
        from orders
        """,
        orders=str(folder / "mini_program/orders.csv"),
        refunds=str(folder / "mini_program/refunds.jsonl"),
    )
    shop = truth["channels"]["mini_program"]
    assert (int(gmv), int(refunded), paid) == (shop["gmv_fen"], shop["refunded_fen"], shop["orders_paid"])
    assert shop["net_fen"] == shop["gmv_fen"] - shop["refunded_fen"]
    assert unusable == 1


def test_truth_of_tmall_is_what_its_newest_versions_add_up_to(
    log: tuple[Path, dict[str, Any]], tmall: Path
) -> None:
    folder, truth = log
    ((gmv, paid, versions, orders),) = query(
        """
        with exports as (
            select
                "订单编号" as order_id, "更新时间" as updated, "订单付款时间" as paid, "卖家备注" as remark,
                cast(replace(replace("总金额", '￥', ''), ',', '') as decimal(18, 2)) as yuan
            from read_csv([$first, $again], header = true, all_varchar = true)
        ),
        newest as (
            select order_id, arg_max(yuan, updated) as yuan, any_value(paid) as paid, any_value(remark) as remark
            from exports group by order_id
        )
        select
            sum(yuan) filter (where paid is not null and remark is null) * 100,
            count(*) filter (where paid is not null and remark is null),
            (select count(*) from (select distinct order_id, yuan from exports)),
            count(*)
        from newest
        """,
        first=str(tmall / "orders.csv"),
        again=str(tmall / "orders_again.csv"),
    )
    shop = truth["channels"]["tmall_shop"]
    assert (int(gmv), paid) == (shop["gmv_fen"], shop["orders_paid"])
    assert versions == orders + 1  # one order was exported again at another price
    ((refunded,),) = query(
        """
        select sum(cast("退款金额" as decimal(18, 2))) * 100
        from read_csv($path, header = true, all_varchar = true)
        """,
        path=str(folder / "tmall_shop/refunds.csv"),
    )
    assert int(refunded) == shop["refunded_fen"]


def test_each_kind_of_dirty_row_is_there(log: tuple[Path, dict[str, Any]], tmall: Path) -> None:
    folder, truth = log
    mini = (folder / "mini_program/orders.csv").read_text(encoding="utf-8")
    assert mini.count('"12,5O"') == 1
    assert mini.count("测试订单") == 1
    assert (tmall / "orders.csv").read_text(encoding="utf-8").count("刷单") == 1
    assert {row["mark"] for row in truth["dirty"]["marked_orders"]} == {"test", "brushing", "repriced"}


def test_no_refund_falls_after_the_log_or_45_days_after_payment(log: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = log
    ((count, early, late, after_end),) = query(
        """
        select
            count(*),
            count(*) filter (where refunded <= paid),
            count(*) filter (where refunded > paid + interval '45 days'),
            count(*) filter (where cast(refunded as date) > $as_of)
        from (
            select cast(refund_time as timestamp) as refunded, cast(pay_time as timestamp) as paid
            from read_json($refunds, format = 'newline_delimited',
                columns = {order_id: 'varchar', refund_time: 'varchar'})
            inner join read_csv($orders, header = true, all_varchar = true) using (order_id)
        )
        """,
        refunds=str(folder / "mini_program/refunds.jsonl"),
        orders=str(folder / "mini_program/orders.csv"),
        as_of=AS_OF,
    )
    assert count > 100
    assert (early, late, after_end) == (0, 0, 0)


def test_log_ends_on_the_day_asked(tmp_path: Path) -> None:
    generate_order_log(tmp_path, orders=300, as_of=date(2025, 5, 4))
    ((newest,),) = query(
        "select max(pay_time) from read_csv($path, header = true, all_varchar = true)",
        path=str(tmp_path / "mini_program/orders.csv"),
    )
    assert newest.startswith("2025-05-04")


def test_campaign_moves_the_share_that_the_truth_claims(tmp_path: Path) -> None:
    """12 % of treated persons are made to buy; some of them would have bought in the window anyway."""
    truth = generate_order_log(tmp_path, orders=20_000)
    week = truth["campaign"]["windows_days"]["7"]
    treated, holdout = week["arms"]["treatment"], week["arms"]["holdout"]
    assert holdout["caused"] == 0
    assert 0.08 < week["true_uplift_rate"] < 0.13
    assert 0.06 < holdout["persons"] / (holdout["persons"] + treated["persons"]) < 0.14
    observed = treated["converted"] / treated["persons"] - holdout["converted"] / holdout["persons"]
    # a holdout of about 120 persons knows its rate to ± 7 points
    assert abs(observed - week["true_uplift_rate"]) < 0.07


@pytest.mark.parametrize(("orders", "members"), [(99, 50), (100, 9), (1_000, 0)])
def test_world_too_small_for_its_dirty_rows_is_refused(tmp_path: Path, orders: int, members: int) -> None:
    with pytest.raises(UsageError, match="at least 100 orders and 10 members"):
        generate_order_log(tmp_path, orders=orders, members=members)


def test_smallest_world_has_every_order_but_the_two_that_do_not_count(tmp_path: Path) -> None:
    truth = generate_order_log(tmp_path, orders=100, members=10)
    assert truth["total"]["orders_placed"] == 98  # all but the test order and the brushing order


def test_command_prints_the_truth_as_json(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        sandbox.app, ["order-log", str(tmp_path), "--orders", "200", "--as-of", "2025-06-30", "--json"]
    )
    assert result.exit_code == 0
    assert json.loads(result.stdout) == json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert json.loads(result.stdout)["as_of"] == "2025-06-30"
