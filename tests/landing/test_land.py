"""One landing: what lands, what does not, what is refused."""

import stat
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siyu.errors import RefusedError, SiyuError
from siyu.landing import create_raw_views, read_records
from siyu.resources import COSTS, CUSTOMERS, ORDER_LINES, ORDERS, RESOURCES, raw_columns
from siyu.settings import Home, Settings
from tests.landing.shop import BRAND, CHANNEL, LANDED_AT, NOON, File, Shop, customer, files_of, line, order
from tests.properties import examples


def counts(record, resource=ORDERS):
    found = record.resources[resource.name].counts
    return found.landed, found.unchanged, found.quarantined


def test_the_same_file_again_changes_no_byte_and_returns_the_first_record(shop: Shop) -> None:
    first = shop.land(File(rows=[order("o1"), order("o2")]))
    before = {name: (shop.home.root / name).read_bytes() for name in files_of(shop.home)}
    again = shop.land(File(rows=[order("o1"), order("o2")]), landed_at=LANDED_AT + timedelta(days=1))
    assert again == first
    assert {name: (shop.home.root / name).read_bytes() for name in files_of(shop.home)} == before


def test_a_known_row_in_another_file_is_unchanged_and_a_new_version_lands(shop: Shop) -> None:
    shop.land(File(rows=[order("o1"), order("o2")]))
    record = shop.land(File(name="next.csv", rows=[order("o1"), order("o2", paid_amount=12), order("o3")]))
    assert counts(record) == (2, 1, 0)
    assert shop.raw(ORDERS, "order_id, paid_amount") == [
        ("o1", 10), ("o2", 10), ("o2", 12), ("o3", 10)
    ]  # fmt: skip


def test_an_identical_order_twice_in_one_file_lands_once(shop: Shop) -> None:
    assert counts(shop.land(File(rows=[order("o1"), order("o1")]))) == (1, 1, 0)


def test_repeated_lines_of_one_file_stay_while_a_whole_document_of_another_file_counts_once(
    shop: Shop,
) -> None:
    invoice = [line("i1"), line("i1"), line("i1", product_id="p-2")]
    first = shop.land(File(name="2010.csv", resource=ORDER_LINES, rows=[*invoice, line("i2")]))
    second = shop.land(File(name="2011.csv", resource=ORDER_LINES, rows=[line("i3"), *reversed(invoice)]))
    assert counts(first, ORDER_LINES) == (4, 0, 0)
    assert counts(second, ORDER_LINES) == (1, 3, 0)
    assert shop.raw(ORDER_LINES, "order_id, product_id, _line_number") == [
        ("i1", "p-1", 1), ("i1", "p-1", 2), ("i1", "p-2", 3), ("i2", "p-1", 1), ("i3", "p-1", 1)
    ]  # fmt: skip


def test_a_document_of_which_one_line_changed_lands_whole(shop: Shop) -> None:
    shop.land(File(resource=ORDER_LINES, rows=[line("i1"), line("i1", product_id="p-2")]))
    changed = [line("i1"), line("i1", product_id="p-2", quantity=2)]
    assert counts(shop.land(File(name="b", resource=ORDER_LINES, rows=changed)), ORDER_LINES) == (2, 0, 0)


def test_of_two_documents_that_only_differ_in_completeness_the_fuller_has_the_greater_hash(
    shop: Shop,
) -> None:
    for number in range(8):  # a hash without the count would pass each of these with probability one half
        name, full = f"i{number}", [line(f"i{number}", product_id=f"p{place}") for place in range(3)]
        shop.land(File(name=f"part {number}", resource=ORDER_LINES, rows=full[:2]))
        shop.land(File(name=f"full {number}", resource=ORDER_LINES, rows=full))
        hashes = shop.raw(ORDER_LINES, f"_group_hash, order_id = '{name}'")
        assert [h for h, own in hashes if own].count(max(h for h, own in hashes if own)) == 3


def test_excluded_rows_land_with_their_reason_and_may_be_negative_or_without_an_amount(shop: Shop) -> None:
    rows = [
        order("o1"),
        order("o2", paid_amount=-5, _exclusion="test_order"),
        order("o3", paid_amount=-5),
        order("o4", paid_amount=None, _exclusion="cancelled"),
        order("o5", paid_amount=None),
        order(None, _exclusion="cancelled"),
    ]
    record = shop.land(File(rows=rows))
    found = record.resources["orders"].counts
    assert (found.landed, found.excluded, found.quarantine_reasons) == (
        3,
        {"test_order": 1, "cancelled": 1},
        {"negative_value": 1, "missing_value": 2},
    )
    assert shop.raw(ORDERS, "order_id, is_excluded, exclusion_reason") == [
        ("o1", False, None), ("o2", True, "test_order"), ("o4", True, "cancelled")
    ]  # fmt: skip


def test_a_missing_key_or_a_blank_one_is_quarantined(shop: Shop) -> None:
    found = (
        shop.land(File(rows=[order(None), order(" "), order("o1", ordered_at=None)]))
        .resources["orders"]
        .counts
    )
    assert (found.landed, found.quarantine_reasons) == (0, {"missing_value": 3})


@pytest.mark.parametrize("field", ["ordered_at", "paid_at", "updated_at", "cancelled_at"])
def test_f28_a_moment_after_tomorrow_in_the_business_zone_is_quarantined(shop: Shop, field: str) -> None:
    # landed on 2026-11-20 in Shanghai: the 21st is still believed; its last moment is 15:59:59.999999 UTC
    last = NOON.replace(day=21, hour=15, minute=59, second=59, microsecond=999999)
    first_too_late = NOON.replace(day=21, hour=16)
    record = shop.land(File(rows=[order("o1", **{field: last}), order("o2", **{field: first_too_late})]))
    assert record.resources["orders"].counts.quarantine_reasons == {"date_after_landing": 1}
    assert shop.raw(ORDERS, "order_id") == [("o1",)]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York", "Pacific/Auckland"])
def test_f28_the_bound_follows_the_business_zone_through_summer_time(home: Home, zone: str) -> None:
    shop = Shop(home, Settings(business_timezone=zone))
    landed_at = datetime(2026, 3, 7, 12, tzinfo=ZoneInfo(zone))  # New York's clocks change on the 8th
    bound = datetime(2026, 3, 9, tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)
    placed = NOON.replace(month=3, day=1)
    moments = {"o1": bound - timedelta(microseconds=1), "o2": bound}
    rows = [order(name, ordered_at=placed, paid_at=moment) for name, moment in moments.items()]
    shop.land(File(rows=rows), landed_at=landed_at)
    assert shop.raw(ORDERS, "order_id") == [("o1",)]


def test_f28_a_cost_dated_by_day_is_held_to_the_same_day(shop: Shop) -> None:
    cost = {"brand_code": BRAND, "channel_code": CHANNEL, "currency_code": "CNY", "cost_type": "media"}
    cost |= {"cost_purpose": "general", "cost_amount": 1}
    rows = [cost | {"cost_id": str(day), "cost_date": date(2026, 11, day)} for day in (20, 21, 22)]
    shop.land(File(resource=COSTS, rows=rows))
    assert shop.raw(COSTS, "cost_id") == [("20",), ("21",)]


@pytest.mark.parametrize(
    ("column", "value", "seed"),
    [
        ("brand_code", "other", "brands.csv"),
        ("channel_code", "moon", "channels.csv"),
        ("currency_code", "XYZ", "fx_rates.csv"),
    ],
)
def test_an_unknown_code_refuses_the_whole_load(shop: Shop, column: str, value: str, seed: str) -> None:
    with pytest.raises(RefusedError, match=f"{value}.*{seed}"):
        shop.land(File(rows=[order("o1"), order("o2", **{column: value})]))
    assert read_records(shop.home) == ()
    assert not (shop.home.raw / "files").exists()


def test_a_persons_value_in_the_wrong_column_is_not_repeated_in_the_refusal(shop: Shop) -> None:
    with pytest.raises(RefusedError) as refusal:
        shop.land(File(rows=[order("o1", channel_code="13800138000")]))
    assert "13800138000" not in str(refusal.value)


def test_a_second_currency_needs_a_rate_on_the_day_of_its_first_row(shop: Shop, tmp_path: Path) -> None:
    for name, text in {
        "brands.csv": f"brand_code\n{BRAND}\n",
        "channels.csv": f"channel_code\n{CHANNEL}\n",
        "fx_rates.csv": "currency_code,valid_from,rate\nGBP,2026-11-02,9.1\nGBP,2026-11-09,9.2\n",
    }.items():
        (tmp_path / name).write_text(text)
    early = File(rows=[order("o1", currency_code="GBP")], seeds=tmp_path)  # 2026-11-01
    with pytest.raises(RefusedError, match="2026-11-01"):
        shop.land(early)
    in_time = File(
        rows=[order("o1", currency_code="GBP", ordered_at=NOON + timedelta(days=1))], seeds=tmp_path
    )
    assert counts(shop.land(in_time)) == (1, 0, 0)


@pytest.mark.parametrize(
    ("bad", "good", "is_refused"), [(10, 0, False), (11, 0, True), (11, 2189, False), (12, 2189, True)]
)
def test_f20_more_bad_rows_than_the_limit_refuse_the_load(
    shop: Shop, bad: int, good: int, is_refused: bool
) -> None:
    # at most 10 rows, or 0.5 % of those read: 11 of 2,200 pass, 12 of 2,201 do not
    file = File(rows=[order(f"o{number}") for number in range(good)], bad=[{"text": "x"}] * bad)
    if not is_refused:
        assert counts(shop.land(file)) == (good, 0, bad)
        return
    with pytest.raises(RefusedError, match=f"{bad} of {bad + good} rows .*not_a_number: {bad}"):
        shop.land(file)
    assert read_records(shop.home) == ()
    assert not list(shop.home.staging.glob("*")) if shop.home.staging.exists() else True


def test_a_batch_that_does_not_add_up_is_a_fault_of_the_channel(shop: Shop) -> None:
    with pytest.raises(SiyuError, match="rows read = elsewhere"):
        shop.land(File(rows=[order("o1", _source_row=7), order("o2", _source_row=7)]))


def test_a_reason_with_words_in_it_is_refused_since_it_might_hold_a_value(shop: Shop) -> None:
    with pytest.raises(SiyuError, match="no code"):
        shop.land(File(bad=[{"reason": "cannot read '13800138000'"}]))


def test_another_revision_of_the_mapping_replaces_what_the_first_landed_and_back(shop: Shop) -> None:
    file = File(rows=[order("o1"), order("o2")])
    first = shop.land(file)
    goods_only = replace(file, rows=[order("o1"), order("o2", _exclusion="non_goods")], mapping_text="second")
    second = shop.land(
        goods_only, source=replace(goods_only.source, sha256=file.source.sha256, bytes=file.source.bytes)
    )
    assert second.replaces == (first.load_id,)
    assert shop.raw(ORDERS, "order_id, is_excluded") == [("o1", False), ("o2", True)]
    third = shop.land(file)
    assert (third.replaces, third.sequence) == ((second.load_id,), 3)
    assert third.load_id not in {first.load_id, second.load_id}
    assert shop.raw(ORDERS, "order_id, is_excluded") == [("o1", False), ("o2", False)]
    assert shop.land(file) == third


def test_another_mapping_over_the_same_bytes_replaces_nothing(shop: Shop) -> None:
    file = File(rows=[order("o1")])
    shop.land(file)
    other = replace(file, mapping="another shop", rows=[order("o9")])
    record = shop.land(other, source=replace(other.source, sha256=file.source.sha256))
    assert (record.replaces, shop.raw(ORDERS, "order_id")) == ((), [("o1",), ("o9",)])


def test_every_view_exists_with_the_declared_columns_before_anything_has_landed(home: Home) -> None:
    with duckdb.connect() as connection:
        state = create_raw_views(connection, home)
        assert (state.load_ids, state.newest_order_at) == ((), None)
        for name, resource in RESOURCES.items():
            rows = connection.sql(f"from raw.files__{name}")
            found = {
                column: str(type_).lower() for column, type_ in zip(rows.columns, rows.types, strict=True)
            }
            assert found == raw_columns(resource)
            assert rows.fetchall() == []


def test_the_newest_order_is_the_latest_that_counts(shop: Shop) -> None:
    later = NOON + timedelta(hours=1)
    shop.land(
        File(
            rows=[
                order("o1", paid_at=later),
                order("o2", paid_at=NOON + timedelta(days=3), _exclusion="test"),
            ]
        )
    )
    shop.land(
        File(name="people", resource=CUSTOMERS, rows=[customer("c1", enrolled_at=NOON + timedelta(days=9))])
    )
    with duckdb.connect() as connection:
        state = create_raw_views(connection, shop.home)
    assert state.newest_order_at == later.replace(tzinfo=UTC)
    assert len(state.load_ids) == 2


def test_f39_everything_that_landed_is_private_to_its_owner(shop: Shop) -> None:
    shop.land(File(rows=[order("o1")], bad=[{"text": "x"}]))
    wrong = {
        str(path.relative_to(shop.home.root)): oct(path.stat().st_mode)
        for path in shop.home.root.rglob("*")
        if stat.S_IMODE(path.stat().st_mode) != (0o700 if path.is_dir() else 0o600)
    }
    assert wrong == {}


def test_a_home_whose_path_looks_like_a_pattern_is_read_as_it_is(tmp_path: Path) -> None:
    shop = Shop(Home(tmp_path / "it's [1] *home?*").create())
    shop.land(File(rows=[order("o1")]))
    (tmp_path / "it's 1 *home?*").mkdir()
    assert shop.raw(ORDERS, "order_id") == [("o1",)]


def test_the_connection_keeps_no_clear_value_of_ours(shop: Shop) -> None:
    from siyu.landing import land
    from tests.landing.shop import batch_of

    with duckdb.connect() as connection:
        file = File(rows=[order("o1")])
        land(
            connection,
            shop.home,
            shop.settings,
            file.source,
            [batch_of(connection, file)],
            landed_at=LANDED_AT,
        )
        assert {name for (name,) in connection.execute("show tables").fetchall()} == {"records", "rejects"}


WORDS = st.sampled_from(
    ["o1", "o2", "o3", None, "", "=1+1", "'; drop table x; --", '"', "{{ env_var('X') }}", "张三", "😀"]
)
ROWS = st.builds(
    lambda key, amount, exclusion, days: order(
        key, paid_amount=amount, _exclusion=exclusion, paid_at=NOON + timedelta(days=days)
    ),
    WORDS,
    st.sampled_from([None, -1, 0, 10]),
    st.sampled_from([None, "test_order"]),
    st.sampled_from([0, 19, 21, 400]),
)


@examples(15, soak=1000)
@given(
    files=st.lists(
        st.tuples(st.lists(ROWS, max_size=8), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=3
    )
)
def test_f20_rows_read_are_elsewhere_landed_unchanged_or_quarantined(tmp_path_factory, files) -> None:
    shop = Shop(Home(tmp_path_factory.mktemp("conserved")).create(), Settings(quarantine_limit_share=1))
    for number, (rows, bad, elsewhere) in enumerate(files):
        file = File(name=f"{number}.csv", rows=rows, bad=[{"text": "?"}] * bad, elsewhere=elsewhere)
        found = shop.land(file).resources["orders"].counts
        assert found.read == len(rows) + bad + elsewhere
        assert found.read == found.elsewhere + found.landed + found.unchanged + found.quarantined
        assert sum(found.quarantine_reasons.values()) == found.quarantined
    stored = shop.raw(ORDERS, "order_id, paid_amount, paid_at, exclusion_reason")
    assert len(stored) == sum(record.resources["orders"].counts.landed for record in read_records(shop.home))
    lawful = {
        (row["order_id"], row["paid_amount"], row["paid_at"], row["_exclusion"])
        for rows, _, _ in files
        for row in rows
        if (row["order_id"] or "").strip()
        and (row["_exclusion"] or (row["paid_amount"] is not None and row["paid_amount"] >= 0))
        and row["paid_at"] <= NOON + timedelta(days=20)
    }
    assert set(stored) == lawful
