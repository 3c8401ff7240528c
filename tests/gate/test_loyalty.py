"""Levels, points, children, listed contacts, scans and consults of the published busy shop, against its own rows."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from siyu.settings import Home
from tests.gate.stories import Template
from tests.gate.worlds import AS_OF, busy_shop
from tests.publication.small_candidates import served, served_restricted

pytestmark = pytest.mark.xdist_group("gate")
YEAR_AGO = AS_OF - timedelta(days=364)


def rows(resource: str) -> list[dict[str, Any]]:
    """Its rows; noon in Shanghai, so the date in UTC is the business day."""
    found = busy_shop().rows[resource]
    assert found
    return found


def day(moment: str | None) -> date | None:
    return date.fromisoformat(moment[:10]) if moment else None


@pytest.fixture
def home(template: Template) -> Home:
    return template.home


def test_points_are_not_those_of_the_ledger(home: Home) -> None:
    points: Counter[str] = Counter()
    for row in rows("points_changes"):
        if YEAR_AGO <= date.fromisoformat(row["changed_at"][:10]) <= AS_OF:
            points[row["points_kind"]] += abs(row["points"])
    assert served(
        home, "select points_issued, points_redeemed, points_expired from marts.member_loyalty"
    ) == [(points["earned"], points["redeemed"], points["expired"])]


def test_renewals_are_not_those_of_the_paid_memberships(home: Home) -> None:
    paid = [
        (row["customer_id"], day(row["started_at"]), day(row["ends_at"]))
        for row in rows("memberships")
        if row["is_paid"]
    ]
    due = [one for one in paid if one[2] is not None and one[2] <= AS_OF]
    renewed = [
        (customer, start)
        for customer, start, end in due
        if any(
            other == customer and start < later <= end + timedelta(days=30)  # type: ignore[operator]
            for other, later, _ in paid
        )
    ]
    paying = {customer for customer, _, end in paid if end is not None and end > AS_OF}
    assert served(home, "select due_count, renewed_count, paid_member_count from marts.member_loyalty") == [
        (len(due), len(renewed), len(paying))
    ]
    assert 0 < len(renewed) < len(due)
    assert served(home, "select count(*) from marts.member_360 where paid_member_until > as_of_date") == [
        (len(paying),)
    ]


def test_somebody_has_two_levels_at_once_or_lost_one_between(home: Home) -> None:
    overlap = """
        select count(*) from marts.member_level_hist as one join marts.member_level_hist as other
        on one.member_id = other.member_id and one.program = other.program and one.valid_from < other.valid_from
        and (one.valid_to is null or one.valid_to > other.valid_from)
    """
    assert served(home, overlap) == [(0,)]
    levels = Counter(row["level"] for row in rows("memberships"))
    assert served(
        home, "select level, count(*) from marts.member_level_hist group by level order by 1"
    ) == sorted(levels.items())


def test_children_are_published_to_others_than_named_people(home: Home) -> None:
    months = sorted(
        (AS_OF.year - born.year) * 12 + AS_OF.month - born.month
        for row in rows("children")
        if (born := date.fromisoformat(row["birth_month"])) <= AS_OF
    )
    assert served_restricted(home, "select age_months from restricted.member_child order by 1") == [
        (age,) for age in months
    ]
    assert served(
        home, "select count(*) from duckdb_columns() where column_name in ('age_months', 'birth_month')"
    ) == [(0,)]


def test_contacts_of_an_account_are_not_those_of_its_list(home: Home) -> None:
    lists: dict[str, set[str]] = {"all": set()}
    for row in rows("contact_lists"):
        lists.setdefault(row["holder_id"], set()).add(row["customer_id"])
        lists["all"].add(row["customer_id"])
    assert len(lists["all"]) < sum(map(len, lists.values())) - len(lists["all"])
    assert served(home, "select holder_id, contact_count from marts.contact_migration order by 1") == sorted(
        (holder, len(people)) for holder, people in lists.items()
    )


def test_captured_persons_are_not_those_who_scanned_and_then_enrolled(home: Home) -> None:
    enrolled = {row["customer_id"]: row["enrolled_at"] for row in rows("customers")}
    kept = {
        row["customer_id"]: row["ordered_at"]
        for row in sorted(rows("orders"), key=lambda row: row["ordered_at"], reverse=True)
        if row["paid_at"] and not row["_exclusion"]
    }
    scans = [row for row in rows("scans") if row["campaign_code"] == "poster"]
    after = [row for row in scans if enrolled[row["customer_id"]] >= row["scanned_at"]]
    # an order before it that was refunded in full is none
    surely_new = [row for row in after if kept.get(row["customer_id"], "9") >= row["scanned_at"]]
    events = {row["event_id"] for row in scans if row["event_id"]}
    ((scanners, new, event_count),) = served(
        home,
        "select scanner_count, new_identified_count, event_count from marts.campaign_capture"
        " where campaign_code = 'poster'",
    )
    assert (scanners, event_count) == (len(scans), len(events))
    assert 0 < len(surely_new) <= int(str(new)) <= len(after) < len(scans)


def test_who_trusts_is_not_who_bought_twice_and_consulted_by_the_day(home: Home) -> None:
    """Customers are told apart by the day on which they enrolled; those who enrolled with others bought nothing."""
    asked = {
        until: {row["customer_id"] for row in rows("consults") if row["asked_at"][:10] <= str(until)}
        for until in (AS_OF, AS_OF + timedelta(days=1))
    }
    enrolled = {day(row["enrolled_at"]) for row in rows("customers") if row["customer_id"] in asked[AS_OF]}
    twice = served(
        home,
        "select enrolled_at::date, relationship_level from marts.member_360"
        " where lifetime_order_count > 1 and enrolled_at is not null",
    )
    trusting = {since for since, level in twice if level == 3}
    assert trusting == {since for since, _ in twice if since in enrolled}
    assert 0 < len(trusting) < len(twice)
    assert asked[AS_OF] < asked[AS_OF + timedelta(days=1)]
