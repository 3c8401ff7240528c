"""What must hold in every world: keys, references, states in order, sums to the fen, and the promised trouble."""

import json
import math
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from siyu.sandbox.world.tables import Table, declared_tables
from tests.sandbox.world.conftest import Ask

TABLES = declared_tables()
NAMED = {(table.section, table.name): table for table in TABLES}

# A column whose name ends so holds the key of that table. Day columns and platforms' own ids refer to nothing.
REFERENCES = {
    "account_id": "accounts",
    "staff_id": "staff",
    "store_id": "stores",
    "region_id": "regions",
    "department_id": "departments",
    "product_id": "products",
    "sku_id": "skus",
    "order_id": "orders",
    "coupon_id": "coupons",
    "coupon_batch_id": "coupon_batches",
    "salesman_id": "salesmen",
    "contact_id": "contacts",
    "tag_id": "tags",
    "group_id": "groups",
    "link_id": "acquisition_links",
    "bill_id": "bills",
    "bill_refund_id": "bill_refunds",
    "refund_id": "refunds",
    "service_task_id": "service_tasks",
    "campaign_id": "campaigns",
    "ad_campaign_id": "ad_campaigns",
    "message_id": "mass_messages",
    "template_message_id": "template_messages",
    "moment_id": "moments",
    "referral_id": "referrals",
    "person_id": "truth_persons",
}


def view(table: Table) -> str:
    return table.name if table.section == "world" else f"truth_{table.name}"


def target_of(column: str) -> tuple[str, str] | None:
    """The table and key column that a column refers to; the longest fitting name wins."""
    for key in sorted(REFERENCES, key=len, reverse=True):
        if column == key or column.endswith(f"_{key}"):
            return REFERENCES[key], key
    return None


@pytest.mark.parametrize("table", TABLES, ids=view)
def test_every_table_has_rows_and_its_declared_columns_and_a_unique_key(ask: Ask, table: Table) -> None:
    found = [(name, type_.lower()) for name, type_, *_ in ask(f"describe {view(table)}")]
    assert found == list(table.columns.items())
    keys = ", ".join(table.key)
    rows, distinct = ask(f"select count(*), count(distinct ({keys})) from {view(table)}")[0]  # noqa: S608
    assert rows > 0
    assert rows == distinct
    unknown = " or ".join(f"{column} is null" for column in table.key)
    assert ask(f"select count(*) from {view(table)} where {unknown}") == [(0,)]  # noqa: S608


@pytest.mark.parametrize("table", TABLES, ids=view)
def test_every_id_names_a_row_that_exists(ask: Ask, table: Table) -> None:
    for column in table.columns:
        target = target_of(column)
        if target is None or (target[0] == table.name and column in table.key):
            continue
        if column.startswith(("parent_", "wecom_", "youzan_", "taobao_")):
            continue
        missing = ask(
            f"select count(*) from {view(table)} as t where {column} is not null"  # noqa: S608
            f" and not exists (from {target[0]} as other where other.{target[1]} = t.{column})"
        )
        assert missing == [(0,)], f"{view(table)}.{column}"


def test_nothing_happens_after_the_last_day(ask: Ask) -> None:
    end = "timestamp '2026-06-30 16:00:00'"
    may_lie_ahead = {("coupons", "expires_at"), ("points_log", "expires_at"), ("coupon_batches", "ends_at"),
                     ("campaigns", "ends_at")}  # fmt: skip
    for table in TABLES:
        for column, type_ in table.columns.items():
            if (table.name, column) in may_lie_ahead or type_ not in ("timestamp", "date"):
                continue
            late = f"{column} >= {end}" if type_ == "timestamp" else f"{column} > date '2026-06-30'"
            if column in ("due_on", "starts_on", "ends_on", "stated_at"):
                late = f"{column} > date '2026-07-01'"
            assert ask(f"select count(*) from {view(table)} where {late}") == [(0,)], (  # noqa: S608
                f"{view(table)}.{column}"
            )


def test_lines_and_postage_sum_to_the_order_to_the_fen(ask: Ask) -> None:
    assert ask("""
        select count(*) from orders
        left join (
            select order_id, sum(paid_fen) as paid, sum(quantity * price_fen) as list,
                sum(line_discount_fen) as line_discount, sum(order_discount_fen) as order_discount
            from order_lines group by order_id
        ) as lines using (order_id)
        where paid is null or paid + shipping_fen <> paid_fen or list <> list_fen or line_discount <> line_discount_fen
            or order_discount <> order_discount_fen
            or paid_fen <> list_fen - line_discount_fen - order_discount_fen + shipping_fen
    """) == [(0,)]
    assert ask("""
        select count(*) from order_lines where paid_fen < 0 or quantity < 1
            or paid_fen <> quantity * price_fen - line_discount_fen - order_discount_fen
    """) == [(0,)]


def test_payments_sum_to_the_paid_orders_to_the_fen(ask: Ask) -> None:
    assert ask("""
        select count(*) from (select order_id, paid_fen from orders where paid_at is not null) as paid
        full join (select order_id, sum(amount_fen) as amount from payments group by order_id) as payments
            using (order_id)
        where paid_fen is distinct from amount
    """) == [(0,)]


def test_refunds_never_exceed_what_was_paid_for_the_line(ask: Ask) -> None:
    assert ask("""
        select count(*) from (
            select order_id, line_no, sum(amount_fen) as amount, sum(quantity) as pieces from refunds
            where succeeded_at is not null group by order_id, line_no
        ) as back
        left join order_lines using (order_id, line_no)
        where paid_fen is null or amount > paid_fen or amount <= 0 or pieces > order_lines.quantity
    """) == [(0,)]


def test_refunds_come_up_to_45_days_late_in_part_and_in_whole(ask: Ask) -> None:
    latest, orders_late, partial, whole = ask("""
        select
            max(date_diff('second', paid_at, created_at)) / 86400,
            count(*) filter (where created_at > paid_at + interval 30 day),
            count(*) filter (where amount_fen < line_fen), count(*) filter (where amount_fen = line_fen)
        from (
            select refunds.*, paid_at, order_lines.paid_fen as line_fen from refunds
            join orders using (order_id) join order_lines using (order_id, line_no)
        )
    """)[0]
    assert 40 < latest <= 45
    assert min(orders_late, partial, whole) > 0


def test_states_of_an_order_come_in_their_order(ask: Ask) -> None:
    assert ask("""
        select count(*) from orders where paid_at < created_at or shipped_at < paid_at or finished_at < shipped_at
            or (finished_at is not null and closed_at is not null) or (closed_at is null) <> (close_reason is null)
            or (paid_at is null and (shipped_at is not null or finished_at is not null))
    """) == [(0,)]
    assert ask("""
        select count(*) from refunds join (select order_id, paid_at from orders) using (order_id)
        where created_at < paid_at or paid_at is null or agreed_at < created_at or returned_at < agreed_at
            or succeeded_at < returned_at or (succeeded_at is not null and refused_at is not null)
    """) == [(0,)]


def test_an_account_is_older_than_what_it_does(ask: Ask) -> None:
    for table, moment in (("orders", "created_at"), ("contacts", "started_at"), ("coupons", "taken_at")):
        assert ask(f"""
            select count(*) from {table} as t join accounts using (account_id) where t.{moment} < registered_at
        """) == [(0,)], table  # noqa: S608


def test_parcels_are_split_and_prices_change_and_sizes_run_out(ask: Ask) -> None:
    assert ask("select count(*) from shipments where shipment_no = 2")[0][0] > 0
    assert ask("select count(*) from product_prices where is_markdown")[0][0] > 0
    assert (
        ask("select avg((quantity = 0)::int) from stock_counts where counted_on = date '2026-06-30'")[0][0]
        > 0.1
    )
    assert ask("select count(distinct result) from reviews") == [(3,)]
    assert (
        ask("select count(*) from groups where silent_from_on is not null and dissolved_at is null")[0][0] > 0
    )
    assert ask("""
        select count(*) from group_days join groups using (group_id)
        where stat_on >= silent_from_on and member_messages > 0
    """) == [(0,)]


def test_stock_is_what_came_less_what_went(ask: Ask) -> None:
    assert ask("""
        with came as (
            select store_id, sku_id, sum(quantity) as pieces from stock_receipts group by store_id, sku_id
        ),
        went as (
            select store_id, sku_id, sum(order_lines.quantity) as pieces
            from order_lines join orders using (order_id)
            where channel_code in ('pos', 'wecom') and paid_at is not null group by store_id, sku_id
        ),
        back as (
            select store_id, sku_id, sum(refunds.quantity) as pieces
            from refunds join orders using (order_id) join order_lines using (order_id, line_no)
            where channel_code in ('pos', 'wecom') and is_goods_returned and succeeded_at is not null
            group by store_id, sku_id
        )
        select count(*), count(*) filter (
            where counts.quantity <> coalesce(came.pieces, 0) - coalesce(went.pieces, 0) + coalesce(back.pieces, 0)
        ), min(counts.quantity)
        from (from stock_counts where counted_on = date '2026-06-30') as counts
        left join came using (store_id, sku_id) left join went using (store_id, sku_id)
        left join back using (store_id, sku_id)
    """)[0][1:] == (0, 0)


def test_shops_sell_in_their_hours_and_the_internet_at_night_too(ask: Ask) -> None:
    by_night = dict(
        ask("""
            select channel_code, avg((hour(created_at + interval 8 hour) not between 10 and 21)::int)
            from orders group by channel_code
        """)
    )
    assert by_night["pos"] == by_night["wecom"] == 0
    assert 0.02 < by_night["youzan"] < 0.4


def test_the_payment_account_never_goes_below_zero_and_ends_where_its_movements_say(ask: Ask) -> None:
    lowest, total, last = ask(
        "select min(balance_fen), sum(amount_fen), max_by(balance_fen, flow_id) from fund_flow"
    )[0]
    assert lowest >= 0
    assert total == last
    assert ask("select sum(amount_fen) from fund_flow where kind = 'receipt'") == ask(
        "select sum(amount_fen) from bills"
    )


def test_points_never_fall_below_zero(ask: Ask) -> None:
    assert ask("""
        select min(balance) >= 0 from (
            select sum(points) over (partition by account_id order by changed_at, points_id) as balance from points_log
        )
    """) == [(True,)]


def test_services_fall_due_after_3_days_3_weeks_and_3_calendar_months(ask: Ask) -> None:
    rows = ask("""
        select distinct step, cast(paid_at + interval 8 hour as date), due_on
        from service_tasks join orders using (order_id)
    """)
    last_days = {4: 30, 6: 30, 9: 30, 11: 30, 2: 28}
    assert {row[0] for row in rows} == {1, 2, 3}
    for step, paid, due in rows:
        if step < 3:
            assert due == paid + timedelta(days={1: 3, 2: 21}[step])
        else:
            month = paid.month % 12 + 3 if paid.month == 12 else (paid.month + 2) % 12 + 1
            year = paid.year + (paid.month + 3 > 12)
            assert due == date(year, month, min(paid.day, last_days.get(month, 31)))


def test_messages_drive_people_away(ask: Ask) -> None:
    """On the three days after a message, customers end friendships far more often than on other days."""
    left_after, left, touched_days, days = ask("""
        with touches as (
            select account_id, sent_at from mass_message_results where sent_at is not null and account_id is not null
        ),
        friends as (
            select account_id, greatest(started_at, timestamp '2025-07-01') as since, ended_by,
                coalesce(ended_at, timestamp '2026-06-30 16:00:00') as until
            from contacts where ended_at is null or ended_at > timestamp '2025-07-01'
        )
        select
            (select count(distinct (account_id, until)) from friends join touches using (account_id)
                where ended_by = 'customer' and until between sent_at and sent_at + interval 3 day),
            (select count(*) from friends where ended_by = 'customer'),
            (select count(*) * 3 from touches), (select sum(date_diff('day', since, until)) from friends)
    """)[0]
    assert left_after / touched_days > 1.5 * (left - left_after) / (days - touched_days)


class TestPromisedTrouble:
    """The shares that a world has at least."""

    def test_five_percent_of_persons_share_a_phone(self, ask: Ask) -> None:
        share = ask("""
            with users as (from truth_phones where kind in ('own', 'family')),
            shared as (select phone from users where valid_from_at is null group by phone
                having count(distinct person_id) > 1 and bool_or(kind = 'family'))
            select (select count(distinct person_id) from users join shared using (phone))
                / (select count(*) from truth_persons where staff_id is null)
        """)[0][0]
        assert share >= 0.05

    def test_one_percent_of_phones_are_recycled(self, ask: Ask) -> None:
        share = ask("""
            select count(distinct phone) filter (where kind = 'recycled') / count(distinct phone) from truth_phones
            where kind <> 'staff'
        """)[0][0]
        assert share >= 0.01
        assert ask("""
            select count(*) from truth_phones as after join truth_phones as before using (phone)
            where after.kind = 'recycled' and before.kind = 'own' and after.person_id <> before.person_id
                and not coalesce(before.valid_to_at < after.valid_from_at, false)
        """) == [(0,)]

    def test_two_percent_of_orders_carry_a_guides_phone(self, ask: Ask) -> None:
        assert (
            ask("select avg((phone is not null and phone in (select mobile from staff))::int) from orders")[
                0
            ][0]
            >= 0.02
        )

    def test_thirty_percent_of_marketplace_buyers_are_masked(self, ask: Ask) -> None:
        assert ask("select avg(is_masked::int) from accounts where channel_code = 'tmall'")[0][0] >= 0.3
        assert ask("select count(*) from orders where is_masked and phone is not null") == [(0,)]
        assert ask(
            "select count(*) from accounts where is_masked and (phone is not null or name is not null)"
        ) == [(0,)]

    def test_ten_percent_of_wechat_accounts_lack_a_unionid(self, ask: Ask) -> None:
        assert (
            ask("""
            select avg((unionid is null)::int) from accounts
            where channel_code in ('youzan', 'wecom', 'official_account')
        """)[0][0]
            >= 0.1
        )

    def test_three_percent_of_persons_never_identify_themselves(self, ask: Ask) -> None:
        share = ask("select avg((not is_identified)::int) from truth_persons where staff_id is null")[0][0]
        assert share >= 0.03
        assert ask("""
            select count(*) from truth_accounts join truth_persons using (person_id) where not is_identified
        """) == [(0,)]
        assert (
            ask("""
            select count(*) from truth_orders join truth_persons using (person_id) where not is_identified
        """)[0][0]
            > 0
        )

    def test_referrals_run_over_generations_and_some_are_cheats(self, ask: Ask) -> None:
        generations, selfs, rings = ask("""
            select max(generation), count(*) filter (where cheat = 'self'), count(*) filter (where cheat = 'ring')
            from truth_referrals
        """)[0]
        assert generations >= 3
        assert selfs > 0
        assert rings > 0
        assert ask("""
            select count(*) from truth_referrals
            where (cheat is not null) <> (inviter_person_id = invitee_person_id)
        """) == [(0,)]


class TestTruth:
    """Truth agrees with what the world shows, by other ways of computing it."""

    def test_the_holdouts_show_the_true_uplift(self, ask: Ask) -> None:
        arms = ask("""
            with bought as (
                select campaign_id, arm, member.account_id, count(o.order_id) as orders
                from campaign_members as member
                join truth_accounts as who using (account_id)
                join campaigns using (campaign_id)
                left join (from truth_orders join orders using (order_id) where paid_at is not null) as o
                    on o.person_id = who.person_id and created_at >= starts_at and created_at < ends_at
                group by campaign_id, arm, member.account_id
            )
            select arm, count(*), avg(orders), var_samp(orders) from bought group by arm order by arm
        """)
        (_, held, held_mean, held_var), (_, treated, treated_mean, treated_var) = arms
        true = ask("select sum(extra_orders_per_head * treated) / sum(treated) from truth_campaigns")[0][0]
        half = 1.96 * math.sqrt(held_var / held + treated_var / treated)
        estimate = treated_mean - held_mean
        assert estimate - half > 0
        assert estimate - half < true < estimate + half

    def test_no_held_out_person_has_an_order_that_the_campaign_caused(self, ask: Ask) -> None:
        assert ask("""
            select count(*) from truth_orders join truth_accounts using (person_id)
            join campaign_members using (account_id, campaign_id) where arm = 'holdout'
        """) == [(0,)]
        assert ask("""
            select count(*) from mass_message_results join mass_messages using (message_id)
            join campaign_members using (campaign_id, account_id) where arm = 'holdout'
        """) == [(0,)]

    def test_private_touches_are_slow_and_ads_are_fast(self, ask: Ask) -> None:
        days = dict(
            ask("""
                select cause, median(date_diff('minute', touched_at, created_at)) / 1440
                from truth_orders join orders using (order_id) where cause <> 'own' group by cause
            """)
        )
        assert days["ad"] < 0.5
        assert 1 < days["campaign"] < days["service"]

    def test_every_caused_order_names_a_touch_of_its_buyer_before_it(self, ask: Ask) -> None:
        for table, key in (
            ("mass_message_results", "result_id"),
            ("template_messages", "template_message_id"),
            ("ad_clicks", "click_id"),
        ):
            rows, wrong = ask(f"""
                select count(*), count(*) filter (
                    where who.person_id is distinct from o.person_id or touched_at > created_at
                )
                from truth_orders as o join orders using (order_id)
                left join {table} as touch on touch.{key} = touch_id
                left join truth_accounts as who on who.account_id = touch.account_id
                where o.touch = '{table}'
            """)[0]  # noqa: S608
            assert rows > 0, table
            assert wrong == 0, table
        assert ask("select count(*) from truth_orders where (cause = 'own') <> (touch is null)") == [(0,)]

    def test_linkable_pairs_equal_a_search_of_our_own(self, ask: Ask) -> None:
        """Union-find over identifiers that one true person alone has, from the tables and the users of each number."""
        owner = dict(ask("select account_id, person_id from truth_accounts"))
        seen = [(f"phone {phone}", account) for account, phone in ask("""
            select account_id, phone from accounts union select account_id, new_phone from accounts
            union select account_id, phone from orders union select account_id, remark_phone from contacts
        """) if phone and account]  # fmt: skip
        seen += [
            (f"unionid {value}", account)
            for account, value in ask("select account_id, unionid from accounts")
            if value
        ]
        users: dict[str, set[int]] = {}
        for phone, person in ask("select phone, person_id from truth_phones"):
            users.setdefault(f"phone {phone}", set()).add(person)
        for identifier, account in seen:
            users.setdefault(identifier, set()).add(owner[account])

        parent: dict[object, object] = {}

        def root(node: object) -> object:
            while parent.setdefault(node, node) != node:
                node = parent[node]
            return node

        for identifier, account in seen:
            if len(users[identifier]) == 1:
                parent[root(account)] = root(identifier)
        together: dict[object, list[int]] = {}
        for account in sorted(owner):
            together.setdefault(root(account), []).append(account)
        expected = {(a, b, owner[a]) for group in together.values() for a in group for b in group if a < b}
        assert set(ask("from truth_linkable_pairs")) == expected
        assert len(expected) > 1_000
        assert all(owner[a] == owner[b] for a, b, _ in expected)
        accounts_of = Counter(owner.values())
        assert len(expected) < sum(count * (count - 1) // 2 for count in accounts_of.values())


def test_world_json_says_how_many_rows_there_are(world: Path, ask: Ask) -> None:
    described = json.loads((world / "world.json").read_text())
    assert described["persons"] == 4_000
    assert described["rows"]["orders.parquet"] == ask("select count(*) from orders")[0][0]
    assert set(described["rows"]) == {table.file for table in TABLES}


def test_the_page_about_the_world_names_every_table() -> None:
    page = (Path(__file__).parents[3] / "docs/sandbox/world.md").read_text(encoding="utf-8")
    assert [table.name for table in TABLES if f"`{table.name}`" not in page] == []
