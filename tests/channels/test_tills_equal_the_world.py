"""The tills' exports of a small world, read by the example mapping: nothing lost, nothing doubled, to the fen."""

import csv
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from siyu.channels.files import claim_files, land_file, load_mapping
from siyu.channels.files.check import check_mapping
from siyu.cli.sandbox import app
from siyu.errors import UsageError
from siyu.landing import create_raw_views
from siyu.sandbox.pos import export_pos
from siyu.settings import PROJECT, Home, Settings
from tests.channels.sandboxed import LAST, NOW

MAPPING = PROJECT / "examples" / "mappings" / "pos_exports.yml"
EARLIER = date(2026, 4, 15)
SETTINGS = Settings(duckdb_threads=1, duckdb_memory_limit="500MB")
Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def exports(small_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All up to a day, and beside it what changed from a week before it on."""
    folder = tmp_path_factory.mktemp("exports")
    export_pos(small_world, folder, as_of=EARLIER)
    export_pos(small_world, folder, as_of=LAST, since=EARLIER - timedelta(days=7))
    return folder


@pytest.fixture(scope="module")
def ask(small_world: Path, exports: Path, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Queries over the newest version of what has landed, `files__<resource>`, and the world's own tables."""
    home = Home(tmp_path_factory.mktemp("pos") / "home").create()
    mapping = load_mapping(MAPPING)
    claims = claim_files(mapping, exports)
    assert claims.unclaimed == []
    for source, file in claims.claimed:
        record = land_file(mapping, source, file, SETTINGS, home, landed_at=NOW)
        for name, resource in record.resources.items():
            assert resource.counts.quarantined == 0, (file.name, name, resource.counts)
    connection = duckdb.connect()
    for path in small_world.glob("*.parquet"):
        connection.read_parquet(str(path)).create_view(path.stem)
    create_raw_views(connection, home)
    connection.execute("create macro yuan(fen) as cast(fen * 0.01 as decimal(18, 2))")
    return lambda query: sorted(connection.execute(query).fetchall(), key=repr)


def newest(resource: str, key: str) -> str:
    return f"""(
        select * from raw.files__{resource}
        qualify dense_rank() over (partition by {key} order by updated_at desc nulls last, _group_hash, _load_id) = 1
    )"""  # noqa: S608 - names are ours


def same(ask: Ask, landed: str, true: str) -> bool:
    found, expected = ask(landed), ask(true)
    assert expected, "a world too small to tell"
    assert found == expected
    return True


def test_a_receipt_is_lost_or_doubled_or_has_another_amount(ask: Ask) -> None:
    assert same(
        ask,
        f"""
        select order_id, store_id, guide_id, paid_amount, ordered_at, paid_at, cancelled_at, customer_token is null
        from {newest("orders", "order_id")}
        """,  # noqa: S608
        """
        select order_no, store_code, staff_code, yuan(paid_fen), created_at, paid_at, orders.closed_at,
            account_id is null
        from orders left join stores using (store_id) left join staff on staff_id = guide_staff_id
        where channel_code = 'pos'
        """,
    )


def test_a_line_is_lost_or_doubled_or_has_another_size_or_amount(ask: Ask) -> None:
    assert same(
        ask,
        f"""
        select order_id, line_id, product_id, sku_id, size, quantity, line_amount, cast(unit_cost as decimal(18, 2))
        from {newest("order_lines", "order_id")}
        """,  # noqa: S608
        """
        select order_no, cast(line_no as varchar), product_code, sku_code, size, quantity, yuan(order_lines.paid_fen),
            yuan(unit_cost_fen)
        from order_lines join orders using (order_id) join skus using (sku_id) join products using (product_id)
        where channel_code = 'pos'
        """,
    )
    lines, orders = newest("order_lines", "order_id"), newest("orders", "order_id")
    assert ask(f"select sum(line_amount) from {lines}") == ask(f"select sum(paid_amount) from {orders}")  # noqa: S608


def test_a_payment_is_lost_or_doubled_or_has_another_amount(ask: Ask) -> None:
    assert same(
        ask,
        f"select order_id, payment_amount, paid_at from {newest('payments', 'payment_id')}",  # noqa: S608
        """
        select order_no, yuan(amount_fen), payments.paid_at from payments join orders using (order_id)
        where channel_code = 'pos'
        """,
    )
    paid = newest("orders", "order_id")
    assert ask("select sum(payment_amount) from raw.files__payments") == ask(
        f"select sum(paid_amount) from {paid} where paid_at is not null"  # noqa: S608
    )
    assert ask("select count(*) from raw.files__payments where tender = '企业微信收款'") == ask(
        "select count(*) from payments join orders using (order_id) where channel_code = 'pos' and method = 'wecom'"
    )


def test_a_return_is_lost_or_doubled_or_has_another_amount(ask: Ask) -> None:
    assert same(
        ask,
        f"""
        select refund_id, order_id, product_id, sku_id, size, quantity, refund_amount, refunded_at
        from {newest("refunds", "refund_id")}
        """,  # noqa: S608
        """
        select refund_no, order_no, product_code, sku_code, size, refunds.quantity, yuan(amount_fen), succeeded_at
        from refunds join orders using (order_id) join order_lines using (order_id, line_no)
            join skus using (sku_id) join products using (product_id)
        where channel_code = 'pos' and succeeded_at is not null
        """,
    )


def test_the_stock_of_a_size_is_lost_or_doubled_or_another(ask: Ask) -> None:
    assert same(
        ask,
        "select store_id, sku_id, size, stock_date, on_hand_quantity from raw.files__inventory",
        """
        select store_code, sku_code, size, counted_on, quantity
        from stock_counts join stores using (store_id) join skus using (sku_id)
        """,
    )


def test_what_stores_are_staffed_with_visited_by_and_asked_for_is_not_the_worlds(ask: Ask) -> None:
    assert same(
        ask,
        "select store_id, visit_date, visit_count, passer_count from raw.files__footfall",
        "select store_code, counted_on, visitors, passers_by from footfall join stores using (store_id)",
    )
    assert same(
        ask,
        """
        select owner_id, target_month, measure,
            cast(target_value * if(measure = 'net_revenue', 100, 1) as bigint)
        from raw.files__targets
        """,
        """
        select store_code, month_on, replace(measure, '_fen', ''), target from targets join stores using (store_id)
        """,
    )
    assert same(
        ask,
        "select guide_id, store_id, roster_date, cast(hours * 60 as bigint) from raw.files__rosters",
        """
        select staff_code, store_code, duty_on, cast(sum(date_diff('minute', starts_at, ends_at)) as bigint)
        from roster join staff using (staff_id) join stores using (store_id) group by all
        """,
    )
    assert same(
        ask,
        f"""
        select distinct store_id, valid_from, cast(area_m2 as integer), monthly_rent_amount, opened_on, closed_on
        from {newest("stores", "store_id, valid_from")}
        """,  # noqa: S608
        """
        select store_code, valid_from_on, area_m2, yuan(monthly_rent_fen), opened_on, closed_on
        from stores join store_leases using (store_id)
        """,
    )
    assert same(
        ask,
        f"select guide_id, is_part_time, joined_on, left_on from {newest('guides', 'guide_id')}",  # noqa: S608
        """
        select staff_code, employment_share < 1, hired_on, left_on from staff
        where staff_id in (select staff_id from staff_assignments where store_id is not null)
        """,
    )


def test_staff_or_gifts_cost_something_else(ask: Ask) -> None:
    assert same(
        ask,
        "select cost_type, store_id, sum(cost_amount), count(*) from raw.files__costs group by all",
        """
        select if(cost_type = 'wage', 'staff', cost_type), store_code, yuan(sum(amount_fen)), count(*)
        from costs left join stores using (store_id) where cost_type in ('wage', 'gift') group by all
        """,
    )


def test_a_member_is_lost_or_doubled_or_has_another_phone(ask: Ask) -> None:
    """Phones land as tokens: as many of them as there are phones."""
    members = newest("customers", "customer_token")
    assert same(
        ask,
        f"""
        select count(*), count(distinct customer_token), count(phone_token), count(distinct phone_token)
        from {members}
        """,  # noqa: S608
        """
        select count(*), count(distinct pos_card_no), count(phone), count(distinct phone)
        from (
            select pos_card_no, if(phone_changed_at is null, phone, new_phone) as phone
            from accounts where channel_code = 'pos'
        )
        """,
    )
    assert ask(
        "select distinct customer_token from raw.files__orders where customer_token is not null"
    ) == ask(
        """
        select distinct customer_token from raw.files__customers
        where customer_token in (select customer_token from raw.files__orders)
        """
    )


def test_a_consult_is_lost_or_doubled_or_is_of_another_guide(ask: Ask) -> None:
    """Of friendships whose noted number is that of a card which was there already."""
    assert same(
        ask,
        f"select consult_id, guide_id, asked_at, answered_at from {newest('consults', 'consult_id')}",  # noqa: S608
        """
        select 'ZX' || lpad(cast(chat_id as varchar), 12, '0'), staff_code, chats.started_at, replied_at
        from chats join contacts using (contact_id) join staff using (staff_id)
        where is_consult and exists (
            from accounts as cards
            where cards.channel_code = 'pos' and cards.registered_at <= chats.started_at
                and if(cards.phone_changed_at <= chats.started_at, cards.new_phone, cards.phone) = remark_phone
        )
        """,
    )
    assert (
        ask(
            """
            select customer_token from raw.files__consults
            where customer_token not in (select customer_token from raw.files__customers)
            """
        )
        == []
    )


def test_an_export_knows_what_happens_after_its_day(exports: Path, ask: Ask) -> None:
    def rows(name: str) -> list[dict[str, str]]:
        with (exports / f"{name}_{EARLIER:%Y%m%d}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    end = f"{EARLIER} 23:59:59"
    receipts, returns = rows("pos_orders"), rows("pos_refunds")
    assert max(row["开单时间"] for row in receipts) <= end
    assert max(row["修改时间"] for row in receipts + returns + rows("pos_members")) <= end
    assert max(row["日期"] for row in rows("footfall")) == str(EARLIER)
    assert len(receipts) < ask("select count(*) from orders where channel_code = 'pos'")[0][0]
    assert {row["状态"] for row in returns if row["退款时间"]} <= {"已退款"}
    assert sum(bool(row["退款时间"]) for row in returns) == ask(
        f"""
        select count(*) from refunds join orders using (order_id)
        where channel_code = 'pos' and succeeded_at + interval 8 hour <= '{end}'
        """  # noqa: S608
    )[0][0]  # fmt: skip


def test_equal_worlds_and_days_give_other_bytes(small_world: Path, exports: Path, tmp_path: Path) -> None:
    export_pos(small_world, tmp_path, as_of=EARLIER)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written
    assert written == {name: (exports / name).read_bytes() for name in written}


def test_the_example_mapping_leaves_a_column_of_money_or_time_out(exports: Path) -> None:
    checked = check_mapping(load_mapping(MAPPING), exports, SETTINGS)
    assert not checked.is_refused
    dropped = {header for file in checked.files for header in file.unmapped_columns}
    assert dropped == {
        *("收银员工号", "原价金额", "条码", "颜色", "行优惠", "行号", "申请时间", "状态"),
        *("城市", "姓名", "岗位", "工号", "数量", "销售目标(元)", "新会员目标", "新好友目标"),
    }


def test_the_command_writes_no_files_or_does_not_say_which(small_world: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["pos", str(small_world), str(tmp_path), "--as-of", str(EARLIER)])
    assert done.exit_code == 0, done.output
    assert all(path.name in done.output for path in tmp_path.iterdir())
    assert len(list(tmp_path.iterdir())) == 14


def test_a_folder_without_a_world_is_exported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="lacks orders"):
        export_pos(tmp_path, tmp_path / "out", as_of=EARLIER)
