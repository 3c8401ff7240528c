"""What an API's rows become: persons sealed before the disk, documents whole, repeats nothing, lists as observed."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from siyu.channels.api.judging import QuotaGoneError
from siyu.errors import RefusedError
from siyu.landing import compact, live, open_quarantine, read_records
from siyu.landing.personal import open_private_key, unseal
from siyu.settings import Home, Settings
from tests.channels.api.platform import Answer, Asked, running
from tests.channels.api.shop import NOW, extract, order, orders_page, raw

ORDERS = [order(number) for number in range(1, 51)]
BAD = order(51, paid="51.99")


def serving(orders: list[Any]) -> Any:
    return lambda asked: Answer(document=orders_page(orders, asked.body))


def vault_of(home: Home, record: Any) -> list[dict[str, Any]]:
    return list(unseal(home.root / record.vault.file, open_private_key(home)))


def test_amounts_times_and_ids_land_as_the_platform_means_them(home: Home) -> None:
    with running(serving(ORDERS[:1])) as platform:
        extract(home, platform.url)
    ((order_id, paid, at, account, observed),) = raw(
        home, "orders", "order_id, paid_amount, ordered_at, account_id, _observed_at"
    )
    assert order_id == "3100000000000000001"
    assert paid == Decimal("1.99")
    assert (at.isoformat(), account) == ("2026-11-01T02:26:41", "shop-1")  # date -u -d @1793500001
    assert observed == NOW.replace(tzinfo=None)


def test_lines_land_with_their_order_each_once(home: Home) -> None:
    with running(serving(ORDERS)) as platform:
        record = extract(home, platform.url, chunk_rows=30)
    assert record.resources["order_lines"].counts.landed == 100
    assert len(raw(home, "order_lines", "order_id, sku_id, quantity")) == 100


def test_no_clear_person_is_ever_on_the_disk_also_while_a_window_is_half_read(home: Home) -> None:
    def stops_at_page_3(asked: Asked) -> Answer:
        return Answer(document={"errcode": 2}) if asked.body["page"] == 3 else serving([*ORDERS, BAD])(asked)

    canaries = ("oCanary", "138000000", "王0", "白天送")

    def found() -> set[str]:
        texts = []
        for path in home.root.rglob("*"):
            if path.suffix in (".parquet", ".rows", ".quarantine"):
                texts.append(str(duckdb.read_parquet(str(path)).fetchall()))
            elif path.is_file():
                texts.append(path.read_bytes().decode("utf-8", "replace"))
        return {canary for canary in canaries for text in texts if canary in text}

    with running(stops_at_page_3) as platform, pytest.raises(QuotaGoneError):
        extract(home, platform.url, chunk_rows=30)
    assert list(home.pending.rglob("*.rows")), "nothing is pending: this would prove nothing"
    assert found() == set()
    with running(serving([*ORDERS, BAD])) as platform:
        record = extract(home, platform.url)
    assert record.resources["orders"].counts.quarantined == 1
    assert found() == set()
    sealed = str(vault_of(home, record))
    assert all(canary in sealed for canary in canaries), "the same search finds them where they are opened"


def test_a_phone_has_the_token_that_it_has_everywhere(home: Home) -> None:
    with running(serving([order(1), order(2, receiver={"mobile": "+86 138-0000-0001"})])) as platform:
        extract(home, platform.url)
    tokens = [token for (token,) in raw(home, "orders", "receiver_phone_token")]
    assert tokens[0] == tokens[1]
    assert re.fullmatch("[0-9a-f]{32}", tokens[0])


def test_a_vault_of_several_chunks_holds_every_identifier_and_quarantine_points_into_it(home: Home) -> None:
    other_bad = order(52, paid=None)
    with running(serving([BAD, *ORDERS, other_bad])) as platform:
        record = extract(home, platform.url, chunk_rows=30)
    sealed = vault_of(home, record)
    assert {one["value"] for one in sealed if one.get("field") == "customer_id"} == {
        f"oCanary{number:05d}" for number in range(1, 51)
    }
    bad = open_quarantine(home)
    assert [(row.reason, row.column_name) for row in bad] == [
        ("not_fen", "paid_amount"),
        ("missing_value", "paid_amount"),
    ]
    for row, clear in zip(bad, (BAD, other_bad), strict=True):
        load, _, position = row.sealed_reference.partition(":")
        assert load == record.load_id
        assert clear["buyer"]["openid"] in sealed[int(position)]["row"] or row.reason == "missing_value"
        assert sealed[int(position)]["kind"] == "row"


def test_a_window_read_again_writes_nothing_and_seals_nothing(home: Home) -> None:
    with running(serving(ORDERS)) as platform:
        first = extract(home, platform.url)
        assert extract(home, platform.url) == first
        more = [*ORDERS, order(60)]
    with running(serving(more)) as platform:
        second = extract(home, platform.url)
    counts = second.resources["orders"].counts
    assert (counts.read, counts.landed, counts.unchanged) == (51, 1, 50)
    assert {one["value"] for one in vault_of(home, second) if one.get("field") == "customer_id"} == {
        "oCanary00060"
    }


def test_nobody_can_tell_that_a_window_was_read_again_later_and_held_the_same(home: Home) -> None:
    with running(serving(ORDERS)) as platform:
        first = extract(home, platform.url)
        later = extract(home, platform.url, clock=lambda: NOW + timedelta(hours=3))
    assert later.load_id != first.load_id
    assert later.extraction is not None
    assert later.extraction.observed_at == NOW + timedelta(hours=3)
    assert later.resources["orders"].counts.landed == 0
    assert later.resources["orders"].raw is None
    assert later.vault is None


def test_a_changed_order_is_a_new_version_with_all_its_lines(home: Home) -> None:
    with running(serving(ORDERS[:2])) as platform:
        extract(home, platform.url)
    changed = order(1, updated=order(1)["updated"] + 60, lines=[{"sku": "s-1", "num": 1}])
    with running(serving([changed, ORDERS[1]])) as platform:
        record = extract(home, platform.url)
    assert record.resources["orders"].counts.landed == 1
    assert record.resources["order_lines"].counts.landed == 1
    assert len(raw(home, "order_lines", "order_id")) == 5


def test_a_mended_row_that_is_read_again_leaves_quarantine(home: Home) -> None:
    with running(serving([BAD])) as platform:
        extract(home, platform.url)
    assert len(open_quarantine(home)) == 1
    with running(serving([order(51)])) as platform:
        extract(home, platform.url)
    assert open_quarantine(home) == ()


def test_more_bad_rows_than_the_limit_stop_the_stream_and_the_next_run_starts_anew(home: Home) -> None:
    bad = [order(number, paid="1.00") for number in range(12)]
    with running(serving([*ORDERS, *bad])) as platform:
        with pytest.raises(RefusedError, match=r"12 of 124 rows cannot be understood \(orders not_fen: 12\)"):
            extract(home, platform.url)
        assert not list(home.pending.rglob("*.rows"))
    assert read_records(home) == ()
    with running(serving(ORDERS)) as platform:
        assert extract(home, platform.url).resources["orders"].counts.landed == 50


def contacts(of: dict[str, list[str]]) -> Any:
    def reply(asked: Asked) -> Answer:
        if asked.path == "/guides":
            return Answer(document={"errcode": 0, "guides": list(of)})
        listed = of[asked.query["guide"]]
        return Answer(document={"errcode": 0, "contacts": [{"id": one} for one in listed]})

    return reply


def test_a_list_lands_whole_each_time_it_is_observed_and_seals_only_who_is_new(home: Home) -> None:
    with running(contacts({"g1": ["a", "b"], "g2": ["a"]})) as platform:
        first = extract(home, platform.url, "contacts")
    later = NOW.replace(day=4)
    with running(contacts({"g1": ["a"], "g2": ["a", "c"]})) as platform:
        second = extract(home, platform.url, "contacts", clock=lambda: later)
    assert [record.resources["contacts"].counts.landed for record in (first, second)] == [3, 3]
    assert first.extraction is not None
    assert first.extraction.is_complete
    observed = raw(home, "contacts", "_observed_at, guide_id, contact_token")
    assert [(at.day, guide) for at, guide, _ in observed] == [
        (3, "g1"),
        (3, "g1"),
        (3, "g2"),
        (4, "g1"),
        (4, "g2"),
        (4, "g2"),
    ]
    assert [one["value"] for one in vault_of(home, second)] == ["c"]


def test_one_refused_guide_is_counted_and_the_others_land(home: Home) -> None:
    def reply(asked: Asked) -> Answer:
        if asked.query.get("guide") == "g2":
            return Answer(document={"errcode": 5})
        return contacts({"g1": ["a"], "g2": [], "g3": ["c"]})(asked)

    with running(reply) as platform:
        record = extract(home, platform.url, "contacts")
    assert record.extraction is not None
    assert (record.extraction.skipped, record.resources["contacts"].counts.landed) == (1, 2)


def test_a_damaged_load_is_stood_in_for_by_its_window_read_again(home: Home) -> None:
    with running(serving(ORDERS)) as platform:
        first = extract(home, platform.url)
    stored = first.resources["orders"].raw
    assert stored is not None
    (home.root / stored.file).write_bytes(b"damaged")
    with running(serving([*ORDERS, order(60)])) as platform:
        second = extract(home, platform.url)
    assert second.replaces == (first.load_id,)
    assert [record.load_id for record in live(read_records(home))] == [second.load_id]
    assert len(raw(home, "orders", "order_id")) == 51


def test_loads_of_a_channel_are_compacted_as_those_of_files_are(home: Home) -> None:
    for number in range(3):
        with running(serving([order(number + 1)])) as platform:
            extract(home, platform.url)
    before = raw(home, "orders", "order_id, _load_id, _more, _observed_at")
    compact(home, Settings(compact_files=2))
    assert raw(home, "orders", "order_id, _load_id, _more, _observed_at") == before
    assert len(list((home.raw / "made_up_shop" / "orders").iterdir())) == 1


def test_nothing_stays_behind_in_pending(home: Home) -> None:
    with running(serving(ORDERS)) as platform:
        extract(home, platform.url)
    assert list(home.pending.iterdir()) == []
    assert list(home.staging.iterdir()) == []
